"""How far a longer piece of work is: a bar in a notebook, a line in a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dream_nb.results.closing import close_widget

_WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"


@contextmanager
def open_bar(total: int, what: str) -> Iterator[Callable[[], None]]:
    """Show a bar while the body works. When it ends nothing of it stays.

    Args:
        total: how many steps there are.
        what: is done, such as "measured".

    Yields:
        What the body calls after each step.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if hasattr(shell, "kernel"):
        opened = _widget(total, what)
    elif sys.stderr.isatty():
        opened = _line(total, what)
    else:
        opened = _nothing()
    with opened as step:
        yield step


@contextmanager
def _widget(total: int, what: str) -> Iterator[Callable[[], None]]:
    from IPython.display import display, update_display
    from ipywidgets import IntProgress

    bar = IntProgress(max=total, description=f"0 of {total} {what}", style={"description_width": "initial"})
    view = {"version_major": 2, "version_minor": 0, "model_id": bar.model_id}
    # Only the widget's own type: nbval skips it, and in the saved notebook it has vanished.
    display_id = uuid.uuid4().hex
    display({_WIDGET_VIEW: view}, raw=True, display_id=display_id)

    def step() -> None:
        bar.value += 1
        bar.description = f"{bar.value} of {total} {what}"

    try:
        yield step
    finally:
        try:
            update_display({}, raw=True, display_id=display_id)
        finally:
            close_widget(bar)


@contextmanager
def _line(total: int, what: str) -> Iterator[Callable[[], None]]:
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        sys.stderr.write(f"\r\x1b[K{done} of {total} {what}")
        sys.stderr.flush()

    try:
        yield step
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


@contextmanager
def _nothing() -> Iterator[Callable[[], None]]:
    yield lambda: None
