"""What the running cell is shown in: a page with widgets, or a terminal, and what that can do."""

from __future__ import annotations

from functools import cache
from typing import Final

from IPython.core.getipython import get_ipython

from dream_nb.marimo_kernel import is_marimo
from dream_nb.place import starter
from dream_nb.results.vanishing import is_in_page, is_watched

_CONSOLES: Final = frozenset({"jupyter-console", "jupyter_console"})


def is_terminal() -> bool:
    """Whether a terminal shows the running cell: that of IPython, or of `jupyter console`."""
    shell = get_ipython()
    return shell is not None and (not hasattr(shell, "kernel") or is_console())


def is_console() -> bool:
    """Whether `jupyter console` shows the running cell: its kernel has no terminal of its own."""
    return is_watched() and not is_in_page() and _starter() in _CONSOLES


def has_cell_models_only() -> bool:
    """Whether the page knows only widgets that a cell shows: of those that are made on other threads it is not told."""
    return is_marimo()


def serves_files() -> bool:
    """Whether the page may reach the library's files by their addresses: marimo serves none."""
    return not is_marimo()


def has_magics() -> bool:
    """Whether a cell takes `%dream` lines: marimo's take Python only."""
    return not is_marimo()


_starter = cache(starter)
