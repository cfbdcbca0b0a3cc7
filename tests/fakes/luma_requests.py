"""Checks of requests to the Luma API: exactly what the types and the documentation of its official client allow."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.schemas import Check, Listed, Object, OneOf, boolean, integer, number, text, uuid

Document = dict[str, Any]
Find = Callable[[str, str], "Document | None"]
"""Finds a generation (called with "generation_id") or a file ("file_id") by its id."""

RATIOS: Final = frozenset(["3:1", "2:1", "21:9", "16:9", "4:3", "3:2", "1:1", "3:4", "2:3", "9:16", "1:2", "1:3"])
VIDEO_RATIOS: Final = frozenset(["9:16", "3:4", "1:1", "4:3", "16:9", "21:9"])
IMAGE_RATIOS: Final = RATIOS - {"21:9", "4:3", "3:4"}
PORTRAIT: Final = frozenset(["2:3", "9:16", "1:2", "1:3"])
TYPES: Final = frozenset(["image", "image_edit", "video", "video_edit", "video_reframe", "layering"])
PURPOSES: Final = frozenset({"input", "reference"})
FILE_STATES: Final = frozenset(["pending", "ready", "failed", "deleted"])
STRENGTHS: Final = frozenset(
    ["adhere_1", "adhere_2", "adhere_3", "flex_1", "flex_2", "flex_3", "reimagine_1", "reimagine_2", "reimagine_3"]
)
MAX_DATA: Final = {"image": 50 * 2**20, "video": 200 * 2**20}
MAX_FILE: Final = 5 * 2**30


@dataclass(frozen=True)
class Nullable:
    """Accepts null and what another check accepts."""

    check: Check

    def __call__(self, value: Any, where: str) -> str | None:
        return None if value is None else self.check(value, where)


@dataclass(frozen=True)
class Within:
    """Accepts a number within bounds; if `is_open`, the lower bound itself is excluded."""

    least: float
    most: float
    is_open: bool = False

    def __call__(self, value: Any, where: str) -> str | None:
        if problem := number(value, where):
            return problem
        inside = self.least < value <= self.most if self.is_open else self.least <= value <= self.most
        return None if inside else f"{where}: Input should be between {self.least} and {self.most}"


def mime(value: Any, where: str) -> str | None:
    """Accept a MIME type."""
    is_mime = isinstance(value, str) and re.fullmatch(r"[a-z]+/[a-zA-Z0-9.+-]+", value)
    return None if is_mime else f"{where}: Input should be a MIME type"


def web(value: Any, where: str) -> str | None:
    """Accept an HTTP or HTTPS URL."""
    is_web = isinstance(value, str) and re.match(r"https?://\S+\Z", value)
    return None if is_web else f"{where}: Input should be a valid URL"


def moment(value: Any, where: str) -> str | None:
    """Accept a time with a time zone."""
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    is_moment = isinstance(value, str) and re.fullmatch(form, value)
    return None if is_moment else f"{where}: Input should be a valid datetime"


ON: Final = {"enabled": Nullable(boolean)}
UNIT: Final = Nullable(Within(0, 1))
REFERENCE: Final = Object(
    {
        "url": Nullable(web),
        "data": Nullable(text),
        "media_type": Nullable(mime),
        "generation_id": Nullable(uuid),
        "file_id": Nullable(uuid),
    }
)
FRAMES: Final[Mapping[str, Check]] = {
    "keyframes": Nullable(Listed(REFERENCE)),
    "keyframe_indexes": Nullable(Listed(integer)),
}
CONTROLS: Final = Object(
    {
        "depth": Nullable(Object({**ON, "blur": UNIT})),
        "face": Nullable(Object(ON)),
        "normals": Nullable(Object({**ON, "augmentation": UNIT})),
        "pose": Nullable(Object({**ON, "strength": Nullable(OneOf(frozenset({"precise", "coarse"})))})),
        "trajectory": Nullable(Object({**ON, "sparsity": UNIT})),
    }
)
EDIT: Final = Object(
    {
        "auto_controls": Nullable(boolean),
        "controls": Nullable(CONTROLS),
        "strength": Nullable(OneOf(STRENGTHS)),
        **FRAMES,
    }
)
POSITION: Final = Object(
    {"x_norm": number, "y_norm": number, "w_norm": Within(0, 2, True), "h_norm": Within(0, 2, True)},
    frozenset({"x_norm", "y_norm", "w_norm", "h_norm"}),
)
VIDEO: Final = Object(
    {
        "duration": Nullable(OneOf(frozenset({"5s", "10s"}))),
        "edit": Nullable(EDIT),
        "end_frame": Nullable(REFERENCE),
        "exr_export": Nullable(boolean),
        "hdr": Nullable(boolean),
        "loop": Nullable(boolean),
        "resolution": Nullable(OneOf(frozenset({"360p", "540p", "720p", "1080p"}))),
        "source_position": Nullable(POSITION),
        "start_frame": Nullable(REFERENCE),
        **FRAMES,
    }
)
GENERATION: Final = Object(
    {
        "prompt": text,
        "aspect_ratio": Nullable(OneOf(RATIOS)),
        "image_ref": Listed(REFERENCE),
        "layering": Nullable(Object({"resolution": OneOf(frozenset({"1k", "2k"}))})),
        "model": OneOf(frozenset({"uni-1", "uni-1-max", "ray-3.2"})),
        "output_format": Nullable(OneOf(frozenset({"png", "jpeg"}))),
        "source": Nullable(REFERENCE),
        "style": OneOf(frozenset({"auto", "manga"})),
        "type": OneOf(TYPES),
        "user_id": Nullable(text),
        "video": Nullable(VIDEO),
        "web_search": boolean,
    },
    frozenset({"prompt"}),
)
FILE: Final = Object(
    {
        "mime_type": mime,
        "size_bytes": integer,
        "expires_at": Nullable(moment),
        "filename": Nullable(text),
        "purpose": OneOf(PURPOSES),
        "user_id": Nullable(text),
    },
    frozenset({"mime_type", "size_bytes"}),
)
PART: Final = Object({"expires_at": moment, "filename": text, "purpose": OneOf(PURPOSES), "user_id": text})
"""The fields of a multipart upload besides the file."""


def refusal(body: Any, find: Find) -> tuple[int, str] | None:
    """Status and detail of the error for a create, or None if it is accepted."""
    if problem := GENERATION(body, ""):
        return 400, problem
    request = {name: value for name, value in body.items() if value is not None}
    problem = next(filter(None, _combinations(request)), None) or next(filter(None, _media(request, find)), None)
    return None if problem is None else (413 if "size limit" in problem else 422, problem)


def _combinations(request: Document) -> Iterator[str | None]:
    """Yield what is wrong with each combination of fields, or None."""
    asked, model = request.get("type", "image"), request.get("model", "uni-1")
    makes_video = asked.startswith("video")
    least, most = (0, 500) if asked == "layering" else (1, 6000)
    yield None if least <= len(request["prompt"]) <= most else f"prompt must have {least} to {most} characters"
    yield f"model {model} does not support type {asked}" if (model == "ray-3.2") != makes_video else None
    yield "layering requires model uni-1" if asked == "layering" and model != "uni-1" else None
    ratio = request.get("aspect_ratio")
    known = VIDEO_RATIOS if makes_video else IMAGE_RATIOS
    yield f"aspect_ratio {ratio} is not valid for {model}" if ratio is not None and ratio not in known else None
    is_manga = request.get("style") == "manga" and asked == "image"
    yield "style manga is portrait-only" if is_manga and ratio is not None and ratio not in PORTRAIT else None
    limit = {"image": 9, "image_edit": 8}.get(asked, 0)
    yield f"image_ref accepts up to {limit} images" if len(request.get("image_ref", [])) > limit else None
    yield f"source is required for {asked}" if "source" not in request and asked not in ("image", "video") else None
    yield f"source is not valid for {asked}" if "source" in request and asked in ("image", "video") else None
    for name in ("style", "web_search"):
        yield f"{name} is for images only" if request.get(name) and asked not in ("image", "image_edit") else None
    yield "output_format is for images only" if request.get("output_format") and makes_video else None
    yield "layers are png" if request.get("output_format") == "jpeg" and asked == "layering" else None
    yield "layering requires type layering" if "layering" in request and asked != "layering" else None
    yield "video requires a video type" if "video" in request and not makes_video else None
    yield from _video({name: value for name, value in request.get("video", {}).items() if value is not None}, asked)


def _video(video: Document, asked: str) -> Iterator[str | None]:
    is_hdr, is_long, loops = video.get("hdr"), video.get("duration") == "10s", video.get("loop")
    anchors = {"start_frame", "end_frame"} & video.keys()
    for name in ("loop", "end_frame", "keyframes", "keyframe_indexes"):
        yield f"video.{name} requires type video" if video.get(name) and asked != "video" else None
    yield "video.start_frame is not valid for video_reframe" if anchors and asked == "video_reframe" else None
    yield "video.edit requires type video_edit" if "edit" in video and asked != "video_edit" else None
    yield "video.source_position requires video_reframe" if _misplaced(video, asked) else None
    yield "HDR is not supported for video_reframe" if is_hdr and asked == "video_reframe" else None
    yield "exr_export requires hdr" if video.get("exr_export") and not is_hdr else None
    yield (
        "loop is not supported with 10s, hdr or end_frame"
        if loops and (is_hdr or is_long or "end_frame" in video)
        else None
    )
    if asked == "video":
        yield "hdr requires 720p or 1080p" if is_hdr and video.get("resolution") in ("360p", "540p") else None
        yield "start_frame and end_frame are 5s SDR only" if anchors and (is_hdr or is_long) else None
    yield "keyframes exclude start_frame, end_frame and loop" if "keyframes" in video and (anchors or loops) else None
    yield _keyframes(video, 240 if is_long else 120)
    edit = {name: value for name, value in video.get("edit", {}).items() if value is not None}
    manual = {"strength", "controls"} & edit.keys()
    yield "auto_controls excludes strength and controls" if edit.get("auto_controls") and manual else None
    yield "edit.keyframes exclude start_frame" if "keyframes" in edit and "start_frame" in video else None
    yield _keyframes(edit, None)


def _misplaced(video: Document, asked: str) -> bool:
    return "source_position" in video and asked != "video_reframe"


def _keyframes(owner: Document, last: int | None) -> str | None:
    frames, indexes = owner.get("keyframes"), owner.get("keyframe_indexes")
    if frames is None and indexes is None:
        return None
    if frames is None or indexes is None or len(frames) != len(indexes):
        return "keyframe_indexes must match keyframes in length"
    if not 1 <= len(frames) <= 64:
        return "1 to 64 keyframes"
    if len(set(indexes)) < len(indexes) or min(indexes) < 0 or (last is not None and max(indexes) > last):
        return f"keyframe_indexes must be unique, within 0..{last}"
    return None


def _media(request: Document, find: Find) -> Iterator[str | None]:
    """Yield what is wrong with each reference, or None."""
    asked, video = request.get("type", "image"), request.get("video") or {}
    wants_video = asked.startswith("video_")
    if (source := request.get("source")) is not None:
        # According to the documentation, layering does not accept generations.
        made = None if asked == "layering" else "video" if wants_video else "image"
        yield _reference(source, "source", "video" if wants_video else "image", made, find)
    for place, one in enumerate(request.get("image_ref") or []):
        yield _reference(one, f"image_ref.{place}", "image", None, find)
    for name in ("start_frame", "end_frame"):
        if (one := video.get(name)) is not None:
            yield _reference(one, f"video.{name}", "image", "video" if asked == "video" else "image", find)
    for owner, at in ((video, "video"), (video.get("edit") or {}, "video.edit")):
        for index, one in enumerate(owner.get("keyframes") or []):
            yield _reference(one, f"{at}.keyframes.{index}", "image", "image", find)


def _reference(given: Document, where: str, kind: str, made: str | None, find: Find) -> str | None:
    """What is wrong with a reference, or None.

    `kind` is the kind that URLs, data and files must have; `made` the kind of generations, or None if none is accepted.
    """
    one = {name: value for name, value in given.items() if value is not None}
    ways = [name for name in ("url", "data", "generation_id", "file_id") if name in one]
    if len(ways) != 1:
        return f"{where}: provide exactly one of url, data, generation_id, or file_id"
    told = one.get("media_type")
    if told is None and ("data" in one or ("url" in one and kind == "video")):
        return f"{where}: media_type is required"
    if told is not None and not told.startswith(f"{kind}/"):
        return f"{where}: media_type must be {kind}/*"
    if "data" in one:
        return _data(one["data"], where, kind)
    if "generation_id" in one:
        return _generation(find("generation_id", one["generation_id"]), where, made)
    if "file_id" in one:
        file = find("file_id", one["file_id"])
        if file is None or file["state"] != "ready":
            return f"{where}: file_id not found or not ready"
        if not file["mime_type"].startswith(f"{kind}/"):
            return f"{where}: the file is not {kind}/*"
    return None


def _data(data: str, where: str, kind: str) -> str | None:
    try:
        size = len(base64.b64decode(data, validate=True))
    except binascii.Error:
        return f"{where}: data is not base64"
    return f"{where}: exceeds the size limit" if size > MAX_DATA[kind] else None


def _generation(found: Document | None, where: str, made: str | None) -> str | None:
    if made is None:
        return f"{where}: generation_id is not supported here"
    if found is None or found["state"] != "completed":
        return f"{where}: generation_id not found or not completed"
    is_video = found["type"].startswith("video")
    return None if is_video == (made == "video") else f"{where}: the generation is not of that kind"
