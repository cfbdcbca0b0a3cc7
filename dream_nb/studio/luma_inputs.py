"""Converts a request of the Luma API to a brief for a drawing, including its pictures."""

from __future__ import annotations

import asyncio
import base64
import io
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, Literal

from dream_nb.api.errors import UnreadableFileError
from dream_nb.api.luma_limits import GRID_FRAMES_A_SECOND, LUMA_DURATIONS, RATIOS_OF, STRENGTHS
from dream_nb.api.luma_requests import (
    EditControls,
    LumaRequest,
    MediaReference,
    SourcePosition,
    VideoEdit,
    VideoOptions,
)
from dream_nb.media.pictures import picture_size
from dream_nb.media.video import opened
from dream_nb.studio import render
from dream_nb.studio.answers import asset_url
from dream_nb.studio.assets import AssetFiles, new_name
from dream_nb.studio.inputs import SUFFIXES, scaled, tags
from dream_nb.studio.luma_rules import read_luma_request
from dream_nb.studio.record import StoredGeneration
from dream_nb.studio.render import (
    UNREADABLE,
    Anchor,
    Brief,
    Controls,
    Modify,
    Placing,
    Reference,
    Reframe,
    RenderError,
    Separate,
)
from dream_nb.studio.rules import Refusal
from dream_nb.studio.source_files import SourceFiles

DEFAULT_LINES: Final = "720p"
"""The resolution of a video whose request does not say it."""
_DEFAULT_RATIO: Final = "16:9"
_DEFAULT_LAYERS: Final = "1k"
_LAYERS: Final = {"1k": 1024, "2k": 2048}
"""Pixels of the longer side of layers."""
_MANGA_RATIO: Final = "2:3"
_STRIP: Final = 3
MOST_EDITED_SECONDS: Final = 18
"""The longest source of an edit, in seconds."""
# The strength of an edit that has controls but does not say its strength.
_MANUAL: Final = 0.5
# The weight of the original picture in an image edit.
_EDITED: Final = 0.4
# In canvas sizes: a source at this distance is out of sight, and larger positions are cut to it.
_FAR: Final = 1000.0
# How much poses may deviate from the source, from 0 to 1, by the strength of the control.
_POSES: Final = {"precise": 0.0, "coarse": 0.25}
_DEFAULT_DURATION: Final = "5s"
_PIXELS: Final = {"uni-1": 2**20, "uni-1-max": 2**22}
"""The approximate number of pixels of an image, by model."""


def kind_of(request: LumaRequest) -> Literal["video", "image"]:
    """Return the kind of a request's result."""
    return "video" if request.type.startswith("video") else "image"


def set_data_aside(document: dict[str, Any], assets: AssetFiles, base_url: str) -> list[str]:
    """Store the pictures and videos that are embedded in a request as files, and replace them by their addresses.

    Args:
        document: the checked request, which is changed.
        assets: the folder of the files.
        base_url: the base URL of the files.

    Returns:
        The names of the files.
    """
    names: list[str] = []

    def replaced(value: Any) -> Any:
        if isinstance(value, list):
            return [replaced(item) for item in value]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("data"), str):
            names.append(new_name(SUFFIXES.get(value["media_type"].lower(), "bin")))
            assets.write(names[-1], base64.b64decode(value["data"]))
            return {"url": asset_url(base_url, names[-1]), "media_type": value["media_type"]}
        return {key: replaced(item) for key, item in value.items()}

    try:
        for field in ("source", "image_ref", "video"):
            if field in document:
                document[field] = replaced(document[field])
    except BaseException:
        assets.remove(*names)
        raise
    return names


