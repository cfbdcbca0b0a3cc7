"""The tutorials that come with the package."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from dream_nb.api.errors import LibraryError
from dream_nb.files import given_path

_HERE: Final = Path(__file__).parent
# The place of the tutorials in a wheel, and in a clone.
_PLACES: Final = (_HERE / "tutorial_notebooks", _HERE.parent / "notebooks")
_KINDS: Final = ("*.ipynb", "marimo_*.py", "*.jpg", "*.webp")
_GUIDE: Final = "README.md"
# Links of the guide to files outside its folder are not copied.
_OUTSIDE: Final = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")


def tutorials(folder: Path | str = "dream_nb-tutorials") -> Path:
    """Copy the tutorials and their guide into a folder.

    Args:
        folder: the path of a new or empty folder; by default "dream_nb-tutorials" in the working directory.

    Returns:
        The path of the folder. Open `01_first_dream.ipynb` in it, or in marimo `marimo_first_dream.py`.

    Raises:
        LibraryError: the folder is not empty, or cannot be written.
    """
    source = next((place for place in _PLACES if (place / "01_first_dream.ipynb").is_file()), None)
    if source is None:
        raise LibraryError("this installation of dream_nb has no tutorials: reinstall the package")
    target = given_path(folder)
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise LibraryError(f"{str(target)!r} already contains files, which may be your work: choose a new folder")
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(path for kind in _KINDS for path in source.glob(kind)):
            shutil.copyfile(path, target / path.name)
        guide = (source / _GUIDE).read_text(encoding="utf-8")
        (target / _GUIDE).write_text(_OUTSIDE.sub(r"\1", guide), encoding="utf-8")
    except OSError as error:
        raise LibraryError(
            f"{str(target)!r} cannot be written ({error.strerror or error}): choose another folder"
        ) from error
    return target
