"""A client of the Luma API for jobs: requests and generations in the models of this package."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NoReturn

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.luma import AsyncLuma
from dream_nb.api.luma_dialect import LUMA_DIALECT, LumaDialect
from dream_nb.api.models import Credits, Generation, ListGenerationResponse
from dream_nb.api.request_models import Request
from dream_nb.backends.abilities import Ability, need


class LumaClient:
    """A `ServerClient` of a server of the Luma API.

    Args:
        luma: the connection.
        backend: the name of the backend.

    Attributes:
        luma: the connection, for operations that only this API has.
    """

    def __init__(self, luma: AsyncLuma, backend: str) -> None:
        self.luma = luma
        self.base_url = luma.base_url
        self._backend = backend

    @property
    def clock_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of this machine's; None if no answer had a time."""
        return self.luma.clock_ahead

    @property
    def known_dialect(self) -> LumaDialect:
        """The dialect of the server."""
        return LUMA_DIALECT

    async def dialect(self) -> LumaDialect:
        """Return the dialect of the server."""
        return LUMA_DIALECT

    async def create(self, request: Request, *, headers: Mapping[str, str] | None = None) -> Generation:
        """Send any request. It is sent once and never retried.

        Args:
            request: the request.
            headers: additional headers. `X-Request-Id` is the name of the call at the provider.

        Raises:
            InvalidRequestError: the API cannot do it. Nothing was sent.
            APIError: the request was refused, or its outcome is unknown.
        """
        further = dict(headers or {})
        name = further.pop("X-Request-Id", None)
        written = LUMA_DIALECT.write(request)
        return LUMA_DIALECT.read(await self.luma.create_generation(written, request_id=name, headers=further))

    async def get_generation(self, id: str) -> Generation:  # noqa: A002 - the API's name
        """Return a generation, with fresh addresses of its files.

        Args:
            id: the id of the generation.

        Raises:
            APIError: the server does not know it, or cannot be reached.
        """
        return LUMA_DIALECT.read(await self.luma.get_generation(id))

    async def list_generations(self, *, limit: int = 100, offset: int = 0) -> ListGenerationResponse:  # noqa: ARG002
        """Raise an error, because this API does not list generations."""
        self._lacks("list")

    async def delete_generation(self, id: str) -> None:  # noqa: A002, ARG002 - the API's name
        """Raise an error, because this API cannot delete generations."""
        self._lacks("delete")

    async def get_credits(self) -> Credits:
        """Raise an error, because this API has no balance."""
        self._lacks("balance")

    async def get_camera_motion(self) -> list[str]:
        """Return no camera motions, because the API lists none."""
        return []

    async def get_concepts(self) -> list[str]:
        """Return no concepts, because the API lists none."""
        return []

    def _lacks(self, ability: Ability) -> NoReturn:
        need(self._backend, ability)
        raise InvalidRequestError(f"the Luma API does not support this operation: {ability}")
