"""The view of a widget: an output of the widgets' own type, and of no other."""

from __future__ import annotations

from typing import Any

from dream_nb.html.stand_in import VIEW


def show_view(widget: Any, display_id: str | None = None) -> None:
    """Show a widget in the running cell, with what its front end asks for beside it.

    nbval skips such an output, whereas a text beside it would have to be the same at every run.

    Args:
        widget: of ipywidgets.
        display_id: the id under which the output can be updated.
    """
    from IPython.display import display

    bundle = widget._repr_mimebundle_()
    # Colab loads no widget but those of ipywidgets, unless the output says where its loader is: anywidget knows.
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    display({VIEW: data[VIEW]}, metadata=metadata, raw=True, display_id=display_id)