class LumaInputs:
    """Converts requests to briefs.

    Args:
        files: reads the files that requests refer to.
    """

    def __init__(self, files: SourceFiles) -> None:
        self._files = files

    def asked(self, record: StoredGeneration) -> LumaRequest:
        """Return the request of a generation.

        Args:
            record: the generation. Its row may come from somebody else.

        Raises:
            RenderError: the request would be refused if it were sent now.
        """
        try:
            request = read_luma_request(record.request.encode(), None)
        except Refusal as refusal:
            raise RenderError(f"Invalid request: {refusal.detail}") from None
        if kind_of(request) != record.kind:
            raise RenderError("Invalid request: type: it makes nothing of this kind")
        return request

    async def brief(self, record: StoredGeneration, request: LumaRequest) -> Brief:
        """Return the brief of a generation.

        Args:
            record: the generation.
            request: its request, already checked.

        Raises:
            RenderError: a picture or a video cannot be downloaded or read.
        """
        options = request.video or VideoOptions()
        if request.type == "video":
            return await self._video(record, request, options)
        if request.type == "video_edit":
            return await self._edited(record, request, options)
        if request.type == "video_reframe":
            return await self._reframed(record, request, options)
        if request.type == "layering":
            return await self._layers(record, request)
        return await self._image(record, request)

    async def _video(self, record: StoredGeneration, request: LumaRequest, options: VideoOptions) -> Brief:
        frame0, frame1, guides = await asyncio.gather(
            self._frame(record, "video.start_frame", options.start_frame, "last"),
            self._frame(record, "video.end_frame", options.end_frame, "first"),
            self._guides(record, "video.keyframes", options.keyframes),
        )
        given = [frame for frame in (frame0, frame1, *guides) if frame is not None]
        ratio = request.aspect_ratio or (await _ratio_of(given[0]) if given else _DEFAULT_RATIO)
        width, height = scaled(record, render.size_of_lines(ratio, record.lines or 720))
        asked = LUMA_DURATIONS[options.duration or _DEFAULT_DURATION]
        seconds = min(float(asked), record.longest_seconds or float(asked))
        brief = Brief(
            kind="video",
            prompt=request.prompt,
            take=record.take,
            width=width,
            height=height,
            seconds=seconds,
            loop=bool(options.loop),
            model=request.model,
            frame0=frame0,
            frame1=frame1,
            hdr=bool(options.hdr),
            exr=bool(options.exr_export),
            tags=tags(record, request.prompt),
        )
        # A studio that shortens its videos moves their guide frames closer together.
        shorter = brief.frames / (GRID_FRAMES_A_SECOND * asked)
        places = [round(index * shorter) for index in options.keyframe_indexes or ()]
        return replace(brief, anchors=tuple(map(Anchor, places, guides)))

    async def _edited(self, record: StoredGeneration, request: LumaRequest, options: VideoOptions) -> Brief:
        edit = options.edit or VideoEdit()
        assert request.source is not None
        source, first, guides = await asyncio.gather(
            self._bytes(record, "source", request.source, "video"),
            self._pictures(record, "video.start_frame", [options.start_frame] if options.start_frame else ()),
            self._guides(record, "video.edit.keyframes", edit.keyframes),
        )
        strength = None if edit.strength is None else STRENGTHS.index(edit.strength) / (len(STRENGTHS) - 1)
        if edit.controls is not None and strength is None:
            # Without a strength, controls imply manual mode.
            strength = _MANUAL
        modify = Modify(
            source,
            strength,
            first_frame=first[0] if first else None,
            guides=tuple(map(Anchor, edit.keyframe_indexes or (), guides)),
            controls=_controls(edit.controls),
            lines=int(options.resolution.removesuffix("p")) if options.resolution else None,
            aspect_ratio=request.aspect_ratio,
            most_seconds=MOST_EDITED_SECONDS,
        )
        return replace(_edit(record, request, modify), hdr=bool(options.hdr), exr=bool(options.exr_export))

    async def _reframed(self, record: StoredGeneration, request: LumaRequest, options: VideoOptions) -> Brief:
        assert request.source is not None
        source = await self._bytes(record, "source", request.source, "video")
        ratio = request.aspect_ratio or _DEFAULT_RATIO
        size = scaled(record, render.size_of_lines(ratio, record.lines or 720))
        return _edit(record, request, Reframe(source, ratio, _placing(options.source_position, size), size=size))

    async def _layers(self, record: StoredGeneration, request: LumaRequest) -> Brief:
        assert request.source is not None
        source = await self._bytes(record, "source", request.source, "image")
        asked = (request.layering.resolution if request.layering else None) or _DEFAULT_LAYERS
        return Brief(
            kind="image",
            prompt=request.prompt,
            take=record.take,
            model=request.model,
            edit=Separate(source, _LAYERS[asked]),
            shorter_side=record.shorter_side,
            tags=tags(record, request.prompt),
        )

    async def _image(self, record: StoredGeneration, request: LumaRequest) -> Brief:
        source, references = await asyncio.gather(
            self._pictures(record, "source", [request.source] if request.source else ()),
            self._pictures(record, "image_ref", request.image_ref or ()),
        )
        is_manga = request.style == "manga"
        ratio = request.aspect_ratio or (_MANGA_RATIO if is_manga else _DEFAULT_RATIO)
        size = render.size_of_pixels(ratio, _PIXELS[request.model])
        if source and request.aspect_ratio is None:
            size = await _size_like(render.Keyframe(source[0]), _PIXELS[request.model])
        width, height = scaled(record, size)
        return Brief(
            kind="image",
            prompt=request.prompt,
            take=record.take,
            width=width,
            height=height,
            model=request.model,
            image_refs=tuple(map(Reference, references)),
            modify=Reference(source[0], _EDITED) if source else None,
            figures_over=bool(source),
            style="manga" if is_manga else "",
            image_format="png" if request.output_format == "png" else "jpg",
            tags=tags(record, request.prompt),
        )

    async def _frame(
        self, record: StoredGeneration, field: str, reference: MediaReference | None, end: Literal["first", "last"]
    ) -> render.Keyframe | None:
        """A given frame; for an earlier video, its first or last frame as `end` says."""
        if reference is None:
            return None
        if reference.generation_id is None:
            return render.Keyframe(await self._bytes(record, field, reference, "image"))
        earlier, data = await self._files.made(reference.generation_id.lower(), record.account)
        return render.Keyframe(data, end if earlier.kind == "video" else None)

    async def _guides(
        self, record: StoredGeneration, field: str, references: list[MediaReference] | None
    ) -> list[render.Keyframe]:
        """The pictures that individual frames should look like."""
        return [render.Keyframe(data) for data in await self._pictures(record, field, references or ())]

    async def _pictures(
        self, record: StoredGeneration, field: str, references: Iterable[MediaReference]
    ) -> tuple[bytes, ...]:
        return tuple(
            await asyncio.gather(
                *(self._bytes(record, f"{field}.{at}", one, "image") for at, one in enumerate(references))
            )
        )

    async def _bytes(self, record: StoredGeneration, field: str, reference: MediaReference, kind: str) -> bytes:
        """The picture or video that a reference names."""
        if reference.generation_id is not None:
            return (await self._files.made(reference.generation_id.lower(), record.account))[1]
        if reference.file_id is not None:
            return await self._files.uploaded(reference.file_id.lower(), record.account)
        if reference.url is not None:
            return await self._files.at(record, field, reference.url, kind)
        raise RenderError(f"Invalid request: {field}: it names no picture")


