"""Guide frames: pictures at any moments of a video."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, Final

import pydantic

from dream_nb.api.canonical import GuideFrame
from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.luma_limits import GRID_FRAMES_A_SECOND
from dream_nb.requests.inputs import naming, read_keyframe

_TIME: Final = re.compile(r"(?P<number>\d{1,6}(?:\.\d{1,6})?)(?P<unit>s?)")
_HOW: Final = "give a frame of 24 a second, such as 60, or a time, such as 2.5s"


def read_guide_frames(value: Any, field: str = "guide_frames") -> list[GuideFrame]:
    """Return the guide frames that a user gives.

    Args:
        value: a sequence of guide frames: a tuple of a picture and its moment, as in `(picture, "2.5s")` or `(picture,
            60)`, where the picture is whatever `dream_nb.keyframe` takes; a string with the moment after an @, as in
            "hall.jpg@2.5s"; a `GuideFrame`, or its document.
        field: the field of the request.

    Raises:
        InvalidRequestError: an item is none of these. The error names its position.
    """
    if isinstance(value, str | Mapping | GuideFrame) or not isinstance(value, Iterable):
        raise InvalidRequestError(
            f'{field}: give a list of pictures with their times, such as [("hall.jpg", 0), ("garden.jpg", "5s")]',
            field=field,
        )
    found = []
    for number, one in enumerate(value):
        with naming(f"{field}[{number}]", field):
            found.append(_read(one))
    return found


def split_moment(text: str) -> tuple[str, int]:
    """Split a string with a moment after an @ into the text before it and the frame number.

    Args:
        text: the string, such as "hall.jpg@2.5s".

    Raises:
        InvalidRequestError: it has no moment, or one in another form.
    """
    what, at, moment = text.rpartition("@")
    if not at or not what:
        raise InvalidRequestError(f"{text!r} has no time: add @ and the time, such as {text}@2.5s")
    return what, read_moment(moment)


def read_moment(moment: Any) -> int:
    """Return a moment of a video as a frame number, at 24 frames per second.

    Args:
        moment: a number of frames, or a string: "60", or "2.5s" for seconds.

    Raises:
        InvalidRequestError: it is none of these.
    """
    if isinstance(moment, str) and (match := _TIME.fullmatch(moment.strip())):
        seconds = float(match["number"])
        if match["unit"]:
            return round(seconds * GRID_FRAMES_A_SECOND)
        moment = seconds
    if isinstance(moment, Real) and not isinstance(moment, bool) and math.isfinite(float(moment)):
        frame = float(moment)
        if frame >= 0 and frame.is_integer():
            return int(frame)
    raise InvalidRequestError(f"{moment!r} is not a time: {_HOW}")


def _read(one: Any) -> GuideFrame:
    if isinstance(one, GuideFrame):
        return one
    if isinstance(one, Mapping) and "frame" in one:
        try:
            return GuideFrame(**one)
        except pydantic.ValidationError as error:
            raise InvalidRequestError.reading(error) from None
    if isinstance(one, str):
        what, at = split_moment(one)
        return GuideFrame(frame=read_keyframe(what), at=at)
    if isinstance(one, tuple | list) and len(one) == 2:
        return GuideFrame(frame=read_keyframe(one[0]), at=read_moment(one[1]))
    raise InvalidRequestError(f"a {type(one).__name__} has no time: give the picture and its time; {_HOW}")
