"""Which studios on a folder are alive: each holds the lock of a file for as long as its process lives.

A lease alone would do, but whoever restarts a kernel would wait for it to run out. Where files cannot be locked, the
lease is all there is.
"""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no flock
    fcntl = None  # type: ignore[assignment]


class Presence:
    """The sign that a studio is alive.

    Args:
        folder: of the signs of all studios; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.name = secrets.token_hex(8)
        self._sign = (folder / self.name).open("wb")
        if fcntl is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(self._sign, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        """Take the sign away."""
        # Windows removes no file that is open.
        self._sign.close()
        (self._folder / self.name).unlink(missing_ok=True)

    def is_gone(self, name: str) -> bool:
        """Whether the studio of this name has surely ended. False where that cannot be told."""
        path = self._folder / name
        try:
            with path.open("rb") as sign:
                if fcntl is None:
                    return False
                fcntl.flock(sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        path.unlink(missing_ok=True)
        return True
