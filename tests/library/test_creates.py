"""The record of creates that the installation keeps apart from ledgers."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dream_nb.library.creates import Creates

KEY = ("0" * 64, 1, "dream-machine")


@pytest.fixture
def creates(tmp_path: Path) -> Iterator[Creates]:
    with closing(Creates(tmp_path / "dreams")) as creates:
        yield creates


def test_a_create_is_begun_once(creates: Creates) -> None:
    assert creates.begin(KEY)
    assert not creates.begin(KEY)


def test_what_failed_is_past_and_may_be_sent_again(creates: Creates) -> None:
    creates.begin(KEY)
    creates.name(KEY, "first")
    creates.forget(KEY, "first")
    assert creates.is_past("dream-machine", "first")
    assert creates.begin(KEY)


def test_a_create_that_is_on_its_way_is_kept_where_another_one_failed(creates: Creates) -> None:
    creates.begin(KEY)
    creates.forget(KEY, "first")
    assert creates.find(KEY) is not None


def test_what_is_past_in_one_library_is_not_in_another(creates: Creates, tmp_path: Path) -> None:
    creates.forget(KEY, "first")
    with closing(Creates(tmp_path / "elsewhere")) as other:
        assert not other.is_past("dream-machine", "first")


def test_what_nobody_holds_any_more_is_closed(tmp_path: Path) -> None:
    forgotten = Creates(tmp_path / "dreams")
    forgotten.begin(KEY)
    database = forgotten._database
    assert database is not None
    del forgotten
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        database.execute("SELECT 1")
