"""What the widgets share: one script for all of a kind, actions that never block the kernel, and media."""

from __future__ import annotations

import hashlib
import inspect
import logging
import mimetypes
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar, get_type_hints

import anyio.to_thread
import anywidget
import ipywidgets
import pydantic
import traitlets
from ipywidgets.widgets.widget import _put_buffers
from pydantic import ConfigDict, TypeAdapter

from dream_nb.api.errors import DreamError, InvalidRequestError, LibraryError
from dream_nb.api.portal import portal
from dream_nb.front_ends import front_end
from dream_nb.html.stand_in import stand_in
from dream_nb.notebook.widgets.messages import Piece
from dream_nb.notebook.widgets.trust import is_trusted
from dream_nb.results.widget_view import show_view

_HERE: Final = Path(__file__).parent
_CHUNK: Final = 1 << 20
# Beyond this a page plays a file from its address, or not at all.
_LARGEST: Final = 32 * 2**20
_LONGEST: Final = 500
# Traits that every page's own library changes.
_CORE: Final = frozenset({"_view_count"})
# What failed where it was no action; none has such a name.
_MESSAGE: Final = "a message"
_log: Final = logging.getLogger(__name__)

Answer = Mapping[str, Any] | tuple[Mapping[str, Any], Sequence[bytes]] | None
Act = TypeVar("Act", bound=Callable[..., Answer])


class Listener(ipywidgets.Widget):  # type: ignore[misc]
    """A widget that takes nothing from its page on trust: a message that is not one of its own is one line."""

    page_traits: ClassVar[frozenset[str]] = frozenset()
    """The traits that the page may change. All others are Python's."""

    def complain(self, text: str) -> None:
        """Say what is wrong with a message, in one line.

        Args:
            text: what is wrong.
        """
        _log.warning("%s: %s", type(self).__name__, text)

    def _handle_msg(self, msg: Mapping[str, Any]) -> None:
        try:
            self._hear(msg["content"]["data"], msg.get("buffers") or [])
        except Exception as error:  # noqa: BLE001 - whatever a page sent, it is one line and no traceback
            self.complain(said(error))

    def _hear(self, data: Any, buffers: list[memoryview]) -> None:
        method = data.get("method") if isinstance(data, dict) else None
        if method == "request_state":
            self.send_state()
        elif method == "update" and isinstance(state := data.get("state", {}), dict):
            _put_buffers(state, data.get("buffer_paths", []), buffers)
            self._update(state)
        elif method == "custom" and isinstance(content := data.get("content"), dict):
            self._handle_custom_msg(content, buffers)
        else:
            raise InvalidRequestError("the page sent a message that this widget does not know: reload the page")

    def _update(self, state: dict[str, Any]) -> None:
        """Take over what the page changed, of what it may change. Where something is wrong, all stays as it was."""
        before = {name: getattr(self, name) for name in state if name in self.keys}
        try:
            if foreign := [name for name in state if name not in self.page_traits | _CORE]:
                raise InvalidRequestError(f"the page may not change {shortened(str(foreign[0]))!r}: reload the page")
            self.set_state(state)
        except Exception:
            self._trait_values.update(before)
            # The page shows what it sent: it has to show what counts.
            self.send_state(list(before))
            raise


class Part(Listener):
    """One script or style. It is never shown: it brings its text to the page once, for every widget that needs it."""

    # None of these ever changes.
    name = traitlets.Unicode().tag(sync=True)
    """The name of the file, by which other scripts import it."""

    text = traitlets.Unicode().tag(sync=True)
    """The text of the file."""

    digest = traitlets.Unicode().tag(sync=True)
    """The sha256 of the text, shortened: a page loads each text once."""


_parts: dict[str, Part] = {}
_parts_lock = threading.Lock()


def _part(name: str) -> Part:
    with _parts_lock:
        part = _parts.get(name)
        # `Widget.close_all()` closes it too.
        if part is None or part.comm is None:
            text = _text(name)
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            part = _parts[name] = Part(name=name, text=text, digest=digest)
        return part


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def action(function: Act) -> Act:
    """Let the page call a method: `ask(model, "name", {…})` in its script, `name(**…)` here.

    It runs in a thread of its own, so it may wait. What it gives back is the answer: a mapping, or a mapping and
    buffers. What it raises is shown in the widget.
    """
    function.__dict__["is_action"] = True
    return function


