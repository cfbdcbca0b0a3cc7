"""What file systems can do."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from dream_nb.filesystem import _is_on_network, choose_journal


def test_a_mount_point_is_read_as_it_is_written(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    point = f"{tmp_path.resolve()}/für alle"
    mounts.write_text(f"server:/x {point.replace(' ', chr(92) + '040')} nfs4 rw 0 0\n", encoding="utf-8")
    assert _is_on_network(tmp_path / "für alle" / "ledger.sqlite", mounts)


@pytest.mark.parametrize(
    ("folder", "expected"), [("home/ada/dreams", True), ("home/ada/local/dreams", False), ("home/bob", False)]
)
def test_a_network_file_system_is_recognised(tmp_path: Path, folder: str, expected: bool) -> None:
    home = tmp_path.resolve()
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"disk / ext4 rw 0 0\nserver:/home {home}/home/ada nfs4 rw 0 0\ndisk {home}/home/ada/local xfs rw 0 0\n"
    )
    assert _is_on_network(tmp_path / folder / "ledger.sqlite", mounts) == expected


def test_a_file_that_another_process_has_locked_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    with (
        closing(sqlite3.connect(path, timeout=0)) as ours,
        closing(sqlite3.connect(path, check_same_thread=False)) as other,
    ):
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            ours.execute("PRAGMA journal_mode = WAL")
        threading.Timer(0.2, other.rollback).start()
        choose_journal(ours, path)
        assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)
