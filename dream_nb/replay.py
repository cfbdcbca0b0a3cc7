"""The replay mode: whether a session makes something new, or only shows what the library has."""

from __future__ import annotations

import os
from typing import Final, Literal, get_args

from dream_nb.api.errors import ConfigurationError

Replay = Literal["off", "free", "only"]

REPLAYS: Final[tuple[Replay, ...]] = get_args(Replay)
"""What may be made: everything, what costs nothing, or nothing."""


def choose_replay(value: str | None = None) -> Replay:
    """Return the value of replay: as given, or of `DREAM_NB_REPLAY`, or "off", which allows everything.

    Raises:
        ConfigurationError: the value is unknown.
    """
    value = value or os.environ.get("DREAM_NB_REPLAY") or "off"
    if value not in REPLAYS:
        raise ConfigurationError(f"replay {value!r} is not one of {', '.join(REPLAYS)}")
    return value
