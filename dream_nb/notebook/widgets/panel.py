"""The panel, which is the form for making dreams."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import traitlets

from dream_nb.api.canonical import ALL_DURATIONS, ALL_EDITING_MODELS, ALL_IMAGE_MODELS, ALL_RESOLUTIONS
from dream_nb.api.errors import BudgetError, DreamError, InvalidRequestError, UnreadableFileError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import (
    ASPECT_RATIOS,
    IMAGE_FORMATS,
    IMAGE_MODELS,
    MODES,
    Edit,
    GenerationReference,
    GenerationRequest,
    ImageGenerationRequest,
    ImageReference,
    Kind,
    ModifyVideoRequest,
    ReframeImageRequest,
    ReframeVideoRequest,
    Request,
)
from dream_nb.backends.backends import is_paid
from dream_nb.default import default_session
from dream_nb.files import given_path
from dream_nb.html.page import template
from dream_nb.html.stand_in import stand_in
from dream_nb.lines.references import References
from dream_nb.media.formats import VIDEOS, format_of
from dream_nb.media.pictures import jpeg, read_picture, reduced
from dream_nb.media.posters import read_poster
from dream_nb.notebook.magics.to_line import address_of, keep_picture, name_from, to_line
from dream_nb.notebook.scope import NoVariables
from dream_nb.notebook.state import current_state, notebook_variables, sweep_size
from dream_nb.notebook.widgets.base import Answer, Widget, action, said, shortened
from dream_nb.notebook.widgets.card import Card
from dream_nb.notebook.widgets.form import EMPTY, ROLE_CHOICES, read_form
from dream_nb.notebook.widgets.grid import Grid
from dream_nb.notebook.widgets.messages import Begun, Form, Named, Offers, Seen, Verdict
from dream_nb.notebook.widgets.turns import Turns
from dream_nb.requests.edits import PLACING, modify_request, read_origin, reframe_request
from dream_nb.requests.fields import make_request
from dream_nb.requests.identity import data_bytes
from dream_nb.requests.inputs import field_items, naming, read_keyframe, read_references
from dream_nb.requests.names import find_file, is_url, split_weight
from dream_nb.requests.plan import Ask, Plan, dollars, takes_of
from dream_nb.requests.roles import (
    FIELD_OF,
    FIELDS,
    FRAMES,
    ROLE_OF,
    as_fields,
    checked_weight,
    references_of,
    role_picture,
)
from dream_nb.requests.sources import one_of, picture, video
from dream_nb.requests.variants import as_it_is, brace_warning, expand
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job
from dream_nb.results.sweep import Sweep
from dream_nb.session import Session

if TYPE_CHECKING:
    from dream_nb.requests.sources import Input

_VIDEO_MODELS: Final = ("ray-2", "ray-flash-2", "ray-3.2")
_OFFERS: Final[Offers] = {
    "durations": list(ALL_DURATIONS),
    "resolutions": list(ALL_RESOLUTIONS),
    "formats": list(IMAGE_FORMATS),
    "modes": list(MODES),
    "models": {"modify": list(ALL_EDITING_MODELS), "reframe": [*ALL_EDITING_MODELS, *IMAGE_MODELS]},
    "concepts": [],
    "edits": [],
}
_OPERATIONS: Final = {"modify": "modify_video", "reframe": "reframe_video"}
_MOTIONS: Final = 60
# More dreams than this are shown as a grid.
_MOST_CARDS: Final = 6
_THUMBNAIL: Final = 184
# A form that asks for more is not counted, because it is checked at every key press.
_MOST: Final = 1_000


@dataclass
class _Reading:
    """The request of a form, and its errors by field."""

    asks: list[Ask] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


class Panel(Widget):
    """A form for a request. Errors are shown beside their fields, and results below the form, as cards.

    More than six dreams that are requested at once are shown as a grid. The setting `sweep_size` limits the number of
    new dreams at once.

    Args:
        session: the session that makes the dreams; by default the default session.
        trusted: whether the users of the page may do what the notebook's author may. Other users cannot refer to
            variables, neither as pictures nor as `{{name}}` in the prompt, or to files outside the library, and
            `sweep_size` applies to the studio too. By default False under Voila and in marimo's run mode, otherwise
            True.
        **fields: the initial values of the form: prompt, kind, aspect_ratio, model, loop, count, duration, resolution,
            concepts, format, edit ("modify" or "reframe"), source and mode, and pictures as `use` takes them: frame0,
            frame1, image_ref, style_ref, character_ref, modify_image_ref.

    Raises:
        InvalidRequestError: a field is unknown, or a picture is not supported.
    """

    instead: ClassVar = "Write the request as a %dream line: %dream? lists the options."
    modules: ClassVar = ("card.css", "panel.css", "panel_fields.js", "panel_references.js", "panel.js")
    page_traits: ClassVar = frozenset({"form"})

    form = traitlets.Dict().tag(sync=True)
    """The `Form`. Page and Python change it."""

    verdict = traitlets.Dict().tag(sync=True)
    """The `Verdict` on the form; empty until it was checked. Python changes it, when the page asks for a check."""

    ratios = traitlets.List(traitlets.Unicode(), list(ASPECT_RATIOS)).tag(sync=True)
    """The aspect ratios that the form offers. They never change."""

    models = traitlets.Dict({"video": list(_VIDEO_MODELS), "image": list(ALL_IMAGE_MODELS)}).tag(sync=True)
    """The models that the form offers, by the kinds that it offers. They never change."""

    offers = traitlets.Dict(dict(_OFFERS)).tag(sync=True)
    """The `Offers` of the other controls. Python changes their concepts and edits when the server has listed them."""

    roles = traitlets.List(traitlets.Dict(), [dict(role) for role in ROLE_CHOICES]).tag(sync=True)
    """A `RoleChoice` for each use of a reference picture, the default first. They never change."""

    motions = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The camera motions that the server lists; empty until it was asked. Python changes them."""

    balance = traitlets.Unicode().tag(sync=True)
    """The balance of the account, such as "$12.50"; empty if it is unknown or not needed. Python changes it."""

    cards = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The ids of the cards and grids below the form, newest first. Python changes them."""

    hint = traitlets.Unicode().tag(sync=True)
    """The ways to refer to a picture, in a few words. It never changes."""

    def __init__(self, session: Session | None = None, *, trusted: bool | None = None, **fields: Any) -> None:
        # Set first, because a panel whose creation failed is closed too.
        self._shown: list[Widget] = []
        self._turns = Turns()
        self._pointed = ""
        if unknown := fields.keys() - EMPTY.keys() - set(FIELDS):
            raise InvalidRequestError(f"a panel has no field {min(unknown)!r}: it has {', '.join([*EMPTY, *FIELDS])}")
        self._session = session or default_session()
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        super().__init__(form=dict(EMPTY), trusted=trusted)
        self.hint = "file, URL, variable, last" if self.trusted else "library file, URL, last"
        for name, value in fields.items():
            if name in (*FRAMES, *FIELDS, "source"):
                self.use(value, name)
            else:
                self.form = {**self.form, name: value}

    @property
    def dreams(self) -> Dreams:
        """The finished dreams that were made with this panel, in the order of their requests."""
        with self._lock:
            jobs = [job for job in self._jobs if job.done()]
        return Dreams(job.result() for job in jobs if job.exception() is None)

    @property
    def code(self) -> str:
        """Return the `%dream` line or `%%dream` cell that makes the same request.

        Raises:
            InvalidRequestError: a field is wrong.
        """
        reading = self._read()
        if reading.problems:
            raise InvalidRequestError(next(iter(reading.problems.values())))
        return self._code(reading)

    @property
    def plan(self) -> Plan:
        """Return the plan of the form's request, with its estimated cost. Nothing is sent.

        Raises:
            InvalidRequestError: a field is wrong.
        """
        reading = self._read()
        if reading.problems:
            raise InvalidRequestError(next(iter(reading.problems.values())))
        return self._session.plan(reading.asks)

    def use(self, value: Input | Sequence[Input] | Request, where: str = "frame0") -> None:
        """Fill in a keyframe, the pictures of a field, or the whole form.

        Args:
            value: for a keyframe, what `dream_nb.keyframe` takes; for pictures, one or several of what
                `dream_nb.reference` takes; for the whole form, a request. A string is kept, and is interpreted as if it
                was typed into the form.
            where: the field to fill in: "frame0" or "frame1"; "image_ref", "style_ref", "character_ref" or
                "modify_image_ref"; "source" for the dream to change; "request" for the whole form.

        Raises:
            InvalidRequestError: the value or the field is not valid.
            DreamError: a job that was given failed; this is its error.
        """
        if where == "request" and isinstance(value, Request):
            self.form = self._as_form(value)
        elif where in FRAMES:
            with naming(where, where):
                self.form = {**self.form, "kind": "video", where: self._frame_name(value)}
        elif where == "source":
            with naming(where, where):
                name = self._source_name(value)
            self.form = {**self.form, "source": name, "edit": self.form["edit"] or "modify"}
        elif where in FIELDS:
            others = [one for one in self.form["references"] if FIELD_OF[one["role"]] != where]
            self.form = {**self.form, "kind": "image", "references": [*others, *self._reference_names(where, value)]}
        elif where == "request":
            raise InvalidRequestError(f"a {type(value).__name__} is not a request: give dream.request")
        else:
            raise InvalidRequestError(f"{where!r} is not one of {', '.join((*FRAMES, *FIELDS))}, source, request")

    def point_to(self, value: Input | Sequence[Input] | Request, where: str) -> None:
        """Fill in as `use` does, and make the page show the panel and focus the field.

        Args:
            value: the value, as for `use`.
            where: the field, as for `use`.

        Raises:
            InvalidRequestError: as for `use`.
        """
        self.use(value, where)
        self._pointed = where
        # If no page shows the panel yet, it will ask when it does.
        self.send({"point": where})

    def generate(self) -> list[Job]:
        """Start to make what the form asks for, and return a job for each dream at once.

        Raises:
            InvalidRequestError: a field is wrong; nothing was sent.
            BudgetError: the form asks for more new dreams than `sweep_size` allows; nothing was sent.
            DreamError: as for `Session.submit`.
        """
        plan = self.plan
        if excess := self._excess(plan):
            raise BudgetError(excess)
        if len(plan.entries) > _MOST_CARDS:
            sweep = self._session.start(plan, prompt=self.form["prompt"])
            self._add_sweep(sweep)
            return list(sweep.jobs)
        jobs = []
        for entry in plan.entries:
            jobs.append(self._session.submit(entry.ask.request, take=entry.ask.take, fresh=entry.ask.fresh))
            self._add(jobs[-1], len(jobs) - 1)
        return jobs

    def add(self, job: Job) -> None:
        """Show a job as a card, above the others.

        Args:
            job: the job, running or done.
        """
        self._add(job, 0)

    def _add(self, job: Job, before: int) -> None:
        """Show a job as a card, below the given number of others."""
        card = Card(job, add=self.add, use=self.point_to, trusted=self.trusted)
        self._put([job], [card], job, before)
        self._turns.add(job, card)

    def _add_sweep(self, sweep: Sweep) -> None:
        """Show many jobs as a grid that fills, and while they are running a card that counts and cancels them."""
        try:
            grid = Grid(sweep)
        except ValueError:
            # These are more than a grid can show.
            self._put(list(sweep.jobs), [Card(sweep, add=self.add, use=self.point_to, trusted=self.trusted)], sweep)
            return
        grid.trusted = self.trusted
        card = Card(sweep, add=self.add, use=self.point_to, trusted=self.trusted, slim=True)
        self._put(list(sweep.jobs), [card, grid], sweep)
        sweep.on_end(lambda ended: self._take_away(card) if ended.exception() is None else None)

    def _put(self, jobs: list[Job], widgets: list[Widget], last: Job | Sweep, before: int = 0) -> None:
        for job in jobs:
            job.on_end(self._ended)
        if (state := current_state()) is not None:
            state.last = last
        with self._lock:
            self._jobs += jobs
            self._shown += widgets
            self.cards = [*self.cards[:before], *self.nest(widgets), *self.cards[before:]]

    def _take_away(self, card: Card) -> None:
        with self._lock:
            self._shown.remove(card)
            self.cards = [name for name in self.cards if name != card.place_in_page]
        card.close()

    def close(self) -> None:
        """Remove the panel from the page. Requests that were sent continue."""
        for card in self._shown:
            card.close()
        super().close()

    def __repr__(self) -> str:
        return "Panel()"

    def static(self) -> str:
        """The contents of the form as text."""
        return stand_in(body=template("panel.html").render(form=self.form))

    @action
    def check(self) -> Answer:
        """Report errors in the form, and the estimated cost."""
        self.verdict = dict(self._judge())
        return None

    @action
    def dream(self) -> Answer:
        """Make what the form asks for.

        Raises:
            InvalidRequestError: a field is wrong; nothing was sent.
        """
        verdict = self._judge()
        self.verdict = dict(verdict)
        if verdict["problems"]:
            raise InvalidRequestError(next(iter(verdict["problems"].values())))
        self.generate()
        return None

    @action
    def pointed(self) -> Begun:
        """What the page has to show, if anything. A page asks when it shows the panel, or when it is told to."""
        where, self._pointed = self._pointed, ""
        return {"point": where}

    @action
    def begin(self) -> Answer:
        """Fetch what the server offers: camera motions or concepts, its operations, and the balance."""
        self.motions = self._session.camera_motions()[:_MOTIONS]
        concepts, can = self._session.concepts()[:_MOTIONS], self._session.operations
        edits = [name for name, operation in _OPERATIONS.items() if operation in can]
        self.offers = {**self.offers, "concepts": concepts, "edits": edits}
        self._tell_balance()
        return None

    @action
    def take_in(self, name: str, buffers: list[bytes]) -> tuple[Named, list[bytes]]:
        """Store a picture or video that was dropped, pasted or chosen.

        Args:
            name: the name of the file.
            buffers: the bytes of the file.

        Raises:
            InvalidRequestError: the file is neither a picture nor a video.
        """
        if len(buffers) != 1:
            raise InvalidRequestError(f"{name!r} arrived without its data: drop it again")
        film = video(buffers[0], name)
        # Converted as for a request: an AVIF becomes a PNG.
        data = data_bytes(film or picture(buffers[0], name))
        path = keep_picture(data, self._session.library)
        small = jpeg(reduced(read_poster(path), _THUMBNAIL)) if film else _thumbnail(data, name)
        return {"name": name_from(path, self._session.home)}, [small]

    @action
    def look(self, name: str) -> tuple[Seen, list[bytes]]:
        """Return a small picture of what a slot refers to, and the prompt if it is the id of a dream.

        Args:
            name: the name of a file or variable, a URL, or an id.

        Raises:
            InvalidRequestError: nothing has this name.
        """
        references, home, name = self._names(), self._session.home, name.strip()
        what, _ = (name, None) if is_url(name) else split_weight(name, references.file)
        found = one_of(references.find(what), what)
        if isinstance(found, Generation | GenerationReference):
            record = self._session.library.ledger.find_id(self._session.backend, found.id or "")
            path = self._session.library.path(record) if record is not None else None
            if record is None or path is None:
                return {"title": ""}, []
            dream = Dream(record, self._session.library, home)
            return {"title": shortened(dream.title)}, [jpeg(dream.thumbnail)]
        if isinstance(found, Dream):
            return {"title": ""}, [jpeg(found.thumbnail)]
        if isinstance(found, Path) and format_of(found) in VIDEOS:
            return {"title": ""}, [jpeg(reduced(read_poster(found), _THUMBNAIL))]
        url = picture(found, what, home)
        return {"title": ""}, [_thumbnail(data_bytes(url), name)] if url.startswith("data:") else []

    def _ended(self, _: Job) -> None:
        # Jobs end on the loop that is needed to ask for the balance.
        def tell() -> None:
            # If the server does not answer, the balance shown last is kept.
            with contextlib.suppress(DreamError):
                self._tell_balance()

        threading.Thread(target=tell, name="dream_nb-balance", daemon=True).start()

    def _tell_balance(self) -> None:
        if self.comm is not None and self._session.backend != "studio":
            self.balance = dollars(self._session.credits().credit_balance)

    def _judge(self) -> Verdict:
        reading = self._read()
        warning = brace_warning(read_form(self.form)[0]["prompt"])
        verdict: Verdict = {
            "problems": reading.problems,
            "warnings": {"prompt": warning} if warning else {},
            "count": len(reading.asks),
            "code": "",
            "cost": "",
        }
        if not reading.problems:
            try:
                plan = self._session.plan(reading.asks)
            except InvalidRequestError as error:
                if error.field not in self.form:
                    raise
                verdict["problems"] = {error.field: _said_beside(error)}
                return verdict
            there = len(plan.entries) - plan.new
            cost = "free" if plan.backend == "studio" else plan.cost
            if excess := self._excess(plan):
                verdict["problems"] = {"count": excess}
                return verdict
            verdict["cost"] = cost + (
                f"{':' if cost == 'free' else ','} {there} already in your library" if there else ""
            )
            verdict["code"] = self._code(reading)
        return verdict

    def _excess(self, plan: Plan) -> str:
        """The reason why a plan is too large to be made at once; empty if it is not."""
        size = sweep_size()
        if plan.new <= size or (self.trusted and not is_paid(plan.backend)):
            return ""
        setting = "%config DreamMagics.sweep_size" if self.has_magics else "DREAM_NB_SWEEP_SIZE"
        todo = f", or set {setting}" if self.trusted else ""
        return (
            f"this makes {plan.new} new dreams ({plan.cost}), but at most {size} are made at once: reduce the "
            f"number{todo}"
        )

    def _read(self) -> _Reading:
        form, problems = read_form(self.form)
        reading = _Reading(problems=problems)
        if form["edit"]:
            return self._read_edit(form, reading)
        kind = form["kind"]
        fields: dict[str, Any] = {"aspect_ratio": form["aspect_ratio"]}
        if form["model"]:
            fields["model"] = form["model"]
        if kind == "video":
            fields |= {name: form[name] for name in ("duration", "resolution") if form[name]}
            if form["concepts"]:
                fields["concepts"] = [{"key": key} for key in form["concepts"]]
            if form["loop"]:
                fields["loop"] = True
            for name in FRAMES:
                self._try(reading, name, partial(self._frame, fields, name, form[name]))
            frames = [fields.get(name) for name in FRAMES]
            if form["loop"] and all(isinstance(frame, ImageReference) for frame in frames):
                reading.problems["loop"] = "not possible with two pictures: turn it off, or remove one"
        else:
            if form["format"]:
                fields["format"] = form["format"]
            self._try(reading, "references", lambda: fields.update(self._references([*form["references"]])))
        if not form["prompt"].strip():
            reading.problems.setdefault("prompt", 'describe what to dream, such as "a serene lake at sunset"')
            return reading
        try:
            reading.asks = self._asks(form, lambda prompt: make_request(prompt, kind=kind, **fields))
        except (DreamError, ValueError, TypeError) as error:
            wrong = getattr(error, "field", None)
            reading.problems = {wrong if wrong in form else "prompt": _said_beside(error)} | reading.problems
        return reading

    def _read_edit(self, form: Form, reading: _Reading) -> _Reading:
        """Read the form's request for a change of another dream."""
        names, text = self._names(), form["source"].strip()
        if not text:
            reading.problems.setdefault("source", "give the source: a file, a URL, a variable or an id")
            return reading
        fields: dict[str, Any] = {"model": form["model"]} if form["model"] else {}
        try:
            origin = read_origin(names.source(text), text, names.home)

            def make(prompt: str) -> Edit:
                if form["edit"] == "modify":
                    return modify_request(origin, prompt or None, mode=form["mode"], **fields)
                kind: Kind | None = "image" if form["model"] in IMAGE_MODELS else None
                if form["model"] in ALL_EDITING_MODELS:
                    kind = "video"
                return reframe_request(origin, form["aspect_ratio"], prompt or None, kind=kind, **fields)

            reading.asks = self._asks(form, make)
        except (DreamError, ValueError, TypeError) as error:
            wrong = getattr(error, "field", None)
            reading.problems = {wrong if wrong in form else "source": _said_beside(error)} | reading.problems
        return reading

    def _asks(self, form: Form, make: Callable[[str], Request]) -> list[Ask]:
        variants = expand(form["prompt"], notebook_variables() if self.trusted else NoVariables())
        if len(variants) * form["count"] > _MOST:
            raise InvalidRequestError(f"more than {_MOST:,} dreams: reduce the takes, or remove words", field="count")
        return [one for variant in variants for one in takes_of(make(variant.prompt), variant.words, form["count"])]

    def _try(self, reading: _Reading, name: str, do: Callable[[], None]) -> None:
        try:
            do()
        except (DreamError, ValueError, OSError) as error:
            reading.problems.setdefault(name, _said_beside(error))

    def _frame(self, fields: dict[str, Any], name: str, text: str) -> None:
        if text := text.strip():
            fields[name] = self._names().keyframe(text)

    def _references(self, given: list[Mapping[str, Any]]) -> dict[str, Any]:
        named = [(one["role"], one["name"].strip(), one["weight"]) for one in given]
        names = self._names()
        # The picture of a character has no weight, so the form's weight is ignored.
        return as_fields(
            role_picture(role, names.reference(name, None if role == "character_ref" else weight))
            for role, name, weight in named
            if name
        )

    def _names(self) -> References:
        """The object that resolves the names in the form."""
        home = self._session.home
        own = self._jobs[-1] if self._jobs else None
        if not self.trusted:
            # What the notebook made is not for visitors: for them, "last" is the last dream of this panel.
            return References({}, own, home=home, within=self._session.library.folder, made=self._session.find)
        state = current_state()
        last = state.last if state is not None else own
        return References(notebook_variables(), last, home=home, files_first=True, made=self._session.find)

    def _code(self, reading: _Reading) -> str:
        request = reading.asks[0].request
        form, _ = read_form(self.form)
        typed = request.model_copy(update={"prompt": form["prompt"] or None})
        return to_line(typed, self._session.library, self._session.home, count=form["count"], special=True)

    def _frame_name(self, value: Any) -> str:
        """The name of a keyframe in the form."""
        if isinstance(value, str | Path):
            return self._file_name(value)
        frame = read_keyframe(value)
        return frame.id if isinstance(frame, GenerationReference) else self._picture(frame.url)

    def _source_name(self, value: Any) -> str:
        """The name of the source of a change in the form."""
        if isinstance(value, str | Path):
            return self._file_name(value)
        source = read_origin(value).source
        return source.id if isinstance(source, GenerationReference) else self._picture(source.url)

    def _reference_names(self, field: str, value: Any) -> list[dict[str, Any]]:
        """The names of a field's pictures in the form."""
        names: list[dict[str, Any]] = []
        for place, item in field_items(field, value):
            if isinstance(item, str | Path):
                with naming(place, field):
                    text, weight = self._split(item)
                    weight = checked_weight(ROLE_OF[field], weight)
                    names.append({"role": ROLE_OF[field], "name": self._file_name(text), "weight": weight})
                continue
            names += [
                {"role": role, "name": self._picture(url), "weight": weight}
                for role, url, weight in read_references(field, [item])
            ]
        return names

    def _split(self, value: str | Path) -> tuple[str | Path, float | None]:
        if isinstance(value, Path):
            return value, None
        return split_weight(value, lambda text: find_file(text, self._session.home))

    def _file_name(self, value: str | Path) -> str:
        """The form's name for something that was named in Python."""
        home = self._session.home
        text = str(value)
        if isinstance(value, Path):
            # Paths in Python are relative to the working directory, names in the form to the notebook's folder.
            path = given_path(value).absolute()
            text = name_from(path, home) if path.is_file() else value.as_posix()
        file = None if self.trusted or is_url(text) else find_file(text, home)
        if file is None or file.resolve().is_relative_to(self._session.library.folder.resolve()):
            return text
        # The author gave this file to the page, so visitors may see it, but no other file outside the library.
        return self._picture(picture(file, text))

    def _as_form(self, request: Request) -> dict[str, Any]:
        form: dict[str, Any] = dict(EMPTY) | {"prompt": as_it_is(request.prompt or ""), "kind": request.kind}
        form |= {"aspect_ratio": request.aspect_ratio or "16:9", "model": request.model or ""}
        if isinstance(request, ModifyVideoRequest | ReframeVideoRequest | ReframeImageRequest):
            more = {"first_frame", "format", "extra", *PLACING}
            if lost := sorted(name for name in more if getattr(request, name, None)):
                raise InvalidRequestError(
                    f"the panel has no control for {lost[0]}, which this request uses: edit its line instead (Copy as "
                    f"{'%dream' if self.has_magics else 'Python'})"
                )
            source = request.media
            form["edit"] = "modify" if isinstance(request, ModifyVideoRequest) else "reframe"
            form["source"] = source.id if isinstance(source, GenerationReference) else self._picture(source.url)
            form["mode"] = getattr(request, "mode", form["mode"])
            return form
        if not isinstance(request, GenerationRequest | ImageGenerationRequest):
            raise InvalidRequestError(
                f"{request.label!r} cannot be edited in the panel: use the buttons on the card of its source"
            )
        if isinstance(request, GenerationRequest):
            form["loop"] = bool(request.loop)
            form |= {name: getattr(request, name) or "" for name in ("duration", "resolution")}
            form["concepts"] = [str(one.get("key", "")) for one in request.concepts or ()]
            for name in FRAMES:
                frame = getattr(request.keyframes, name, None)
                if frame is not None:
                    form[name] = frame.id if isinstance(frame, GenerationReference) else self._picture(frame.url)
            return form
        form["format"] = request.format or ""
        form["references"] = [
            {"role": role, "name": self._picture(url), "weight": weight} for role, url, weight in references_of(request)
        ]
        return form

    def _picture(self, url: str) -> str:
        return address_of(url, self._session.library, self._session.home)


Card._panel = Panel


def _thumbnail(picture: bytes, name: str) -> bytes:
    """Return a small JPEG of a picture.

    Args:
        picture: the bytes of the picture.
        name: the name of the picture in error messages.

    Raises:
        InvalidRequestError: the bytes cannot be read as a picture.
    """
    shown = name[:80]
    try:
        return jpeg(reduced(read_picture(picture, shown, near=(_THUMBNAIL, _THUMBNAIL)), _THUMBNAIL))
    except UnreadableFileError as error:
        raise InvalidRequestError(f"{shown!r} {error.reason}: choose another picture") from error


def _said_beside(error: Exception) -> str:
    """An error in the words of the panel, where it stands beside its field."""
    return said(error).removeprefix(f"{getattr(error, 'field', None)}: ")
