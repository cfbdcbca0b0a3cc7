"""A result: the generation, its local file, where it came from."""

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
from dream_nb.front_ends import front_end
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
from dream_nb.results.made_file import MadeFile, address, copy_of, is_apart

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
# As wide as a preview is shown.
_PREVIEW_SIDE: Final = 640
_FINAL: Final = "1080p"
_SHORT: Final = "5s"


class Dream:
    """A generation and its file in the library.

    Shown in a notebook it is an inline player (or the picture) with its prompt; printed, one line. Two dreams are equal
    where request, take, backend and file are. It can be pickled: what comes back reads the same library.

    Args:
        record: its row of the ledger.
        library: where its file lies.
        home: the folder of the notebook; previews point to the file from there.
        maker: the session through which it goes on, or None.
        part: which file of the generation it is, where there are several, from 0.
    """

    _several: ClassVar[type[Dreams]]
    """The class of several dreams: its module, which imports this one, sets it."""

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
        """The server's last answer; empty where it never answered."""
        return self._record.generation or Generation()

    @property
    def prompt(self) -> str:
        """The prompt as it was typed."""
        return self.request.prompt or ""

    @property
    def title(self) -> str:
        """What it is called: its prompt; of another version also what that is of, as far as the library knows it."""
        try:
            return title(with_ledger(self._library).ledger, self._record)
        except LibraryError:
            return self.request.label

    @property
    def caption(self) -> str:
        """Its title, and what tells it from others with the same prompt: its take, and how it goes on from another."""
        keyframes = self.request.keyframes if isinstance(self.request, GenerationRequest) else None
        ends = [getattr(keyframes, name, None) for name in ("frame0", "frame1")]
        begins, leads = (isinstance(end, GenerationReference) for end in ends)
        way = {(True, False): "extended", (False, True): "leads up", (True, True): "leads over"}.get((begins, leads))
        return " · ".join(filter(None, [self.title, self.label, way, f"take {self.take}" if self.take > 1 else ""]))

    @property
    def label(self) -> str:
        """What its file is where the generation has several, such as the name of a layer; else empty."""
        further = self._record.further
        if self._part:
            return further[self._part - 1].label
        return next((one.label for one in self.generation.files(self.kind)), "") if further else ""

    @property
    def kind(self) -> Literal["video", "image"]:
        """ "video" or "image"."""
        return self._record.kind

    @property
    def state(self) -> str:
        """The generation's state: "completed" for every dream with a file, "failed", or where it stands.

        What some servers call canceled or expired is "canceled" or "expired", and was not made either.
        """
        return self.generation.state or ("completed" if self._record.is_finished else self._record.state)

    @property
    def drawn(self) -> tuple[str, ...]:
        """The words of the prompt that the studio has drawn; empty for what another server made."""
        return self._told("drawn")

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words of the prompt that the studio does not know; empty for what another server made."""
        return self._told("unknown")

    def _told(self, name: str) -> tuple[str, ...]:
        words = (self.generation.model_extra or {}).get(name)
        return tuple(word for word in words if isinstance(word, str)) if isinstance(words, list | tuple) else ()

    @property
    def failure_reason(self) -> str | None:
        """Why it could not be made, in the server's words; None where it was."""
        return self.generation.failure_reason

    @property
    def created(self) -> datetime:
        """When the server took it, else when it was asked for (UTC)."""
        created = self.generation.created_at
        return created if created is not None and is_sane(created) else self._record.written_at

    @property
    def cost(self) -> float | None:
        """USD cents that it cost, or None where that is unknown."""
        return self._record.charge

    @property
    def seconds(self) -> float | None:
        """From the create until it was seen to be completed, or None where that was not seen."""
        return self._record.seconds

    @property
    def seconds_queued(self) -> float | None:
        """How long of that it waited for its turn, or None where that was not seen."""
        return self._record.queued

    @property
    def seconds_dreaming(self) -> float | None:
        """How long of that it was dreamt, or None where that was not seen."""
        if self.seconds is None or self._record.queued is None:
            return None
        return max(0.0, self.seconds - self._record.queued)

    @property
    def backend(self) -> str:
        """Who made it: "studio", "dream-machine", "luma", or a URL; empty for a foreign file."""
        return self._record.backend

    @property
    def take(self) -> int:
        """Which result of the same request it is, from 1."""
        return self._record.take

    @property
    def hash(self) -> str:
        """The sha256 of the canonical request: the same for all takes."""
        return self._record.hash

    @property
    def sha256(self) -> str | None:
        """The sha256 of the file as it came, in hexadecimal digits; None where there is none."""
        return self._record.further[self._part - 1].sha256 if self._part else self._record.sha256

    @property
    def _file(self) -> str | None:
        """The name of its file in the library, or None where there is none."""
        names = self._record.names
        return names[self._part] if self._part < len(names) else None

    @property
    def stars(self) -> int:
        """What its user thinks of it, from 0 to 5."""
        return self._record.stars

    @property
    def note(self) -> str:
        """What its user says of it."""
        return self._record.note

    @property
    def tags(self) -> tuple[str, ...]:
        """What its user files it under."""
        return self._record.tags

    def mark(self, *, stars: int | None = None, note: str | None = None, tags: Sequence[str] | None = None) -> Self:
        """Keep what you think of it, in the library.

        Args:
            stars: from 0 to 5; None leaves them as they are.
            note: a text; None leaves it as it is.
            tags: what it is filed under; None leaves them as they are.

        Returns:
            The same dream.

        Raises:
            ValueError: a value is none of these; nothing has changed.
            LibraryError: there is no library that can be written.
        """
        self._record = with_ledger(self._library).mark(self._record, stars=stars, note=note, tags=tags)
        return self

    @property
    def path(self) -> Path:
        """The file: relative to the working directory where it lies below it, else absolute.

        Raises:
            LibraryError: there is none, or none any more.
        """
        path = self._library.plain_file(self._file) if self._file is not None else None
        if path is None:
            raise LibraryError(self._why_no_file())
        return _from_here(path)

    @property
    def files(self) -> list[Path]:
        """All files of the generation that are there, as `path`: an EXR beside its video, one picture a layer."""
        return [_from_here(path) for path in self._library.paths(self._record)]

    @property
    def parts(self) -> Dreams:
        """Each file of the generation as a dream of its own, with the words that tell what it is."""
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
        """The file's address seen from where the output is saved, quoted for HTML; empty without a file."""
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
        if self.facts is not None:
            return self.facts.width, self.facts.height
        return read_size(self.path)

    @property
    def audio(self) -> Audio | None:
        """The sound of a video, from its first frame on; None where it has none, and for an image.

        `dream.audio.samples` is `float32`, samples x channels; `dream.audio.rate` is samples a second.

        Raises:
            LibraryError: the file is missing, or cannot be decoded.
        """
        return read_audio(self.path) if self.kind == "video" else None

    @cached_property
    def image(self) -> Image:
        """The picture, as a Pillow image in RGB; of a video its first frame.

        Raises:
            LibraryError: there is no file, or it does not decode.
        """
        return read_poster(self.path)

    @property
    def poster(self) -> Image:
        """The picture with a longer side of at most 640 pixels."""
        return self._reduced(_POSTER_SIDE)

    @property
    def thumbnail(self) -> Image:
        """The picture with a longer side of at most 160 pixels."""
        return self._reduced(_THUMBNAIL_SIDE)

    def _reduced(self, side: int) -> Image:
        # The whole is not kept: of thousands, it would fill the memory.
        whole: Image = self.__dict__["image"].copy() if "image" in self.__dict__ else read_poster(self.path)
        return reduced(whole, side)

    def _jpeg(self, side: int) -> bytes:
        """The picture with a longer side of at most so many pixels, as a JPEG."""
        return jpeg(self._reduced(side))

    def frames(
        self, start: int = 0, stop: int | None = None, step: int = 1, size: Size | None = None
    ) -> Iterator[Frame]:
        """The frames in order, one in memory at a time; an image has one.

        Args:
            start: the number of the first frame, from 0; negative ones count from the end.
            stop: the number of the first frame that is left out; None goes to the end.
            step: every how many frames, from 1.
            size: width and height, or at most what longer side, in pixels; None leaves them as they are.

        Returns:
            `uint8` arrays, height x width x 3, RGB.

        Raises:
            ValueError: the step is less than 1, or the size is not valid.
            LibraryError: there is no file, or it does not decode.
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
        """The frame that is seen at a time.

        Args:
            seconds: from the beginning; after the end it is the last frame.
            size: as in `frames`.

        Returns:
            `uint8`, height x width x 3, RGB.

        Raises:
            ValueError: the time is negative, or the size is not valid.
            LibraryError: there is no file, or it does not decode.
        """
        if not seconds >= 0:
            raise ValueError(f"{seconds} s is before the start: a time must be 0 or more")
        return pixels(self.image, size) if self.kind == "image" else frame_at(self.path, seconds, size)

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
            MemoryError: there is too little memory.
            LibraryError: there is no file, or it does not decode.
        """
        count = self.facts.frames if self.facts else 1
        width, height = fitted(size, *self.size)
        if not quiet:
            megabytes = count * width * height * 3 / 1e6
            sys.stdout.write(f"{count} frame{'s' * (count != 1)} of {width} x {height}: {megabytes:,.1f} MB\n")
        return stacked(self.frames(size=(width, height)), count, width, height)

    def measure(self, *measures: str | Measure, executor: Executor | None = None) -> dict[str, Any]:
        """What is measured of its frames, in a worker process. What the library knows is not measured again.

        Args:
            *measures: as in `Dreams.measure`: "motion", "colourfulness", …, or functions made with
                `@dream_nb.measure`; by default all of the named ones.
            executor: what measures; by default that of the session, else this process's pool of workers.

        Returns:
            The values by the names of their measures. What cannot be measured is None, and a warning says why.

        Raises:
            ValueError: there is no such measure, two have the same name, or one cannot be sent to a worker process.
        """
        return self._several([self])._measure_one(measures, executor)

    def clip(self, start: float = 0.0, stop: float | None = None, path: Path | str | None = None) -> Path:
        """Write a part of a video as an MP4, exact to the frame, with its sound.

        Args:
            start: seconds from the beginning.
            stop: seconds from the beginning; None goes to the end.
            path: where it is written; by default beside the file.

        Returns:
            Where it was written: a `Path` that a notebook shows with what is in it.

        Raises:
            ValueError: it is an image, or there is nothing between start and stop.
            LibraryError: there is no file, or it cannot be decoded or written.
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
        """Write it as an animated GIF that repeats.

        Args:
            path: where it is written; by default beside the file.
            fps: frames a second, at most those of the video.
            size: as in `frames`.

        Returns:
            Where it was written: a `Path` that a notebook shows with what is in it.

        Raises:
            ValueError: fps or size is not valid.
            LibraryError: there is no file, or it cannot be decoded or written.
        """
        return self._animated(".gif", path, fps, size)

    def to_webp(self, path: Path | str | None = None, *, fps: float = 24.0, size: Size = 480) -> Path:
        """Write it as an animated WebP that repeats: smaller and smoother than a GIF.

        Args:
            path: where it is written; by default beside the file.
            fps: frames a second, at most those of the video.
            size: as in `frames`.

        Returns:
            Where it was written: a `Path` that a notebook shows with what is in it.

        Raises:
            ValueError: fps or size is not valid.
            LibraryError: there is no file, or it cannot be decoded or written.
        """
        return self._animated(".webp", path, fps, size)

    def _animated(self, suffix: Literal[".gif", ".webp"], path: Path | str | None, fps: float, size: Size) -> Path:
        if not fps > 0:
            raise ValueError(f"fps must be greater than 0, not {fps}")
        target = self._target(path, f"{self.path.stem}{suffix}")
        frames = self._timed(size, at_most(fps))
        # Whether it decodes is known before a file is begun.
        first = next(frames)
        with written(target) as partial:
            animate(chain([first], frames), partial, suffix, self.duration or 1 / fps)
        return MadeFile(target)

    def _target(self, path: Path | str | None, name: str) -> Path:
        """Where a file that is made of this one is written: never over it."""
        target = given_path(path) if path else self.path.with_name(name)
        if target.exists() and target.samefile(self.path):
            if path:
                raise LibraryError(f"{str(target)!r} is the file of the dream itself: give another path")
            target = self.path.with_name(f"{self.path.stem}-copy{target.suffix}")
        return target

    def _timed(
        self, size: Size | None, wanted: Callable[[int, float], bool] = lambda _number, _seconds: True
    ) -> Iterator[TimedFrame]:
        """The frames with their times; an image has one, at 0 seconds."""
        if self.kind == "image":
            return iter([TimedFrame(pixels(self.image, size), 0.0)])
        return iterate_timed(self.path, wanted, size=size)

    def contact_sheet(self, count: int = 12, *, columns: int = 4, side: int = 320) -> Image:
        """Frames at equal distances on one picture, each with its time.

        Args:
            count: how many frames.
            columns: how many are beside each other.
            side: the longer side of each, in pixels.

        Raises:
            ValueError: a number is less than 1.
            LibraryError: there is no file, or it does not decode.
        """
        from PIL import Image

        check_numbers(count=count, columns=columns, side=side)
        if self.facts is None:
            return sheet([(self._reduced(side), "")], 1, side)
        facts, count = self.facts, min(count, self.facts.frames)
        # The last frame is seen until the end: of even ones it begins a frame before that.
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
        """Go on from its end: a video that begins with its last frame.

        Args:
            prompt: what happens then; by default the same prompt.
            take: the number of the result of this request.
            wait: whether to wait for the dream; else its job comes back at once.

        Raises:
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
        """
        job = self._go_on(prompt, begin=self, take=take)
        return job.result() if wait else job

    @overload
    def reverse_extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[True] = True) -> Dream: ...
    @overload
    def reverse_extend(self, prompt: str | None = None, *, take: int = 1, wait: Literal[False]) -> Job: ...
    def reverse_extend(self, prompt: str | None = None, *, take: int = 1, wait: bool = True) -> Dream | Job:
        """Lead up to its beginning: a video that ends with its first frame.

        Args:
            prompt: what happens before; by default the same prompt.
            take: the number of the result of this request.
            wait: whether to wait for the dream; else its job comes back at once.

        Raises:
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
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
        """Lead over to another: a video that begins with this one's last frame and ends with the other's first.

        Args:
            other: the dream to lead to.
            prompt: what happens between; by default the same prompt.
            take: the number of the result of this request.
            wait: whether to wait for the dream; else its job comes back at once.

        Raises:
            ConfigurationError: no session goes on with it, or they are of different backends.
            DreamError: it could not be made.
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
        """Make a video with another look of it: its motion stays.

        Args:
            prompt: what it becomes, such as "in deep snow". `{snow|rain}` in it makes several.
            mode: how far it goes: adhere_1 (nearest) to adhere_3, flex_1 (the default) to flex_3, reimagine_1 to
                reimagine_3. The Luma API calls it `strength`, which is taken too.
            take: the number of the result of this request.
            wait: whether to wait for it; else its job comes back at once.
            **fields: the others of `ModifyVideoRequest`: `model`, and `first_frame`, which takes a picture. For the
                Luma API also `resolution`, `guide_frames`, `auto_controls`, `controls` and `hdr`.

        Returns:
            The dream; of a prompt with an axis, its dreams. Without waiting their job.

        Raises:
            InvalidRequestError: it is an image, or a field is wrong; nothing was sent.
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
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
        """Make it in another ratio: what is missing is painted on.

        Args:
            aspect_ratio: the new one, such as "9:16".
            prompt: what is to be seen in the new parts. `{sea|sand}` in it makes several.
            take: the number of the result of this request.
            wait: whether to wait for it; else its job comes back at once.
            **fields: the others of `ReframeVideoRequest` or `ReframeImageRequest`, such as `x_start` and `x_end`. For
                the Luma API `position` and `resolution`.

        Returns:
            The dream; of a prompt with an axis, its dreams. Without waiting their job.

        Raises:
            InvalidRequestError: it has that ratio, or a field is wrong; nothing was sent.
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
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
        """Make it in a higher resolution.

        Args:
            resolution: 540p, 720p, 1080p or 4k.
            take: the number of the result of this request.
            wait: whether to wait for it; else its job comes back at once.
            **fields: the others of `UpscaleVideoGenerationRequest`.

        Returns:
            The dream; without waiting its job.

        Raises:
            InvalidRequestError: it is an image, or has that resolution; nothing was sent.
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
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
        """Make it with sound.

        Args:
            prompt: what is to be heard, such as "waves, gulls". `{waves|rain}` in it makes several.
            negative_prompt: what is not to be heard.
            take: the number of the result of this request.
            wait: whether to wait for it; else its job comes back at once.
            **fields: the others of `AudioGenerationRequest`.

        Returns:
            The dream; of a prompt with an axis, its dreams. Without waiting their job.

        Raises:
            InvalidRequestError: it is an image; nothing was sent.
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
        """
        origin = read_origin(self)
        return self._again(
            lambda text: audio_request(origin, text, negative_prompt=negative_prompt, **fields), prompt, take, wait
        )

    def _again(
        self, request: Callable[[str | None], Edit], prompt: str | None, take: int, wait: bool
    ) -> Dream | Dreams | Job | Pending[Dreams]:
        """Ask for other versions of it, one for each prompt that a prompt stands for."""
        # What is there already needs no backend. Whether the session's knows this dream, submit asks.
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
        """The next takes of the same request: the same ones again and again, so nothing is paid for twice.

        Args:
            count: how many.
            wait: whether to wait for the dreams; else their jobs come back at once.

        Raises:
            InvalidRequestError: the count is less than 1.
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: one could not be made. The others are in the library.
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
        """Ask for the same video in a higher resolution: a draft becomes a final.

        No API has a seed: it is a new sample, which resembles the draft as another take would. On a backend that is
        paid, a warning says so before anything is sent.

        Args:
            resolution: such as "1080p".
            take: the number of the result of that request.
            wait: whether to wait for it; else its job comes back at once.

        Raises:
            InvalidRequestError: it was made of something else, or has that resolution.
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
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
        """Take a picture apart into layers with transparency. Only the Luma API, and the studio, can do this.

        Args:
            resolution: of each layer: "1k" or "2k".
            prompt: what its parts are; by default the model decides.
            take: the number of the result of this request.
            wait: whether to wait for it; else its job comes back at once, whose dream has them as `parts`.
            **fields: the others of `LayeringRequest`, such as `model`.

        Returns:
            One dream a layer, from front to back, with its label. Put over each other they give the picture back.

        Raises:
            InvalidRequestError: it is a video.
            ConfigurationError: no session goes on with it, or one of another backend.
            DreamError: it could not be made.
        """
        maker = self._maker or self._maker_for()
        job = maker.submit(layers_request(self, resolution, prompt, **fields), take=take)
        return job.result().parts if wait else job

    def _go_on(self, prompt: str | None, *, begin: Dream | None = None, end: Dream | None = None, take: int = 1) -> Job:
        """Ask for a video between two dreams, in the shape of this one."""
        maker = self._maker_for(begin, end)
        keyframes = Keyframes(frame0=_reference(begin), frame1=_reference(end))
        words, fields = self._scene()
        request = checked_request(words if prompt is None else prompt, keyframes=keyframes, **fields)
        return maker.submit(request, take=take)

    def _scene(self) -> tuple[str, dict[str, Any]]:
        """The prompt and the shape of what goes on from it.

        Of another version they are those of what it was made of: its own prompt says what is heard, and its resolution
        is what it was raised to.
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
            # An image's models make no video.
            fields["model"] = LUMA_VIDEO_MODELS[0] if is_of_luma(fields.get("model")) else None
        if is_of_luma(fields.get("model")) and fields.get("duration") is not None:
            # The API has no longer one that begins or ends with a given frame.
            fields["duration"] = _SHORT
        if not is_new:
            fields["aspect_ratio"] = nearest_ratio(self.size)
        return next(filter(None, told), self.title), fields

    def _maker_for(self, *others: Dream | None) -> Maker:
        """The session that goes on with this dream and others.

        Raises:
            ConfigurationError: there is none, or it asks another backend than the one that made them.
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
        """The dreams that it came from through its keyframes, the nearest first, as far as the library knows them.

        Raises:
            LibraryError: its folder has no ledger.
        """
        return self._kin(ancestors(with_ledger(self._library).ledger, self._record))

    def descendants(self) -> Dreams:
        """The dreams in the library that came from it through their keyframes, the nearest first.

        Raises:
            LibraryError: its folder has no ledger.
        """
        return self._kin(descendants(with_ledger(self._library).ledger, self._record))

    def _kin(self, records: Iterable[Record]) -> Dreams:
        return self._several(Dream(record, self._library, self._home, self._maker) for record in records)

    def to_code(self) -> str:
        """The lines of Python that make it again, those that it came from first.

        Raises:
            LibraryError: it goes on from another one, and its folder has no ledger.
        """
        goes_on = bool(source_ids(self.request))
        known = ancestors(with_ledger(self._library).ledger, self._record) if goes_on else []
        records = in_order(self._record, known)
        return to_code((one.request, one.take, one.generation.id if one.generation else None) for one in records)

    def __reduce__(self) -> tuple[Any, ...]:
        # Its library is opened when it is first asked for more than the file.
        return _unpickled, (self._record, Folder(self._library.folder), self._home, self._part)

    def __repr__(self) -> str:
        return f"Dream({self.title!r}, {self.kind}, {self.url or self.state})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": preview(self._preview())}

    def _preview(self) -> Preview:
        """What is shown of it: without a file its prompt, and why there is none.

        Of a file outside the notebook's folder, which Jupyter may not serve, the player has a coarse copy inline.
        """
        facts, poster, problem, source, size = None, "", "", self.url, (16, 9)
        try:
            # What was seen of it before does not make up for the file.
            _ = self.path
            facts = self.facts
            poster = picture_uri(self._jpeg(_PREVIEW_SIDE))
            size = self.size
            if facts is not None and (is_apart(self.url, self.path) or self._shows == "image"):
                source = copy_of(self.path) or source
        except LibraryError as error:
            problem = str(error)
        return Preview(
            kind=self.kind,
            prompt=self.title,
            url=self._link,
            source=source,
            is_copy=source != self.url,
            poster=poster,
            size=size,
            seconds=facts.seconds if facts else None,
            problem=problem,
            take=self.take,
            is_loop=bool(getattr(self.request, "loop", None)),
            is_studio=self.backend == "studio",
        )

    @property
    def _link(self) -> str:
        """Its address in a page that opens files; else empty."""
        return self.url if front_end().has_files else ""

    @property
    def _shows(self) -> Literal["video", "image"]:
        """What a page shows its file as: no player plays a picture that moves."""
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
    """A path relative to the working directory where it lies below it, else as it is."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
