"""Widgets that are shown in a cell for a while, and leave nothing in its output."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from dream_nb.html.stand_in import NOTHING, VIEW


def _request() -> Mapping[str, Any]:
    """The message for which the kernel runs now."""
    from IPython.core.getipython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return (kernel.get_parent("shell") if kernel is not None else None) or {}


def is_watched() -> bool:
    """Whether somebody may see what a notebook shows while the cell runs.

    Programs that run cells one after the other, such as nbclient and nbval, let no cell ask for input: nobody is there
    to answer. They save what comes in the end, and what they do not get cannot be left over in it.
    """
    return bool(_request().get("content", {}).get("allow_stdin", True))


def is_in_page() -> bool:
    """Whether a page runs the cell, which knows its outputs well enough to show another one in the place of one.

    Pages name the cell in their request. Consoles do not: they print each output, and know of no change to it.
    """
    return is_watched() and "cellId" in _request().get("metadata", {})


def running_cell() -> tuple[str, str]:
    """The cell that a page runs, and this run of it; empty where the request does not say."""
    request = _request()
    return str(request.get("metadata", {}).get("cellId", "")), str(request.get("header", {}).get("msg_id", ""))


def digest_of_code(code: str) -> str:
    """What a page knows the source of a cell by: its sha256.

    Args:
        code: the source.
    """
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def running_digest() -> str:
    """The `digest_of_code` of the cell that a page runs; empty where no page does."""
    return digest_of_code(str(_request().get("content", {}).get("code", ""))) if is_in_page() else ""


class Vanishing:
    """A widget in the running cell, until it is taken away, or its result takes its place.

    Its output has the widget's own type only: nbval skips it, whereas a text beside it would have to be the same at
    every run. Where nobody watches, it is not shown.

    Args:
        widget: of ipywidgets. Nobody else uses its layout and style.
    """

    def __init__(self, widget: Any) -> None:
        from IPython.display import display

        self.widget = widget
        self._display_id = uuid.uuid4().hex
        self._is_shown = is_watched()
        if self._is_shown:
            view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
            display({VIEW: view}, raw=True, display_id=self._display_id)

    def become(self, made: object, *, raw: bool = False) -> str:
        """Show something in its place; where that cannot be, take it out of the cell and show that below.

        A page that shows the widget keeps one output, and not an empty one above another.

        Args:
            made: what is shown from now on.
            raw: whether `made` is a bundle of MIME types, and not an object.

        Returns:
            The id under which that can be updated.
        """
        from IPython.display import display, update_display

        if self._is_shown and is_in_page():
            self._is_shown = False
            update_display(made, raw=raw, display_id=self._display_id)
            return self._display_id
        self.hide()
        display_id = uuid.uuid4().hex
        display(made, raw=raw, display_id=display_id)
        return display_id

    def hide(self) -> None:
        """Take it out of the cell. The widget stays open, and can be shown elsewhere."""
        from IPython.display import update_display

        if self._is_shown:
            self._is_shown = False
            update_display(NOTHING, raw=True, display_id=self._display_id)

    def vanish(self) -> None:
        """Take it out of the cell, and close it with its layout and style, which are widgets too and would stay."""
        try:
            self.hide()
        finally:
            parts = [getattr(self.widget, name, None) for name in ("layout", "style")]
            self.widget.close()
            for part in parts:
                if part is not None:
                    part.close()
