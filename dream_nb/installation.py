"""The state of this installation: one user on one machine.

A library may come from somebody else, so nothing in it is trusted without proof. Everything that this installation has
accepted or learned is stored here, or has its seal.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import platformdirs

STATE_VARIABLE: Final = "DREAM_NB_STATE"
_FILE: Final = "secret"
_BYTES: Final = 32
# On Windows, a file's mode does not determine who may read it.
_HAS_OWNERS: Final = os.name == "posix"
_READ: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

logger = logging.getLogger("dream_nb.installation")
# By the value of the environment variable.
_secrets: dict[str | None, bytes] = {}
_reported: set[str] = set()


def state_folder() -> Path | None:
    """Return the folder for the state of this installation: `DREAM_NB_STATE`, or the system's place for such state.

    It is created if missing, for this user only.

    Returns:
        The path; None if the folder cannot be created, or others may write to it, which is logged once.
    """
    given = os.environ.get(STATE_VARIABLE)
    folder = Path(given) if given else platformdirs.user_state_path("dream_nb", appauthor=False)
    try:
        folder = folder.expanduser()
        if not folder.is_absolute():
            # A path relative to the working directory might come with somebody's library.
            raise ValueError("its path is not absolute")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check(folder.stat(), stat.S_ISDIR, "folder", 0o022)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: the home of "~" is unknown
        _report(f"{folder} cannot keep the state of this installation ({_reason(error)}): set {STATE_VARIABLE}")
        return None
    return folder


def seal(text: str) -> str:
    """Return the seal of this installation on a text: 64 hexadecimal digits that nobody else can compute.

    Args:
        text: the text to seal. It begins with the purpose of the seal, so that it is valid for nothing else.
    """
    return _code(text)


def is_sealed(text: str, seal: object) -> bool:
    """Return whether this installation has sealed a text.

    Args:
        text: the text that was given to `seal`.
        seal: the supposed seal; values that are not text are not seals.
    """
    return isinstance(seal, str) and hmac.compare_digest(_code(text).encode(), seal.encode("utf-8", "surrogatepass"))


def _code(text: str) -> str:
    return hmac.digest(_secret(), text.encode("utf-8", "surrogatepass"), "sha256").hex()


def _secret() -> bytes:
    """The secret of the seals. If it cannot be stored, it is valid for this process only."""
    given = os.environ.get(STATE_VARIABLE)
    known = _secrets.get(given)
    if known is not None:
        return known
    folder = state_folder()
    try:
        secret = _kept(folder) if folder else secrets.token_bytes(_BYTES)
    except (OSError, ValueError) as error:
        _report(f"{folder} has no usable secret ({_reason(error)}): what is signed now is valid in this process only")
        secret = secrets.token_bytes(_BYTES)
    # Two threads that get here at once must use the same secret.
    return _secrets.setdefault(given, secret)


def _kept(folder: Path) -> bytes:
    """The secret in a folder, which is created if missing."""
    path = folder / _FILE
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    part = folder / f"{_FILE}.{secrets.token_hex(8)}.part"
    try:
        with os.fdopen(os.open(part, _CREATE, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A hard link never replaces a file that another process has created meanwhile, and is never incomplete.
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return _read(path)


def _read(path: Path) -> bytes:
    with os.fdopen(os.open(path, _READ), "rb") as file:
        _check(os.fstat(file.fileno()), stat.S_ISREG, "file", 0o077)
        secret = file.read(_BYTES + 1)
    if len(secret) != _BYTES:
        raise ValueError(f"the file {path.name} does not have {_BYTES} bytes: remove it")
    return secret


def _check(found: os.stat_result, is_kind: Callable[[int], bool], kind: str, others: int) -> None:
    if not is_kind(found.st_mode):
        raise ValueError(f"it is not a {kind}")
    if _HAS_OWNERS and found.st_uid != os.geteuid():
        raise ValueError(f"the {kind} belongs to another user")
    if _HAS_OWNERS and found.st_mode & others:
        raise ValueError(f"other users have access to the {kind}: run chmod go= on it")


def _reason(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)


def _report(message: str) -> None:
    if message not in _reported:
        _reported.add(message)
        logger.warning("%s", message)
