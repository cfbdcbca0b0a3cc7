"""Paths that a user gave."""

from __future__ import annotations

import os
from pathlib import Path


def given_path(path: Path | str) -> Path:
    """A path as its user meant it: `~` and `~name` at its beginning are the home folder of a user.

    Where there is no such user it stays as it is: a file may have that name.

    Args:
        path: the path, absolute or relative.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises where there is no such user
