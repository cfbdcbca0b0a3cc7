"""Where a request stands, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a request stands.

    Attributes:
        state: "waiting" before it may be sent, "sending", "looking" for a create whose answer got lost, then the API's
            own: queued, dreaming, completed, failed; "downloading" before the end.
        fraction: how much is done, 0 to 1, or None where the server does not say.
        note: why it takes its time, or what it costs, in a few words; empty where there is nothing to say.
        picture: a small JPEG of what it will be, where one has just come; None says nothing new.
        video: the address of a video that shows how far it is, where its server gives one.
    """

    state: str
    fraction: float | None = None
    note: str = ""
    picture: bytes | None = None
    video: str | None = None


Report = Callable[[Progress], None]


def spoken(seconds: float) -> str:
    """A time to wait in words: "90 s", "5 min"."""
    return f"{seconds:.0f} s" if seconds < 180 else f"{seconds / 60:.0f} min"
