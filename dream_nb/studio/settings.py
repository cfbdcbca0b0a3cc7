"""What can be set about a studio."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Final

from dream_nb.api.request_models import RESOLUTIONS
from dream_nb.media.pictures import MOST_PIXELS

SIDES: Final = (1, max(RESOLUTIONS.values()))
"""Pixels that the shorter side of a drawing may have."""
LENGTHS: Final = (0.01, 3600.0)
"""Seconds to which a studio may shorten its videos."""
SIDE_VARIABLE: Final = "DREAM_NB_STUDIO_SIDE"
SECONDS_VARIABLE: Final = "DREAM_NB_STUDIO_SECONDS"


def _side() -> int | None:
    side = _number(SIDE_VARIABLE)
    return None if side is None else round(side)


def _seconds() -> float | None:
    return _number(SECONDS_VARIABLE)


def _number(variable: str) -> float | None:
    value = os.environ.get(variable)
    if not value:
        return None
    try:
        number = float(value)
        if math.isfinite(number):
            return number
    except ValueError:
        pass
    raise ValueError(f"{variable} must be a number, not {value!r}")


@dataclass(frozen=True)
class StudioPrices:
    """What a generation costs, in USD cents of play money, where the public table of the hosted API has no price.

    Args:
        video: a video whose request names no model of 2025, as it cost in 2024.
        audio: sound for a video.
    """

    video: float = 32.0
    audio: float = 5.0


@dataclass(frozen=True)
class Settings:
    """The settings of a studio. None of them can be changed over the network.

    Args:
        shorter_side: pixels of the shorter side of everything drawn, for quick tests; None draws full size.
            By default the environment variable `DREAM_NB_STUDIO_SIDE`.
        longest_seconds: no video is longer; None leaves the lengths of the API.
            By default the environment variable `DREAM_NB_STUDIO_SECONDS`.
        public_url: what asset URLs begin with, where the address that a client used is not the one to give to
            others; it ends with the prefix `/dream-machine/v1`.
        balance: what a new account has, in USD cents.
        prices: what a generation costs where the public table has no price.
        lenient: whether requests of 2025 are taken that its documentation excludes, for trying things out.
        blacklist: words that let a generation fail, in lower case.
        unfinished_limit: generations of one account that may be queued or dreaming; the next is answered 429.
        creates_per_minute: generations that one account may ask for in a minute; the next is answered 429.
        at_once: drawings handed to the executor at the same time; None asks the executor for its width.
        lease_seconds: how long after the death of a studio another one takes over what it was drawing.
        max_body: bytes of a request; a longer one is answered 413.
        max_input: bytes of one picture that is fetched.
        max_media: bytes of one video that is fetched.
        max_pixels: pixels of one picture that is fetched.
        fetch_seconds: how long fetching one picture or video may take.
        fetch_loopback: whether pictures and videos may be fetched from this machine.
        public_callbacks: whether callbacks go to public addresses; otherwise to this machine only.
        callback_seconds: how long one try of a callback may take.
        address_seconds: how long the addresses count that the Luma API gives: of its outputs, and of files to be put.
    """

    shorter_side: int | None = field(default_factory=_side)
    longest_seconds: float | None = field(default_factory=_seconds)
    public_url: str | None = None
    balance: float = 1_000_000.0
    prices: StudioPrices = StudioPrices()
    lenient: bool = False
    blacklist: frozenset[str] = frozenset({"gore", "nsfw", "beheading"})
    unfinished_limit: int | None = None
    creates_per_minute: int | None = None
    at_once: int | None = None
    lease_seconds: float = 10.0
    max_body: int = 32 * 2**20
    max_input: int = 16 * 2**20
    max_media: int = 128 * 2**20
    max_pixels: int = MOST_PIXELS
    fetch_seconds: float = 20.0
    fetch_loopback: bool = False
    public_callbacks: bool = False
    callback_seconds: float = 5.0
    address_seconds: float = 3600.0

    @property
    def max_request(self) -> int:
        """Bytes of a request as it is remembered, with its defaults written out."""
        return 2 * self.max_body

    def __post_init__(self) -> None:
        """Refuse what no drawing may have."""
        for name, variable, value, (lowest, highest) in (
            ("shorter_side", SIDE_VARIABLE, self.shorter_side, SIDES),
            ("longest_seconds", SECONDS_VARIABLE, self.longest_seconds, LENGTHS),
        ):
            if value is not None and not lowest <= value <= highest:
                raise ValueError(f"{name} ({variable}) must be from {lowest} to {highest}, not {value:g}")
