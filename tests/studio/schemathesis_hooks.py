"""Adjusts the requests of schemathesis to rules that no API description can express.

A request must name an existing generation, a range must end after its start, and an upscale must ask for more lines
than the source has. In the Luma API, references are URLs, every guide frame has an index, and cursors are valid.
"""

from __future__ import annotations

import base64
import os
import re
from typing import Any

import schemathesis

from dream_nb.api.luma_limits import MAX_FILE_BYTES

UID = os.environ["DREAM_NB_TEST_KEYFRAME"]
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
CURSOR = base64.urlsafe_b64encode(str(2**40).encode()).decode()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:  # noqa: ARG001 - the signature of the hook
    frames = case.body.get("keyframes") if isinstance(case.body, dict) else None
    for frame in frames.values() if isinstance(frames, dict) else ():
        if isinstance(frame, dict) and frame.get("type") == "generation" and _is_uuid(frame.get("id")):
            frame["id"] = UID

    is_ours = case.method == "POST" and not case.path.endswith("/complete")
    if case.path_parameters and _is_uuid(case.path_parameters.get("id")) and is_ours:
        case.path_parameters["id"] = UID
    if isinstance(case.body, dict):
        if "upscale" in case.path and case.body.get("resolution") == "540p":
            case.body["resolution"] = "720p"
        for start, end in (("x_start", "x_end"), ("y_start", "y_end")):
            first, last = case.body.get(start), case.body.get(end)
            if type(first) is int and type(last) is int and first >= 0 and 1 <= last <= first:
                case.body[start], case.body[end] = last - 1, first + 1


@schemathesis.hook("before_call")
def before_luma_call(context: Any, case: Any, kwargs: Any) -> None:  # noqa: ARG001 - the signature of the hook
    if case.query and isinstance(case.query.get("cursor"), str):
        case.query["cursor"] = CURSOR
    if isinstance(case.body, dict):
        if type(case.body.get("size_bytes")) is int and case.body["size_bytes"] > MAX_FILE_BYTES:
            # Too large a file has a status that schemathesis does not expect.
            case.body["size_bytes"] = 0
        _refer_to_addresses(case.body, "video" if str(case.body.get("type")).startswith("video_") else "image")
        video = case.body.get("video")
        for owner in (video, video.get("edit") if isinstance(video, dict) else None):
            if isinstance(owner, dict):
                _as_many_indexes(owner)


def _refer_to_addresses(value: Any, kind: str) -> None:
    """Replace references to generations and files, which would have to exist, by URLs."""
    if isinstance(value, list):
        for item in value:
            _refer_to_addresses(item, kind)
    if not isinstance(value, dict):
        return
    for name in ("generation_id", "file_id"):
        named = value.get(name)
        if isinstance(named, str) and UUID.fullmatch(named) and value.get("url") is None:
            del value[name]
            value["url"] = "http://a.b/c"
            if value.get("media_type") is None:
                value["media_type"] = f"{kind}/png"
    for name, item in value.items():
        _refer_to_addresses(item, kind if name == "source" else "image")


def _as_many_indexes(owner: dict[str, Any]) -> None:
    frames, indexes = owner.get("keyframes"), owner.get("keyframe_indexes")
    if not isinstance(frames, list) or not isinstance(indexes, list) or not frames or not indexes:
        return
    if all(type(index) is int and 0 <= index <= 120 for index in indexes) and len(set(indexes)) == len(indexes):
        count = min(len(frames), len(indexes))
        owner["keyframes"], owner["keyframe_indexes"] = frames[:count], indexes[:count]


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and len(value) == len(UID)
