"""The brief: everything that a drawing depends on, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

UNREADABLE: Final = "Failed to read user input frames"
"""The reason that the API gives for pictures and clips that cannot be used."""


MOST_SECONDS: Final = 30
"""The longest video that can be edited, in seconds."""
LONGEST_SIDE: Final = 5120
"""The largest longer side of an edit's result, in pixels."""


class RenderError(Exception):
    """An input of the drawing cannot be used.

    The message is the reason in the API's words, for `failure_reason`.

    Args:
        reason: the message.
        code: the reason as a code of the Luma API, for `failure_code`; by default it says which input is wrong, the
            pictures or the rest of the request.
    """

    def __init__(self, reason: str, code: str | None = None) -> None:
        super().__init__(reason)
        self.code = code or ("corrupt_input" if reason.startswith(UNREADABLE) else "invalid_request")


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that influences the drawing: an encoded image file, and its weight (0 to 1)."""

    picture: bytes
    weight: float = 0.85


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A given frame: an encoded image (`end` is None), or the first or last frame of an MP4 (`end` says which)."""

    data: bytes
    end: Literal["first", "last"] | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A keyframe, and its frame number."""

    frame: int
    keyframe: Keyframe


@dataclass(frozen=True, slots=True)
class Controls:
    """How much of its source a modified video preserves, from 0 (nothing) to 1 (everything).

    None lets the strength decide.

    Args:
        pose: how much of the moving parts is preserved.
        depth: how much of the coarse forms is preserved.
        normals: how much of the fine forms is preserved.
        trajectory: how much of the motion of the whole picture is preserved.
        face: how much of the skin is preserved.
    """

    pose: float | None = None
    depth: float | None = None
    normals: float | None = None
    trajectory: float | None = None
    face: float | None = None


@dataclass(frozen=True, slots=True)
class Modify:
    """Give a video a new look, as described by the brief's prompt.

    Args:
        source: the video, as a file.
        strength: how far to depart from the source, from 0 (adhere_1) to 1 (reimagine_3); with None, the more the
            source moves, the less the result departs from it.
        first_frame: an encoded image that the first frame should look like, or None.
        guides: further given frames.
        controls: how much of the source is preserved.
        lines: the shorter side of the result in pixels, or None to keep that of the source.
        aspect_ratio: the aspect ratio to which the source is cropped around its middle, or None to use all of it.
        most_seconds: the longest playing time of the source, in seconds.
    """

    source: bytes
    strength: float | None
    first_frame: bytes | None = None
    guides: tuple[Anchor, ...] = ()
    controls: Controls = Controls()
    lines: int | None = None
    aspect_ratio: str | None = None
    most_seconds: float = MOST_SECONDS


@dataclass(frozen=True, slots=True)
class Placing:
    """The place of the source in a new aspect ratio. Values that are None are chosen automatically.

    The names are those of the API.

    Args:
        grid_position_x, grid_position_y: the top left corner of the source, in pixels of the result.
        x_start, x_end, y_start, y_end: the visible part of the source, in pixels of the source.
        resized_width, resized_height: the size of that part in the result, in pixels of the result.
    """

    grid_position_x: int | None = None
    grid_position_y: int | None = None
    x_start: int | None = None
    x_end: int | None = None
    y_start: int | None = None
    y_end: int | None = None
    resized_width: int | None = None
    resized_height: int | None = None


@dataclass(frozen=True, slots=True)
class Reframe:
    """Change the aspect ratio of a video or an image; missing parts are painted in.

    Args:
        source: the video or the image, as a file.
        aspect_ratio: the aspect ratio of the result.
        placing: the place of the source.
        first_frame: an encoded image that the first frame should look like, or None.
        size: width and height of the result in pixels; None keeps the shorter side of the source.
    """

    source: bytes
    aspect_ratio: str
    placing: Placing = Placing()
    first_frame: bytes | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Resample:
    """Resample a video to another size.

    Args:
        source: the video, as a file.
        lines: the shorter side of the result, in pixels.
    """

    source: bytes
    lines: int


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """Add sound to a video, as described by the brief's prompt.

    Args:
        source: the video, as a file. Its pictures are not changed.
        scene: the prompt of the video, used if the brief's own prompt names no sound.
        unwanted: a description of the sounds that must not be heard.
    """

    source: bytes
    scene: str = ""
    unwanted: str = ""


@dataclass(frozen=True, slots=True)
class Separate:
    """Separate a picture into layers. The first word for a subject in the brief's prompt names the foreground.

    Args:
        source: the picture, as a file.
        longer_side: the longer side of every layer, in pixels.
    """

    source: bytes
    longer_side: int


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One of several files of a drawing.

    Args:
        data: the bytes of the file.
        suffix: the suffix of the file's name.
        type: the type in the Luma API: "image", "video" or "exr".
        layer: the description of a layer in the Luma API: index, label, description and alpha_hint; or None.
    """

    data: bytes
    suffix: str
    type: str
    layer: dict[str, str | int] | None = None


