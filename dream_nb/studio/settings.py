"""The settings of a studio."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field, replace
from typing import Final

from dream_nb.api.request_models import RESOLUTIONS
from dream_nb.media.pictures import MOST_PIXELS

SIDES: Final = (1, max(RESOLUTIONS.values()))
"""The lowest and highest setting for the shorter side of drawings, in pixels."""
LENGTHS: Final = (0.01, 3600.0)
"""The lowest and highest setting for the longest playing time, in seconds."""
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
    """The prices of generations, in USD cents of play money, if the public table of the hosted API has none.

    Args:
        video: the price of a video whose request names no model of 2025, as in 2024.
        audio: the price of sound for a video.
    """

    video: float = 32.0
    audio: float = 5.0


@dataclass(frozen=True)
class Settings:
    """The settings of a studio. None of them can be changed over the network.

    Args:
        shorter_side: the shorter side of everything drawn, in pixels, for quick tests; None draws full size. By default
            the environment variable `DREAM_NB_STUDIO_SIDE`.
        longest_seconds: the longest playing time of a video, in seconds; None keeps the durations of the API. By
            default the environment variable `DREAM_NB_STUDIO_SECONDS`.
        follows_environment: whether these two variables are read at each request, not only when the studio is opened.
            This is for notebooks, whose cells may set them.
        public_url: the base URL of assets, with the prefix `/dream-machine/v1`, if the address that a client used must
            not be passed on to others; by default that address.
        balance: the balance of a new account, in USD cents.
        prices: the prices of generations that the public table does not have.
        lenient: whether to accept requests of 2025 that its documentation excludes, for experiments.
        blacklist: words that make a generation fail, in lower case.
        unfinished_limit: the number of generations of one account that may be queued or dreaming; the next is answered
            429.
        creates_per_minute: the number of generations that one account may request per minute; the next is answered 429.
        at_once: the number of drawings that are submitted to the executor at the same time; None uses the executor's
            width.
        lease_seconds: the seconds after the death of a studio until another one takes over its drawings.
        max_body: the largest size of a request in bytes; a larger one is answered 413.
        max_input: the largest size of a downloaded picture in bytes.
        max_media: the largest size of a downloaded video in bytes.
        max_pixels: the largest number of pixels of a downloaded picture.
        fetch_seconds: the time limit for downloading one picture or video, in seconds.
        fetch_loopback: whether pictures and videos may be downloaded from this machine.
        public_callbacks: whether callbacks may go to public addresses; otherwise only to this machine.
        callback_seconds: the time limit of one try of a callback, in seconds.
        address_seconds: the validity of addresses that the Luma API returns, of outputs and for uploads, in seconds.
    """

    shorter_side: int | None = field(default_factory=_side)
    longest_seconds: float | None = field(default_factory=_seconds)
    follows_environment: bool = False
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

    def now(self) -> Settings:
        """Return the settings for a request that has just arrived."""
        if not self.follows_environment:
            return self
        try:
            return replace(self, shorter_side=_side(), longest_seconds=_seconds())
        except ValueError:
            # An invalid value is reported when a studio is opened. Here it would make a valid request fail.
            return self

    @property
    def max_request(self) -> int:
        """The largest size in bytes of a stored request, with its defaults written out."""
        return 2 * self.max_body

    def __post_init__(self) -> None:
        """Refuse a side or playing time that is out of range."""
        for name, variable, value, (lowest, highest) in (
            ("shorter_side", SIDE_VARIABLE, self.shorter_side, SIDES),
            ("longest_seconds", SECONDS_VARIABLE, self.longest_seconds, LENGTHS),
        ):
            if value is not None and not lowest <= value <= highest:
                raise ValueError(f"{name} ({variable}) must be from {lowest} to {highest}, not {value:g}")
