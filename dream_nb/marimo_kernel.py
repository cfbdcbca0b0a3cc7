"""marimo, if it runs the notebook: the notebook's folder, its variables, and what its page can reach.

It has no IPython. Only the thread that runs cells knows the notebook, so other threads get what that thread has seen.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

# All of it is kept in memory as long as the cell shows it.
_MOST_BYTES: Final = 64 << 20
_SOURCE: Final = re.compile(r"""\bsrc=["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class _Notebook:
    """The notebook of this process.

    Attributes:
        folder: the folder of the notebook; None if it has no file yet.
        is_app: whether visitors see it, as an app without its code.
    """

    folder: Path | None
    is_app: bool


_seen: _Notebook | None = None


def _marimo() -> ModuleType | None:
    # If marimo runs this code, it has been imported already.
    return sys.modules.get("marimo")


def _notebook() -> _Notebook | None:
    global _seen  # noqa: PLW0603 - a process runs one notebook
    if _seen is None and (marimo := _running()) is not None:
        _seen = _Notebook(marimo.notebook_dir(), marimo.app_meta().mode == "run")
    return _seen


def _running() -> ModuleType | None:
    """marimo, if this thread runs the cells of a page, and not those of a script."""
    marimo = _marimo()
    is_running = getattr(marimo, "running_in_notebook", None)
    return marimo if is_running is not None and is_running() else None


def is_marimo() -> bool:
    """Return whether marimo shows this notebook in a page, to its author or to visitors."""
    return _notebook() is not None


def is_marimo_app() -> bool:
    """Return whether marimo shows this notebook to visitors, as an app."""
    notebook = _notebook()
    return notebook is not None and notebook.is_app


def marimo_folder() -> Path | None:
    """Return the folder of marimo's notebook; None outside of marimo, or if the notebook has no file yet."""
    notebook = _notebook()
    return notebook.folder if notebook is not None else None


def marimo_variables() -> Mapping[str, Any]:
    """Return the variables of marimo's notebook; none outside of marimo or in an app, where each visitor has others."""
    if not is_marimo() or is_marimo_app():
        return {}
    return vars(sys.modules["__main__"])


def runs_cell() -> bool:
    """Return whether this thread runs the cells of a marimo page."""
    return _running() is not None


@contextmanager
def shown_in_cell(value: object) -> Iterator[None]:
    """Show something below the running cell while the body runs.

    Args:
        value: an object that marimo can show.
    """
    marimo = _running()
    if marimo is None:
        yield
        return
    shown = marimo.as_html(value)
    marimo.output.append(shown)
    try:
        yield
    finally:
        # In the way in which marimo removes its own spinner, so that other output of the cell is kept.
        remove = getattr(getattr(marimo.output, "_output", None), "remove", None)
        if remove is not None:
            remove(shown)
        else:
            marimo.output.clear()


def served(file: Path) -> str:
    """Return the address of a copy of a video, which marimo's page can reach as long as the running cell shows it.

    Args:
        file: the path of an MP4.

    Returns:
        Empty outside of marimo, if marimo only exports a page, or if the file is too large.
    """
    marimo = _running()
    if marimo is None or file.stat().st_size > _MOST_BYTES:
        return ""
    found = _SOURCE.search(marimo.video(file.read_bytes()).text)
    address = found[1] if found is not None else ""
    return "" if address.startswith("data:") else address
