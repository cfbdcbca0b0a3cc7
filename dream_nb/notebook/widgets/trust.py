"""Whether the users of a page are the authors of the notebook, or visitors."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from dream_nb.api.errors import InvalidRequestError
from dream_nb.marimo_kernel import is_marimo_app

_VOILA: Final = "voila"
_OWN: Final = ("pictures", "thumbnails")


def is_trusted() -> bool:
    """Whether the page belongs to the author of the notebook: not under Voila, and not in marimo's run mode."""
    if os.environ.get("SERVER_SOFTWARE", "").lower().startswith(_VOILA):
        return False
    return not is_marimo_app()


def folder_inside(library: Path, home: Path, text: str) -> Path:
    """Return a folder of the library that a visitor named, relative to the notebook or to the library.

    Args:
        library: the folder of the library.
        home: the folder of the notebook.
        text: the path that was typed.

    Raises:
        InvalidRequestError: the path leads out of the library, possibly by a link, or to one of the library's own
            folders.
    """
    # Only paths that begin with the library's own are relative to the notebook.
    is_full = Path(os.path.normpath(home / text)).is_relative_to(library)
    with suppress(OSError, RuntimeError, ValueError):
        folder = ((home if is_full else library) / text).resolve()
        first = folder.relative_to(library.resolve()).parts[:1]
        if first and not first[0].startswith((".", "~")) and first[0] not in _OWN:
            return folder
    raise InvalidRequestError(
        f"{text!r} is not a folder that this page may write to: give the name of a new folder in the library "
        f"{library.name!r}"
    )
