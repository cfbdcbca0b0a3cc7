"""The progress of a longer piece of work: a bar in a notebook, a line in a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dream_nb.front_ends import front_end
from dream_nb.results.vanishing import Vanishing


@contextmanager
def open_bar(total: int, what: str) -> Iterator[Callable[[], None]]:
    """Show a progress bar while the body runs, and remove it afterwards.

    Args:
        total: the number of steps.
        what: a participle that says what is done in each step, such as "measured".

    Yields:
        A function that the body calls after each step.
    """
    shown_in = front_end()
    if shown_in.is_watched and not shown_in.is_terminal:
        opened = _widget(total, what)
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        opened = _line(total, what)
    else:
        opened = _nothing()
    with opened as step:
        yield step


@contextmanager
def _widget(total: int, what: str) -> Iterator[Callable[[], None]]:
    from ipywidgets import IntProgress

    bar = IntProgress(max=total, description=f"0 of {total} {what}", style={"description_width": "initial"})
    shown = Vanishing(bar)

    def step() -> None:
        bar.value += 1
        bar.description = f"{bar.value} of {total} {what}"

    try:
        yield step
    finally:
        shown.vanish()


@contextmanager
def _line(total: int, what: str) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (MofNCompleteColumn(" of "), TextColumn(what, markup=False), BarColumn(), TimeRemainingColumn())
    console = Console(file=sys.stderr, force_terminal=True, force_jupyter=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as line:
        task = line.add_task("", total=total)
        yield lambda: line.advance(task)


@contextmanager
def _nothing() -> Iterator[Callable[[], None]]:
    yield lambda: None
