"""The options of a line, and the fields of a request that they set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dream_nb.requests.roles import FIELD_OF, FRAMES, PLAIN

FLAGS: Final = ("loop", "hdr", "exr_export", "web_search")
"""The fields whose option takes no value."""

WORDS: Final = ("format", "style")
"""The fields that have one word as their value, and that only `%dream` can set."""


def _dashed(name: str) -> str:
    return f"--{name.replace('_', '-')}"


_OWN_NAMES: Final = ("mode", "negative_prompt", "first_frame")

OPTION_OF: Final[Mapping[str, str]] = {
    **{name: _dashed(name) for name in (*PLAIN, *FRAMES, *FLAGS, *WORDS, *_OWN_NAMES)},
    **{field: _dashed(role) for role, field in FIELD_OF.items()},
    "concepts": "--concept",
    "exr_export": "--exr",
    "guide_frames": "--keyframe",
    "source_position": "--position",
}
"""The option that sets each field."""

EDITS: Final[Mapping[str, str]] = {
    "modify": "modify",
    "reframe": "reframe",
    "upscale": "upscale",
    "add_audio": "audio",
}
"""By the method of a dream that requests another version of it, the name of the option that requests the same."""


def option_of(name: str) -> str:
    """Return the option that sets a field: "--aspect-ratio".

    Args:
        name: the name of a field, or of the value of an option where that differs ("keyframe").
    """
    return OPTION_OF.get(name) or _dashed(name)
