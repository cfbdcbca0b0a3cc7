"""Widgets that are shown in a cell for a while, and leave nothing in its output."""

from __future__ import annotations

import uuid
from typing import Any

from dream_nb.html.stand_in import VIEW


class Vanishing:
    """A widget in the running cell, until it is taken away.

    Its output has the widget's own type only: nbval skips it, whereas a text beside it would have to be the same at
    every run; and in the saved notebook nothing is left of it.

    Args:
        widget: of ipywidgets. Nobody else uses its layout and style.
    """

    def __init__(self, widget: Any) -> None:
        from IPython.display import display

        self.widget = widget
        self._display_id = uuid.uuid4().hex
        view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
        display({VIEW: view}, raw=True, display_id=self._display_id)

    def hide(self) -> None:
        """Take it out of the cell. The widget stays open, and can be shown elsewhere."""
        from IPython.display import update_display

        update_display({}, raw=True, display_id=self._display_id)

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