Edit = Modify | Reframe | Resample | Soundtrack | Separate
"""A change of an earlier video or image. Size, frame rate and length come from that file, not from the brief."""


@dataclass(frozen=True, slots=True)
class Brief:
    """One drawing. Equal briefs give equal pixels, on every machine (at most 1/255 apart before encoding).

    Args:
        kind: whether to draw a video (MP4) or an image (in `image_format`).
        prompt: the text as typed.
        take: the number of this drawing of the brief; each take has a different composition.
        width, height: the size in pixels; see `frame_size` and `image_size`. Odd numbers are rounded down.
        seconds, fps: the length and frame rate of a video; it has `round(seconds * fps)` frames.
        loop: whether the last frame leads back to the first.
        model: the API's name of the requested model; "flash" models are drawn faster and with less detail.
        frame0, frame1: the first and the last frame of a video.
        anchors: further given frames of a video. One that lies beyond its end becomes its last frame.
        image_refs: pictures whose layout to follow.
        style_refs: pictures whose colours to use.
        character_refs: pictures of a character who appears in the scene.
        modify: a picture that the prompt changes; at weight 1 it hardly changes.
        figures_over: whether the figures of the prompt are drawn in front of the changed picture, instead of mixed with
            it.
        style: the name of the style; if empty, the prompt decides.
        image_format: the file format of an image.
        concepts: keys of the API for the camera, such as "dolly_zoom". They do not change the seeds, so the scene
            stays the same.
        edit: a change to make to an earlier video or image, instead of drawing a new scene.
        sound: a video whose sound to copy into the result, or None. An edit keeps the sound of its source in any case.
        shorter_side: the largest shorter side of an edit's result, in pixels, or None.
        longest_seconds: the longest playing time of an edit's result, in seconds, or None.
        hdr: whether a video has a high dynamic range: 10 bits, BT.2020, hybrid log-gamma.
        exr: whether its frames are also written to an OpenEXR file.
        tags: keys and values for the metadata of the file.
    """

    kind: Literal["video", "image"]
    prompt: str
    take: int = 1
    width: int = 1280
    height: int = 720
    seconds: float = 5.0
    fps: int | Fraction = 24
    loop: bool = False
    model: str | None = None
    frame0: Keyframe | None = None
    frame1: Keyframe | None = None
    anchors: tuple[Anchor, ...] = ()
    image_refs: tuple[Reference, ...] = ()
    style_refs: tuple[Reference, ...] = ()
    character_refs: tuple[bytes, ...] = ()
    modify: Reference | None = None
    figures_over: bool = False
    style: str = ""
    image_format: Literal["jpg", "png"] = "jpg"
    concepts: tuple[str, ...] = ()
    edit: Edit | None = None
    sound: bytes | None = None
    shorter_side: int | None = None
    longest_seconds: float | None = None
    hdr: bool = False
    exr: bool = False
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the drawing in pixels, both even and at least 16."""
        return max(16, self.width // 2 * 2), max(16, self.height // 2 * 2)

    @property
    def frames(self) -> int:
        """The number of frames of the video."""
        return max(1, round(self.seconds * float(self.fps)))

    @property
    def is_several(self) -> bool:
        """Whether drawing the brief makes several files."""
        return self.exr or isinstance(self.edit, Separate)

    @property
    def coarse(self) -> bool:
        """Whether to draw with less detail, for speed."""
        return self.model is not None and "flash" in self.model
