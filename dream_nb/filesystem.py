"""What a file system can do.

A leaf of the house, beside `api`: the library and the studio keep databases alike, and do not know each other.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

# Spaces, tabs, line breaks and backslashes in the name of a mount point.
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
_NETWORK: Final = frozenset(
    {"9p", "afs", "afpfs", "ceph", "cifs", "davfs", "fuse.davfs2", "fuse.rclone", "fuse.sshfs", "glusterfs", "lustre",
     "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs", "webdav"}
)  # fmt: skip


def journal_of(database: Path) -> str:
    """The journal mode that is safe for an SQLite file, there or not yet there.

    Write-ahead logging needs memory that all processes share: network file systems have none.
    """
    return "DELETE" if _is_on_network(database) else "WAL"


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
