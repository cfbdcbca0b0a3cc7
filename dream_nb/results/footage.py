"""What is seen of a dream: its pictures, its frames, and the files that are made of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dream_nb.results.entry import Entry
from dream_nb.results.video import Size, VideoFacts, read_facts

if TYPE_CHECKING:
    from PIL.Image import Image

    from dream_nb.results.video import Frame, Frames

_POSTER_SIDE: Final = 640
_THUMBNAIL_SIDE: Final = 160


class Footage(Entry):
    """The pictures of a `Dream`."""

    @cached_property
    def facts(self) -> VideoFacts | None:
        """Size, frames and times of a video; None for an image."""
        return read_facts(self.path) if self.kind == "video" else None

    @property
    def duration(self) -> float | None:
        """How long a video plays, in seconds; None for an image."""
        return self.facts.seconds if self.facts else None

    @property
    def fps(self) -> float | None:
        """A video's frames a second; None for an image."""
        return self.facts.fps if self.facts else None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        from dream_nb.results.pictures import size

        return size(self)

    @cached_property
    def image(self) -> Image:
        """The picture, as a Pillow image in RGB; of a video its first frame.

        Raises:
            LibraryError: there is no file, or it does not decode.
        """
        from dream_nb.results.pictures import picture

        return picture(self)

    @property
    def poster(self) -> Image:
        """The picture with a longer side of at most 640 pixels."""
        return self._reduced(_POSTER_SIDE)

    @property
    def thumbnail(self) -> Image:
        """The picture with a longer side of at most 160 pixels."""
        return self._reduced(_THUMBNAIL_SIDE)

    def _reduced(self, side: int) -> Image:
        """The picture with a longer side of at most that many pixels. The whole is not kept: of thousands, it would
        fill the memory."""
        from dream_nb.results.pictures import picture

        image: Image = self.__dict__["image"].copy() if "image" in self.__dict__ else picture(self)
        # A file's comment names its generation: it has no place in what is made of the picture, and in a notebook it
        # would change with every drawing.
        image.info.clear()
        image.thumbnail((side, side))
        return image

    def frames(
        self, start: int = 0, stop: int | None = None, step: int = 1, size: Size | None = None
    ) -> Iterator[Frame]:
        """The frames in order, one in memory at a time; an image has one.

        Args:
            start: the number of the first, from 0; negative ones count from the end.
            stop: the number of the first that is left out; None goes to the end.
            step: every how many frames, from 1.
            size: width and height, or at most what longer side, in pixels; None leaves them as they are.

        Returns:
            `uint8` arrays, height x width x 3, RGB.

        Raises:
            ValueError: the step or the size is none.
            LibraryError: there is no file, or it does not decode.
        """
        from dream_nb.results.pictures import frames

        return frames(self, start, stop, step, size)

    def frame_at(self, seconds: float, size: Size | None = None) -> Frame:
        """The frame that is seen at a time.

        Args:
            seconds: from the beginning; after the end it is the last frame.
            size: as in `frames`.

        Returns:
            `uint8`, height x width x 3, RGB.

        Raises:
            ValueError: the time is negative, or the size is none.
            LibraryError: there is no file, or it does not decode.
        """
        from dream_nb.results.pictures import frame_at

        return frame_at(self, seconds, size)

    @property
    def first_frame(self) -> Frame:
        """The first frame: `uint8`, height x width x 3, RGB."""
        return self.frame_at(0.0)

    @property
    def last_frame(self) -> Frame:
        """The last frame: `uint8`, height x width x 3, RGB."""
        return self.frame_at(self.duration or 0.0)

    def to_numpy(self, size: Size | None = None, *, quiet: bool = False) -> Frames:
        """All frames at once. Before it decodes, it prints how much memory they take.

        Args:
            size: as in `frames`.
            quiet: whether it prints nothing.

        Returns:
            `uint8`, frames x height x width x 3, RGB.

        Raises:
            MemoryError: there is not so much memory.
            LibraryError: there is no file, or it does not decode.
        """
        from dream_nb.results.pictures import to_numpy

        return to_numpy(self, size, quiet=quiet)

    def clip(self, start: float = 0.0, stop: float | None = None, path: Path | str | None = None) -> Path:
        """Write a part of a video as an MP4, exact to the frame.

        Args:
            start: seconds from the beginning.
            stop: seconds from the beginning; None goes to the end.
            path: where to; by default beside the file.

        Returns:
            Where it was written.

        Raises:
            ValueError: it is no video, or there is nothing between start and stop.
            LibraryError: there is no file, or it cannot be decoded or written.
        """
        from dream_nb.results.clips import clip

        return clip(self, start, stop, path)

    def to_gif(self, path: Path | str | None = None, *, fps: float = 12.0, size: Size = 480) -> Path:
        """Write it as an animated GIF that repeats.

        Args:
            path: where to; by default beside the file.
            fps: frames a second, at most those of the video.
            size: as in `frames`.

        Returns:
            Where it was written.

        Raises:
            ValueError: fps or size is none.
            LibraryError: there is no file, or it cannot be decoded or written.
        """
        from dream_nb.results.clips import animate

        return animate(self, ".gif", path, fps, size)

    def to_webp(self, path: Path | str | None = None, *, fps: float = 24.0, size: Size = 480) -> Path:
        """Write it as an animated WebP that repeats: smaller and smoother than a GIF.

        Args:
            path: where to; by default beside the file.
            fps: frames a second, at most those of the video.
            size: as in `frames`.

        Returns:
            Where it was written.

        Raises:
            ValueError: fps or size is none.
            LibraryError: there is no file, or it cannot be decoded or written.
        """
        from dream_nb.results.clips import animate

        return animate(self, ".webp", path, fps, size)

    def contact_sheet(self, count: int = 12, *, columns: int = 4, side: int = 320) -> Image:
        """Frames at equal distances on one picture, each with its time.

        Args:
            count: how many.
            columns: how many stand beside each other.
            side: the longer side of each, in pixels.

        Raises:
            ValueError: a number is less than 1.
            LibraryError: there is no file, or it does not decode.
        """
        from dream_nb.results.sheet import of_frames

        return of_frames(self, count, columns, side)
