"""The grid, which shows a sweep on two axes and fills as its results arrive."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import traitlets

from dream_nb.api.errors import InvalidRequestError, LibraryError
from dream_nb.html.stand_in import stand_in
from dream_nb.library.library import Library
from dream_nb.library.small_videos import small_video
from dream_nb.media.axes import Layout
from dream_nb.notebook.widgets.awaited import AwaitedWidget
from dream_nb.notebook.widgets.base import action, said
from dream_nb.notebook.widgets.dream_facts import facts_of
from dream_nb.notebook.widgets.grid_pictures import GridPictures
from dream_nb.notebook.widgets.messages import Cell, CellFacts, CellStatus, FileStatus, Pictured, Written
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.grid_files import write_film, write_picture
from dream_nb.results.job import Job
from dream_nb.results.stills import still
from dream_nb.results.sweep import Sweep
from dream_nb.workers import pool

# With more, the page has too many elements to be fast.
LARGEST: Final = 2000
_MOST_PICTURES: Final = 24
_TELL_SECONDS: Final = 0.2
# Each change sends the states of all dreams, so these are sent less often if there are many.
_MANY: Final = 100
_TELL_MANY_SECONDS: Final = 1.0


def _titled(dreams: Sequence[Dream]) -> Dreams:
    """Give dreams their titles as words, with numbers if several have the same title."""
    titles = [dream.caption for dream in dreams]
    numbered = [f"{number}. {title}" for number, title in enumerate(titles, 1)]
    words = titles if len(set(titles)) == len(titles) else numbered
    return Dreams(dreams, words=[{"dream": word} for word in words])


class Grid(AwaitedWidget):
    """A sweep on two axes, whose videos can be played together and compared in pairs.

    Args:
        dreams: the dreams of a sweep, a running `Sweep`, whose results appear as they arrive, or a list of dreams,
            which get their titles as headings. At most 2,000.
        rows: the axis of the rows; by default the second to last axis.
        columns: the axis of the columns; by default the last axis.
        in_place: whether the grid replaces the overview of its dreams, which was shown before.

    Attributes:
        picked: the index of the best dream, from 0, or None. Use `observe` to be notified of changes.

    Raises:
        ValueError: an axis is unknown, there are no dreams, or there are too many.
    """

    instead = "Show the dreams themselves; contact_sheet() makes one picture of all."
    modules = (
        "compare.css",
        "grid.css",
        "compare.js",
        "orphan.js",
        "long_wait.js",
        "grid_progress.js",
        "grid_files.js",
        "grid_tile.js",
        "grid_large.js",
        "grid.js",
    )
    page_traits = frozenset({"picked"})

    row_words = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The heading of each row; a single empty text without such an axis. It never changes."""

    column_words = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The heading of each column; empty texts without such an axis. It never changes."""

    cells = traitlets.List(traitlets.Dict()).tag(sync=True)
    """A `Cell` for each dream, in the order of the sweep. They never change."""

    states = traitlets.List(traitlets.Dict()).tag(sync=True)
    """A `CellStatus` for each dream, in the same order. Python changes them as files arrive."""

    in_place = traitlets.Bool(False).tag(sync=True)
    """Whether it replaces the overview of its dreams, which was shown before it. It never changes."""

    title = traitlets.Unicode().tag(sync=True)
    """The title of a sweep that was under way when the grid was created; otherwise empty. It never changes."""

    fraction = traitlets.Float(0.0).tag(sync=True)
    """The fraction of the sweep that is done, from 0 to 1."""

    seconds = traitlets.Float(0.0).tag(sync=True)
    """The elapsed time in seconds when it was last sent. The page counts on from there."""

    ended = traitlets.Bool(True).tag(sync=True)
    """Whether no part of it is under way."""

    picked = traitlets.Int(None, allow_none=True).tag(sync=True)
    """The number of the best dream, from 0, or None. Page and Python change it."""

    # A grid whose creation failed is closed too.
    _jobs: tuple[Job, ...] = ()
    _sweep: Sweep | None = None

    def __init__(
        self,
        dreams: Dreams | Sweep | Sequence[Dream],
        rows: str | None = None,
        columns: str | None = None,
        *,
        in_place: bool = False,
    ) -> None:
        if not isinstance(dreams, Dreams | Sweep):
            dreams = _titled(dreams)
        words = dreams.words
        if not 1 <= len(words) <= LARGEST:
            raise InvalidRequestError(f"a grid shows 1 to {LARGEST} dreams, not {len(words)}: choose some of them")
        layout = Layout.of(words, rows, columns)
        self._words = words
        self._jobs = dreams.jobs if isinstance(dreams, Sweep) else ()
        self._dreams: list[Dream | None] = [None] * len(words) if isinstance(dreams, Sweep) else list(dreams)
        self._layout = layout
        self._lock = threading.RLock()
        self._came: list[int] = []
        self._pictures = GridPictures()
        self._problems: dict[int, str] = {}
        self._timer: threading.Timer | None = None
        self._sweep = dreams if isinstance(dreams, Sweep) and not dreams.done() else None
        self._looked: set[int] = set()
        super().__init__(
            row_words=layout.rows,
            column_words=layout.columns,
            cells=[self._cell(number) for number in range(len(words))],
            states=[self._status(number) for number in range(len(words))],
            in_place=in_place,
            title=self._sweep.title if self._sweep else "",
        )
        self._tell_whole()
        if self._sweep is None:
            self.outcome = "done"
        else:
            self._sweep.on_change(self._hear_end)
        for number, job in enumerate(self._jobs):
            job.on_change(self._changed)
            job.on_end(self._taker(number))

    @property
    def dreams(self) -> Dreams:
        """The finished dreams, with their words."""
        there = [number for number, dream in enumerate(self._dreams) if dream is not None]
        return Dreams(
            (dream for dream in self._dreams if dream is not None), words=[self._words[number] for number in there]
        )

    @property
    def best(self) -> Dream | None:
        """The dream that was picked as the best, or None."""
        return self._dreams[self.picked] if self.picked is not None else None

    @best.setter
    def best(self, dream: Dream | None) -> None:
        if dream is not None and dream not in self._dreams:
            raise InvalidRequestError(f"{dream!r} is not in this grid")
        self.picked = None if dream is None else self._dreams.index(dream)

    @traitlets.validate("picked")
    def _check_picked(self, proposal: dict[str, Any]) -> int | None:
        number: int | None = proposal["value"]
        if number is not None and (not 0 <= number < len(self._dreams) or self._dreams[number] is None):
            raise traitlets.TraitError(f"this grid has no dream number {number}")
        return number

    def _taker(self, number: int) -> Callable[[Job], None]:
        def take(job: Job) -> None:
            with self._lock:
                if job.exception() is None:
                    self._dreams[number] = job.result()
                    self._came.append(number)
            self._later()

        return take

    def _changed(self, _: Job) -> None:
        self._later()

    def _hear_end(self, sweep: Sweep) -> None:
        # At once, because whatever waits for the sweep removes the grid from the page.
        if self.comm is not None and not self.outcome:
            self.outcome = sweep.outcome or ""

    def close(self) -> None:
        """Stop following the sweep, and remove the grid from the page."""
        if self._sweep is not None:
            with contextlib.suppress(ValueError):
                self._sweep.off_change(self._hear_end)
        for job in self._jobs:
            # Otherwise the job would keep this grid alive as long as the job itself.
            with contextlib.suppress(ValueError):
                job.off_change(self._changed)
        super().close()

    def _later(self) -> None:
        """Send the page the state of all dreams soon: many changes become one message."""
        with self._lock:
            if self._timer is None:
                seconds = _TELL_SECONDS if len(self._words) <= _MANY else _TELL_MANY_SECONDS
                self._timer = threading.Timer(seconds, self._tell)
                self._timer.daemon = True
                self._timer.start()

    def _tell(self) -> None:
        with self._lock:
            self._timer = None
            came, self._came = self._came, []
            if self.comm is None:
                return
            self._tell_states()
            self._tell_whole()
            self._show_sights()
        if self._sweep is None:
            return
        for number in came:
            # A kernel whose cell waits for the sweep could not answer if the page asked for them.
            for _, jpeg in self._make_pictures([number], here=True):
                self.send({"picture": number}, [jpeg])

    def _tell_states(self) -> None:
        self.states = [dict(self._status(number)) for number in range(len(self._words))]

    def _make_pictures(self, numbers: Sequence[int], *, here: bool) -> list[tuple[int, bytes]]:
        """Make the small pictures of some dreams. If one cannot be made, its status says why."""
        there = [(number, dream) for number in numbers if (dream := self._dreams[number]) is not None]
        made = self._pictures.make([dream for _, dream in there], here=here)
        pairs = [(number, picture) for (number, _), picture in zip(there, made, strict=True)]
        if problems := {number: picture.problem for number, picture in pairs if picture.problem}:
            with self._lock:
                self._problems |= problems
                self._tell_states()
        return [(number, picture.jpeg) for number, picture in pairs if picture.jpeg]

    def _tell_whole(self) -> None:
        """Send the page the progress of the whole sweep."""
        sweep = self._sweep
        if sweep is None:
            return
        with self.hold_sync():
            self.fraction = sweep.progress.fraction or 0.0
            self.seconds = sweep.seconds
            self.ended = all(job.done() for job in self._jobs)
            self.cancels = not self.ended
            self.waits = self.waits and not self.ended
            if not self.ended:
                self.note = sweep.progress.note

    def _show_sights(self) -> None:
        """Send the first previews that have arrived. They are not part of the state, because files replace them."""
        for number, job in enumerate(self._jobs):
            if job.picture is not None and number not in self._looked and not job.done():
                self._looked.add(number)
                self.send({"sight": number}, [job.picture])

    def under_way(self) -> Job | Sweep | None:
        """The sweep, while it is running."""
        return None if self._sweep is None or self._sweep.done() else self._sweep

    def _status(self, number: int) -> CellStatus:
        if not self._jobs:
            dream = self._dreams[number]
            assert dream is not None
            failed = dream.generation.has_failed
            state, note = "failed" if failed else dream.state, dream.generation.why_not_made
            fraction: float | None = 1.0
        else:
            job = self._jobs[number]
            error = job.exception() if job.done() else None
            state, fraction = job.progress.state, job.progress.fraction
            note = said(error) if error is not None else job.progress.note
        return {"state": state, "fraction": fraction, "note": note, **self._file_status(number)}

    def _file_status(self, number: int) -> FileStatus:
        dream = self._dreams[number]
        if dream is None:
            return {"kind": self._jobs[number].request.kind, "url": "", "problem": ""}
        problem = self._problems.get(number, "")
        if not problem:
            try:
                # Asking for a missing file raises an error.
                _ = dream.path
            except LibraryError as error:
                problem = str(error)
        return {"kind": dream._shows, "url": dream.url, "problem": problem}

    def _cell(self, number: int) -> Cell:
        """The constant facts of one dream."""
        dream = self._dreams[number]
        request = dream.request if dream is not None else self._jobs[number].request
        row, column, caption = self._layout.places[number]
        return {
            "row": row,
            "column": column,
            "caption": caption,
            "prompt": request.label,
            "ratio": getattr(request, "aspect_ratio", None) or "16:9",
        }

    def file(self, name: str) -> Path | None:
        """Return the path of a dream's file, or of a small copy of it.

        Args:
            name: the index of the dream, from 0; with the prefix "small-" for the copy.
        """
        is_small, name = name.startswith("small-"), name.removeprefix("small-")
        dream = (
            self._dreams[int(name)] if name.isascii() and name.isdecimal() and int(name) < len(self._dreams) else None
        )
        if dream is None:
            return None
        if not is_small or dream._shows != "video":
            return dream.path
        if not isinstance(dream._library, Library):
            # Files without a library have no place to keep copies.
            return dream.path
        # The machines of a cluster may not have access to the library.
        return small_video(dream._library, dream._record, pool())

    def to_png(self, path: Path | str | None = None) -> Path:
        """Write the finished dreams on one picture with their words, as a PNG. The places of the others are grey.

        Args:
            path: the path of the new file; by default it is written beside the first dream's file.

        Returns:
            The path of the new file.

        Raises:
            LibraryError: no dream is finished yet, or the file cannot be written.
        """
        return write_picture(self._layout, self._dreams, path)

    def to_mp4(self, path: Path | str | None = None) -> Path:
        """Write the finished dreams as one MP4 in which all play together. The places of the others are grey.

        Args:
            path: the path of the new file; by default it is written beside the first dream's file.

        Returns:
            The path of the new file.

        Raises:
            LibraryError: no dream is finished yet, or a file cannot be read or written.
        """
        return write_film(self._layout, self._dreams, path)

    @action
    def pictures(self, numbers: list[int]) -> tuple[Pictured, list[bytes]]:
        """Return small JPEG pictures of some finished dreams. If one cannot be made, its status says why.

        Args:
            numbers: the indexes of the dreams, from 0; at most 24.
        """
        known = [number for number in numbers[:_MOST_PICTURES] if 0 <= number < len(self._dreams)]
        made = self._make_pictures(known, here=False)
        return {"numbers": [number for number, _ in made]}, [jpeg for _, jpeg in made]

    @action
    def facts(self, number: int) -> CellFacts:
        """Return what is known of a dream besides its prompt.

        Args:
            number: the index of the dream, from 0.

        Raises:
            InvalidRequestError: the dream is not finished.
        """
        dream = self._dreams[number] if 0 <= number < len(self._dreams) else None
        if dream is None:
            raise InvalidRequestError(f"this grid has no dream number {number}")
        return {"facts": facts_of(dream)}

    @action
    def export(self, form: Literal["png", "mp4"]) -> Written:
        """Write the contact sheet or the film.

        Args:
            form: "png" for the contact sheet, "mp4" for the film.
        """
        path = self.to_mp4() if form == "mp4" else self.to_png()
        # Visitors must not learn the path on this machine.
        return {"path": str(path) if self.trusted else path.name}

    def __repr__(self) -> str:
        return f"Grid({len(self._words)})"

    def static(self) -> str:
        """All dreams on one small picture, and the words of the axes."""
        axes = [", ".join(dict.fromkeys(words)) for words in (self.row_words, self.column_words) if any(words)]
        return stand_in(" by ".join(axes) or repr(self), picture=still(self._there()))

    def _there(self) -> Dreams:
        return Dreams(dream for dream in self._dreams if dream is not None and _has_file(dream))


def _has_file(dream: Dream) -> bool:
    try:
        return dream.path.is_file()
    except LibraryError:
        return False
