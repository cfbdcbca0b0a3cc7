"""Paths that a user gave, the sha256 of a file, and files that are written completely or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dream_nb.api.errors import LibraryError
from dream_nb.systems import put_in_place


def given_path(path: Path | str) -> Path:
    """Return a path with `~` or `~name` at its beginning replaced by the home folder of the user.

    If the user does not exist, the path is unchanged, because a file may have that name.

    Args:
        path: the path, absolute or relative.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises where there is no such user


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, as 64 hexadecimal digits.

    Args:
        path: the path of the file.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def partial_in(folder: Path) -> Iterator[Path]:
    """Yield a new name for an unfinished file. A file that still has this name at the end is removed.

    The name cannot be guessed, so nobody can put a link there. It ends in ".part": a process that is killed leaves its
    file behind, and this suffix marks it as unfinished.

    Args:
        folder: the folder of the finished file.
    """
    partial = folder / f"{secrets.token_hex(8)}.part"
    try:
        yield partial
    finally:
        # An error in the block is more important than one here.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path for the block to write. At the end it replaces the final file in one step.

    If the block fails, the final file is unchanged.

    Args:
        path: the final path.

    Raises:
        OSError: the file could not be renamed.
    """
    with partial_in(path.parent) as partial:
        yield partial
        put_in_place(partial, path)


@contextmanager
def written(path: Path | str) -> Iterator[Path]:
    """Do as `replacing` does, for a path that a user chose: an OSError in the block becomes a `LibraryError`.

    Args:
        path: the final path.

    Raises:
        LibraryError: the file cannot be written.
    """
    final = Path(path)
    try:
        with replacing(final) as partial:
            yield partial
    except OSError as error:
        # Sources that cannot be decoded raise other errors, so this one is about the target.
        raise LibraryError(
            f"{str(final)!r} cannot be written ({error.strerror or error}): choose another path"
        ) from error
