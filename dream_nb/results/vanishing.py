"""Widgets that are shown in a cell temporarily, and leave nothing in its output."""

from __future__ import annotations

import uuid
from typing import Any

from dream_nb.front_ends import front_end, is_in_page
from dream_nb.html.stand_in import NOTHING
from dream_nb.results.widget_view import show_view


class Vanishing:
    """A widget in the running cell, until it is removed or replaced by its result.

    It is not shown if nobody can watch the cell.

    Args:
        widget: an ipywidgets widget. Nothing else may use its layout and style.
    """

    def __init__(self, widget: Any) -> None:
        self.widget = widget
        self._display_id = uuid.uuid4().hex
        self._is_shown = front_end().is_watched
        if self._is_shown:
            show_view(widget, self._display_id)

    def become(self, made: object, *, raw: bool = False) -> str:
        """Replace the widget with something else; if that is not possible, remove it and show the other below.

        A page that shows the widget keeps a single output, instead of an empty one above another.

        Args:
            made: the object to show.
            raw: whether `made` is a bundle of MIME types instead of an object.

        Returns:
            The display id under which the output can be updated.
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
        """Remove the widget from the cell. It stays open, and can be shown elsewhere."""
        from IPython.display import update_display

        if self._is_shown:
            self._is_shown = False
            update_display(NOTHING, raw=True, display_id=self._display_id)

    def vanish(self) -> None:
        """Remove the widget from the cell, and close it with its layout and style, which are widgets too."""
        try:
            self.hide()
        finally:
            parts = [getattr(self.widget, name, None) for name in ("layout", "style")]
            self.widget.close()
            for part in parts:
                if part is not None:
                    part.close()
