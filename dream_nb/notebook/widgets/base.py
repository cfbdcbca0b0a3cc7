"""What the widgets share: one script for all of a kind, actions that never block the kernel, and media."""

from __future__ import annotations

import hashlib
import mimetypes
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import anyio.to_thread
import anywidget
import ipywidgets
import traitlets

from dream_nb.api.errors import DreamError, LibraryError
from dream_nb.api.portal import portal
from dream_nb.results.still import VIEW, stand_in

_HERE: Final = Path(__file__).parent
_CHUNK: Final = 1 << 20
# Beyond this a page plays a file from its address, or not at all.
_LARGEST: Final = 32 * 2**20

Answer = Mapping[str, Any] | tuple[Mapping[str, Any], Sequence[bytes]] | None
Act = TypeVar("Act", bound=Callable[..., Answer])


class Part(ipywidgets.Widget):  # type: ignore[misc]
    """One script or style. It is never shown: it brings its text to the page once, for every widget that needs it."""

    name = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    digest = traitlets.Unicode().tag(sync=True)


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


class Widget(anywidget.AnyWidget):
    """A widget of this package: an object in Python that a page shows.

    Its script and style reach page and saved notebook once, however many there are of it.

    Attributes:
        error: what went wrong last, with what to do about it; empty where nothing did.
    """

    # Its text and not its path: anywidget watches files, and keeps whatever watches for good.
    _esm = (_HERE / "stub.js").read_text(encoding="utf-8")
    modules: ClassVar[tuple[str, ...]] = ()
    """The styles and scripts beside this file, after those of the base. A script imports those before it by
    `"./name.js"`; the last has the `render` of an anywidget."""

    _own_layout: ipywidgets.Layout | None = None

    parts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
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

    def view(self) -> dict[str, Any]:
        """The content of a widget-view output."""
        return {"version_major": 2, "version_minor": 0, "model_id": self.model_id}

    def static(self) -> str:
        """HTML for a reader without widgets: a page without a kernel, or without the widget's state."""
        return stand_in(repr(self))

    def _ipython_display_(self, **_: Any) -> None:
        from IPython.display import display

        # An output of its own: of one with a widget in it JupyterLab shows nothing else, even where that is gone.
        display({"text/plain": repr(self), "text/html": self.static()}, raw=True)
        display({VIEW: self.view()}, raw=True)

    @action
    def read(self, file: str, at: int, length: int) -> Answer:
        """A piece of a file, for a page that does not reach the library.

        Args:
            file: what `file` knows it by.
            at: where it begins, in bytes.
            length: how many bytes, at most 1 MB.

        Raises:
            LibraryError: it is gone, or too large to be sent.
        """
        path = self.file(file)
        if path is None or not path.is_file():
            raise LibraryError("the file is no longer there: run its cell again")
        size = path.stat().st_size
        if size > _LARGEST:
            raise LibraryError(
                f"this page does not reach the library, and {size / 2**20:.0f} MB are too much to send: open {path}"
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
        method = getattr(self, str(name), None)
        if not getattr(method, "is_action", False):
            return
        if buffers:
            arguments["buffers"] = [bytes(buffer) for buffer in buffers]
        try:
            assert method is not None
            answer = method(**arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown where the user looks
            self._failed, self.error = name, said(error)
            self.send({"answer": number, "error": said(error)})
            return
        if self._failed == name:
            self._failed = self.error = ""
        told, sent = answer if isinstance(answer, tuple) else (answer or {}, ())
        self.send({"answer": number, **told}, list(sent))


def said(error: BaseException) -> str:
    """An error as one line for the user.

    Args:
        error: what was raised.
    """
    if isinstance(error, DreamError | ValueError):
        return str(error)
    return f"{type(error).__name__}: {error}. Run the cell that made this widget again"
