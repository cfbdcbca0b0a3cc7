"""The card, which shows one generation while it is made and when it is done."""

from __future__ import annotations

import contextlib
import re
import threading
import weakref
from collections.abc import Callable
from fractions import Fraction
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import traitlets

from dream_nb.api.errors import (
    DreamCancelledError,
    DreamError,
    GenerationFailedError,
    InvalidRequestError,
    LibraryError,
)
from dream_nb.api.models import FINAL_STATES
from dream_nb.api.request_models import ASPECT_RATIOS, MODES, RESOLUTIONS, Edit
from dream_nb.html.stand_in import stand_in
from dream_nb.jobs.progress import CANCELLABLE_STATES
from dream_nb.jobs.runner import failure
from dream_nb.library.library import Library, with_ledger
from dream_nb.lines.wording import button_words
from dream_nb.media.sound import has_sound
from dream_nb.notebook.magics.to_line import to_line
from dream_nb.notebook.widgets.awaited import AwaitedWidget
from dream_nb.notebook.widgets.base import Answer, Widget, action, said
from dream_nb.notebook.widgets.dream_facts import facts_of, first_of
from dream_nb.notebook.widgets.first_sight import colours_of, picture_of
from dream_nb.notebook.widgets.gallery import Gallery, open_gallery
from dream_nb.notebook.widgets.messages import Edits, Film, Line, Problem, Quote, Relation, Relative
from dream_nb.requests.edits import DEFAULT_MODE, audio_request, modify_request, reframe_request, upscale_request
from dream_nb.requests.media import source_ids
from dream_nb.requests.plan import Ask
from dream_nb.results.dream import Dream
from dream_nb.results.job import Job, Maker
from dream_nb.results.sweep import Sweep
from dream_nb.session import Session

if TYPE_CHECKING:
    from dream_nb.notebook.widgets.panel import Panel

_POSTER_SIDE: Final = 704
_LINES: Final = 24
_SAME_RATIO: Final = 0.01


