"""A client of the studio for jobs: each request is sent to the API of its model."""

from __future__ import annotations

from collections.abc import Mapping

from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.errors import NotFoundError
from dream_nb.api.luma_dialect import speaks_luma
from dream_nb.api.models import Generation
from dream_nb.api.request_models import Request
from dream_nb.backends.luma_client import LumaClient


class StudioClient(AsyncDreamMachine):
    """A `ServerClient` of a studio, which serves both APIs. It has the arguments of `AsyncDreamMachine`.

    Attributes:
        luma: the client of its Luma API, which is set after the creation.
    """

    luma: LumaClient

    async def create(self, request: Request, *, headers: Mapping[str, str] | None = None) -> Generation:
        """Send any request to the API of its model. It is sent once and never retried.

        Args:
            request: the request.
            headers: additional headers for this call.

        Raises:
            InvalidRequestError: the API cannot do it. Nothing was sent.
            APIError: the request was refused.
        """
        if speaks_luma(request):
            return await self.luma.create(request, headers=headers)
        return await super().create(request, headers=headers)

    async def get_generation(self, id: str) -> Generation:  # noqa: A002 - the parameter's name in the specification
        """Return a generation, whichever API made it.

        Args:
            id: the id of the generation.

        Raises:
            NotFoundError: neither API has a generation with this id.
            APIError: the call failed for another reason.
        """
        try:
            return await super().get_generation(id)
        except NotFoundError:
            return await self.luma.get_generation(id)