def _edit(record: StoredGeneration, request: LumaRequest, edit: Modify | Reframe) -> Brief:
    return Brief(
        kind="video",
        prompt=request.prompt,
        take=record.take,
        model=request.model,
        edit=edit,
        shorter_side=record.shorter_side,
        longest_seconds=record.longest_seconds,
        tags=tags(record, request.prompt),
    )


def _controls(asked: EditControls | None) -> Controls:
    """How much of a source each control preserves: those that are enabled or have a value; None for the others."""
    controls = asked or EditControls()
    free: dict[str, float | None] = {
        "depth": controls.depth.blur if controls.depth else None,
        "normals": controls.normals.augmentation if controls.normals else None,
        "trajectory": controls.trajectory.sparsity if controls.trajectory else None,
        "pose": _POSES.get(controls.pose.strength or "") if controls.pose else None,
        "face": None,
    }
    kept: dict[str, float | None] = {}
    for name, freedom in free.items():
        control = getattr(controls, name)
        if control is None or (control.enabled is None and freedom is None):
            kept[name] = None
        else:
            kept[name] = 0.0 if control.enabled is False else 1.0 - (freedom or 0.0)
    return Controls(**kept)


def _placing(position: SourcePosition | None, size: tuple[int, int]) -> Placing:
    """A position in fractions of the canvas, converted to pixels."""
    if position is None:
        return Placing()
    width, height = size
    return Placing(
        grid_position_x=round(min(_FAR, max(-_FAR, position.x_norm)) * width),
        grid_position_y=round(min(_FAR, max(-_FAR, position.y_norm)) * height),
        resized_width=max(1, round(position.w_norm * width)),
        resized_height=max(1, round(position.h_norm * height)),
    )


async def _sides(frame: render.Keyframe) -> tuple[int, int]:
    """The width and height of a given frame, in pixels."""
    try:
        return await asyncio.to_thread(_size_of, frame)
    except UnreadableFileError as error:
        raise RenderError(f"{UNREADABLE}: the file {error.reason}") from None


async def _size_like(frame: render.Keyframe, pixels: int) -> tuple[int, int]:
    """The width and height in the ratio of a picture, as multiples of 16, with about that many pixels."""
    wide, high = await _sides(frame)
    # The most extreme ratios of the API are 3:1 and 1:3.
    wide, high = min(wide, _STRIP * high), min(high, _STRIP * wide)
    return render.size_of_pixels(f"{wide}:{high}", pixels)


async def _ratio_of(frame: render.Keyframe) -> str:
    """The video ratio that is closest to that of a given frame."""
    width, height = await _sides(frame)

    def away(ratio: str) -> float:
        wide, high = map(int, ratio.split(":"))
        return abs(math.log(width * high / (height * wide)))

    return min(RATIOS_OF["ray-3.2"], key=away)


def _size_of(frame: render.Keyframe) -> tuple[int, int]:
    if frame.end is None:
        return picture_size(frame.data)
    with opened(io.BytesIO(frame.data), threads=False) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height
