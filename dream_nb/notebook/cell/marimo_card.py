"""The card of a job in a cell of marimo, which is shown while the cell waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dream_nb.marimo_kernel import runs_cell, shown_in_cell
from dream_nb.notebook.cell.progress_card import UnderWay, widget_of
from dream_nb.results.pending import Pending, show_waits


class _Thread(threading.local):
    is_showing = False


_thread = _Thread()


def show_waits_in_marimo() -> None:
    """Show the jobs that cells of marimo wait for, from now on."""
    show_waits(_show)


@contextmanager
def _show(job: Pending[Any]) -> Iterator[None]:
    # A job that consists of several jobs may wait for each of them.
    if not isinstance(job, UnderWay) or _thread.is_showing or not runs_cell():
        yield
        return
    card = widget_of(job)
    card.waits, card.hears = True, False
    _thread.is_showing = True
    try:
        with shown_in_cell(card):
            yield
    finally:
        _thread.is_showing = False
        card.close()
