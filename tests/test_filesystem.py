"""What file systems can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from dream_nb.filesystem import _is_on_network


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
