"""Files are named by their contents, and never half-written, replaced, or outside the folder."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dream_nb.api.errors import LibraryError
from dream_nb.api.request_models import ImageGenerationRequest
from dream_nb.library.catalogue import Catalogue, Filter
from dream_nb.library.file_names import slug
from dream_nb.library.library import Library
from dream_nb.library.record import Record
from dream_nb.library.sidecars import write_sidecar


def picture(colour: str = "navy") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "dreams")


@pytest.fixture
def record(library: Library) -> Record:
    return library.ledger.intend(ImageGenerationRequest(prompt="A serene lake, at sunset"), 1, "studio")


def store(library: Library, record: Record, content: bytes, *, cut: bool = False) -> str:
    async def fill(file: BinaryIO) -> None:
        file.write(content)
        if cut:
            raise RuntimeError("broken off")

    async def main() -> str:
        return (await library.store(record, fill)).name

    return anyio.run(main)


def test_a_file_is_named_by_its_prompt_and_request(library: Library, record: Record) -> None:
    name = store(library, record, picture())
    assert name.startswith("serene-lake-at-sunset-")
    assert len(name) == len("serene-lake-at-sunset-") + 12 + len(".png")


def test_the_same_request_and_take_has_the_same_name_everywhere(
    tmp_path: Path, library: Library, record: Record
) -> None:
    assert store(library, record, picture()) == store(Library(tmp_path / "elsewhere"), record, picture())


def test_another_take_has_another_name(library: Library, record: Record) -> None:
    assert store(library, record, picture()) != store(library, replace(record, take=2), picture())


def test_a_foreign_file_of_that_name_is_never_replaced(library: Library, record: Record) -> None:
    name = store(library, record, picture())
    (library.folder / name).write_bytes(b"somebody's")
    assert store(library, record, picture()) != name
    assert (library.folder / name).read_bytes() == b"somebody's"


def test_a_changed_file_of_ours_is_replaced_when_it_is_fetched_again(library: Library, record: Record) -> None:
    name = store(library, record, picture())
    (library.folder / name).write_bytes(b"changed")
    assert store(library, replace(record, file=name), picture()) == name
    assert (library.folder / name).read_bytes() != b"changed"


@pytest.mark.parametrize("content", [b"<html>not a picture", picture()[:40], b""])
def test_what_does_not_decode_is_not_kept(library: Library, record: Record, content: bytes) -> None:
    with pytest.raises(LibraryError, match=r"is not a picture or video that can be read|does not decode"):
        store(library, record, content)
    assert [path.suffix for path in library.folder.iterdir() if not path.name.startswith("ledger")] == []


def test_a_download_that_breaks_off_leaves_nothing(library: Library, record: Record) -> None:
    with pytest.raises(RuntimeError):
        store(library, record, picture(), cut=True)
    assert [path for path in library.folder.iterdir() if not path.name.startswith("ledger")] == []


def test_what_a_dead_process_left_half_written_is_swept_away(tmp_path: Path) -> None:
    old, new = tmp_path / "old.mp4.part", tmp_path / "new.mp4.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    Library(tmp_path)
    assert [path.exists() for path in (old, new)] == [False, True]


@pytest.mark.parametrize("name", ["../outside.png", "/etc/hostname", "link.png", "missing.png", "below/inside.png"])
def test_a_ledger_cannot_name_what_is_not_a_plain_file_of_the_folder(
    library: Library, record: Record, name: str
) -> None:
    (library.folder / "below").mkdir()
    for path in (library.folder / "below" / "inside.png", library.folder.parent / "outside.png"):
        path.write_bytes(picture())
    (library.folder / "link.png").symlink_to(library.folder.parent / "outside.png")
    assert library.path(replace(record, file=name)) is None


def test_a_file_where_the_folder_should_be_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "dreams").write_text("")
    with pytest.raises(LibraryError, match=r"the library folder .* cannot be written .*: choose another with"):
        Library(tmp_path / "dreams")


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("A serene lake at sunset", "serene-lake-at-sunset"),
        ("The café über alles!", "cafe-uber-alles"),
        ("雪", "dream"),
        ("", "dream"),
        ("CON", "con"),
        ("a", "a"),
        ("../../etc/passwd", "etc-passwd"),
        ("word " * 40, "word-word-word-word-word-word-word-word-word"),
    ],
)
def test_a_prompt_becomes_a_readable_name(prompt: str, expected: str) -> None:
    assert slug(prompt) == expected


@given(st.text())
def test_any_prompt_becomes_a_safe_name(prompt: str) -> None:
    name = slug(prompt)
    assert 0 < len(name) <= 48
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not name.startswith("-")
    assert not name.endswith("-")


def test_stars_a_note_and_tags_are_kept_and_come_back_from_a_sidecar(library: Library, record: Record) -> None:
    record = library.ledger.update(record, file=store(library, record, picture()), sha256="0" * 64)
    library.mark(record, stars=4, note="the best", tags=["lake", "calm", "lake"])
    library.close()
    (library.folder / "ledger.sqlite").unlink()
    found = Library(library.folder).ledger.all()[0]
    assert (found.stars, found.note, found.tags) == (4, "the best", ("lake", "calm"))


@pytest.mark.parametrize("marks", [{"stars": 6}, {"stars": True}, {"note": 3}, {"tags": "lake"}, {"tags": [1]}])
def test_a_mark_of_a_wrong_kind_changes_nothing(library: Library, record: Record, marks: dict[str, Any]) -> None:
    library.mark(record, stars=2, note="good", tags=["lake"])
    with pytest.raises(ValueError, match=re.escape(str(next(iter(marks.values()))))):
        library.mark(record, **marks)
    found = library.ledger.reread(record)
    assert (found.stars, found.note, found.tags) == (2, "good", ("lake",))


@pytest.fixture
def stocked(library: Library) -> Library:
    """A library of three finished dreams, the first of which has a star."""
    for number in range(3):
        record = library.ledger.intend(ImageGenerationRequest(prompt=f"lake {number}"), 1, "studio")
        name = store(library, record, picture())
        library.mark(library.ledger.update(record, state="taken", file=name), stars=int(number == 0))
    return library


def names(library: Library) -> list[str]:
    return sorted(path.name[:6] for path in library.folder.glob("*.png"))


def test_its_size_is_that_of_its_finished_files(stocked: Library) -> None:
    (stocked.folder / "notes.txt").write_text("not a dream")
    assert stocked.size() == sum(path.stat().st_size for path in stocked.folder.glob("*.png"))


def test_pruning_removes_the_oldest_first_and_keeps_what_has_stars(stocked: Library) -> None:
    (removed,) = stocked.prune(stocked.size() - 1)
    assert (removed.name[:6], names(stocked)) == ("lake-1", ["lake-0", "lake-2"])
    stocked.prune(0)
    assert names(stocked) == ["lake-0"]


def test_pruning_by_age_keeps_what_is_newer(stocked: Library) -> None:
    before = stocked.ledger.all()[2].written_at
    assert [path.name[:6] for path in stocked.prune(before=before)] == ["lake-1"]
    assert stocked.prune() == []


def test_pruning_removes_the_sidecar_and_keeps_the_row(stocked: Library) -> None:
    (removed,) = stocked.prune(stocked.size() - 1)
    assert not removed.with_name(f"{removed.name}.json").exists()
    assert len(stocked.ledger.all()) == 3
    assert stocked.ledger.under_way() == []


def test_no_link_leads_a_sidecar_out_of_the_folder(library: Library, record: Record, tmp_path: Path) -> None:
    stored = store(library, record, picture())
    outside = tmp_path / "outside"
    for name in (f"{stored}.json.part", f"{stored}.json"):
        (library.folder / name).unlink(missing_ok=True)
        (library.folder / name).symlink_to(outside)
    write_sidecar(library.folder, replace(record, file=stored))
    assert not outside.exists()
    assert json.loads((library.folder / f"{stored}.json").read_text())["take"] == 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE requests SET file = printf('%.5000c', 'x')",
        "UPDATE requests SET note = cast(x'ff' AS TEXT)",
        """UPDATE requests SET request = '{"prompt": 5}'""",
        "UPDATE requests SET tags = 'no JSON'",
    ],
)
def test_a_damaged_row_breaks_nothing_else(library: Library, record: Record, damage: str) -> None:
    library.ledger.update(record, file=store(library, record, picture()), state="taken")
    library.ledger.file.write(damage)
    assert len(library.ledger.all()) <= 1
    assert library.size() >= 0
    assert Catalogue(library.ledger).count(Filter(search="nothing like it")) == 0


def test_a_number_that_is_none_leaves_a_sidecar_out(library: Library, record: Record) -> None:
    sidecar = library.folder / f"{store(library, record, picture())}.json"
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"seconds": 10**400}))
    for path in library.folder.glob("ledger.sqlite*"):
        path.unlink()
    assert Library(library.folder).ledger.all() == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_sidecar_whose_name_is_not_text_is_left_out(library: Library, record: Record) -> None:
    stored = library.folder / store(library, record, picture())
    for path in library.folder.glob("ledger.sqlite*"):
        path.unlink()
    for path in (stored, stored.with_name(f"{stored.name}.json")):
        path.rename(path.with_name(os.fsdecode(b"\xff") + path.name))
    assert Library(library.folder).ledger.all() == []
