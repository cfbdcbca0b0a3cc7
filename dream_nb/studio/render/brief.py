"""What a drawing depends on: everything, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

UNREADABLE: Final = "Failed to read user input frames"
"""The reason of the API for pictures and clips that cannot be used."""


MOST_SECONDS: Final = 30
"""How long the video may be that an edit is of."""
LONGEST_SIDE: Final = 5120
"""Pixels that the longer side of an edit's result may have."""


class RenderError(Exception):
    """An input of the drawing cannot be used.

    The message is the reason in the API's words, for `failure_reason`.

    Args:
        reason: the message.
        code: the reason as a word of the Luma API, for `failure_code`; by default it says which input is wrong, the
            pictures or the rest of the request.
    """

    def __init__(self, reason: str, code: str | None = None) -> None:
        super().__init__(reason)
        self.code = code or ("corrupt_input" if reason.startswith(UNREADABLE) else "invalid_request")


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that acts on the drawing: an encoded image file, and how much it counts (0 to 1)."""

    picture: bytes
    weight: float = 0.85


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A frame that is given: an encoded image (`end` is None), or an MP4 and which of its frames is meant."""

    data: bytes
    end: Literal["first", "last"] | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A keyframe, and the number of the frame that it is."""

    frame: int
    keyframe: Keyframe


@dataclass(frozen=True, slots=True)
class Controls:
    """What a modified video keeps of its source, from 0 (nothing) to 1 (all of it); None leaves it to the strength.

    Args:
        pose: what moves.
        depth: the coarse forms.
        normals: the fine forms.
        trajectory: the motion of the whole picture.
        face: skin.
    """

    pose: float | None = None
    depth: float | None = None
    normals: float | None = None
    trajectory: float | None = None
    face: float | None = None


@dataclass(frozen=True, slots=True)
class Modify:
    """A video with another look, that of the brief's prompt.

    Args:
        source: the video, as a file.
        strength: how far it goes from the source, from 0 (adhere_1) to 1 (reimagine_3); None goes less far, the more
            the source moves.
        first_frame: an encoded image of how the first frame is to look, or None.
        guides: further frames that are given.
        controls: what is kept of the source.
        lines: the shorter side of the result, or None for that of the source.
        aspect_ratio: of the middle of the source that is shown, or None for all of it.
        most_seconds: how long the source may be.
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
    """Where in a new ratio the source lies; None leaves it to the drawing. The names are those of the API.

    Args:
        grid_position_x, grid_position_y: its left upper corner, in pixels of the result.
        x_start, x_end, y_start, y_end: the part of the source that is shown, in pixels of the source.
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
    """A video or an image in another ratio; what is missing is painted on.

    Args:
        source: the video or the image, as a file.
        aspect_ratio: of the result.
        placing: where the source lies.
        first_frame: an encoded image of how the first frame is to look, or None.
        size: width and height of the result; None keeps the shorter side of the source.
    """

    source: bytes
    aspect_ratio: str
    placing: Placing = Placing()
    first_frame: bytes | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Resample:
    """A video in another size, its pixels resampled.

    Args:
        source: the video, as a file.
        lines: the shorter side of the result, in pixels.
    """

    source: bytes
    lines: int


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """A video with sound, which the brief's prompt asks for.

    Args:
        source: the video, as a file. Its pictures stay as they are.
        scene: the prompt of the video, for where the brief's own prompt names no sound.
        unwanted: what is not to be heard.
    """

    source: bytes
    scene: str = ""
    unwanted: str = ""


@dataclass(frozen=True, slots=True)
class Separate:
    """A picture taken apart into layers. The first word for a subject in the brief's prompt names what stands in front.

    Args:
        source: the picture, as a file.
        longer_side: of every layer, in pixels.
    """

    source: bytes
    longer_side: int


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One of several files of a drawing.

    Args:
        data: its bytes.
        suffix: of its name.
        type: what it is, in the words of the Luma API: "image", "video" or "exr".
        layer: what a layer is, in the words of the Luma API: index, label, description and alpha_hint; or None.
    """

    data: bytes
    suffix: str
    type: str
    layer: dict[str, str | int] | None = None


Edit = Modify | Reframe | Resample | Soundtrack | Separate
"""What is done to an earlier video or image. Its size, rate and length come from that file, not from the brief."""


@dataclass(frozen=True, slots=True)
class Brief:
    """One drawing. Equal briefs give equal pixels, on every machine (at most 1/255 apart before encoding).

    Args:
        kind: a video (MP4) or an image (`image_format`).
        prompt: the text, as typed.
        take: the n-th drawing of the same brief; another take is another composition.
        width, height: in pixels; see `frame_size` and `image_size`. Odd numbers are rounded down.
        seconds, fps: length and rate of a video; it has `round(seconds * fps)` frames.
        loop: the last frame leads back to the first.
        model: the API's name of the model that is asked for; "flash" ones are drawn coarser and faster.
        frame0, frame1: first and last frame of a video.
        anchors: further frames of a video. One behind its end is its last.
        image_refs: pictures whose layout is followed.
        style_refs: pictures whose colours are taken.
        character_refs: pictures of a character who appears in the scene.
        modify: a picture to be changed by the prompt; at weight 1 it hardly changes.
        figures_over: whether the figures of the prompt stand before the picture that is changed, and are not mixed with
            it.
        style: the name of the style; empty leaves it to the prompt.
        image_format: of an image.
        concepts: keys of the API for what the camera does, such as "dolly_zoom". They change no seed: the scene stays.
        edit: what is done to an earlier video or image, in place of drawing a scene from nothing.
        sound: a video whose sound the result has too, or None. The result of an edit keeps that of its source anyway.
        shorter_side: pixels that the shorter side of an edit's result may have at most, or None.
        longest_seconds: of an edit's result at most, or None.
        hdr: whether a video has high dynamic range: 10 bits, BT.2020, hybrid log-gamma.
        exr: whether its frames come in an OpenEXR file beside it.
        tags: key and text to be kept in the metadata of the file.
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
        """Width and height as drawn: even, at least 16."""
        return max(16, self.width // 2 * 2), max(16, self.height // 2 * 2)

    @property
    def frames(self) -> int:
        """How many frames the video has."""
        return max(1, round(self.seconds * float(self.fps)))

    @property
    def is_several(self) -> bool:
        """Whether it makes several files."""
        return self.exr or isinstance(self.edit, Separate)

    @property
    def coarse(self) -> bool:
        """Whether the drawing may be coarser, for speed."""
        return self.model is not None and "flash" in self.model
