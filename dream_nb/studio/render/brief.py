"""What a drawing depends on: everything, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

UNREADABLE: Final = "Failed to read user input frames"
"""The reason of the API for pictures and clips that cannot be used."""


class RenderError(Exception):
    """An input of the drawing cannot be used.

    The message is the reason in the API's words, for `failure_reason`.
    """


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
class Brief:
    """One drawing. Equal briefs give equal pixels, on every machine (at most 1/255 apart before encoding).

    Args:
        kind: a video (MP4) or an image (`image_format`).
        prompt: the text, as typed.
        take: the n-th drawing of the same brief; another take is another composition.
        width, height: in pixels; see `frame_size` and `image_size`. Odd numbers are rounded down.
        seconds, fps: length of a video; it has `round(seconds * fps)` frames.
        loop: the last frame leads back to the first.
        model: the API's name of the model that is asked for; "flash" ones are drawn coarser and faster.
        frame0, frame1: first and last frame of a video.
        image_refs: pictures whose layout is followed.
        style_refs: pictures whose colours are taken.
        character_refs: pictures of a character who appears in the scene.
        modify: a picture to be changed by the prompt; at weight 1 it hardly changes.
        image_format: of an image.
        tags: key and text to be kept in the metadata of the file.
    """

    kind: Literal["video", "image"]
    prompt: str
    take: int = 1
    width: int = 1280
    height: int = 720
    seconds: float = 5.0
    fps: int = 24
    loop: bool = False
    model: str | None = None
    frame0: Keyframe | None = None
    frame1: Keyframe | None = None
    image_refs: tuple[Reference, ...] = ()
    style_refs: tuple[Reference, ...] = ()
    character_refs: tuple[bytes, ...] = ()
    modify: Reference | None = None
    image_format: Literal["jpg", "png"] = "jpg"
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as drawn: even, at least 16."""
        return max(16, self.width // 2 * 2), max(16, self.height // 2 * 2)

    @property
    def frames(self) -> int:
        """How many frames the video has."""
        return max(1, round(self.seconds * self.fps))

    @property
    def coarse(self) -> bool:
        """Whether the drawing may be coarser, for speed."""
        return self.model is not None and "flash" in self.model
