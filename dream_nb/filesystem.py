"""What a file system can do.

A leaf of the house, beside `api`: the library and the studio keep databases alike, and do not know each other.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from pathlib import Path
from typing import Final

_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.02
# Spaces, tabs, line breaks and backslashes in the name of a mount point.
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
_NETWORK: Final = frozenset(
    {"9p", "afs", "afpfs", "ceph", "cifs", "davfs", "fuse.davfs2", "fuse.rclone", "fuse.sshfs", "glusterfs", "lustre",
     "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs", "webdav"}
)  # fmt: skip


def choose_journal(database: sqlite3.Connection, path: Path) -> None:
    """Give an SQLite file the journal mode that is safe where it lies.

    Write-ahead logging needs memory that all processes share: network file systems have none.

    Args:
        database: the open file.
        path: where it lies.

    Raises:
        sqlite3.OperationalError: others keep it locked.
    """
    mode = "DELETE" if _is_on_network(path) else "WAL"
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            database.execute(f"PRAGMA journal_mode = {mode}")
        except sqlite3.OperationalError:
            # SQLite does not wait here, where two that open a new file at once are in each other's way.
            if time.monotonic() > give_up:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _is_on_network(path: Path, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether a file lies on a network file system, as far as the system tells."""
    where = os.path.realpath(path.parent)
    if where.startswith("\\\\"):
        return True
    best, kind = "", ""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        fields = line.split(" ")
        point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[1]) if len(fields) > 2 else "?"
        inside = where == point or where.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind in _NETWORK
