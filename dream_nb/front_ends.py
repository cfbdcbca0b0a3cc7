"""Front ends: how each one handles the outputs of a cell, and which one shows the running cell."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from dream_nb.marimo_kernel import is_marimo
from dream_nb.place import starter


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEnd:
    """How a front end handles the outputs of a cell.

    Attributes:
        name: the name that its users know.
        about: what they can expect from it, in a few words.
        is_terminal: whether it prints text instead of showing HTML.
        is_watched: whether a user may see what IPython displays while the cell runs.
        has_files: whether its players can open a file by its address relative to the notebook.
        has_magics: whether its cells accept `%dream` lines.
        has_all_widgets: whether its page learns of every widget that is created, and not only of those that a cell
            shows.
    """

    name: str
    about: str
    is_terminal: bool = False
    is_watched: bool = True
    has_files: bool = True
    has_magics: bool = True
    has_all_widgets: bool = True


JUPYTER: Final = FrontEnd(name="a notebook of Jupyter", about="players, widgets")
VS_CODE: Final = FrontEnd(name="VS Code", about="players of files in the open folder, widgets")
COLAB: Final = FrontEnd(name="Google Colab", about="small copies of videos in the outputs, widgets", has_files=False)
MARIMO: Final = FrontEnd(
    name="marimo",
    about="players of copies that it holds, widgets",
    is_watched=False,
    has_files=False,
    has_magics=False,
    has_all_widgets=False,
)
OTHER: Final = FrontEnd(name="a notebook", about="players, widgets where it has them")
PROGRAM: Final = FrontEnd(name="a program that runs notebooks", about="players in what it saves", is_watched=False)
CONSOLE: Final = FrontEnd(
    name="jupyter console", about="lines, and pictures where the terminal shows them", is_terminal=True
)
TERMINAL: Final = FrontEnd(
    name="IPython in a terminal", about="lines, and pictures where it shows them", is_terminal=True
)
PYTHON: Final = FrontEnd(name="Python without IPython", about="nothing but what is printed", is_watched=False)

_CONSOLES: Final = frozenset({"jupyter-console", "jupyter_console"})


def front_end() -> FrontEnd:
    """Return the front end that shows the running cell.

    No protocol reports this: each front end is recognised by traces that it leaves in the kernel or in its request.
    """
    if is_marimo():
        return MARIMO
    shell = _shell()
    if shell is None:
        return PYTHON
    if not hasattr(shell, "kernel"):
        return TERMINAL
    # Programs that run all cells in a row, such as nbclient and nbval, let no cell ask for input, since nobody is there
    # to answer. They save the final outputs, so nothing temporary may remain in those.
    if not _request().get("content", {}).get("allow_stdin", True):
        return PROGRAM
    if "google.colab" in sys.modules:
        return COLAB
    if "__vsc_ipynb_file__" in shell.user_ns:
        return VS_CODE
    if _names_cell():
        return JUPYTER
    return CONSOLE if _starter() in _CONSOLES else OTHER


def is_in_page() -> bool:
    """Whether a page runs the cell, and knows its outputs well enough to replace one with another.

    Pages name the cell in their request. Consoles do not: they print each output, and ignore updates.
    """
    return front_end().is_watched and _names_cell()


def running_cell() -> tuple[str, str]:
    """The id of the cell that a page runs, and the id of this run; empty if the request does not have them."""
    request = _request()
    return str(request.get("metadata", {}).get("cellId", "")), str(request.get("header", {}).get("msg_id", ""))


def digest_of_code(code: str) -> str:
    """Return the digest by which a page identifies the source of a cell: its sha256.

    Args:
        code: the source of the cell.
    """
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def running_digest() -> str:
    """The `digest_of_code` of the cell that a page runs; empty if no page runs it."""
    return digest_of_code(str(_request().get("content", {}).get("code", ""))) if is_in_page() else ""


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _request() -> Mapping[str, Any]:
    """The message that the kernel is handling now."""
    kernel = getattr(_shell(), "kernel", None)
    return (kernel.get_parent("shell") if kernel is not None else None) or {}


def _names_cell() -> bool:
    return "cellId" in _request().get("metadata", {})


_starter = cache(starter)
