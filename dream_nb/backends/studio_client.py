"""The studio as jobs ask it: each request goes to the API that its model belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.errors import NotFoundError
from dream_nb.api.luma_dialect import speaks_luma
from dream_nb.api.models import Generation
from dream_nb.api.request_models import Request
from dream_nb.backends.luma_client import LumaClient


class StudioClient(AsyncDreamMachine):
    """A `ServerClient` of a studio, which serves both APIs. The arguments are those of `AsyncDreamMachine`.

    Attributes:
        luma: its Luma API. It is set once the client is made.
    """

    luma: LumaClient

    async def create(self, request: Request, *, headers: Mapping[str, str] | None = None) -> Generation:
        """Ask for whatever a request asks for, in the API of its model. Sent once, never retried here.

        Args:
            request: the request.
            headers: further headers of this call.

        Raises:
            InvalidRequestError: the API cannot do it. Nothing was sent.
            APIError: it was refused.
        """
        if speaks_luma(request):
            return await self.luma.create(request, headers=headers)
        return await super().create(request, headers=headers)

    async def get_generation(self, id: str) -> Generation:  # noqa: A002 - the parameter's name in the specification
        """A generation by its id, whichever API made it.

        Args:
            id: the generation's.

        Raises:
            NotFoundError: neither API has one of this id.
            APIError: the call failed otherwise.
        """
        try:
            return await super().get_generation(id)
        except NotFoundError:
            return await self.luma.get_generation(id)