class Card(AwaitedWidget):
    """A card for one generation: its progress, then a player, and actions that continue from it.

    The video plays while the pointer is on it or it has the focus, and moving the pointer over it moves through the
    video. Arrow keys step by one frame, Space plays and pauses, and F switches to full screen. The page cannot change
    any of its traits, and counts the seconds itself.

    Args:
        shown: the dream to show, or a job.
        add: a function that is called with every job that is started from this card; by default its card is shown below
            this one.
        use: a function that takes the dream as a keyframe, or the request to change; by default a panel opens below
            this card.
        trusted: whether the users of the page may do what the notebook's author may; see `Panel`.
        wide: whether the card is as large as the preview that replaces it.
        bare: whether the card belongs to the preview above it, and controls the video of that preview.
        slim: whether the card shows no picture.

    Attributes:
        shown: the dream; while it is being made, its job.
    """

    instead: ClassVar = "Show the dream itself, or open the file at its path."
    modules: ClassVar = ("card.css", "orphan.js", "long_wait.js", "card_player.js", "result_player.js", "card.js")

    _panel: ClassVar[type[Panel]]
    """The class of panels. It is set by its module, which imports this one."""

    prompt = traitlets.Unicode().tag(sync=True)
    """The prompt; empty if there is none."""

    words = traitlets.Unicode().tag(sync=True)
    """The initial prompt for what continues from it; empty until it is made."""

    facts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Other facts about it, such as its size, in a few words each."""

    state = traitlets.Unicode().tag(sync=True)
    """The state: one of `dream_nb.jobs.progress.JOB_STATES`, or another one that the server reports. Empty until it is
    known."""

    ended = traitlets.Bool(False).tag(sync=True)
    """Whether its state is final."""

    fraction = traitlets.Float(None, allow_none=True).tag(sync=True)
    """The fraction done, from 0 to 1; None if the server does not say."""

    seconds = traitlets.Float(0.0).tag(sync=True)
    """The elapsed time in seconds when the state was last sent. The page counts on from there."""

    expected = traitlets.Float(None, allow_none=True).tag(sync=True)
    """The time that such a request usually takes, in seconds; None if it is unknown."""

    place = traitlets.Int(0).tag(sync=True)
    """Its place in the queue of jobs that were requested together, from 1; 0 if it does not wait, or waits alone."""

    rest = traitlets.Float(None, allow_none=True).tag(sync=True)
    """The seconds until it is probably done, while it has a place; None if that is unknown."""

    slim = traitlets.Bool(False).tag(sync=True)
    """Whether it has no picture, for example beside a grid that shows the same dreams. It never changes."""

    width = traitlets.Int(16).tag(sync=True)
    """The width of the picture in pixels; until it is made, the width in the aspect ratio."""

    height = traitlets.Int(9).tag(sync=True)
    """The height of the picture, like `width`."""

    sight = traitlets.Bytes(b"").tag(sync=True)
    """A small JPEG: a preview, or what it continues from; empty until there is one."""

    sight_is_source = traitlets.Bool(False).tag(sync=True)
    """Whether `sight` shows what it continues from."""

    moving = traitlets.Unicode().tag(sync=True)
    """The address of a video that shows the progress; empty if its server provides none."""

    colours = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The colours of its prompt from top to bottom, as CSS; empty until they are known."""

    wide = traitlets.Bool(False).tag(sync=True)
    """Whether it is as large as the preview that replaces it."""

    bare = traitlets.Bool(False).tag(sync=True)
    """Whether it is shown below the preview of its dream, and shows only what the preview does not."""

    film = traitlets.Dict().tag(sync=True)
    """The `Film`; empty until it is made."""

    edits = traitlets.Dict().tag(sync=True)
    """The `Edits` that its backend can make; empty until it is made."""

    kept = traitlets.Bool(False).tag(sync=True)
    """Whether it is in a library, whose gallery can show it."""

    poster = traitlets.Bytes(b"").tag(sync=True)
    """A JPEG of it; empty until it is made."""

    problem = traitlets.Dict().tag(sync=True)
    """The `Problem`; empty if there is none."""

    lineage = traitlets.List(traitlets.Dict()).tag(sync=True)
    """A `Relative` for each line of its tree; empty until it is made, and if it has no relatives."""

    below = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The ids of the widgets below the card, in the order in which they were opened."""

    def __init__(
        self,
        shown: Dream | Job | Sweep,
        *,
        add: Callable[[Job], None] | None = None,
        use: Callable[[Any, str], None] | None = None,
        trusted: bool | None = None,
        wide: bool = False,
        bare: bool = False,
        slim: bool = False,
    ) -> None:
        self._under: list[Widget] = []
        width, height = _shape(first_of(shown).request.aspect_ratio)
        super().__init__(
            prompt=_title(shown),
            facts=facts_of(shown),
            width=width,
            height=height,
            trusted=trusted,
            wide=wide,
            bare=bare,
            slim=slim,
        )
        self.shown: Dream | Job | Sweep = shown
        self._add = add or self._add_below
        self._use = use or self._open_panel
        if isinstance(shown, Dream):
            self.outcome = "done"
            self._show(shown)
        else:
            self.expected = shown.expected
            shown.on_change(self.follow)
            if isinstance(shown, Job) and not shown.done():
                threading.Thread(target=self._look_ahead, args=(shown,), name="dream_nb-sight", daemon=True).start()
            shown.on_end(_ender(weakref.ref(self)))

    @traitlets.observe("state")
    def _reflect_state(self, _: object) -> None:
        self.ended = self.state in FINAL_STATES

    def follow(self, job: Job | Sweep) -> None:
        """Show the current state of a job.

        Args:
            job: the running job.
        """
        if self.comm is None:
            return
        with self.hold_sync():
            self.state = job.progress.state
            self.note = job.progress.note
            self.fraction = job.progress.fraction
            self.seconds = job.seconds
            self.outcome = job.outcome or ""
            self.moving = job.progress.video or self.moving
            if job.picture is not None and (self.sight_is_source or not self.sight):
                self.sight, self.sight_is_source = job.picture, False
            self.cancels = not job.done() and job.progress.state in CANCELLABLE_STATES

    def _look_ahead(self, job: Job) -> None:
        """Show what is known before the server shows anything. It decodes pictures, so it uses its own thread."""
        picture = picture_of(job)
        colours = [] if picture else colours_of(job.request)
        if self.comm is None:
            return
        with self.hold_sync():
            self.colours = colours
            if picture and not self.sight:
                self.sight, self.sight_is_source = picture, True

    def stand(self, place: int, rest: float | None) -> None:
        """Show the place in the queue.

        Args:
            place: the place in the queue, from 1; 0 hides it.
            rest: the seconds until it is probably done; None if unknown.
        """
        if self.comm is not None and (place, rest) != (self.place, self.rest):
            with self.hold_sync():
                self.place, self.rest = place, rest

    def file(self, name: str) -> Path | None:
        """Return the path of the dream's own file.

        Args:
            name: "film"; other names return None.
        """
        return self.shown.path if name == "film" and isinstance(self.shown, Dream) else None

    def close(self) -> None:
        """Stop following the job, and remove the card from the page."""
        under, self._under = self._under, []
        for widget in under:
            widget.close()
        if isinstance(self.shown, Job | Sweep):
            self._leave(self.shown)
        super().close()

    def _leave(self, job: Job | Sweep) -> None:
        # Otherwise the job would keep this card alive as long as the job itself.
        with contextlib.suppress(ValueError):
            job.off_change(self.follow)

    def __repr__(self) -> str:
        return f"Card({self.prompt!r})"

    def static(self) -> str:
        """The dream's preview; for a job only its description, so that it is the same at the next run."""
        if not isinstance(self.shown, Dream):
            return stand_in(self.prompt)
        return stand_in(body=self.shown._repr_mimebundle_()["text/html"])

    def _end(self, job: Job | Sweep) -> None:
        self._leave(job)
        if self.comm is None:
            return
        error = job.exception()
        with self.hold_sync():
            self.cancels = self.waits = False
            if error is not None:
                self.problem = dict(_problem(error))
            elif isinstance(job, Job):
                self.shown = job.result()
                self._show(self.shown)

    def _show(self, dream: Dream) -> None:
        if dream.generation.has_failed:
            self.state, self.problem = "failed", dict(_failure(failure(dream.generation)))
            return
        try:
            if not self.bare:
                self.poster = dream._jpeg(_POSTER_SIDE)
            facts = dream.facts
            self.width, self.height = dream.size
            film: Film = {
                "kind": dream._shows,
                "url": dream.url,
                "name": dream.path.name,
                "seconds": facts.seconds if facts else 0.0,
                "fps": facts.fps if facts else 0.0,
                "sound": dream.kind == "video" and has_sound(dream.path),
                "studio": dream.backend == "studio",
            }
            self.words = dream._scene()[0]
            self.edits = dict(_edits(dream))
            self.kept = isinstance(dream._library, Library)
            self.film = dict(film)
            self.lineage = [dict(relative) for relative in _lineage(dream)]
            self.facts = facts_of(dream)
            self.state = "completed"
        except LibraryError as error:
            missing: Problem = {"title": "File not found", "text": str(error), "facts": ""}
            self.state, self.problem = "failed", dict(missing)

    def _dream(self) -> Dream:
        if not isinstance(self.shown, Dream):
            raise DreamError("it is not made yet: wait for it")
        return self.shown

    def under_way(self) -> Job | Sweep | None:
        """The job that the card shows, while it is running; otherwise None."""
        return None if isinstance(self.shown, Dream) else self.shown

    @action
    def extend(self, prompt: str) -> Answer:
        """Make a video that continues from the end of this one.

        Args:
            prompt: what happens next; empty means the same prompt.
        """
        self._add(self._dream().extend(prompt or None, wait=False))
        return None

    @action
    def reverse(self, prompt: str) -> Answer:
        """Make a video that leads up to the beginning of this one.

        Args:
            prompt: what happens before; empty means the same prompt.
        """
        self._add(self._dream().reverse_extend(prompt or None, wait=False))
        return None

    @action
    def again(self) -> Answer:
        """Make another take of the same request. A take that is missing or failed is requested again instead."""
        fresh, maker = bool(self.film), self._maker()
        for one in _missing(self.shown) if isinstance(self.shown, Sweep) else [self.shown]:
            self._add(maker.submit(one.request, take=one.take, fresh=fresh))
        return None

    @action
    def edit(self, name: str, prompt: str, choice: str) -> Answer:
        """Modify, reframe or upscale the dream, or add sound.

        Args:
            name: the kind of change: "modify", "reframe", "upscale" or "audio".
            prompt: the prompt of the change; may be empty.
            choice: the mode, the aspect ratio or the resolution.

        Raises:
            InvalidRequestError: this dream cannot be changed in this way; nothing was sent.
        """
        self._add(self._maker().submit(_edited(self._dream(), name, prompt, choice)))
        return None

    @action
    def quote(self, name: str, prompt: str, choice: str) -> Quote:
        """Estimate the cost of a change. Nothing is sent.

        Args:
            name: the kind of change, as for `edit`.
            prompt: the prompt, as for `edit`.
            choice: the mode, the aspect ratio or the resolution, as for `edit`.

        Raises:
            InvalidRequestError: this dream cannot be changed in this way.
        """
        plan = self._maker().plan([Ask(_edited(self._dream(), name, prompt, choice))])
        return {"cost": plan.cost if plan.new else "free: already in your library"}

    @action
    def keyframe(self) -> Answer:
        """Begin a request that continues from this dream."""
        self._use(self._dream(), "frame0")
        return None

    @action
    def change(self) -> Answer:
        """Begin a request like that of this dream."""
        request = first_of(self.shown).request
        if isinstance(self.shown, Sweep):
            request = request.model_copy(update={"prompt": self.shown.title})
        self._use(request, "request")
        return None

    @action
    def show_in_gallery(self, shown: list[str]) -> Answer:
        """Select this dream in a gallery: one that the page shows, or else a new one below the card.

        Args:
            shown: the model ids of the galleries that the page shows, in the order of their creation.

        Raises:
            InvalidRequestError: the dream is no longer in its library.
        """
        dream = self._dream()
        gallery = open_gallery(shown, dream)
        if gallery is not None:
            gallery.show(dream)
            return None
        maker = self._maker()
        assert isinstance(maker, Session)
        gallery = Gallery(maker, trusted=self.trusted)
        try:
            gallery.show(dream)
        except DreamError:
            gallery.close()
            raise
        self._put(gallery)
        return None

    @action
    def copy_line(self) -> Line:
        """The `%dream` line that makes it again, or Python code in cells without magics."""
        dream = self._dream()
        if not self.has_magics:
            return {"line": dream.to_code()}
        return {"line": to_line(dream.request, with_ledger(dream._library), dream._home, take=dream.take)}

    def _maker(self) -> Maker:
        """The session that made it. Another session might use, and pay, another backend."""
        if isinstance(self.shown, Dream):
            return self.shown._maker_for()
        job = self.shown.jobs[0] if isinstance(self.shown, Sweep) else self.shown
        if job.maker is None:
            raise DreamError("no open session is following it: run its cell again")
        return job.maker

    def _add_below(self, job: Job) -> None:
        self._put(Card(job, trusted=self.trusted))

    def _open_panel(self, value: Any, where: str) -> None:
        maker = self._maker()
        assert isinstance(maker, Session)
        panel = self._panel(maker, trusted=self.trusted)
        panel.point_to(value, where)
        self._put(panel)

    def _put(self, widget: Widget) -> None:
        if self.comm is None:  # closed while the action was running
            widget.close()
            return
        self._under.append(widget)
        self.below = [*self.below, *self.nest([widget])]


