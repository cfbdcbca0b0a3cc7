"""The view of a widget: an output that contains only the MIME type of widgets."""

from __future__ import annotations

from typing import Any

from dream_nb.html.stand_in import VIEW


def show_view(widget: Any, display_id: str | None = None) -> None:
    """Show a widget in the running cell, with any metadata that its front end needs.

    nbval ignores such an output, whereas a text beside it would have to be the same at every run.

    Args:
        widget: an ipywidgets widget.
        display_id: the id under which the output can be updated.
    """
    from IPython.display import display

    bundle = widget._repr_mimebundle_()
    # Colab loads only the widgets of ipywidgets, unless the output contains the address of a loader, which anywidget
    # has.
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    display({VIEW: data[VIEW]}, metadata=metadata, raw=True, display_id=display_id)
