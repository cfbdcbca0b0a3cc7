"""What a Dream goes on through: the session that it was handed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Protocol

from dream_nb.requests.identity import Request

if TYPE_CHECKING:
    from dream_nb.results.job import Job
    from dream_nb.results.plan import Ask, Plan


class Maker(Protocol):
    """Who makes dreams of requests: a `Session`."""

    @property
    def backend(self) -> str:
        """Who is asked: "studio" or "hosted"."""

    @property
    def executor(self) -> Executor:
        """What draws and measures: the pool of worker processes, or a cluster."""

    def plan(self, asks: Sequence[Ask]) -> Plan:
        """What of this is there, and what the rest would cost."""

    def submit(self, request: Request, *, take: int = 1, fresh: bool = False) -> Job:
        """Give back the job of this request and take."""
