"""The base of all widgets: one script per kind, actions that never block the kernel, and media."""

from __future__ import annotations

import hashlib
import inspect
import json
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
from dream_nb.lines.wording import button_words
from dream_nb.notebook.widgets.messages import Piece
from dream_nb.notebook.widgets.nested import NestedComm
from dream_nb.notebook.widgets.trust import is_trusted
from dream_nb.results.widget_view import show_view

_HERE: Final = Path(__file__).parent
_STUB: Final = "stub.js"
_CHUNK: Final = 1 << 20
# A page can play a larger file only from its address.
_LARGEST: Final = 32 * 2**20
_LONGEST: Final = 500
# Traits that the widget library of every page changes.
_CORE: Final = frozenset({"_view_count"})
# The key for errors outside of actions; no action has this name.
_MESSAGE: Final = "a message"
_log: Final = logging.getLogger(__name__)

Answer = Mapping[str, Any] | tuple[Mapping[str, Any], Sequence[bytes]] | None
Act = TypeVar("Act", bound=Callable[..., Answer])


class Listener(ipywidgets.Widget):  # type: ignore[misc]
    """A widget that does not trust messages from its page: an invalid message is reported in one line."""

    page_traits: ClassVar[frozenset[str]] = frozenset()
    """The traits that the page may change. Only Python changes all others."""

    def complain(self, text: str) -> None:
        """Report an invalid message in one line.

        Args:
            text: a description of what is wrong.
        """
        _log.warning("%s: %s", type(self).__name__, text)

    def _handle_msg(self, msg: Mapping[str, Any]) -> None:
        try:
            self._hear(msg["content"]["data"], msg.get("buffers") or [])
        except Exception as error:  # noqa: BLE001 - whatever a page sent is reported in one line, without a traceback
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

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Apply changes of the page. marimo calls this too.

        Args:
            sync_data: the new values of traits.

        Raises:
            InvalidRequestError: the page may not change one of the traits; none was changed.
        """
        if foreign := [name for name in sync_data if name not in self.page_traits | _CORE]:
            raise InvalidRequestError(f"the page may not change {shortened(str(foreign[0]))!r}: reload the page")
        super().set_state(sync_data)

    def _update(self, state: dict[str, Any]) -> None:
        """Apply changes of the page to the traits that it may change. If a value is not valid, nothing is changed."""
        before = {name: getattr(self, name) for name in state if name in self.keys}
        try:
            self.set_state(state)
        except Exception:
            self._trait_values.update(before)
            # The page shows the values that it sent, so it needs the valid ones.
            self.send_state(list(before))
            raise


class Part(Listener):
    """One script or style. It is an invisible widget that sends its text to the page once, for all that need it."""

    # These never change.
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
            part = _parts[name] = Part(name=name, text=text, digest=_digest(text))
        return part


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _whole_script() -> str:
    """The script of every widget with all its imports, as one text that a page fetches once."""
    names = sorted(path.name for kind in ("*.css", "*.js") for path in _HERE.glob(kind) if path.name != _STUB)
    texts = {name: [_digest(_text(name)), _text(name)] for name in names}
    return f"const TEXTS = {json.dumps(texts)};\n{_text(_STUB)}"


def action(function: Act) -> Act:
    """Make a method callable from the page, as `ask(model, "name", {…})` in its script.

    The method runs on its own thread, so it may wait. Its result is the answer: a mapping, or a mapping and buffers.
    Exceptions are shown in the widget.
    """
    function.__dict__["is_action"] = True
    return function


class Widget(Listener, anywidget.AnyWidget):
    """A widget of this package: an object in Python that a page shows.

    Its script and style are sent to the page, and saved in the notebook, once for all widgets of the class.

    Args:
        trusted: whether the users of the page may do what the notebook's author may; by default True, except under
            Voila and in marimo's run mode.
        **traits: the values of its traits.

    Attributes:
        trusted: whether the users of the page may do what the notebook's author may.
        error: the last error, with advice; empty if there is none.
    """

    # The text instead of its path: anywidget watches files, and never stops watching.
    _esm = (_HERE / _STUB).read_text(encoding="utf-8")
    modules: ClassVar[tuple[str, ...]] = ()
    """The styles and scripts beside this file that are loaded after those of the base. A script can import those before
    it by `"./name.js"`; the last one has the `render` of an anywidget."""

    instead: ClassVar[str] = ""
    """What to use instead if no page can show it, in one sentence."""

    _own_layout: ipywidgets.Layout | None = None

    parts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The model ids of its styles and scripts, in the order in which a page loads them; or their names, if its own
    script contains them all. It never changes."""

    reaches_files = traitlets.Bool(True).tag(sync=True)
    """Whether the page may reach the library's files by their addresses. It never changes."""

    has_magics = traitlets.Bool(True).tag(sync=True)
    """Whether the cells of its notebook accept `%dream` lines. It never changes."""

    error = traitlets.Unicode().tag(sync=True)
    """The last error, in one line for the user; empty if there is none. Python changes it."""

    passing = traitlets.Unicode().tag(sync=True)
    """A line that is shown below the widget for a moment; otherwise empty. Python changes it."""

    def __init__(self, *, trusted: bool | None = None, **traits: Any) -> None:
        self.trusted = is_trusted() if trusted is None else trusted
        self._nested: dict[str, NestedComm] = {}
        names = ["base.css", "styles.js", "base.js", "nested.js", *self.modules]
        shown_in = front_end()
        if shown_in.has_all_widgets:
            names = [_part(name).model_id for name in names]
        else:
            self._esm = _whole_script()
        has = {"reaches_files": shown_in.has_files, "has_magics": shown_in.has_magics}
        super().__init__(parts=names, **has, **traits)
        self._failed = ""
        self._own_layout = self.layout
        self.on_msg(self._receive)

    def close(self) -> None:
        """Remove the widget from the page, and its layout, which is a widget too and would remain."""
        super().close()
        if self._own_layout is not None:
            self._own_layout.close()

    def nest(self, widgets: Sequence[Widget]) -> list[str]:
        """Show other widgets inside this one.

        Args:
            widgets: the widgets that the page must be able to find.

        Returns:
            The id of each widget, for a trait that `views` in nested.js shows.
        """
        if not front_end().has_all_widgets:
            for widget in widgets:
                own, name = widget.comm, widget.model_id
                widget.comm = self._nested[name] = NestedComm(name, self, self._forget)
                own.close()
        return [widget.place_in_page for widget in widgets]

    def _forget(self, name: str) -> None:
        self._nested.pop(name, None)

    @property
    def place_in_page(self) -> str:
        """The id by which the page finds the widget if it is shown inside another widget."""
        return f"nested:{self.model_id}" if isinstance(self.comm, NestedComm) else str(self.model_id)

    def file(self, name: str) -> Path | None:
        """Return the path of the file with the given name, or None. The page can read no other files.

        Args:
            name: the name of the file in the script.
        """
        del name
        return None

    def static(self) -> str:
        """HTML for readers without widgets: for pages without a kernel, or without the widget's state."""
        return stand_in(repr(self))

    def _ipython_display_(self, **_: Any) -> None:
        from IPython.display import display

        if front_end().is_terminal:
            display({"text/plain": f"{self!r} needs a notebook. {self.instead}"}, raw=True)
            return
        # A separate output, because JupyterLab shows an output with a widget only as that widget, even if it no longer
        # exists.
        display({"text/plain": repr(self), "text/html": self.static()}, raw=True)
        show_view(self)

    @action
    def here(self) -> None:
        """Answer an empty message. A page that does not know whether there is a kernel shows the widget only then."""

    @action
    def read(self, file: str, at: int, length: int) -> tuple[Piece, list[bytes]]:
        """Return a part of a file, for a page that has no access to the library.

        Args:
            file: the name of the file, as for `file`.
            at: the offset of the part, in bytes.
            length: the length of the part in bytes, at most 1 MB.

        Raises:
            InvalidRequestError: the part is not within the file.
            LibraryError: the file is missing, or too large to be sent.
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
        if "nested" in content:
            inner, data = self._nested.get(str(content["nested"])), content.get("data")
            if inner is not None and isinstance(data, dict):
                inner.hear(data, buffers)
            return
        # Kernels call this late or on any thread, so it does nothing.
        portal.start(anyio.to_thread.run_sync, self._act, content, buffers)

    def _act(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        arguments = dict(content)
        name, number = arguments.pop("action", ""), arguments.pop("ask", None)
        # Looked up on the class: on the instance it might be a property, which would be evaluated.
        method = getattr(type(self), str(name), None)
        if not getattr(method, "is_action", False):
            return
        assert method is not None
        if buffers:
            arguments["buffers"] = [bytes(buffer) for buffer in buffers]
        try:
            answer = method(self, **_checked(method, arguments))
        except Exception as error:  # noqa: BLE001 - any error is shown to the user in the widget
            self._failed, self.error = name, self._said(error)
            self.send({"answer": number, "error": self.error})
            return
        if self._failed in (name, _MESSAGE):
            self._failed = self.error = ""
        told, sent = answer if isinstance(answer, tuple) else (answer or {}, ())
        self.send({"answer": number, **told}, list(sent))

    def _said(self, error: Exception) -> str:
        # Unexpected errors may quote anything.
        if not self.trusted and not isinstance(error, DreamError | ValueError):
            return f"{type(error).__name__}: this is not possible here"
        return said(error)

    def complain(self, text: str) -> None:
        """Show what is wrong with a message, in one line.

        Args:
            text: a description of what is wrong.
        """
        self._failed, self.error = _MESSAGE, text


def _checked(method: Callable[..., Answer], arguments: dict[str, Any]) -> dict[str, Any]:
    """Check the arguments of an action that the page sent.

    Raises:
        InvalidRequestError: an argument is missing, unknown, or of the wrong type.
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
    """Return an error as one line for the user.

    Args:
        error: the error that was raised.
    """
    if isinstance(error, DreamError | ValueError | traitlets.TraitError):
        return shortened(button_words(str(error)))
    return f"{shortened(f'{type(error).__name__}: {error}')}. Run the cell that made this widget again"


def shortened(text: str) -> str:
    """Return a text as one line of at most 500 characters.

    Args:
        text: the text to shorten.
    """
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
