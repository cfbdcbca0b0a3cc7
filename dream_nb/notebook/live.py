"""What moves while a dream is made: a card in a notebook, a line of text in a terminal."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display, update_display

from dream_nb.results.job import Job

if TYPE_CHECKING:
    from dream_nb.notebook.widgets.card import Card

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@contextmanager
def open_card(shell: InteractiveShell, job: Job) -> Iterator[None]:
    """Show the job while the body waits for it. When it is done, or has failed, nothing of this stays."""
    live = _card(job) if hasattr(shell, "kernel") else _line(job)
    with live:
        yield


@contextmanager
def _card(job: Job) -> Iterator[None]:
    from dream_nb.notebook.widgets.card import Card

    card = Card.of(job)
    # Only the widget's own type: nbval skips it, whereas a text beside it would have to be the same at every run.
    display_id = uuid.uuid4().hex
    display({_WIDGET_VIEW: card.view()}, raw=True, display_id=display_id)
    try:
        yield
    except KeyboardInterrupt:
        # The card stays, and goes on to say how far the dream is.
        raise
    except BaseException:
        _vanish(card, display_id)
        raise
    else:
        _vanish(card, display_id)


def _vanish(card: Card, display_id: str) -> None:
    update_display({}, raw=True, display_id=display_id)
    card.close()


@contextmanager
def _line(job: Job) -> Iterator[None]:
    is_terminal = sys.stderr.isatty()

    def write(job: Job) -> None:
        done = job.progress.fraction
        parts = [job.progress.state, f"{done:.0%}" if done is not None else "", clock(job.seconds), job.progress.note]
        sys.stderr.write("\r\x1b[K" + "  ".join(filter(None, parts)))
        sys.stderr.flush()

    if is_terminal:
        job.on_change(write)
    try:
        yield
    finally:
        if is_terminal:
            job.off_change(write)
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds: "1:05"."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
