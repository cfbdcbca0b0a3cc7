"""The requests of the Luma API for generations and files, under its own names. They are checked before they are sent.

Each schema has the name of its fields in the API. What the documentation excludes is refused here; what it does not
mention is left to the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, JsonValue, ValidationInfo, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from dream_nb.api.luma_limits import (
    GRID_FRAMES_A_SECOND,
    LUMA_DURATIONS,
    LUMA_IMAGE_MODELS,
    LUMA_MODELS,
    LUMA_RATIOS,
    LUMA_RESOLUTIONS,
    LUMA_TYPES,
    LUMA_VIDEO_MODELS,
    MANGA_RATIOS,
    MAX_FILE_BYTES,
    MAX_KEYFRAMES,
    MAX_LAYERING_PROMPT,
    MAX_PROMPT,
    MAX_REFERENCES,
    PURPOSES,
    RATIOS_OF,
    STRENGTHS,
)
from dream_nb.api.schemas import Schema, admits, enum, is_document, outside_json, shortened

_IMAGES: Final = ("image", "image_edit")
_VIDEOS: Final = ("video", "video_edit", "video_reframe")
_EDITS: Final = ("image_edit", "video_edit", "video_reframe", "layering")
_ORIGINS: Final = ("url", "data", "generation_id", "file_id")
_NAME_FORM: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_MIME: Final = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+", re.IGNORECASE)

# Where a field is allowed: a server that ignores it elsewhere would make, and bill, something else.
_OWN_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "image_ref": _IMAGES,
    "source": _EDITS,
    "style": _IMAGES,
    "web_search": _IMAGES,
    "output_format": (*_IMAGES, "layering"),
    "layering": ("layering",),
    "video": _VIDEOS,
}
_VIDEO_OWN_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "loop": ("video",),
    "end_frame": ("video",),
    "keyframes": ("video",),
    "start_frame": ("video", "video_edit"),
    "edit": ("video_edit",),
    "hdr": ("video", "video_edit"),
    "exr_export": ("video", "video_edit"),
    "source_position": ("video_reframe",),
}

Unit = Annotated[float, Field(ge=0, le=1)]
Position = Annotated[float, Field(allow_inf_nan=False)]
Extent = Annotated[float, Field(gt=0, le=2)]
Pose = Annotated[str, *enum("pose strength", ("precise", "coarse"))]
Strength = Annotated[str, *enum("strength", STRENGTHS)]
LumaResolution = Annotated[str, *enum("resolution", LUMA_RESOLUTIONS)]
LumaDuration = Annotated[str, *enum("duration", tuple(LUMA_DURATIONS))]
LumaRatio = Annotated[str, *enum("aspect ratio", LUMA_RATIOS)]
LumaModel = Annotated[str, *enum("model", LUMA_MODELS, _NAME_FORM)]
LumaType = Annotated[str, *enum("type", LUMA_TYPES)]
Purpose = Annotated[str, *enum("purpose", PURPOSES)]


def _wrong(message: str, **values: object) -> PydanticCustomError:
    return PydanticCustomError("luma", message, values)


class MediaReference(Schema):
    """A picture or video, given in exactly one of four ways.

    Attributes:
        url: the public URL of the file.
        data: the bytes of the file in base64.
        media_type: the MIME type of the file. Required with `data`, and with the `url` of a video.
        generation_id: the id of an earlier generation of the same key.
        file_id: the id of an uploaded file that is ready.
    """

    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    generation_id: str | None = None
    file_id: str | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # A picture may have megabytes, and a notebook saves everything that it shows.
        for name, value in super().__repr_args__():
            yield name, shortened(value) if name == "data" and isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        given = [name for name in _ORIGINS if getattr(self, name) is not None]
        if len(given) != 1:
            told = " and ".join(given) or "none of them"
            raise _wrong(
                "a reference must have exactly one of url, data, generation_id and file_id, not {told}", told=told
            )
        if not getattr(self, given[0]):
            raise _wrong("the {name} of a reference is empty", name=given[0])
        if self.data is not None and self.media_type is None:
            raise _wrong("data needs its media_type, such as 'image/jpeg'")
        if self.media_type is not None and not _MIME.fullmatch(self.media_type):
            raise _wrong("media_type '{told}' is not a MIME type such as 'image/jpeg'", told=self.media_type)
        return self

    def problem_as(self, kind: str) -> str | None:
        """Return the reason why it cannot be used as a picture or a video, or None if it can.

        Args:
            kind: the kind that is needed: "image" or "video".
        """
        told = self.media_type
        if kind == "video" and self.url is not None and told is None:
            return "the url of a video must come with its media_type, such as 'video/mp4'"
        if told is not None and told.partition("/")[0].lower() != kind:
            return f"media_type {told!r} does not match {'an image' if kind == 'image' else 'a video'}"
        return None


class SourcePosition(Schema):
    """The place of the source on the canvas of a reframed video, as fractions of the canvas.

    Attributes:
        x_norm: the left edge; negative if the source begins outside.
        y_norm: the top edge; negative if the source begins outside.
        w_norm: the width, up to 2.
        h_norm: the height, up to 2.
    """

    x_norm: Position
    y_norm: Position
    w_norm: Extent
    h_norm: Extent


class PoseControl(Schema):
    """How an edit preserves poses.

    Attributes:
        enabled: whether this control is used; None is the model's default.
        strength: how closely poses are preserved: "precise" or "coarse".
    """

    enabled: bool | None = None
    strength: Pose | None = None


class DepthControl(Schema):
    """How an edit preserves depth.

    Attributes:
        enabled: whether this control is used; None is the model's default.
        blur: the blur of the depth map, from 0 to 1; more blur allows larger changes.
    """

    enabled: bool | None = None
    blur: Unit | None = None


class NormalsControl(Schema):
    """How an edit preserves surfaces.

    Attributes:
        enabled: whether this control is used; None is the model's default.
        augmentation: the augmentation of the normals, from 0 to 1; more allows larger changes.
    """

    enabled: bool | None = None
    augmentation: Unit | None = None


class TrajectoryControl(Schema):
    """How an edit preserves motion.

    Attributes:
        enabled: whether this control is used; None is the model's default.
        sparsity: the sparsity of the trajectories, from 0 to 1; more allows larger changes.
    """

    enabled: bool | None = None
    sparsity: Unit | None = None


class FaceControl(Schema):
    """Whether an edit preserves faces.

    Attributes:
        enabled: whether this control is used; None is the model's default.
    """

    enabled: bool | None = None


class EditControls(Schema):
    """What an edit preserves of its source, by signal.

    Attributes:
        pose: the poses of bodies.
        depth: the depth of the scene.
        normals: the orientation of surfaces.
        trajectory: the motion.
        face: the faces of people.
    """

    pose: PoseControl | None = None
    depth: DepthControl | None = None
    normals: NormalsControl | None = None
    trajectory: TrajectoryControl | None = None
    face: FaceControl | None = None


class VideoEdit(Schema):
    """How a video is edited.

    Attributes:
        auto_controls: whether the model chooses the controls from the source; excludes `strength` and `controls`.
        strength: how far to depart from the source: adhere_1 to adhere_3, flex_1 to flex_3, reimagine_1 to reimagine_3.
        controls: what to preserve, by signal.
        keyframes: 1 to 64 pictures that given frames of the result look like.
        keyframe_indexes: for each keyframe, the number of the source's frame.
    """

    auto_controls: bool | None = None
    strength: Strength | None = None
    controls: EditControls | None = None
    keyframes: list[MediaReference] | None = None
    keyframe_indexes: list[int] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.auto_controls and (self.strength is not None or self.controls is not None):
            raise _wrong("auto_controls cannot be combined with strength or controls: leave out one or the other")
        _check_keyframes(self.keyframes, self.keyframe_indexes, None)
        return self


class VideoOptions(Schema):
    """The options of a video. The type of a request decides which options it can have.

    Attributes:
        duration: the playing time: 5s or 10s.
        resolution: the resolution: 360p (a draft), 540p, 720p or 1080p.
        loop: whether the end of the video leads to its beginning.
        start_frame: the picture that the video begins with, or an earlier generation, from whose end it continues.
        end_frame: the picture or generation that the video ends with.
        keyframes: 1 to 64 pictures at any frames of the video.
        keyframe_indexes: for each keyframe, its frame number at 24 frames per second: 0 to 120 for 5s, 0 to 240 for
            10s.
        hdr: whether the video has a high dynamic range.
        exr_export: whether to make an EXR in addition to the MP4. Requires `hdr`.
        source_position: the place of the source in a reframed video.
        edit: the options of an edit.
    """

    duration: LumaDuration | None = None
    resolution: LumaResolution | None = None
    loop: bool | None = None
    start_frame: MediaReference | None = None
    end_frame: MediaReference | None = None
    keyframes: list[MediaReference] | None = None
    keyframe_indexes: list[int] | None = None
    hdr: bool | None = None
    exr_export: bool | None = None
    source_position: SourcePosition | None = None
    edit: VideoEdit | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        anchors = [name for name in ("start_frame", "end_frame") if getattr(self, name) is not None]
        if self.exr_export and not self.hdr:
            raise _wrong("exr_export requires hdr=True")
        if self.loop:
            other = "duration 10s" if self.duration == "10s" else "hdr" if self.hdr else None
            if other or self.end_frame is not None:
                raise _wrong("loop cannot be combined with {other}", other=other or "end_frame")
        if self.keyframes is not None and (anchors or self.loop):
            raise _wrong("keyframes cannot be combined with {other}", other=(anchors or ["loop"])[0])
        if self.edit is not None and self.edit.keyframes is not None and self.start_frame is not None:
            raise _wrong("edit.keyframes cannot be combined with start_frame")
        last = GRID_FRAMES_A_SECOND * LUMA_DURATIONS.get(self.duration or "5s", max(LUMA_DURATIONS.values()))
        _check_keyframes(self.keyframes, self.keyframe_indexes, last)
        return self

    def pictures(self) -> Iterator[tuple[str, MediaReference]]:
        """Iterate over all pictures of the options, each with its place in the request."""
        for name in ("start_frame", "end_frame"):
            if (found := getattr(self, name)) is not None:
                yield f"video.{name}", found
        for at, found in enumerate(self.keyframes or ()):
            yield f"video.keyframes.{at}", found
        for at, found in enumerate((self.edit.keyframes if self.edit else None) or ()):
            yield f"video.edit.keyframes.{at}", found


class Layering(Schema):
    """How a picture is separated into layers.

    Attributes:
        resolution: the resolution of every layer: "1k" or "2k".
    """

    resolution: Annotated[str, *enum("resolution", ("1k", "2k"))] | None = None


class LumaRequest(Schema):
    """The body of `POST /generations`.

    Attributes:
        prompt: the prompt, 1 to 6,000 characters; for layering, 0 to 500 characters that say how to split the picture.
        type: the type of request: image, image_edit, video, video_edit, video_reframe or layering.
        model: the name of the model; by default "uni-1", and "ray-3.2" for videos.
        aspect_ratio: one of the aspect ratios that the model supports.
        image_ref: pictures to follow, up to 9 for an image, and up to 8 for an edit.
        source: the picture or video to edit, reframe or separate into layers.
        output_format: the file format of an image: "png" or "jpeg".
        style: the style of an image: "auto" or "manga".
        web_search: for an image, whether the model may search the web for pictures.
        layering: the options of layering.
        video: the options of a video.
        user_id: your own name for the user on whose behalf you ask; the provider stores it.
        extra: fields that this version does not know, by the names under which they are sent.
    """

    prompt: str
    type: LumaType = "image"
    model: LumaModel = "uni-1"
    aspect_ratio: LumaRatio | None = None
    image_ref: list[MediaReference] | None = None
    source: MediaReference | None = None
    output_format: Annotated[str, *enum("output format", ("png", "jpeg"))] | None = None
    style: Annotated[str, *enum("style", ("auto", "manga"))] | None = None
    web_search: bool | None = None
    layering: Layering | None = None
    video: VideoOptions | None = None
    user_id: str | None = None
    extra: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, data: Any, info: ValidationInfo) -> Any:
        if not is_document(data):
            return data
        if data.get("model") is None:
            # The model determines the price, so it is always part of the request, whatever the server's default will
            # be.
            data = {**data, "model": LUMA_VIDEO_MODELS[0] if data.get("type") in _VIDEOS else LUMA_IMAGE_MODELS[0]}
        if admits(info, "fields") and (unknown := data.keys() - cls.__pydantic_fields__.keys()):
            known = {name: value for name, value in data.items() if name not in unknown}
            data = known | {"extra": {**known.get("extra", {}), **{name: data[name] for name in unknown}}}
        return data

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if taken := sorted(self.extra.keys() & (LumaRequest.model_fields.keys() - {"extra"})):
            raise _wrong("'{name}' is a regular field: remove it from extra", name=taken[0])
        if found := outside_json(self):
            raise _wrong("{found} is not a valid JSON number", found=found)
        _check_prompt(self.prompt, self.type)
        _check_model(self.model, self.type)
        _check_types(self, self.type, _OWN_TYPES, "")
        self._check_ratio()
        self._check_media()
        if self.type == "layering" and self.output_format == "jpeg":
            raise _wrong("output_format jpeg cannot be used with type layering: layers are transparent")
        if self.video is not None:
            _check_options(self.video, self.type)
        return self

    def _check_ratio(self) -> None:
        if self.aspect_ratio is None:
            return
        known = RATIOS_OF.get(self.model, LUMA_RATIOS)
        if self.aspect_ratio not in known:
            raise _wrong(
                "aspect ratio {told} is not one of {model}: {known}",
                told=self.aspect_ratio,
                model=self.model,
                known=", ".join(known),
            )
        if self.style == "manga" and self.type == "image" and self.aspect_ratio not in MANGA_RATIOS:
            known = MANGA_RATIOS
            raise _wrong("style manga has the aspect ratios {known} only", known=", ".join(known))

    def _check_media(self) -> None:
        most, given = MAX_REFERENCES.get(self.type, 0), len(self.image_ref or ())
        if given > most:
            raise _wrong("image_ref has {given} pictures; at most {most} are allowed", given=given, most=most)
        for at, reference in enumerate(self.image_ref or ()):
            _check_media(reference, "image", f"image_ref.{at}")
        if self.type in _EDITS and self.source is None:
            raise _wrong("type {type} needs a source", type=self.type)
        if self.source is not None:
            _check_media(self.source, "video" if self.type in _VIDEOS else "image", "source")

    @model_serializer(mode="wrap")
    def _merge_extra(self, write: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        document = write(self)
        extra: dict[str, Any] = document.pop("extra", {})
        return document | extra


class FileRequest(Schema):
    """The body of `POST /files` for a file whose bytes are uploaded separately.

    Attributes:
        mime_type: the MIME type of the file, such as "video/mp4".
        size_bytes: the exact size of the file in bytes, up to 5 GiB.
        filename: the name of the file.
        purpose: "input" if the file will be edited, "reference" if it will guide.
        expires_at: the time from which the provider may delete the file.
        user_id: your own name for the user on whose behalf you ask; the provider stores it.
    """

    mime_type: str
    size_bytes: Annotated[int, Field(gt=0, le=MAX_FILE_BYTES)]
    filename: str | None = None
    purpose: Purpose | None = None
    expires_at: datetime | None = None
    user_id: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not _MIME.fullmatch(self.mime_type):
            raise _wrong("mime_type '{told}' is not a MIME type such as 'image/jpeg'", told=self.mime_type)
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise _wrong("expires_at must have a time zone, such as datetime.now(UTC)")
        return self


def _check_prompt(prompt: str, type_: str) -> None:
    if type_ == "layering":
        if len(prompt) > MAX_LAYERING_PROMPT:
            given = len(prompt)
            raise _wrong(
                "the prompt of a layering may have at most {most} characters, not {given}", most=500, given=given
            )
    elif not prompt.strip():
        raise _wrong("the prompt is empty")
    elif len(prompt) > MAX_PROMPT:
        raise _wrong("the prompt may have at most {most} characters, not {given}", most=MAX_PROMPT, given=len(prompt))


def _check_model(model: str, type_: str) -> None:
    if model not in LUMA_MODELS:
        # Newer than this version, so the server decides.
        return
    known = LUMA_VIDEO_MODELS if type_ in _VIDEOS else ("uni-1",) if type_ == "layering" else LUMA_IMAGE_MODELS
    if model not in known:
        raise _wrong(
            "model {model} does not make type {type}: {known}", model=model, type=type_, known=", ".join(known)
        )


def _check_types(owner: Schema, type_: str, own: Mapping[str, Sequence[str]], at: str) -> None:
    for name, types in own.items():
        # An option that is off counts as left out.
        if getattr(owner, name) not in (None, False) and type_ not in types:
            known = ", ".join(types)
            raise _wrong("{name} is not an option of type {type}: {known}", name=at + name, type=type_, known=known)


def _check_options(options: VideoOptions, type_: str) -> None:
    _check_types(options, type_, _VIDEO_OWN_TYPES, "video.")
    if type_ == "video":
        if options.hdr and options.resolution in ("360p", "540p"):
            raise _wrong("hdr requires resolution 720p or 1080p, not {told}", told=options.resolution)
        other = "duration 10s" if options.duration == "10s" else "hdr" if options.hdr else None
        anchor = next((name for name in ("start_frame", "end_frame") if getattr(options, name) is not None), None)
        if anchor and other:
            raise _wrong("{anchor} cannot be combined with {other}: use keyframes", anchor=anchor, other=other)
    for place, reference in options.pictures():
        _check_media(reference, "image", place)


def _check_media(reference: MediaReference, kind: Literal["image", "video"], place: str) -> None:
    if problem := reference.problem_as(kind):
        raise _wrong("{place}: {problem}", place=place, problem=problem)


def _check_keyframes(frames: Sequence[object] | None, indexes: Sequence[int] | None, last: int | None) -> None:
    """Raise an error if keyframes have no index, or if indexes are not valid.

    Args:
        frames: the keyframes.
        indexes: the frame number of each keyframe.
        last: the largest allowed index; None if no limit is known.
    """
    if frames is None and indexes is None:
        return
    if frames is None or indexes is None or len(frames) != len(indexes):
        counts = {"frames": len(frames or ()), "indexes": len(indexes or ())}
        raise _wrong("keyframes and keyframe_indexes must have the same length, not {frames} and {indexes}", **counts)
    if not 1 <= len(frames) <= MAX_KEYFRAMES:
        raise _wrong("give 1 to {most} keyframes, not {given}", most=MAX_KEYFRAMES, given=len(frames))
    if len(set(indexes)) != len(indexes):
        raise _wrong("keyframe_indexes contains a frame twice")
    wrong = next((one for one in indexes if one < 0 or (last is not None and one > last)), None)
    if wrong is not None:
        known = "0 or more" if last is None else f"0 to {last} (24 a second)"
        raise _wrong("keyframe index {wrong} is outside the video, whose frames are {known}", wrong=wrong, known=known)
