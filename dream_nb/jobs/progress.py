"""The progress of a request, for display."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WAITING_STATES: Final = ("waiting", "sending", "looking", "queued")
"""The states before the generation is made: "looking" is for a create whose answer was lost."""

ENDED_STATES: Final = ("completed", "failed")
"""The final states."""

JOB_STATES: Final = (*WAITING_STATES, "dreaming", "downloading", *ENDED_STATES)
"""All states of a job, in their order. From "queued" they are the API's, with "downloading" before the end."""

CANCELLABLE_STATES: Final = ("waiting", "queued", "dreaming")
"""The states in which a card offers to cancel the job."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a request.

    Attributes:
        state: one of `JOB_STATES`, or another one that the server reports.
        fraction: the fraction done, from 0 to 1, or None if the server does not say.
        note: why it takes longer, or what it costs, in a few words; may be empty.
        picture: a small JPEG preview, if one has just arrived; None means no news.
        video: the address of a video that shows the progress, if its server provides one.
    """

    state: str
    fraction: float | None = None
    note: str = ""
    picture: bytes | None = None
    video: str | None = None


Report = Callable[[Progress], None]


def spoken(seconds: float) -> str:
    """Return a waiting time in words: "90 s", "5 min"."""
    return f"{seconds:.0f} s" if seconds < 180 else f"{seconds / 60:.0f} min"
