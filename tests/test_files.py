"""Files are written completely or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dream_nb.api.errors import LibraryError
from dream_nb.files import partial_in, replacing, sha256_of, written


def test_the_sha256_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "lake.mp4"
    file.write_bytes(b"lake" * 100_000)
    assert sha256_of(file) == hashlib.sha256(b"lake" * 100_000).hexdigest()


def test_a_file_is_replaced_only_when_the_block_has_ended(tmp_path: Path) -> None:
    final = tmp_path / "lake.mp4"
    final.write_text("old")
    with replacing(final) as partial:
        partial.write_text("new")
        assert final.read_text() == "old"
    assert final.read_text() == "new"
    assert list(tmp_path.iterdir()) == [final]


def test_where_the_block_fails_the_old_file_stays_and_nothing_beside_it(tmp_path: Path) -> None:
    final = tmp_path / "lake.mp4"
    final.write_text("old")

    def fail() -> None:
        with replacing(final) as partial:
            partial.write_text("half")
            raise KeyError("lake")

    with pytest.raises(KeyError):
        fail()
    assert final.read_text() == "old"
    assert list(tmp_path.iterdir()) == [final]


def test_an_unfinished_file_can_be_told_by_its_name(tmp_path: Path) -> None:
    with partial_in(tmp_path) as one, partial_in(tmp_path) as other:
        assert one != other
        assert one.parent == tmp_path
        assert one.suffixes == [".part"]


def test_what_the_block_raises_is_not_hidden_by_a_file_that_cannot_be_removed(tmp_path: Path) -> None:
    def fail() -> None:
        with replacing(tmp_path / "lake.mp4") as partial:
            partial.mkdir()
            raise KeyError("lake")

    with pytest.raises(KeyError):
        fail()


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    final = tmp_path / "nowhere" / "lake.mp4"

    def write() -> None:
        with written(final) as partial:
            partial.write_text("lake")

    with pytest.raises(LibraryError, match=r"lake\.mp4' cannot be written .*: choose another path"):
        write()
