"""A dream: a generation with its local files and its lineage."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self, overload

from dream_nb.api.errors import ConfigurationError, InvalidRequestError, LibraryError
from dream_nb.api.luma_dialect import is_of_luma
from dream_nb.api.luma_limits import LUMA_VIDEO_MODELS
from dream_nb.api.models import Generation
from dream_nb.api.request_models import (
    GenerationReference,
    GenerationRequest,
    ImageGenerationRequest,
    Keyframes,
    ModifyVideoRequest,
    Request,
)
from dream_nb.backends.keys import is_reached
from dream_nb.files import given_path, written
from dream_nb.html.page import picture_uri
from dream_nb.html.preview import Preview, preview
from dream_nb.library.folder import Folder
from dream_nb.library.inscriptions import tell_shots
from dream_nb.library.library import with_ledger
from dream_nb.library.lineage import ancestors, descendants, in_order, title
from dream_nb.library.record import Record, is_sane
from dream_nb.media.encoding import animate, cut
from dream_nb.media.formats import PICTURES
from dream_nb.media.frames import Size, TimedFrame, VideoFacts, at_most, fitted, seen_at, stacked
from dream_nb.media.pictures import jpeg, pixels, reduced
from dream_nb.media.posters import read_poster, read_size
from dream_nb.media.sheets import check_numbers, sheet
from dream_nb.media.sound import Audio, read_audio
from dream_nb.media.video import frame_at, iterate_frames, iterate_timed, read_facts
from dream_nb.requests.code import to_code
from dream_nb.requests.edits import (
    audio_request,
    layers_request,
    modify_request,
    nearest_ratio,
    read_origin,
    reframe_request,
    upscale_request,
)
from dream_nb.requests.identity import checked_request
from dream_nb.requests.media import source_ids
from dream_nb.requests.newer import newer_note
from dream_nb.requests.plan import Ask
from dream_nb.requests.roles import PLAIN
from dream_nb.requests.variants import Variant, expand
from dream_nb.results.made_file import MadeFile, address, copy_of, film_addresses, linked

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from PIL.Image import Image

    from dream_nb.api.request_models import Edit
    from dream_nb.media.frames import Frame, Frames
    from dream_nb.results.dreams import Dreams
    from dream_nb.results.job import Job, Maker
    from dream_nb.results.measure import Measure
    from dream_nb.results.pending import Pending

_POSTER_SIDE: Final = 640
_THUMBNAIL_SIDE: Final = 160
# The width at which a preview is shown.
_PREVIEW_SIDE: Final = 640
_FINAL: Final = "1080p"
_SHORT: Final = "5s"


class Dream:
    """A generation and its file in the library.

    In a notebook it shows as an inline player (or the picture) with its prompt; printed, it is one line. Two dreams are
    equal if their request, take, backend and file are equal. Dreams can be pickled; an unpickled dream reads from the
    same library.

    Args:
        record: the ledger row of the generation.
        library: the library that holds the file.
        home: the notebook's folder; previews refer to the file relative to it.
        maker: the session that makes whatever continues from this dream, or None.
        part: the index of the file among the generation's files, from 0.
    """

    _several: ClassVar[type[Dreams]]
    """The class of collections of dreams. It is set by its module, which imports this one."""

    def __init__(
        self, record: Record, library: Folder, home: Path, maker: Maker | None = None, *, part: int = 0
    ) -> None:
        self._record: Record = record
        self._part = part
        self._maker = maker
        self._library = library
        self._home = home

    @property
    def request(self) -> Request:
        """The request as it was sent."""
        return self._record.request

    @property
    def generation(self) -> Generation:
        """The server's last answer; empty if it never answered."""
        return self._record.generation or Generation()

    @property
    def prompt(self) -> str:
        """The prompt as the user typed it."""
        return self.request.prompt or ""

    @property
    def title(self) -> str:
        """The prompt; if the dream was made from another dream's file, also the title of that dream, if known."""
        try:
            return title(with_ledger(self._library).ledger, self._record)
        except LibraryError:
            return self.request.label

    @property
    def caption(self) -> str:
        """The title, plus what distinguishes it from dreams of the same prompt: its take and what it continues from."""
        keyframes = self.request.keyframes if isinstance(self.request, GenerationRequest) else None
        ends = [getattr(keyframes, name, None) for name in ("frame0", "frame1")]
        begins, leads = (isinstance(end, GenerationReference) for end in ends)
        way = {(True, False): "extended", (False, True): "reverse extended", (True, True): "interpolated"}.get(
            (begins, leads)
        )
        return " · ".join(filter(None, [self.title, self.label, way, f"take {self.take}" if self.take > 1 else ""]))

    @property
    def label(self) -> str:
        """What this file shows if the generation has several files, such as the name of a layer; otherwise empty."""
        further = self._record.further
        if self._part:
            return further[self._part - 1].label
        return next((one.label for one in self.generation.files(self.kind)), "") if further else ""

    @property
    def kind(self) -> Literal["video", "image"]:
        """The kind of result: "video" or "image"."""
        return self._record.kind

    @property
    def state(self) -> str:
        """The state of the generation: "completed" for every dream with a file, else "failed" or the current state.

        Generations that a server reports as canceled or expired are "canceled" or "expired"; they have no file either.
        """
        return self.generation.state or ("completed" if self._record.is_finished else self._record.state)

    @property
    def drawn(self) -> tuple[str, ...]:
        """The words of the prompt that the studio has drawn; empty if another server made the dream."""
        return self._told("drawn")

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words of the prompt that the studio does not know; empty if another server made the dream."""
        return self._told("unknown")

    def _told(self, name: str) -> tuple[str, ...]:
        words = (self.generation.model_extra or {}).get(name)
        return tuple(word for word in words if isinstance(word, str)) if isinstance(words, list | tuple) else ()

    @property
    def failure_reason(self) -> str | None:
        """Why the generation failed, in the server's words; None if it did not fail."""
        return self.generation.failure_reason

    @property
    def created(self) -> datetime:
        """When the server accepted the request, or, if that is unknown, when the request was made (UTC)."""
        created = self.generation.created_at
        return created if created is not None and is_sane(created) else self._record.written_at

    @property
    def cost(self) -> float | None:
        """The cost in USD cents, or None if it is unknown."""
        return self._record.charge

    @property
    def seconds(self) -> float | None:
        """Seconds from the create request until the completed generation was seen, or None if that was not observed."""
        return self._record.seconds

    @property
    def seconds_queued(self) -> float | None:
        """The part of `seconds` that the generation spent in the queue, or None if that was not observed."""
        return self._record.queued

    @property
    def seconds_dreaming(self) -> float | None:
        """The part of `seconds` that the generation spent in the state "dreaming", or None if that was not observed."""
        if self.seconds is None or self._record.queued is None:
            return None
        return max(0.0, self.seconds - self._record.queued)

    @property
    def backend(self) -> str:
        """The backend that made it: "studio", "dream-machine", "luma", or a URL; empty for a foreign file."""
        return self._record.backend

    @property
    def take(self) -> int:
        """The number of this result among the results of the same request, from 1."""
        return self._record.take

    @property
    def hash(self) -> str:
        """The sha256 of the canonical request, which is the same for all takes."""
        return self._record.hash

    @property
    def sha256(self) -> str | None:
        """The sha256 of the file as it was downloaded, in hexadecimal digits; None without a file."""
        return self._record.further[self._part - 1].sha256 if self._part else self._record.sha256

    @property
    def _file(self) -> str | None:
        """The name of the file in the library, or None without a file."""
        names = self._record.names
        return names[self._part] if self._part < len(names) else None

    @property
    def stars(self) -> int:
        """The user's rating, from 0 to 5 stars."""
        return self._record.stars

    @property
    def note(self) -> str:
        """The user's note about it."""
        return self._record.note

    @property
    def tags(self) -> tuple[str, ...]:
        """The user's tags for it."""
        return self._record.tags

    def mark(self, *, stars: int | None = None, note: str | None = None, tags: Sequence[str] | None = None) -> Self:
        """Store a rating, a note or tags for this dream in the library.

        Args:
            stars: the rating, from 0 to 5; None leaves it unchanged.
            note: the text of the note; None leaves it unchanged.
            tags: the tags that replace the current ones; None leaves them unchanged.

        Returns:
            The same dream.

        Raises:
            ValueError: a value is not valid; nothing has changed.
            LibraryError: the dream belongs to no library, or its library cannot be written.
        """
        self._record = with_ledger(self._library).mark(self._record, stars=stars, note=note, tags=tags)
        return self

    @property
    def path(self) -> Path:
        """The path of the file: relative to the working directory if the file is below it, otherwise absolute.

        Raises:
            LibraryError: the dream has no file, or the file is missing.
        """
        path = self._library.plain_file(self._file) if self._file is not None else None
        if path is None:
            raise LibraryError(self._why_no_file())
        return _from_here(path)

    @property
    def files(self) -> list[Path]:
        """The paths of all existing files of the generation: an EXR beside its video, or one picture per layer."""
        return [_from_here(path) for path in self._library.paths(self._record)]

    @property
    def parts(self) -> Dreams:
        """Each file of the generation as a separate dream, with a label that says what the file shows."""
        labels = [one.label for one in self.generation.files(self.kind)] if self._record.further else [""]
        count = max(1, len(self._record.names))
        named = [*labels, *[""] * count][:count]
        return self._several(
            (Dream(self._record, self._library, self._home, self._maker, part=part) for part in range(count)),
            words=[{"part": label or str(number)} for number, label in enumerate(named, 1)] if count > 1 else None,
        )

    def _why_no_file(self) -> str:
        if self._file is not None:
            return f"{self._file!r} is no longer in {self._library.folder.name!r}: run its cell again"
        if self.generation.has_failed:
            return f"{self.title!r} was not made ({self.generation.why_not_made}): it has no file"
        return f"{self.title!r} is {self.state} and has no file yet: wait for its job"

    @property
    def url(self) -> str:
        """The file's address relative to where the output is saved, quoted for HTML; empty without a file."""
        return address(self._library.folder / self._file, self._home) if self._file is not None else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dream) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[object, ...]:
        return self.hash, self.take, self.backend, self.sha256, self._part

    @cached_property
    def facts(self) -> VideoFacts | None:
        """Size, frames and timing of a video; None for an image."""
        return read_facts(self.path) if self.kind == "video" else None

    @property
    def duration(self) -> float | None:
        """The playing time of a video in seconds; None for an image."""
        return self.facts.seconds if self.facts else None

    @property
    def fps(self) -> float | None:
        """The frame rate of a video, in frames per second; None for an image."""
        return self.facts.fps if self.facts else None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if self.facts is not None:
            return self.facts.width, self.facts.height
        return read_size(self.path)

    @property
    def audio(self) -> Audio | None:
        """The sound of a video, starting with its first frame; None for an image or a video without sound.

        `dream.audio.samples` is `float32`, samples x channels; `dream.audio.rate` is the number of samples per second.

        Raises:
            LibraryError: the file is missing, or cannot be decoded.
        """
        return read_audio(self.path) if self.kind == "video" else None

    @cached_property
    def image(self) -> Image:
        """The picture as a Pillow image in RGB; for a video, its first frame.

        Raises:
            LibraryError: the file is missing, or cannot be decoded.
        """
        return read_poster(self.path)

    @property
    def poster(self) -> Image:
        """The picture, scaled so that its longer side is at most 640 pixels."""
        return self._reduced(_POSTER_SIDE)

    @property
    def thumbnail(self) -> Image:
        """The picture, scaled so that its longer side is at most 160 pixels."""
        return self._reduced(_THUMBNAIL_SIDE)

    def _reduced(self, side: int) -> Image:
        # The full picture is not cached: those of thousands of dreams would fill the memory.
        whole: Image = self.__dict__["image"].copy() if "image" in self.__dict__ else read_poster(self.path)
        return reduced(whole, side)

    def _jpeg(self, side: int) -> bytes:
        """The picture as a JPEG whose longer side is at most `side` pixels."""
        return jpeg(self._reduced(side))

    def frames(
        self, start: int = 0, stop: int | None = None, step: int = 1, size: Size | None = None
    ) -> Iterator[Frame]:
        """Iterate over the frames in order, with one in memory at a time; an image has one frame.

        Args:
            start: the index of the first frame, from 0; a negative index counts from the end.
            stop: the index of the first frame to leave out; None means the end.
            step: the distance between the frames to return, from 1.
            size: the width and height in pixels, or one number that limits the longer side; None keeps the original
                size.

        Returns:
            Arrays of `uint8`, height x width x 3, in RGB.

        Raises:
            ValueError: step is less than 1, or size is not valid.
            LibraryError: the file is missing, or cannot be decoded.
        """
        if step < 1:
            raise ValueError(f"step must be at least 1, not {step}")
        fitted(size, 1, 1)
        if self.kind == "image":
            return iter([pixels(self.image, size)][start:stop:step])
        path = self.path
        if start < 0 or (stop is not None and stop < 0):
            start, stop, _ = slice(start, stop).indices(read_facts(path).frames)
        return iterate_frames(path, start, stop, step, size)

    def frame_at(self, seconds: float, size: Size | None = None) -> Frame:
        """Return the frame that is visible at a given time.

        Args:
            seconds: the time in seconds from the beginning; any time after the end returns the last frame.
            size: the size of the frame, as in `frames`.

        Returns:
            An array of `uint8`, height x width x 3, in RGB.

        Raises:
            ValueError: the time is negative, or size is not valid.
            LibraryError: the file is missing, or cannot be decoded.
        """
        if not seconds >= 0:
            raise ValueError(f"{seconds} s is before the start: a time must be 0 or more")
        return pixels(self.image, size) if self.kind == "image" else frame_at(self.path, seconds, size)

    @property
    def first_frame(self) -> Frame:
        """The first frame: an array of `uint8`, height x width x 3, in RGB."""
        return self.frame_at(0.0)

    @property
    def last_frame(self) -> Frame:
        """The last frame: an array of `uint8`, height x width x 3, in RGB."""
        return self.frame_at(self.duration or 0.0)

    def to_numpy(self, size: Size | None = None, *, quiet: bool = False) -> Frames:
        """Return all frames in one array. Before decoding, it prints how much memory they take.

        Args:
            size: the size of the frames, as in `frames`.
            quiet: whether to print nothing.

        Returns:
            An array of `uint8`, frames x height x width x 3, in RGB.

        Raises:
            MemoryError: there is not enough memory for all frames.
            LibraryError: the file is missing, or cannot be decoded.
        """
        count = self.facts.frames if self.facts else 1
        width, height = fitted(size, *self.size)
        if not quiet:
            megabytes = count * width * height * 3 / 1e6
            sys.stdout.write(f"{count} frame{'s' * (count != 1)} of {width} x {height}: {megabytes:,.1f} MB\n")
        return stacked(self.frames(size=(width, height)), count, width, height)

    def measure(self, *measures: str | Measure, executor: Executor | None = None) -> dict[str, Any]:
        """Measure the frames in a worker process. Values that are already in the library are not measured again.

        Args:
            *measures: the measures, as in `Dreams.measure`: "motion", "colourfulness", …, or functions decorated with
                `@dream_nb.measure`; by default all named measures.
            executor: the executor to measure on; by default that of the session, or else this process's pool of
                workers.

        Returns:
            A dictionary from the name of each measure to its value. A value is None if it could not be measured; a
            warning says why.

        Raises:
            ValueError: a measure is unknown, two measures have the same name, or one cannot be sent to a worker
                process.
        """
        return self._several([self])._measure_one(measures, executor)

    def clip(self, start: float = 0.0, stop: float | None = None, path: Path | str | None = None) -> Path:
        """Write a part of a video with its sound as an MP4, exact to the frame.

        Args:
            start: where the part begins, in seconds from the beginning of the video.
            stop: where the part ends, in seconds from the beginning of the video; None means the end.
            path: the path of the new file; by default it is written beside the dream's file.

        Returns:
            The path of the new file, which a notebook shows as a player.

        Raises:
            ValueError: the dream is an image, or there is nothing between start and stop.
            LibraryError: the file is missing, cannot be decoded, or the new file cannot be written.
        """
        facts = self.facts
        if facts is None:
            raise ValueError(f"{self.title!r} is an image: only a video has parts")
        end = facts.seconds if stop is None else min(stop, facts.seconds)
        target = self._target(path, f"{self.path.stem}-{start:g}-{end:g}.mp4")
        with written(target) as partial:
            cut(self.path, partial, start, end, tell_shots([self._record]))
        return MadeFile(target)

    def to_gif(self, path: Path | str | None = None, *, fps: float = 12.0, size: Size = 480) -> Path:
        """Write the dream as an animated GIF that loops.

        Args:
            path: the path of the new file; by default it is written beside the dream's file.
            fps: the frame rate in frames per second, at most that of the video.
            size: the size of the frames, as in `frames`.

        Returns:
            The path of the new file, which a notebook shows as a picture.

        Raises:
            ValueError: fps or size is not valid.
            LibraryError: the file is missing, cannot be decoded, or the new file cannot be written.
        """
        return self._animated(".gif", path, fps, size)

    def to_webp(self, path: Path | str | None = None, *, fps: float = 24.0, size: Size = 480) -> Path:
        """Write the dream as an animated WebP that loops. It is smaller and smoother than a GIF.

        Args:
            path: the path of the new file; by default it is written beside the dream's file.
            fps: the frame rate in frames per second, at most that of the video.
            size: the size of the frames, as in `frames`.

        Returns:
            The path of the new file, which a notebook shows as a picture.

        Raises:
            ValueError: fps or size is not valid.
            LibraryError: the file is missing, cannot be decoded, or the new file cannot be written.
        """
        return self._animated(".webp", path, fps, size)

    def _animated(self, suffix: Literal[".gif", ".webp"], path: Path | str | None, fps: float, size: Size) -> Path:
        if not fps > 0:
            raise ValueError(f"fps must be greater than 0, not {fps}")
        target = self._target(path, f"{self.path.stem}{suffix}")
        frames = self._timed(size, at_most(fps))
        # Decode first, so that no file is begun if that fails.
        first = next(frames)
        with written(target) as partial:
            animate(chain([first], frames), partial, suffix, self.duration or 1 / fps)
        return MadeFile(target)

    def _target(self, path: Path | str | None, name: str) -> Path:
        """The path for a file that is derived from this one. It is never the dream's own file."""
        target = given_path(path) if path else self.path.with_name(name)
        if target.exists() and target.samefile(self.path):
            if path:
                raise LibraryError(f"{str(target)!r} is the file of the dream itself: give another path")
            target = self.path.with_name(f"{self.path.stem}-copy{target.suffix}")
        return target

    def _timed(
        self, size: Size | None, wanted: Callable[[int, float], bool] = lambda _number, _seconds: True
    ) -> Iterator[TimedFrame]:
        """The frames with their times; an image has one frame, at 0 seconds."""
        if self.kind == "image":
            return iter([TimedFrame(pixels(self.image, size), 0.0)])
        return iterate_timed(self.path, wanted, size=size)

    def contact_sheet(self, count: int = 12, *, columns: int = 4, side: int = 320) -> Image:
        """Arrange evenly spaced frames on one picture, each with its time.

        Args:
            count: the number of frames.
            columns: the number of frames in a row.
            side: the longer side of each frame, in pixels.

        Raises:
            ValueError: an argument is less than 1.
            LibraryError: the file is missing, or cannot be decoded.
        """
        from PIL import Image

        check_numbers(count=count, columns=columns, side=side)
        if self.facts is None:
            return sheet([(self._reduced(side), "")], 1, side)
        facts, count = self.facts, min(count, self.facts.frames)
        # The last frame stays visible until the end, so the last of the evenly spaced frames begins earlier than that.
        last = (facts.frames - 1) / facts.fps if facts.is_even else facts.seconds
        times = [number * last / max(1, count - 1) for number in range(count)]
        shown = [
            (Image.fromarray(frame.pixels), f"{frame.seconds:.1f} s") for frame in seen_at(self._timed(side), times)
        ]
        return sheet(shown, columns, side)

    @overload
    def extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[True] = True) -> Dream: ...
    @overload
    def extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[False]) -> Job: ...
    def extend(self, prompt: str | None = None, *, take: int = 1, wait: bool = True) -> Dream | Job:
        """Continue from the end of this dream: make a video that begins with its last frame.

        Args:
            prompt: what happens next; by default the same prompt.
            take: the number of the result of this request, from 1.
            wait: whether to wait for the dream; if False, its job is returned at once.

        Raises:
            ConfigurationError: the dream has no session, or its session uses another backend.
            DreamError: the new dream could not be made.
        """
        job = self._go_on(prompt, begin=self, take=take)
        return job.result() if wait else job

    @overload
    def reverse_extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[True] = True) -> Dream: ...
    @overload
    def reverse_extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[False]) -> Job: ...
    def reverse_extend(self, prompt: str | None = None, *, take: int = 1, wait: bool = True) -> Dream | Job:
        """Lead up to the beginning of this dream: make a video that ends with its first frame.

        Args:
            prompt: what happens before; by default the same prompt.
            take: the number of the result of this request, from 1.
            wait: whether to wait for the dream; if False, its job is returned at once.

        Raises:
            ConfigurationError: the dream has no session, or its session uses another backend.
            DreamError: the new dream could not be made.
        """
        job = self._go_on(prompt, end=self, take=take)
        return job.result() if wait else job

    @overload
    def interpolate(
        self, other: Dream, prompt: str | None = None, *, take: int = 1, wait: Literal[True] = True
    ) -> Dream: ...
    @overload
    def interpolate(self, other: Dream, prompt: str | None = None, *, take: int = 1, wait: Literal[False]) -> Job: ...
    def interpolate(self, other: Dream, prompt: str | None = None, *, take: int = 1, wait: bool = True) -> Dream | Job:
        """Make a video that begins with the last frame of this dream and ends with the first frame of another.

        Args:
            other: the dream to lead to.
            prompt: what happens in between; by default the same prompt.
            take: the number of the result of this request, from 1.
            wait: whether to wait for the dream; if False, its job is returned at once.

        Raises:
            ConfigurationError: the dream has no session, or the two dreams are of different backends.
            DreamError: the new dream could not be made.
        """
        job = self._go_on(prompt, begin=self, end=other, take=take)
        return job.result() if wait else job

    @overload
    def modify(
        self,
        prompt: str | None = None,
        *,
        mode: str | None = None,
        take: int = 1,
        wait: Literal[True] = True,
        **fields: Any,
    ) -> Dream | Dreams: ...
    @overload
    def modify(
        self, prompt: str | None = None, *, mode: str | None = None, take: int = 1, wait: Literal[False], **fields: Any
    ) -> Job | Pending[Dreams]: ...
    def modify(
        self, prompt: str | None = None, *, mode: str | None = None, take: int = 1, wait: bool = True, **fields: Any
    ) -> Dream | Dreams | Job | Pending[Dreams]:
        """Make a video with a new look that keeps the motion of this one.

        Args:
            prompt: what the video becomes, such as "in deep snow". Alternatives such as `{snow|rain}` make several
                videos.
            mode: the strength of the change: adhere_1 (closest to the original) to adhere_3, flex_1 (the default) to
                flex_3, reimagine_1 to reimagine_3. The Luma API calls it `strength`, which is also accepted.
            take: the number of the result of this request, from 1.
            wait: whether to wait for the result; if False, its job is returned at once.
            **fields: other fields of `ModifyVideoRequest`: `model`, and `first_frame`, which takes a picture. For the
                Luma API also `resolution`, `guide_frames`, `auto_controls`, `controls` and `hdr`.

        Returns:
            The dream, or several dreams if the prompt has alternatives; their job if `wait` is False.

        Raises:
            InvalidRequestError: the dream is an image, or a field is wrong; nothing was sent.
            ConfigurationError: the dream has no session, or its session uses another backend.
            DreamError: the new dream could not be made.
        """
        origin = read_origin(self)
        return self._again(lambda text: modify_request(origin, text, mode=mode, **fields), prompt, take, wait)

    @overload
    def reframe(
        self, aspect_ratio: str, prompt: str | None = None, *, take: int = 1, wait: Literal[True] = True, **fields: Any
    ) -> Dream | Dreams: ...
    @overload
    def reframe(
        self, aspect_ratio: str, prompt: str | None = None, *, take: int = 1, wait: Literal[False], **fields: Any
    ) -> Job | Pending[Dreams]: ...
    def reframe(
        self, aspect_ratio: str, prompt: str | None = None, *, take: int = 1, wait: bool = True, **fields: Any
    ) -> Dream | Dreams | Job | Pending[Dreams]:
        """Make this dream in another aspect ratio; the missing parts are painted in.

        Args:
            aspect_ratio: the new aspect ratio, such as "9:16".
            prompt: what the new parts show. Alternatives such as `{sea|sand}` make several dreams.
            take: the number of the result of this request, from 1.
            wait: whether to wait for the result; if False, its job is returned at once.
            **fields: other fields of `ReframeVideoRequest` or `ReframeImageRequest`, such as `x_start` and `x_end`. For
                the Luma API `position` and `resolution`.

        Returns:
            The dream, or several dreams if the prompt has alternatives; their job if `wait` is False.

        Raises:
            InvalidRequestError: the dream has that ratio already, or a field is wrong; nothing was sent.
            ConfigurationError: the dream has no session, or its session uses another backend.
            DreamError: the new dream could not be made.
        """
        origin = read_origin(self)
        return self._again(lambda text: reframe_request(origin, aspect_ratio, text, **fields), prompt, take, wait)

    @overload
    def upscale(
        self, resolution: str, *, take: int = 1, wait: Literal[True] = True, **fields: Any
    ) -> Dream | Dreams: ...
    @overload
    def upscale(
        self, resolution: str, *, take: int = 1, wait: Literal[False], **fields: Any
    ) -> Job | Pending[Dreams]: ...
    def upscale(
        self, resolution: str, *, take: int = 1, wait: bool = True, **fields: Any
    ) -> Dream | Dreams | Job | Pending[Dreams]:
        """Make this video in a higher resolution.

        Args:
            resolution: the new resolution: 540p, 720p, 1080p or 4k.
            take: the number of the result of this request, from 1.
            wait: whether to wait for the result; if False, its job is returned at once.
            **fields: other fields of `UpscaleVideoGenerationRequest`.

        Returns:
            The dream, or its job if `wait` is False.

        Raises:
            InvalidRequestError: the dream is an image, or has that resolution already; nothing was sent.
            ConfigurationError: the dream has no session, or its session uses another backend.
            DreamError: the new dream could not be made.
        """
        origin = read_origin(self)
        return self._again(lambda _: upscale_request(origin, resolution, **fields), None, take, wait)

    @overload
    def add_audio(
        self,
        prompt: str | None = None,
        *,
        negative_prompt: str | None = None,
        take: int = 1,
        wait: Literal[True] = True,
        **fields: Any,
    ) -> Dream | Dreams: ...
    @overload
    def add_audio(
        self,
        prompt: str | None = None,
        *,
        negative_prompt: str | None = None,
        take: int = 1,
        wait: Literal[False],
        **fields: Any,
    ) -> Job | Pending[Dreams]: ...
    def add_audio(
        self,
        prompt: str | None = None,
        *,
        negative_prompt: str | None = None,
        take: int = 1,
        wait: bool = True,
        **fields: Any,
    ) -> Dream | Dreams | Job | Pending[Dreams]:
        """Make this video with sound.

        Args:
            prompt: what is heard, such as "waves, gulls". Alternatives such as `{waves|rain}` make several videos.
            negative_prompt: what must not be heard.
            take: the number of the result of this request, from 1.
            wait: whether to wait for the result; if False, its job is returned at once.
            **fields: other fields of `AudioGenerationRequest`.

        Returns:
            The dream, or several dreams if the prompt has alternatives; their job if `wait` is False.

        Raises:
            InvalidRequestError: the dream is an image; nothing was sent.
            ConfigurationError: the dream has no session, or its session uses another backend.
            DreamError: the new dream could not be made.
        """
        origin = read_origin(self)
        return self._again(
            lambda text: audio_request(origin, text, negative_prompt=negative_prompt, **fields), prompt, take, wait
        )

    def _again(
        self, request: Callable[[str | None], Edit], prompt: str | None, take: int, wait: bool
    ) -> Dream | Dreams | Job | Pending[Dreams]:
        """Ask for new versions of this dream, one for each alternative of the prompt."""
        # Dreams that the library already has need no backend. `submit` checks whether the session's backend knows this
        # dream.
        maker = self._maker or self._maker_for()
        variants = expand(prompt) if prompt else [Variant("", {})]
        asks = [Ask(request(variant.prompt or None), take, words=variant.words) for variant in variants]
        if maker.backend != "studio" and (note := newer_note(ask.request for ask in asks)):
            warnings.warn(note, stacklevel=3)
        if len(asks) == 1 and not asks[0].words:
            job: Job | Pending[Dreams] = maker.submit(asks[0].request, take=take)
        else:
            job = maker.start(maker.plan(asks), prompt=prompt)
        return job.result() if wait else job

    @overload
    def variations(self, count: int = 3, *, wait: Literal[True] = True) -> Dreams: ...
    @overload
    def variations(self, count: int = 3, *, wait: Literal[False]) -> list[Job]: ...
    def variations(self, count: int = 3, *, wait: bool = True) -> Dreams | list[Job]:
        """Make the next takes of the same request. A second call returns the same takes, so nothing is paid for twice.

        Args:
            count: the number of takes.
            wait: whether to wait for the dreams; if False, their jobs are returned at once.

        Raises:
            InvalidRequestError: count is less than 1.
            ConfigurationError: the dream has no session, or its session uses another backend.
            DreamError: a dream could not be made. The others are in the library.
        """
        if count < 1:
            raise InvalidRequestError(f"count must be at least 1, not {count}")
        maker = self._maker_for()
        jobs = [maker.submit(self.request, take=self.take + number) for number in range(1, count + 1)]
        return self._several(job.result() for job in jobs) if wait else jobs

    @overload
    def finish(self, resolution: str = ..., *, take: int = 1, wait: Literal[True] = True) -> Dream: ...
    @overload
    def finish(self, resolution: str = ..., *, take: int = 1, wait: Literal[False]) -> Job: ...
    def finish(self, resolution: str = _FINAL, *, take: int = 1, wait: bool = True) -> Dream | Job:
        """Ask for the same video in a higher resolution, to turn a draft into a final version.

        No API takes a seed, so this is a new sample, which resembles the draft only as much as another take would. On a
        paid backend, a warning says so before anything is sent.

        Args:
            resolution: the resolution of the final version, such as "1080p".
            take: the number of the result of that request, from 1.
            wait: whether to wait for the result; if False, its job is returned at once.

        Raises:
            InvalidRequestError: the dream was made from another dream's file, or has that resolution already.
            ConfigurationError: the dream has no session, or its session uses another backend.
            DreamError: the new dream could not be made.
        """
        request = self.request
        if not isinstance(request, GenerationRequest):
            raise InvalidRequestError(
                f"finish makes a new video from the same prompt, but {self.title!r} was not made from a prompt",
                field="resolution",
            )
        if request.resolution == resolution:
            raise InvalidRequestError(f"{self.title!r} is already in {resolution}", field="resolution")
        maker = self._maker or self._maker_for()
        if maker.backend != "studio":
            warnings.warn(
                f"finish({resolution!r}) is a new sample of the prompt, and is paid for: it resembles the draft, but "
                "is not the same video",
                stacklevel=2,
            )
        job = maker.submit(request.model_copy(update={"resolution": resolution}), take=take)
        return job.result() if wait else job

    @overload
    def layers(
        self,
        resolution: str = ...,
        prompt: str | None = None,
        *,
        take: int = 1,
        wait: Literal[True] = True,
        **fields: Any,
    ) -> Dreams: ...
    @overload
    def layers(
        self, resolution: str = ..., prompt: str | None = None, *, take: int = 1, wait: Literal[False], **fields: Any
    ) -> Job: ...
    def layers(
        self, resolution: str = "1k", prompt: str | None = None, *, take: int = 1, wait: bool = True, **fields: Any
    ) -> Dreams | Job:
        """Separate a picture into layers with transparency. Only the Luma API and the studio can do this.

        Args:
            resolution: the resolution of each layer: "1k" or "2k".
            prompt: what the layers show; by default the model decides.
            take: the number of the result of this request, from 1.
            wait: whether to wait for the result; if False, a job is returned at once, whose dream has the layers as
                `parts`.
            **fields: other fields of `LayeringRequest`, such as `model`.

        Returns:
            One dream per layer, from front to back, with its label. Placed on top of each other, they give the original
            picture.

        Raises:
            InvalidRequestError: the dream is a video.
            ConfigurationError: the dream has no session, or its session uses another backend.
            DreamError: the layers could not be made.
        """
        maker = self._maker or self._maker_for()
        job = maker.submit(layers_request(self, resolution, prompt, **fields), take=take)
        return job.result().parts if wait else job

    def _go_on(self, prompt: str | None, *, begin: Dream | None = None, end: Dream | None = None, take: int = 1) -> Job:
        """Ask for a video between two dreams, with the shape of this one."""
        maker = self._maker_for(begin, end)
        keyframes = Keyframes(frame0=_reference(begin), frame1=_reference(end))
        words, fields = self._scene()
        request = checked_request(words if prompt is None else prompt, keyframes=keyframes, **fields)
        return maker.submit(request, take=take)

    def _scene(self) -> tuple[str, dict[str, Any]]:
        """The prompt and the shape for a video that continues from this dream.

        A modified, reframed or upscaled dream or one with added sound uses those of its source: its own prompt may only
        describe the sound, and its resolution is the one that it was upscaled to.
        """
        requests: list[Request] = [self.request]
        is_new = isinstance(self.request, GenerationRequest | ImageGenerationRequest)
        if not is_new:
            with suppress(LibraryError):
                requests += [one.request for one in ancestors(with_ledger(self._library).ledger, self._record)]
        made = [one for one in requests if isinstance(one, GenerationRequest | ImageGenerationRequest)]
        told = [one.prompt for one in requests if isinstance(one, ModifyVideoRequest) or one in made]
        fields: dict[str, Any] = {name: getattr(made[0], name, None) for name in PLAIN} if made else {}
        if (made[0].kind if made else self.kind) == "image":
            # Models for images cannot make videos.
            fields["model"] = LUMA_VIDEO_MODELS[0] if is_of_luma(fields.get("model")) else None
        if is_of_luma(fields.get("model")) and fields.get("duration") is not None:
            # The API offers no longer duration for a video that begins or ends with a given frame.
            fields["duration"] = _SHORT
        if not is_new:
            fields["aspect_ratio"] = nearest_ratio(self.size)
        return next(filter(None, told), self.title), fields

    def _maker_for(self, *others: Dream | None) -> Maker:
        """The session that makes what continues from this dream and others.

        Raises:
            ConfigurationError: there is no session, or it uses another backend than the one that made them.
        """
        maker = self._maker
        if maker is None:
            raise ConfigurationError(
                f"{self!r} does not belong to a session: open its library with Session(library=…) and get it from its "
                "dreams()"
            )
        for one in (self, *others):
            if one is not None and not is_reached(maker.backend, one.backend):
                raise ConfigurationError(
                    f"{one.title!r} was made by backend {one.backend!r}, but this session uses {maker.backend!r}: open "
                    f"Session(backend={one.backend!r})"
                )
        return maker

    def ancestors(self) -> Dreams:
        """The dreams that this one was made from through its keyframes, nearest first, as far as the library has them.

        Raises:
            LibraryError: the folder of the file has no ledger.
        """
        return self._kin(ancestors(with_ledger(self._library).ledger, self._record))

    def descendants(self) -> Dreams:
        """The dreams in the library that were made from this one through their keyframes, nearest first.

        Raises:
            LibraryError: the folder of the file has no ledger.
        """
        return self._kin(descendants(with_ledger(self._library).ledger, self._record))

    def _kin(self, records: Iterable[Record]) -> Dreams:
        return self._several(Dream(record, self._library, self._home, self._maker) for record in records)

    def to_code(self) -> str:
        """Return the Python code that makes this dream again, starting with the dreams that it was made from.

        Raises:
            LibraryError: the dream continues from another one, and the folder of its file has no ledger.
        """
        goes_on = bool(source_ids(self.request))
        known = ancestors(with_ledger(self._library).ledger, self._record) if goes_on else []
        records = in_order(self._record, known)
        return to_code((one.request, one.take, one.generation.id if one.generation else None) for one in records)

    def __reduce__(self) -> tuple[Any, ...]:
        # Unpickling does not open the library: that happens only when more than the file is needed.
        return _unpickled, (self._record, Folder(self._library.folder), self._home, self._part)

    def __repr__(self) -> str:
        return f"Dream({self.title!r}, {self.kind}, {self.url or self.state})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": preview(self._preview())}

    def _preview(self) -> Preview:
        """The preview. Without a file it shows the prompt and the reason why there is no file.

        If the page cannot reach the file, for example because it is outside the notebook's folder, the player embeds a
        copy.
        """
        facts, poster, problem, size = None, "", "", (16, 9)
        url, source = linked(self.url), self.url
        try:
            # A picture from while it was being made is no substitute for the file.
            _ = self.path
            facts = self.facts
            poster = picture_uri(self._jpeg(_PREVIEW_SIDE))
            size = self.size
            if facts is not None and self._shows == "image":
                source = copy_of(self.path) or source
            elif facts is not None:
                url, source = film_addresses(self.url, self.path)
        except LibraryError as error:
            problem = str(error)
        return Preview(
            kind=self.kind,
            prompt=self.title,
            url=url,
            source=source,
            is_copy=source.startswith("data:"),
            poster=poster,
            size=size,
            seconds=facts.seconds if facts else None,
            problem=problem,
            take=self.take,
            is_loop=bool(getattr(self.request, "loop", None)),
            is_studio=self.backend == "studio",
        )

    @property
    def _shows(self) -> Literal["video", "image"]:
        """How a page shows the file. Animated pictures are images, since no video player plays them."""
        suffix = Path(self._file or "").suffix
        return "image" if any(one.suffix == suffix for one in PICTURES) else self.kind


def _reference(dream: Dream | None) -> GenerationReference | None:
    if dream is None:
        return None
    if not dream.generation.id:
        raise ConfigurationError(f"{dream.title!r} has no generation on a server: make it first")
    return GenerationReference(id=dream.generation.id)


def _unpickled(record: Record, library: Folder, home: Path, part: int) -> Dream:
    return Dream(record, library, home, part=part)


def _from_here(path: Path) -> Path:
    """A path relative to the working directory if it is below it, otherwise unchanged."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
