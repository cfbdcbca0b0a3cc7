"""What the running cell is shown in: a page with widgets, or a terminal."""

from __future__ import annotations

from functools import cache
from typing import Final

from IPython.core.getipython import get_ipython

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


_starter = cache(starter)
