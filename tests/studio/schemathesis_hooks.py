"""What no description can say: which generations there are. So every keyframe that is sent names one."""

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


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and len(value) == len(UID)
