"""The operations of a server that jobs use, whichever API it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from dream_nb.api.dialect import Dialect
from dream_nb.api.models import Credits, Generation, ListGenerationResponse
from dream_nb.api.request_models import Request


class ServerClient(Protocol):
    """The operations of a server. `abilities` says which of them it supports.

    Attributes:
        base_url: the address of the server.
        clock_ahead: how far its clock is ahead of this machine's; None if no answer had a time.
        known_dialect: the dialect of its API, if it is known without asking the server; otherwise None.
    """

    base_url: str

    @property
    def clock_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of this machine's."""

    @property
    def known_dialect(self) -> Dialect | None:
        """The dialect of the server's API, if it is known."""

    async def dialect(self) -> Dialect:
        """Return the dialect of the server's API."""

    async def create(self, request: Request, *, headers: Mapping[str, str] | None = None) -> Generation:
        """Send any request. It is sent once and never retried."""

    async def get_generation(self, id: str) -> Generation:  # noqa: A002 - the parameter's name in the specification
        """Return a generation."""

    async def list_generations(self, *, limit: int = 100, offset: int = 0) -> ListGenerationResponse:
        """Return one page of the account's generations, newest first."""

    async def delete_generation(self, id: str) -> None:  # noqa: A002 - the parameter's name in the specification
        """Delete a generation, or cancel it."""

    async def get_credits(self) -> Credits:
        """Return the balance, in USD cents."""

    async def get_camera_motion(self) -> list[str]:
        """Return the camera motions that a prompt may contain."""

    async def get_concepts(self) -> list[str]:
        """Return the keys that `concepts` of a video may contain."""
