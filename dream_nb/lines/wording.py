"""Errors of a request in the words of a line: they name options where a call in Python names fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from dream_nb.api.errors import InvalidRequestError
from dream_nb.requests.roles import FIELD_OF, PLAIN

_OPTION_OF: Final[Mapping[str, str]] = {
    **{name: f"--{name.replace('_', '-')}" for name in (*PLAIN, "loop", "hdr", "style", "web_search", "mode")},
    **{field: f"--{role.replace('_', '-')}" for role, field in FIELD_OF.items()},
    "concepts": "--concept",
    "exr_export": "--exr",
    "guide_frames": "--keyframe",
    "source_position": "--position",
}
"""The option that sets each field."""

_CALLS: Final[Mapping[str, str]] = {
    **{f"{name}()": f"--{name}" for name in ("modify", "reframe", "upscale")},
    "add_audio()": "--audio",
}
_FIELD: Final = re.compile(rf"^(?:{'|'.join(_OPTION_OF)})\b(?=: | requires )")
_CALL: Final = re.compile("|".join(map(re.escape, _CALLS)))
_MODEL: Final = re.compile(r'model="([^"]+)"')
_KIND: Final = re.compile(r'kind="(video|image)"')
_BACKSLASH: Final = re.compile(r"put a backslash before it$")


@contextmanager
def in_options() -> Iterator[None]:
    """Within this block, an error of a request names options.

    Raises:
        InvalidRequestError: the block raised one.
    """
    try:
        yield
    except InvalidRequestError as error:
        problems = tuple(_in_options(problem) for problem in error.problems)
        if problems == error.problems:
            raise
        raise InvalidRequestError(*problems, field=error.field).with_traceback(error.__traceback__) from None


def _in_options(problem: str) -> str:
    # The source of an edit is named by the option of the edit.
    problem = _FIELD.sub(lambda found: _OPTION_OF[found[0]], problem.removeprefix("media: "))
    problem = _CALL.sub(lambda found: _CALLS[found[0]], problem).replace("hdr=True", "--hdr")
    problem = _KIND.sub(r"--kind \1", _MODEL.sub(r"-m \1", problem))
    return _BACKSLASH.sub(r"\g<0>, or add --raw", problem)
