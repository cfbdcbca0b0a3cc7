"""How far a longer piece of work is: a bar in a notebook, a line in a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dream_nb.results.vanishing import Vanishing, is_watched


@contextmanager
def open_bar(total: int, what: str) -> Iterator[Callable[[], None]]:
    """Show a bar while the body works. When it ends nothing of it stays.

    Args:
        total: how many steps there are.
        what: what is done with each, such as "measured".

    Yields:
        What the body calls after each step.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if hasattr(shell, "kernel"):
        opened = _widget(total, what) if is_watched() else _nothing()
    elif sys.stderr.isatty():
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
