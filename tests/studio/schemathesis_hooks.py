"""What no description can say: which generations there are, and which of two numbers has to be larger.

So what is sent names a generation that there is, ends after it starts, and asks for more lines than that has.
"""

from __future__ import annotations

import os
from typing import Any

import schemathesis

UID = os.environ["DREAM_NB_TEST_KEYFRAME"]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:  # noqa: ARG001 - the signature of the hook
    frames = case.body.get("keyframes") if isinstance(case.body, dict) else None
    for frame in frames.values() if isinstance(frames, dict) else ():
        if isinstance(frame, dict) and frame.get("type") == "generation" and _is_uuid(frame.get("id")):
            frame["id"] = UID

    if case.path_parameters and _is_uuid(case.path_parameters.get("id")) and case.method == "POST":
        case.path_parameters["id"] = UID
    if isinstance(case.body, dict):
        if "upscale" in case.path and case.body.get("resolution") == "540p":
            case.body["resolution"] = "720p"
        for start, end in (("x_start", "x_end"), ("y_start", "y_end")):
            first, last = case.body.get(start), case.body.get(end)
            if type(first) is int and type(last) is int and first >= 0 and 1 <= last <= first:
                case.body[start], case.body[end] = last - 1, first + 1


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and len(value) == len(UID)