def _ender(card: weakref.ref[Card]) -> Callable[[Job | Sweep], None]:
    """The function that a card calls when its job ends. It must not keep the card alive as long as the job."""

    def end(job: Job | Sweep) -> None:
        shown = card()
        if shown is not None and shown.comm is not None:
            # Jobs end on the loop that all others need, so pictures are not decoded there.
            threading.Thread(target=shown._end, args=(job,), daemon=True).start()

    return end


def _shape(ratio: str | None) -> tuple[int, int]:
    """Width and height of an aspect ratio; those of 16:9 if it is not valid, since servers may send anything."""
    sides = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", ratio or "")
    return (int(sides[1]), int(sides[2])) if sides else (16, 9)


def _missing(sweep: Sweep) -> list[Job]:
    return [job for job in sweep.jobs if not job.done() or job.exception() is not None]


def _title(shown: Dream | Job | Sweep) -> str:
    return shown.title


def _problem(error: BaseException) -> Problem:
    if isinstance(error, GenerationFailedError):
        return _failure(error)
    title = "Cancelled" if isinstance(error, DreamCancelledError) else "Not made"
    return {"title": title, "text": said(error), "facts": ""}


def _failure(error: GenerationFailedError) -> Problem:
    facts = "refunded" if error.is_refunded else ""
    text = f"{button_words(error.advice)}." if error.advice else ""
    return {"title": f"Not made: {error.reason}", "text": text, "facts": facts}