class Widget(Listener, anywidget.AnyWidget):
    """A widget of this package: an object in Python that a page shows.

    Its script and style reach page and saved notebook once, however many there are of it.

    Args:
        trusted: whether the people at the page may do what the notebook's author may; by default they may, but not
            under Voila and in marimo's run mode.
        **traits: the values of its traits.

    Attributes:
        trusted: as above.
        error: what went wrong last, with what to do about it; empty where nothing did.
    """

    # Its text and not its path: anywidget watches files, and keeps whatever watches for good.
    _esm = (_HERE / "stub.js").read_text(encoding="utf-8")
    modules: ClassVar[tuple[str, ...]] = ()
    """The styles and scripts beside this file, after those of the base. A script imports those before it by
    `"./name.js"`; the last has the `render` of an anywidget."""

    instead: ClassVar[str] = ""
    """What to use where there is no page to show it, in one sentence."""

    _own_layout: ipywidgets.Layout | None = None

    parts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The model ids of its styles and scripts, in the order in which a page loads them. It never changes."""

    error = traitlets.Unicode().tag(sync=True)
    """What went wrong last, in one line for the user; empty where nothing did. Python changes it."""

    passing = traitlets.Unicode().tag(sync=True)
    """What stands below it for a moment; empty where nothing does. Python changes it."""

    def __init__(self, *, trusted: bool | None = None, **traits: Any) -> None:
        self.trusted = is_trusted() if trusted is None else trusted
        names = ("base.css", "base.js", *self.modules)
        super().__init__(parts=[_part(name).model_id for name in names], **traits)
        self._failed = ""
        self._own_layout = self.layout
        self.on_msg(self._receive)

    def close(self) -> None:
        """Leave the page, with the layout, which is a widget too and would stay."""
        super().close()
        if self._own_layout is not None:
            self._own_layout.close()

    def file(self, name: str) -> Path | None:
        """The file that the page knows by that name, or None. Nothing else is ever read for the page.

        Args:
            name: what the script calls it.
        """
        del name
        return None

    def static(self) -> str:
        """HTML for a reader without widgets: a page without a kernel, or without the widget's state."""
        return stand_in(repr(self))

    def _ipython_display_(self, **_: Any) -> None:
        from IPython.display import display

        if front_end().is_terminal:
            display({"text/plain": f"{self!r} needs a notebook. {self.instead}"}, raw=True)
            return
        # An output of its own: of one with a widget in it JupyterLab shows nothing else, even where that is gone.
        display({"text/plain": repr(self), "text/html": self.static()}, raw=True)
        show_view(self)

    @action
    def here(self) -> None:
        """Answer, which is all: a page that does not know whether there is a kernel shows the widget only then."""

    @action
    def read(self, file: str, at: int, length: int) -> tuple[Piece, list[bytes]]:
        """A piece of a file, for a page that does not reach the library.

        Args:
            file: what `file` knows it by.
            at: where it begins, in bytes.
            length: how many bytes, at most 1 MB.

        Raises:
            InvalidRequestError: it does not begin and end within a file.
            LibraryError: it is gone, or too large to be sent.
        """
        if at < 0 or length < 0:
            raise InvalidRequestError(f"a piece of {length} bytes from byte {at} on is not part of a file")
        path = self.file(file)
        if path is None or not path.is_file():
            raise LibraryError("the file no longer exists: run its cell again")
        size = path.stat().st_size
        if size > _LARGEST:
            raise LibraryError(
                f"this page cannot open files of the library, and {size / 2**20:.0f} MB is too large to send: open "
                f"{path if self.trusted else path.name}"
            )
        with path.open("rb") as opened:
            opened.seek(at)
            piece = opened.read(min(length, _CHUNK))
        return {"size": size, "type": mimetypes.guess_type(path.name)[0] or ""}, [piece]

    def _receive(self, _: object, content: dict[str, Any], buffers: list[memoryview]) -> None:
        # Kernels call this late or in any thread: nothing is done here.
        portal.start(anyio.to_thread.run_sync, self._act, content, buffers)

    def _act(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        arguments = dict(content)
        name, number = arguments.pop("action", ""), arguments.pop("ask", None)
        # Of the class: of the instance it might be a property, which would be asked for its value.
        method = getattr(type(self), str(name), None)
        if not getattr(method, "is_action", False):
            return
        assert method is not None
        if buffers:
            arguments["buffers"] = [bytes(buffer) for buffer in buffers]
        try:
            answer = method(self, **_checked(method, arguments))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown where the user looks
            self._failed, self.error = name, self._said(error)
            self.send({"answer": number, "error": self.error})
            return
        if self._failed in (name, _MESSAGE):
            self._failed = self.error = ""
        told, sent = answer if isinstance(answer, tuple) else (answer or {}, ())
        self.send({"answer": number, **told}, list(sent))

    def _said(self, error: Exception) -> str:
        # What nobody foresaw may quote anything.
        if not self.trusted and not isinstance(error, DreamError | ValueError):
            return f"{type(error).__name__}: this is not possible here"
        return said(error)

    def complain(self, text: str) -> None:
        """Show what is wrong with a message, in one line.

        Args:
            text: what is wrong.
        """
        self._failed, self.error = _MESSAGE, text


def _checked(method: Callable[..., Answer], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an action as the page sent them.

    Raises:
        InvalidRequestError: one is missing, unknown, or of another type.
    """
    parameters = list(inspect.signature(method).parameters.values())[1:]
    adapters = _adapters(method)
    known = {parameter.name for parameter in parameters}
    if unknown := [name for name in arguments if name not in known]:
        raise InvalidRequestError(f"{method.__name__} has no argument {shortened(str(unknown[0]))!r}: reload the page")
    for parameter in parameters:
        if parameter.name not in arguments:
            if parameter.default is parameter.empty:
                raise InvalidRequestError(f"{method.__name__} needs the argument {parameter.name!r}: reload the page")
            continue
        try:
            adapters[parameter.name].validate_python(arguments[parameter.name])
        except pydantic.ValidationError as error:
            reason = error.errors(include_input=False, include_url=False)[0]["msg"]
            raise InvalidRequestError(
                f"{parameter.name} of {method.__name__}: {reason[:1].lower()}{reason[1:]}, and not a "
                f"{type(arguments[parameter.name]).__name__}"
            ) from None
    return arguments


@cache
def _adapters(method: Callable[..., Answer]) -> Mapping[str, TypeAdapter[Any]]:
    hints = get_type_hints(method)
    return {name: TypeAdapter(hint, config=ConfigDict(strict=True)) for name, hint in hints.items() if name != "return"}


def said(error: BaseException) -> str:
    """An error as one line for the user.

    Args:
        error: what was raised.
    """
    if isinstance(error, DreamError | ValueError | traitlets.TraitError):
        return shortened(str(error))
    return f"{shortened(f'{type(error).__name__}: {error}')}. Run the cell that made this widget again"


def shortened(text: str) -> str:
    """A text as one line of at most 500 characters.

    Args:
        text: the text.
    """
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
