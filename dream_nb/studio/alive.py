"""Which studios on a folder are running: each holds the lock of a file as long as its process runs.

Leases alone would be enough, but after a restart of the kernel its drawings would have to wait until their leases end.
If files cannot be locked, only leases are used.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from pathlib import Path
from typing import Final

from dream_nb.studio.locks import lock

_NAME: Final = re.compile(r"[0-9a-f]{16}")


class Presence:
    """The file that shows that a studio is running.

    Args:
        folder: the folder with the files of all studios, which is created if missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.name = secrets.token_hex(8)
        self._sign = (folder / self.name).open("wb")
        with contextlib.suppress(OSError):
            lock(self._sign.fileno(), wait=False)

    def close(self) -> None:
        """Remove the file."""
        # Windows cannot remove an open file.
        self._sign.close()
        (self._folder / self.name).unlink(missing_ok=True)

    def is_gone(self, name: object) -> bool:
        """Return whether the studio of this name has certainly ended. False if this is unknown.

        Args:
            name: the name in the database. A name of another form counts as gone: no studio has one, and it could lead
                to any file.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return True
        path = self._folder / name
        try:
            with path.open("rb") as sign:
                lock(sign.fileno(), wait=False)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        path.unlink(missing_ok=True)
        return True