def _edits(dream: Dream) -> Edits:
    """The changes that the dream's backend can make."""
    maker = dream._maker
    # The session's backend knows nothing of dreams that were made elsewhere.
    can = maker.operations if isinstance(maker, Session) and maker.backend == dream.backend else frozenset[str]()
    width, height = dream.size
    is_video = dream.kind == "video"
    others = [
        ratio
        for ratio in ASPECT_RATIOS
        if not isclose(width / height, float(Fraction(ratio.replace(":", "/"))), rel_tol=_SAME_RATIO)
    ]
    larger = [name for name, lines in RESOLUTIONS.items() if lines > min(width, height)]
    return {
        "modes": list(MODES) if is_video and "modify_video" in can else [],
        "default_mode": DEFAULT_MODE,
        "ratios": others if f"reframe_{dream.kind}" in can else [],
        "resolutions": larger if is_video and "upscale_video" in can else [],
        "sound": is_video and "add_audio" in can,
    }


def _edited(dream: Dream, name: str, prompt: str, choice: str) -> Edit:
    """The request for a change of a dream."""
    words = prompt.strip() or None
    if name == "modify":
        return modify_request(dream, words, mode=choice)
    if name == "reframe":
        return reframe_request(dream, choice, words)
    if name == "upscale":
        return upscale_request(dream, choice)
    if name == "audio":
        return audio_request(dream, words)
    raise InvalidRequestError(f"{name!r} is not one of modify, reframe, upscale, audio")


def _lineage(dream: Dream) -> list[Relative]:
    """The ancestors and descendants of a dream as tree lines with depths, each below the one it continues from."""
    try:
        before, after = list(reversed(dream.ancestors())), list(dream.descendants())
    except LibraryError:
        return []
    if not before and not after:
        return []
    family = [*before, dream, *after]
    names = {one.generation.id: number for number, one in enumerate(family)}
    below: dict[int | None, list[int]] = {}
    for number, one in enumerate(family):
        # A dream that continues from two others is placed below the nearer one.
        parents = [names[name] for name in source_ids(one.request) if name in names]
        below.setdefault(max(parents, default=None), []).append(number)
    lines: list[Relative] = []

    # Iterative, because a chain may be longer than the recursion limit.
    waiting = [(root, 0) for root in reversed(below.get(None, ()))]
    while waiting:
        number, depth = waiting.pop()
        one = family[number]
        relation: Relation = "this" if one is dream else "before" if number < len(before) else "after"
        lines.append({"prompt": one.title, "take": one.take, "relation": relation, "depth": depth})
        waiting += [(child, depth + 1) for child in reversed(below.get(number, ()))]
    return lines[:_LINES]
