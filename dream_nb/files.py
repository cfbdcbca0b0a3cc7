"""Paths that a user gave, the sha256 of a file, and files that are whole or not there at all."""

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
    """A path as its user meant it: `~` and `~name` at its beginning are the home folder of a user.

    Where there is no such user it stays as it is: a file may have that name.

    Args:
        path: the path, absolute or relative.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises where there is no such user


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, as 64 hexadecimal digits.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def partial_in(folder: Path) -> Iterator[Path]:
    """A new name for a file that is not finished. What still has that name when the block ends is removed.

    Nobody can know the name beforehand, and put a link there. It ends in ".part": a process that is killed leaves its
    file behind, and who opens the folder later can tell that it is unfinished.

    Args:
        folder: the folder that the finished file will be in.
    """
    partial = folder / f"{secrets.token_hex(8)}.part"
    try:
        yield partial
    finally:
        # What the block raises says more than that this failed too.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside the final one, for the block to write; then it takes the final one's place in one step.

    Where the block fails the final file stays as it was.

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
    """As `replacing`, for a path that a user chose: an OSError in the block becomes a `LibraryError`.

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
        # A source that does not decode says so itself; what is left is the target.
        raise LibraryError(
            f"{str(final)!r} cannot be written ({error.strerror or error}): choose another path"
        ) from error
