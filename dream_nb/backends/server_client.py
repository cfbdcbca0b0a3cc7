"""What jobs ask of a server, whichever API it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from dream_nb.api.dialect import Dialect
from dream_nb.api.models import Credits, Generation, ListGenerationResponse
from dream_nb.api.request_models import Request


class ServerClient(Protocol):
    """The operations of a server. Which of them it has, `abilities` says.

    Attributes:
        base_url: the server's address.
        clock_ahead: how far its clock is ahead of this machine's; None where it never said.
        known_dialect: how it wants its requests, where that is known without asking it.
    """

    base_url: str

    @property
    def clock_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead."""

    @property
    def known_dialect(self) -> Dialect | None:
        """How the server wants its requests, where that is known."""

    async def dialect(self) -> Dialect:
        """How the server wants its requests."""

    async def create(self, request: Request, *, headers: Mapping[str, str] | None = None) -> Generation:
        """Ask for whatever a request asks for. Sent once, never retried here."""

    async def get_generation(self, id: str) -> Generation:  # noqa: A002 - the parameter's name in the specification
        """A generation by its id."""

    async def list_generations(self, *, limit: int = 100, offset: int = 0) -> ListGenerationResponse:
        """One page of the account's generations, newest first."""

    async def delete_generation(self, id: str) -> None:  # noqa: A002 - the parameter's name in the specification
        """Remove a generation, or cancel it."""

    async def get_credits(self) -> Credits:
        """The balance, in USD cents."""

    async def get_camera_motion(self) -> list[str]:
        """The camera motions that a prompt may name."""

    async def get_concepts(self) -> list[str]:
        """The keys that `concepts` of a video may name."""
