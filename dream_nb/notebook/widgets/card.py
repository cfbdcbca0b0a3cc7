"""The card: one generation, while it is made and when it is done."""

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
from dream_nb.jobs.runner import failure
from dream_nb.library.library import Library, with_ledger
from dream_nb.media.sound import has_sound
from dream_nb.notebook.magics.to_line import to_line
from dream_nb.notebook.widgets.awaited import AwaitedWidget
from dream_nb.notebook.widgets.base import Answer, Widget, action
from dream_nb.notebook.widgets.dream_facts import facts_of, first_of
from dream_nb.notebook.widgets.first_sight import colours_of, picture_of
from dream_nb.notebook.widgets.gallery import Gallery, open_gallery
from dream_nb.notebook.widgets.messages import Edits, Film, Line, Problem, Quote, Relation, Relative
from dream_nb.requests.edits import audio_request, modify_request, reframe_request, upscale_request
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
    """One generation: how far it is, then a player, and what goes on from it. Its script counts the seconds.

    The video plays while the pointer rests on it or it has the focus, and follows the pointer that moves over it. Arrow
    keys go frame by frame, Space plays and pauses, F fills the screen. The page changes none of its traits.

    Args:
        shown: a dream, or what is under way.
        add: is told of every job that is asked for here; by default its card stands below this one.
        use: takes the dream as a keyframe, or the request to change it; by default a panel opens below this card.
        trusted: whether the people at the page may do what the notebook's author may, see `Panel`.
        wide: whether it is as large as the preview that takes its place.
        bare: whether it stands below the preview of its dream. Then it controls that one's video.
        slim: whether it has no picture.

    Attributes:
        shown: the dream; the job for as long as it is under way.
    """

    instead: ClassVar = "Show the dream itself, or open the file at its path."
    modules: ClassVar = ("card.css", "orphan.js", "long_wait.js", "card_player.js", "result_player.js", "card.js")

    _panel: ClassVar[type[Panel]]
    """The class of panels: its module, which imports this one, sets it."""

    prompt = traitlets.Unicode().tag(sync=True)
    """The prompt; empty where there is none."""

    words = traitlets.Unicode().tag(sync=True)
    """The prompt that what goes on from it begins with; empty until it is made."""

    facts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """What else is known of it, such as its size, each in a few words."""

    state = traitlets.Unicode().tag(sync=True)
    """The state: "waiting", "sending" or "looking", then the API's own, with "downloading" before the end. Empty until
    it is known."""

    ended = traitlets.Bool(False).tag(sync=True)
    """Whether no other state follows."""

    fraction = traitlets.Float(None, allow_none=True).tag(sync=True)
    """How much is done, from 0 to 1; None where the server does not say."""

    seconds = traitlets.Float(0.0).tag(sync=True)
    """How long it had been under way, in seconds, when the state was last told: the page counts on from there."""

    expected = traitlets.Float(None, allow_none=True).tag(sync=True)
    """How long such a request usually takes, in seconds; None where that is unknown."""

    place = traitlets.Int(0).tag(sync=True)
    """Its place in the queue of what was asked for with it, from 1; 0 where it does not wait, or nothing else does."""

    rest = traitlets.Float(None, allow_none=True).tag(sync=True)
    """In how many seconds it is probably done, as long as it has a place; None where that is unknown."""

    slim = traitlets.Bool(False).tag(sync=True)
    """Whether it has no picture, as beside a grid that shows the same. It never changes."""

    width = traitlets.Int(16).tag(sync=True)
    """The width of the picture, in pixels; until it is made, that of the aspect ratio."""

    height = traitlets.Int(9).tag(sync=True)
    """The height of the picture, as `width`."""

    sight = traitlets.Bytes(b"").tag(sync=True)
    """A small JPEG of what it will be, or of what it goes on from; empty until there is one."""

    sight_is_source = traitlets.Bool(False).tag(sync=True)
    """Whether `sight` shows what it goes on from."""

    moving = traitlets.Unicode().tag(sync=True)
    """The address of a video that shows how far it is; empty where its server gives none."""

    colours = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The colours of its prompt from top to bottom, as CSS; empty until they are known."""

    wide = traitlets.Bool(False).tag(sync=True)
    """Whether it is as large as the preview that takes its place."""

    bare = traitlets.Bool(False).tag(sync=True)
    """Whether it stands below the preview of its dream, and shows only what the preview does not."""

    film = traitlets.Dict().tag(sync=True)
    """The `Film`; empty until it is made."""

    edits = traitlets.Dict().tag(sync=True)
    """The `Edits` that its backend can make of it; empty until it is made."""

    kept = traitlets.Bool(False).tag(sync=True)
    """Whether it is in a library, whose gallery can show it."""

    poster = traitlets.Bytes(b"").tag(sync=True)
    """A JPEG of it; empty until it is made."""

    problem = traitlets.Dict().tag(sync=True)
    """The `Problem`; empty where there is none."""

    lineage = traitlets.List(traitlets.Dict()).tag(sync=True)
    """A `Relative` for each line of its tree; empty until it is made, and where it has no relatives."""

    below = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The model ids of the widgets below the card, in the order in which they were opened."""

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
        """Show where the job stands now.

        Args:
            job: what is under way.
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
            self.cancels = not job.done() and job.progress.state in ("waiting", "queued", "dreaming")

    def _look_ahead(self, job: Job) -> None:
        """Show what can be known before the server shows anything. On a thread of its own: pictures are decoded."""
        picture = picture_of(job)
        colours = [] if picture else colours_of(job.request)
        if self.comm is None:
            return
        with self.hold_sync():
            self.colours = colours
            if picture and not self.sight:
                self.sight, self.sight_is_source = picture, True

    def stand(self, place: int, rest: float | None) -> None:
        """Show its place in the queue.

        Args:
            place: from 1; 0 takes it away.
            rest: in how many seconds it is probably done; None where that is unknown.
        """
        if self.comm is not None and (place, rest) != (self.place, self.rest):
            with self.hold_sync():
                self.place, self.rest = place, rest

    def file(self, name: str) -> Path | None:
        """The dream's own file.

        Args:
            name: "film"; there is no other.
        """
        return self.shown.path if name == "film" and isinstance(self.shown, Dream) else None

    def close(self) -> None:
        """Follow no more, and leave the page."""
        under, self._under = self._under, []
        for widget in under:
            widget.close()
        if isinstance(self.shown, Job | Sweep):
            self._leave(self.shown)
        super().close()

    def _leave(self, job: Job | Sweep) -> None:
        # The job would keep this card for as long as anybody keeps the job.
        with contextlib.suppress(ValueError):
            job.off_change(self.follow)

    def __repr__(self) -> str:
        return f"Card({self.prompt!r})"

    def static(self) -> str:
        """The dream's preview; of a job only what it is about, which is the same at the next run."""
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
        """What the card shows, while it is under way."""
        return None if isinstance(self.shown, Dream) else self.shown

    @action
    def extend(self, prompt: str) -> Answer:
        """Go on from its end.

        Args:
            prompt: what happens then; empty is the same prompt.
        """
        self._add(self._dream().extend(prompt or None, wait=False))
        return None

    @action
    def reverse(self, prompt: str) -> Answer:
        """Lead up to its beginning.

        Args:
            prompt: what happens before; empty is the same prompt.
        """
        self._add(self._dream().reverse_extend(prompt or None, wait=False))
        return None

    @action
    def again(self) -> Answer:
        """Make another take of the same request; what is not there, or could not be made, is asked for as it was."""
        fresh, maker = bool(self.film), self._maker()
        for one in _missing(self.shown) if isinstance(self.shown, Sweep) else [self.shown]:
            self._add(maker.submit(one.request, take=one.take, fresh=fresh))
        return None

    @action
    def edit(self, name: str, prompt: str, choice: str) -> Answer:
        """Make another version of it.

        Args:
            name: "modify", "reframe", "upscale" or "audio".
            prompt: what is new; may be empty.
            choice: the mode, the aspect ratio or the resolution.

        Raises:
            InvalidRequestError: it cannot be made of this dream; nothing was sent.
        """
        self._add(self._maker().submit(_edited(self._dream(), name, prompt, choice)))
        return None

    @action
    def quote(self, name: str, prompt: str, choice: str) -> Quote:
        """What another version of it would cost. Nothing is sent.

        Args:
            name: as for `edit`.
            prompt: as for `edit`.
            choice: as for `edit`.

        Raises:
            InvalidRequestError: it cannot be made of this dream.
        """
        plan = self._maker().plan([Ask(_edited(self._dream(), name, prompt, choice))])
        return {"cost": plan.cost if plan.new else "free: already in your library"}

    @action
    def keyframe(self) -> Answer:
        """Begin a request that goes on from it."""
        self._use(self._dream(), "frame0")
        return None

    @action
    def change(self) -> Answer:
        """Begin a request that is like it."""
        request = first_of(self.shown).request
        if isinstance(self.shown, Sweep):
            request = request.model_copy(update={"prompt": self.shown.title})
        self._use(request, "request")
        return None

    @action
    def show_in_gallery(self, shown: list[str]) -> Answer:
        """Show it among everything in its library: in a gallery that the page shows, else in one below the card.

        Args:
            shown: the model ids of the galleries that the page shows, in the order in which it came to.

        Raises:
            InvalidRequestError: it is not in its library any more.
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
        """The `%dream` line that makes it again."""
        dream = self._dream()
        return {"line": to_line(dream.request, with_ledger(dream._library), dream._home, take=dream.take)}

    def _maker(self) -> Maker:
        """Who made it: another session may ask, and pay, somebody else."""
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
        if self.comm is None:  # closed while the action went on
            widget.close()
            return
        self._under.append(widget)
        self.below = [*self.below, widget.model_id]


def _ender(card: weakref.ref[Card]) -> Callable[[Job | Sweep], None]:
    """What a card does when its job ends. The job outlives the card, and must not keep it."""

    def end(job: Job | Sweep) -> None:
        shown = card()
        if shown is not None and shown.comm is not None:
            # Jobs end on the loop that all others need: decoding is not done there.
            threading.Thread(target=shown._end, args=(job,), daemon=True).start()

    return end


def _shape(ratio: str | None) -> tuple[int, int]:
    """Width and height of an aspect ratio; of one that is none, as servers may write, those of 16:9."""
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
    return {"title": title, "text": str(error), "facts": ""}


def _failure(error: GenerationFailedError) -> Problem:
    facts = "refunded" if error.is_refunded else ""
    return {"title": f"Not made: {error.reason}", "text": f"{error.advice}." if error.advice else "", "facts": facts}


def _edits(dream: Dream) -> Edits:
    """The other versions that the backend of a dream can make of it."""
    maker = dream._maker
    # What was made elsewhere is no concern of this session's backend.
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
        "ratios": others if f"reframe_{dream.kind}" in can else [],
        "resolutions": larger if is_video and "upscale_video" in can else [],
        "sound": is_video and "add_audio" in can,
    }


def _edited(dream: Dream, name: str, prompt: str, choice: str) -> Edit:
    """The request for another version of a dream."""
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
    """What it came from and what came of it, as lines of a tree: each below what it goes on from, with its depth."""
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
        # One that goes on from two stands below the nearer of them.
        parents = [names[name] for name in source_ids(one.request) if name in names]
        below.setdefault(max(parents, default=None), []).append(number)
    lines: list[Relative] = []

    # A chain may be longer than calls can be deep.
    waiting = [(root, 0) for root in reversed(below.get(None, ()))]
    while waiting:
        number, depth = waiting.pop()
        one = family[number]
        relation: Relation = "this" if one is dream else "before" if number < len(before) else "after"
        lines.append({"prompt": one.title, "take": one.take, "relation": relation, "depth": depth})
        waiting += [(child, depth + 1) for child in reversed(below.get(number, ()))]
    return lines[:_LINES]
