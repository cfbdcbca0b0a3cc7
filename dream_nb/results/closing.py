"""The end of a widget."""

from __future__ import annotations

from typing import Any


def close_widget(widget: Any) -> None:
    """Close an ipywidgets widget with its layout and style, which are widgets too and would stay.

    Args:
        widget: one whose layout and style nobody else uses.
    """
    parts = [getattr(widget, name, None) for name in ("layout", "style")]
    widget.close()
    for part in parts:
        if part is not None:
            part.close()
