"""Deleted files go to the trash, and can be restored from there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dream_nb.api.errors import DreamError, LibraryError
from dream_nb.library.library import Library
from dream_nb.library.record import Record
from dream_nb.library.repair import rebuild_ledger
from dream_nb.session import Session
from tests.many import write_many


@pytest.fixture
def library(tmp_path: Path) -> Library:
    write_many(tmp_path, 3)
    return Library(tmp_path)


def the(library: Library, number: int) -> Record:
    return next(record for record in library.ledger.all() if f"number {number} " in (record.request.prompt or ""))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix == ".jpg" and path.name.startswith("dream-")}


def test_a_discarded_file_comes_back_with_its_row_and_sidecar(library: Library) -> None:
    before = library.mark(the(library, 1), stars=4, note="keep")
    data = (library.folder / "dream-1.jpg").read_bytes()
    library.discard(before)
    assert files(library.folder) == {"dream-0.jpg", "dream-2.jpg"}
    assert [one.path.read_bytes() for one in library.trash.all() if one.path] == [data]

    back = library.restore(the(library, 1))
    assert (back.file, back.sha256, back.stars, back.note) == ("dream-1.jpg", before.sha256, 4, "keep")
    assert (library.folder / "dream-1.jpg").read_bytes() == data
    assert (library.folder / "dream-1.jpg.json").is_file()
    assert list((library.folder / "trash").iterdir()) == []
    assert library.trash.all() == []


def test_files_of_one_name_are_both_kept_in_the_trash(library: Library) -> None:
    library.discard(the(library, 0))
    (library.folder / "dream-1.jpg").rename(library.folder / "dream-0.jpg")
    library.ledger.update(the(library, 1), file="dream-0.jpg")
    library.discard(the(library, 1))
    paths = {one.record.request.prompt: one.path for one in library.trash.all()}
    assert len(set(paths.values())) == 2
    assert all(path and path.is_file() for path in paths.values())


def test_a_file_whose_name_was_taken_gets_another(library: Library) -> None:
    library.discard(the(library, 0))
    (library.folder / "dream-0.jpg").write_bytes(b"another")
    back = library.restore(the(library, 0))
    assert back.file not in (None, "dream-0.jpg")
    assert library.path(back)
    assert (library.folder / "dream-0.jpg").read_bytes() == b"another"


def test_what_failed_comes_back_as_failed(library: Library) -> None:
    generation = the(library, 0).generation
    assert generation is not None
    failed = library.ledger.update(
        the(library, 0), generation=generation.model_copy(update={"state": "failed"}), file=None, sha256=None
    )
    library.discard(failed)
    assert library.restore(failed) == failed


def test_what_has_neither_file_nor_failure_is_not_in_the_trash(library: Library) -> None:
    record = library.ledger.update(the(library, 0), file=None, sha256=None)
    library.discard(record)
    assert library.trash.all() == []
    with pytest.raises(LibraryError, match="is not in the trash"):
        library.restore(record)


def test_what_is_not_in_the_trash_is_not_restored(library: Library) -> None:
    with pytest.raises(LibraryError, match="is not in the trash"):
        library.restore(the(library, 0))


def test_emptied_its_files_are_gone_and_its_rows_stay_deleted(library: Library) -> None:
    library.discard(the(library, 0))
    assert library.empty_trash() == 1
    assert list((library.folder / "trash").iterdir()) == []
    assert (library.trash.all(), the(library, 0).state) == ([], "deleted")


@pytest.mark.parametrize(("days", "kept"), [(29, 1), (31, 0)])
def test_opened_a_library_removes_what_was_deleted_more_than_30_days_ago(
    library: Library, days: int, kept: int
) -> None:
    library.discard(the(library, 0))
    at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    library.ledger.file.write("UPDATE trash SET deleted_at = ?", at)
    library.close()
    assert len(Library(library.folder).trash.all()) == kept
    assert len(list((library.folder / "trash").glob("*.jpg"))) == kept


@pytest.mark.parametrize("name", ["../dream-1.jpg", "/etc/passwd", "..", ""])
def test_a_ledger_names_only_files_of_the_trash_itself(library: Library, name: str) -> None:
    library.discard(the(library, 0))
    library.ledger.file.write("UPDATE trash SET file = ?", name)
    with pytest.raises(LibraryError, match="is no longer in the trash"):
        library.restore(the(library, 0))
    library.empty_trash()
    assert (library.folder / "dream-1.jpg").is_file()


def test_a_link_in_the_place_of_the_trash_is_not_followed(library: Library, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (library.folder / "trash").symlink_to(elsewhere)
    with pytest.raises(LibraryError, match="is a link"):
        library.discard(the(library, 0))
    assert the(library, 0).file == "dream-0.jpg"
    assert list(elsewhere.iterdir()) == []


def test_a_ledger_that_is_written_anew_keeps_the_trash(session: Session) -> None:
    dream = session.dream("a lake", kind="image")
    session.delete(dream, files=True)
    session.close()
    rebuild_ledger(session.library.folder)
    rebuilt = Library(session.library.folder)
    assert rebuilt.restore(dream._record).file == dream.path.name


def test_a_trashed_dream_is_not_made_again_and_a_restored_one_is_replayed(session: Session) -> None:
    dream = session.dream("a lake", kind="image")
    session.delete(dream, files=True)
    with pytest.raises(DreamError, match="was deleted"):
        session.dream("a lake", kind="image")
    back = session.restore(dream)
    assert back.path == dream.path
    assert session.dream("a lake", kind="image").path == dream.path
    assert [one.take for one in session.dreams()] == [1]
