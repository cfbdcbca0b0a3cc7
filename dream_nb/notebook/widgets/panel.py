"""The panel: the form that makes dreams."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

import traitlets
from IPython.core.getipython import get_ipython

from dream_nb.api.errors import DreamError, InvalidRequestError
from dream_nb.api.models import ASPECT_RATIOS, IMAGE_MODELS, GenerationReference, GenerationRequest, ImageReference
from dream_nb.default import default_session
from dream_nb.jobs.budget import dollars
from dream_nb.jobs.identity import Request, data_bytes
from dream_nb.notebook.lines import keep_picture, name_from, to_line
from dream_nb.notebook.references import References
from dream_nb.notebook.widgets.base import Answer, Widget, action
from dream_nb.notebook.widgets.card import Card
from dream_nb.paths import given_path
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.inputs import is_url, keyframe, make_request, picture
from dream_nb.results.job import Job
from dream_nb.results.plan import Ask, Plan, takes_of
from dream_nb.results.still import stand_in
from dream_nb.results.variants import as_it_is, expand
from dream_nb.session import Session

if TYPE_CHECKING:
    from dream_nb.notebook.magics import DreamMagics

_VIDEO_MODELS: Final = ("ray-2", "ray-flash-2")
_MOTIONS: Final = 60
_THUMBNAIL: Final = 184
_SUFFIXES: Final = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif"}
_ROLES: Final = ("image_ref", "style_ref", "character_ref", "modify_ref")
_EMPTY: Final[dict[str, Any]] = {
    "prompt": "",
    "kind": "video",
    "aspect_ratio": "16:9",
    "model": "",
    "loop": False,
    "frame0": "",
    "frame1": "",
    "references": [],
    "count": 1,
    "more": {},
}
# What a request may have of a video that the form has no place for.
_MORE: Final = ("duration", "resolution")


@dataclass
class _Reading:
    """What a form asks for, and what of it is wrong, by its field."""

    asks: list[Ask] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


class Panel(Widget):
    """A form for a request: what is wrong stands beside its field, and what is made below, as cards.

    Args:
        session: who is asked; by default the one of `%dream`.
        **fields: what the form begins with: prompt, kind, aspect_ratio, model, loop, frame0, frame1, count, and `more`
            for what a video has besides: duration and resolution.

    Raises:
        InvalidRequestError: there is no such field.
    """

    modules: ClassVar = ("card.css", "panel.css", "panel.js")

    form = traitlets.Dict().tag(sync=True)
    verdict = traitlets.Dict().tag(sync=True)
    ratios = traitlets.List(traitlets.Unicode(), list(ASPECT_RATIOS)).tag(sync=True)
    models = traitlets.Dict({"video": list(_VIDEO_MODELS), "image": list(IMAGE_MODELS)}).tag(sync=True)
    motions = traitlets.List(traitlets.Unicode()).tag(sync=True)
    balance = traitlets.Unicode().tag(sync=True)
    cards = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, session: Session | None = None, **fields: Any) -> None:
        # First of all: what never began is closed too.
        self._shown: list[Card] = []
        if unknown := fields.keys() - _EMPTY.keys():
            raise InvalidRequestError(f"a panel has no field {min(unknown)!r}: it has {', '.join(_EMPTY)}")
        self._session = session or default_session()
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        super().__init__(form=dict(_EMPTY))
        for name, value in fields.items():
            if name in ("frame0", "frame1"):
                self.use(value, name)
            else:
                self.form = {**self.form, name: value}

    @property
    def dreams(self) -> Dreams:
        """What was made here and is done, in the order in which it was asked for."""
        with self._lock:
            jobs = [job for job in self._jobs if job.done()]
        return Dreams(job.result() for job in jobs if job.exception() is None)

    @property
    def code(self) -> str:
        """The `%dream` line, or `%%dream` cell, that asks for the same.

        Raises:
            InvalidRequestError: a field is wrong.
        """
        reading = self._read()
        if reading.problems:
            raise InvalidRequestError(next(iter(reading.problems.values())))
        return self._code(reading)

    @property
    def plan(self) -> Plan:
        """What the form asks for, and what it would cost. Nothing is sent.

        Raises:
            InvalidRequestError: a field is wrong.
        """
        reading = self._read()
        if reading.problems:
            raise InvalidRequestError(next(iter(reading.problems.values())))
        return self._session.plan(reading.asks)

    def use(self, value: Dream | Request | Path | str, where: str = "frame0") -> None:
        """Fill in a keyframe, or the whole form.

        Args:
            value: a dream, a picture's path or URL; a request for the whole form.
            where: "frame0" or "frame1"; "request" for the whole form.

        Raises:
            InvalidRequestError: it is none of these.
        """
        if where == "request":
            self.form = self._as_form(value)  # type: ignore[arg-type]
        elif where in ("frame0", "frame1"):
            self.form = {**self.form, "kind": "video", where: self._named(value)}
        else:
            raise InvalidRequestError(f"{where!r} is not one of frame0, frame1, request")

    def generate(self) -> list[Job]:
        """Ask for what the form says. Gives back at once, with a job for each dream.

        Raises:
            InvalidRequestError: a field is wrong; nothing was sent.
            DreamError: as for `Session.submit`.
        """
        plan = self.plan
        jobs = []
        for entry in plan.entries:
            jobs.append(self._session.submit(entry.ask.request, take=entry.ask.take, fresh=entry.ask.fresh))
            self.add(jobs[-1])
        return jobs

    def add(self, job: Job) -> None:
        """Show a job as a card, above those that are there.

        Args:
            job: what is under way, or done.
        """
        card = Card(job, add=self.add, use=self.use)
        job.on_end(self._ended)
        if (magics := _magics()) is not None:
            magics.last = job
        with self._lock:
            self._jobs.append(job)
            self._shown.append(card)
            self.cards = [card.model_id, *self.cards]

    def close(self) -> None:
        """Leave the page. What was asked for goes on."""
        for card in self._shown:
            card.close()
        super().close()

    def __repr__(self) -> str:
        return "Panel()"

    def static(self) -> str:
        """What the form says."""
        from dream_nb.results.page import template

        return stand_in(body=template("panel.html").render(form=self.form))

    @action
    def check(self) -> Answer:
        """Say what is wrong, and what it would cost."""
        self.verdict = self._judge()
        return None

    @action
    def dream(self) -> Answer:
        """Ask for it.

        Raises:
            InvalidRequestError: a field is wrong; nothing was sent.
        """
        verdict = self._judge()
        self.verdict = verdict
        if verdict["problems"]:
            raise InvalidRequestError(next(iter(verdict["problems"].values())))
        self.generate()
        return None

    @action
    def begin(self) -> Answer:
        """Fetch what the server has to say: camera motions, and the balance."""
        self.motions = self._session.camera_motions()[:_MOTIONS]
        self._tell_balance()
        return None

    @action
    def take_in(self, name: str, buffers: list[bytes]) -> Answer:
        """Keep a picture that was dropped, pasted or chosen.

        Args:
            name: of the file.
            buffers: its bytes.

        Raises:
            InvalidRequestError: it is no picture.
        """
        from PIL import Image

        try:
            with Image.open(io.BytesIO(buffers[0])) as image:
                suffix = _SUFFIXES.get(image.format or "", "")
                image.load()
        except Exception as error:
            raise InvalidRequestError(f"{name!r} is no picture: JPEG, PNG, WebP and GIF are") from error
        if not suffix:
            raise InvalidRequestError(f"{name!r} is no picture: JPEG, PNG, WebP and GIF are")
        path = keep_picture(buffers[0], suffix, self._session.library)
        return {"name": name_from(path, self._session.home)}, [_thumbnail(buffers[0])]

    @action
    def look(self, name: str) -> Answer:
        """A small picture of what a slot names.

        Args:
            name: a file, a URL, a variable, or an id.

        Raises:
            InvalidRequestError: it is none of these.
        """
        found = self._find(name)
        if isinstance(found, str) and not is_url(found):
            record = self._session.library.ledger.find_id(self._session.backend, found)
            path = self._session.library.path(record) if record is not None else None
            found = Dream(record, self._session.library, self._session.home) if record and path else found
        if isinstance(found, Dream):
            file = io.BytesIO()
            found.thumbnail.save(file, "JPEG")
            return {}, [file.getvalue()]
        if isinstance(found, Path):
            return {}, [_thumbnail(found.read_bytes())]
        if isinstance(found, str) and found.startswith("data:"):
            return {}, [_thumbnail(data_bytes(found))]
        return {}

    def _ended(self, _: Job) -> None:
        # Jobs end on the loop over which the balance is asked.
        def tell() -> None:
            # Where it cannot be had, the last one stands.
            with contextlib.suppress(DreamError):
                self._tell_balance()

        threading.Thread(target=tell, name="dream_nb-balance", daemon=True).start()

    def _tell_balance(self) -> None:
        if self.comm is not None and self._session.backend != "studio":
            self.balance = dollars(self._session.credits().credit_balance)

    def _judge(self) -> dict[str, Any]:
        reading = self._read()
        verdict: dict[str, Any] = {"problems": reading.problems, "count": len(reading.asks), "code": "", "cost": ""}
        if not reading.problems:
            plan = self._session.plan(reading.asks)
            there = len(plan.entries) - plan.new
            cost = "costs nothing" if plan.backend == "studio" else plan.cost
            verdict |= {"cost": cost + (f", {there} there already" if there else ""), "code": self._code(reading)}
        return verdict

    def _read(self) -> _Reading:
        form = {**_EMPTY, **self.form}
        kind: Literal["video", "image"] = "image" if form["kind"] == "image" else "video"
        reading = _Reading()
        fields: dict[str, Any] = {"aspect_ratio": form["aspect_ratio"]}
        if form["model"]:
            fields["model"] = form["model"]
        if kind == "video":
            fields |= form["more"]
            if form["loop"]:
                fields["loop"] = True
            for name in ("frame0", "frame1"):
                self._try(reading, name, partial(self._frame, fields, name, form[name]))
            frames = [fields.get(name) for name in ("frame0", "frame1")]
            if form["loop"] and all(isinstance(frame, ImageReference) for frame in frames):
                reading.problems["loop"] = "not with two pictures: turn it off, or take one out"
        else:
            self._try(reading, "references", lambda: fields.update(self._references(form["references"])))
        if not form["prompt"].strip():
            reading.problems["prompt"] = 'say what to dream, such as "a serene lake at sunset"'
            return reading

        def ask() -> None:
            variants = expand(form["prompt"], _variables())
            reading.asks = [
                one
                for variant in variants
                for one in takes_of(make_request(variant.prompt, kind=kind, **fields), variant.words, form["count"])
            ]

        problems: dict[str, str] = {}
        try:
            ask()
        except (DreamError, ValueError, TypeError) as error:
            where = next(
                (name for name in ("model", "aspect_ratio", "count") if name.replace("_", " ") in str(error)), "prompt"
            )
            problems["count" if "takes are not" in str(error) else where] = str(error)
        reading.problems = problems | reading.problems
        return reading

    def _try(self, reading: _Reading, name: str, do: Callable[[], None]) -> None:
        try:
            do()
        except (DreamError, ValueError, OSError) as error:
            reading.problems[name] = str(error)

    def _frame(self, fields: dict[str, Any], name: str, text: str) -> None:
        if text.strip():
            fields[name] = keyframe(self._find(text))

    def _references(self, given: list[Mapping[str, Any]]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for one in given:
            role, name = one.get("role"), str(one.get("name", "")).strip()
            if not name:
                continue
            if role not in _ROLES:
                raise InvalidRequestError(f"a reference is one of {', '.join(_ROLES)}, and not {role!r}")
            url = picture(self._find(name))
            weight = {} if one.get("weight") is None else {"weight": float(one["weight"])}
            if role == "character_ref":
                images = fields.setdefault("character_ref", {"identity0": {"images": []}})["identity0"]["images"]
                images.append(url)
            elif role == "modify_ref":
                if "modify_image_ref" in fields:
                    raise InvalidRequestError("only one picture can be changed: take the other out")
                fields["modify_image_ref"] = {"url": url, **weight}
            else:
                fields.setdefault(role, []).append({"url": url, **weight})
        return fields

    def _find(self, text: str) -> Any:
        text = text.strip()
        path = self._session.home / given_path(text)
        if not is_url(text) and path.is_file():
            return path
        magics = _magics()
        return References(_variables(), magics.last if magics is not None else None).find(text)

    def _code(self, reading: _Reading) -> str:
        request = reading.asks[0].request
        typed = request.model_copy(update={"prompt": self.form["prompt"]})
        count = int(self.form["count"])
        return to_line(typed, self._session.library, self._session.home, count=count, special=True)

    def _named(self, value: Any) -> str:
        if isinstance(value, Dream):
            if not value.generation.id:
                raise InvalidRequestError(f"{value.prompt!r} has no generation at a server: make it first")
            return value.generation.id
        return value.as_posix() if isinstance(value, Path) else str(value)

    def _as_form(self, request: Request) -> dict[str, Any]:
        form = dict(_EMPTY) | {"prompt": as_it_is(request.prompt or ""), "kind": request.generation_type}
        form |= {"aspect_ratio": request.aspect_ratio, "model": request.model or ""}
        if isinstance(request, GenerationRequest):
            form["loop"] = bool(request.loop)
            form["more"] = {name: value for name in _MORE if (value := getattr(request, name)) is not None}
            for name in ("frame0", "frame1"):
                frame = getattr(request.keyframes, name, None)
                if frame is not None:
                    form[name] = frame.id if isinstance(frame, GenerationReference) else self._picture(frame.url)
            return form
        for role in ("image_ref", "style_ref"):
            for one in getattr(request, role) or ():
                form["references"] = [*form["references"], self._reference(role, one.url or "", one.weight)]
        identity = request.character_ref.identity0 if request.character_ref else None
        for url in (identity and identity.images) or ():
            form["references"] = [*form["references"], self._reference("character_ref", url, None)]
        if request.modify_image_ref is not None:
            one = request.modify_image_ref
            form["references"] = [*form["references"], self._reference("modify_ref", one.url or "", one.weight)]
        return form

    def _reference(self, role: str, url: str, weight: float | None) -> dict[str, Any]:
        return {"role": role, "name": self._picture(url), "weight": weight}

    def _picture(self, url: str) -> str:
        if not url.startswith("data:"):
            return url
        path = keep_picture(data_bytes(url), ".png" if "png" in url[:20] else ".jpg", self._session.library)
        return name_from(path, self._session.home)


def _variables() -> Mapping[str, Any]:
    shell = get_ipython()
    return shell.user_ns if shell is not None else {}


def _magics() -> DreamMagics | None:
    shell = get_ipython()
    return None if shell is None else shell.magics_manager.registry.get("DreamMagics")


def _thumbnail(data: bytes) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("RGB")
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=75)
    return file.getvalue()
