"""Requests are the same if their hashes are; the ledger records them."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import GenerationReference, GenerationRequest, ImageGenerationRequest, Keyframes
from dream_nb.library import schema
from dream_nb.library.ledger import Ledger
from dream_nb.library.ledger_file import sqlite_failure
from dream_nb.library.schema import once_settled
from dream_nb.requests.identity import request_hash
from tests.scripts import run


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def test_a_closed_ledger_says_how_to_open_it_again(ledger: Ledger) -> None:
    ledger.close()
    with pytest.raises(LibraryError, match="is closed: open it again with Session"):
        ledger.all()


def test_written_out_defaults_make_no_difference() -> None:
    assert request_hash(GenerationRequest(prompt="a lake")) == request_hash(
        GenerationRequest(prompt="a lake", aspect_ratio="16:9", loop=False)
    )


@pytest.mark.parametrize(
    "field", [{"loop": True}, {"aspect_ratio": "1:1"}, {"extra": {"seed": 1}}, {"prompt": "a  lake"}]
)
def test_every_other_field_makes_another_request(field: dict[str, object]) -> None:
    other = GenerationRequest(**{"prompt": "a lake"} | field)  # type: ignore[arg-type]
    assert request_hash(other) != request_hash(GenerationRequest(prompt="a lake"))


def test_a_video_and_an_image_of_one_prompt_differ() -> None:
    assert request_hash(GenerationRequest(prompt="a lake")) != request_hash(ImageGenerationRequest(prompt="a lake"))


def test_a_callback_does_not_count() -> None:
    assert request_hash(GenerationRequest(prompt="a lake", callback_url="http://127.0.0.1:1/x")) == request_hash(
        GenerationRequest(prompt="a lake")
    )


def test_a_picture_counts_by_its_bytes() -> None:
    def hashed(uri: str) -> str:
        return request_hash(GenerationRequest.from_body({"keyframes": {"frame0": {"type": "image", "url": uri}}}))

    plain = "data:image/png;base64," + base64.b64encode(b"picture").decode()
    assert hashed(plain) == hashed("data:image/png,picture")
    assert hashed(plain) != hashed("data:image/png,pictures")


def test_a_keyframe_generation_counts_as_its_own_request_and_take(ledger: Ledger) -> None:
    record = ledger.intend(GenerationRequest(prompt="a lake"), 2, "studio")
    ledger.update(record, generation=Generation.from_answer({"id": "first"}))

    def extending(id: str) -> GenerationRequest:  # noqa: A002
        return GenerationRequest(prompt="on", keyframes=Keyframes(frame0=GenerationReference(id=id)))

    assert ledger.hash(extending("first")) != ledger.hash(extending("unknown"))
    ledger.update(record, generation=Generation.from_answer({"id": "second"}))
    before = ledger.hash(extending("second"))
    ledger.update(record, generation=Generation.from_answer({"id": "third"}))
    assert ledger.hash(extending("third")) == before


def test_an_intent_is_written_once(ledger: Ledger) -> None:
    first = ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    assert ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio") == first


def test_a_row_comes_back_as_it_was_written(tmp_path: Path) -> None:
    request = ImageGenerationRequest(prompt="a lake ❄", aspect_ratio="1:1", extra={"seed": 7})
    ledger = Ledger(tmp_path / "ledger.sqlite")
    written = ledger.update(
        ledger.intend(request, 3, "studio"),
        seconds=2.5,
        generation=Generation.from_answer({"id": "a", "state": "queued"}),
    )
    ledger.close()
    found = Ledger(tmp_path / "ledger.sqlite").find(request_hash(request), 3)
    assert found == written
    assert found is not None
    assert found.request == request


def test_a_finished_hosted_dream_is_preferred(ledger: Ledger) -> None:
    request = GenerationRequest(prompt="a lake")
    for backend in ("studio", "dream-machine"):
        ledger.update(ledger.intend(request, 1, backend), file=f"{backend}.mp4")
    found = ledger.find(request_hash(request), 1)
    assert found is not None
    assert found.backend == "dream-machine"


def test_a_commit_that_fails_leaves_the_ledger_usable(tmp_path: Path) -> None:
    # Here a commit has to wait for readers.
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    ledger.file.read("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM requests").fetchone()
        with pytest.raises(LibraryError, match="is locked by another program"):
            ledger.intend(GenerationRequest(prompt="a hill"), 1, "studio")
    assert ledger.intend(GenerationRequest(prompt="a hill"), 1, "studio").take == 1
    ledger.close()


def test_a_full_disk_is_one_line_that_says_so(ledger: Ledger) -> None:
    (pages,) = ledger.file.read("PRAGMA page_count")[0]
    ledger.file.read(f"PRAGMA max_page_count = {pages}")
    request = GenerationRequest(prompt="a lake " * 10_000)
    with pytest.raises(LibraryError, match="the disk is full: free up space, then run the cell again"):
        ledger.intend(request, 1, "studio")
    assert ledger.all() == []


def test_a_file_that_was_overwritten_while_it_is_open_is_one_line(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    ledger.close()
    ledger = Ledger(tmp_path / "ledger.sqlite")
    (tmp_path / "ledger.sqlite").write_bytes(b"noise" * 20_000)
    with pytest.raises(LibraryError, match=r"is damaged .*: %dreams check --rebuild"):
        ledger.all()


def test_functions_of_ours_survive_another_file_in_the_same_place(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.add_function("twice", 1, lambda value: 2 * value)
    (tmp_path / "ledger.sqlite").unlink()
    ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    assert ledger.file.read("SELECT twice(3)")[0][0] == 6


def test_what_is_in_flight_is_written_anew_where_the_file_was_emptied(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as ledger:
        record = ledger.update(ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio"), state="sending")
        path.write_bytes(b"")
        ledger.intend(GenerationRequest(prompt="a hill"), 1, "studio")
        with closing(Ledger(path)) as other:
            assert other.reread(record) == record


def test_a_row_that_is_gone_is_one_line(ledger: Ledger) -> None:
    record = ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    ledger.file.write("DELETE FROM requests")
    with pytest.raises(LibraryError, match=r"the row of 'a lake', take 1, is no longer in the ledger"):
        ledger.reread(record)


def test_a_ledger_that_is_replaced_by_one_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    record = ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    ledger.update(record, state="sending")
    (tmp_path / "ledger.sqlite").unlink()
    other = Ledger(tmp_path / "ledger.sqlite")
    with pytest.MonkeyPatch.context() as patch, closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as writer:
        patch.setattr(schema, "_BUSY_SECONDS", 0.05)
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryError, match="is locked by another program"):
            ledger.update(record, state="sending")
    assert ledger.update(record, state="unknown").state == "unknown"
    other.close()


def test_what_became_of_an_earlier_create_says_nothing_of_the_one_that_is_under_way(tmp_path: Path) -> None:
    first = Generation.from_answer({"id": "first", "state": "queued"})
    with (
        closing(Ledger(tmp_path / "ledger.sqlite")) as suspended,
        closing(Ledger(tmp_path / "ledger.sqlite")) as other,
    ):
        seen = suspended.answered(suspended.intend(GenerationRequest(prompt="a lake"), 1, "dream-machine"), first)
        record = other.forget(seen)
        other.lease(record, "other", 60)
        assert other.mark_sending(record, "other") is not None
        with pytest.raises(LibraryError, match="'a lake', take 1, now has another generation"):
            suspended.follow(seen, generation=Generation.from_answer({"id": "first", "state": "failed"}))
        assert other.reread(record).state == "sending"
        assert other._creates.find((record.hash, 1, "dream-machine")) is not None


TWO_IN_ONE_PLACE = """
import subprocess
import sys
from pathlib import Path
from dream_nb.api.request_models import GenerationRequest
from dream_nb.library.ledger import Ledger
from dream_nb.library.schema import once_settled
path = Path("ledger.sqlite")
others = []
for number in range(20):
    others.append(Ledger(path))
    others[-1].intend(GenerationRequest(prompt=f"a lake {number}"), 1, "studio")
    subprocess.run([sys.executable, "-c", f"import sqlite3; sqlite3.connect('{path}').execute('ANALYZE')"], check=True)
    path.unlink()
    for other in others:
        other.all()
newer = Ledger(path)
for other in others:
    other.all()
    other.intend(GenerationRequest(prompt="a pond"), None, "studio")
print([record.take for record in newer.all()] == list(range(1, 21)))
"""


def test_ledgers_of_one_process_in_one_place_write_into_the_file_that_is_there(tmp_path: Path) -> None:
    # A process crashes if SQLite reads the shared memory of a truncated log, so this runs in a separate process.
    assert run(tmp_path, "-c", TWO_IN_ONE_PLACE).out == "True\n"


def test_a_ledger_is_whole_without_any_file_beside_it(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
        assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]
        shutil.copy(tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite")
        with closing(Ledger(tmp_path / "copy.sqlite", read_only=True)) as copy:
            assert [record.request.prompt for record in copy.all()] == ["a lake"]


def test_a_read_only_ledger_shows_what_another_session_writes(tmp_path: Path) -> None:
    with (
        closing(Ledger(tmp_path / "ledger.sqlite")) as ledger,
        closing(Ledger(tmp_path / "ledger.sqlite", read_only=True)) as reader,
    ):
        assert reader.all() == []
        ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
        assert [record.request.prompt for record in reader.all()] == ["a lake"]


def test_durations_of_a_file_that_is_being_replaced_are_left_out(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger.file, "read", lambda *_: [(None,), (2.0,)])
    assert ledger.durations("studio", "video") == [2.0]


def test_a_row_is_held_until_its_lease_ends(ledger: Ledger) -> None:
    record = ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    assert ledger.lease(record, "one", 50.0)
    assert not ledger.lease(record, "another", 10.0)


def test_a_clock_that_was_set_back_locks_no_row(ledger: Ledger) -> None:
    record = ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    # The lease was taken before the clock was set back.
    assert ledger.lease(record, "one", 1000.0)
    assert ledger.lease(record, "another", 10.0)


def created(ledger: Ledger, take: int, ahead: timedelta) -> None:
    """Add a create that a server accepted whose clock is that far ahead."""
    sent_at = datetime.now(UTC)
    ledger.update(
        ledger.intend(GenerationRequest(prompt="a lake"), take, "dream-machine"),
        state="taken",
        sent_at=sent_at.isoformat(),
        generation=Generation(id=f"generation {take}", state="queued", created_at=sent_at + ahead),
    )


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(hours=-3)], ids=str)
def test_how_far_a_clock_is_ahead_is_the_median_of_the_last_creates(ledger: Ledger, ahead: timedelta) -> None:
    for take, off in enumerate([timedelta(days=9), timedelta(), timedelta(days=-9)], start=1):
        created(ledger, take, ahead + off)
    assert ledger.clock_ahead("dream-machine") == ahead
    assert ledger.clock_ahead("studio") is None


def test_a_file_is_known_that_a_row_has_and_any_other_is_not(ledger: Ledger) -> None:
    record = ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    ledger.update(record, file="lake.mp4", sha256=64 * "0")
    not_text = os.fsdecode(b"lake-\xff.mp4")
    assert ledger.unknown_files(["hill.mp4", "lake.mp4", not_text]) == ["hill.mp4", not_text]


def test_a_row_that_has_its_file_is_held_by_nobody(ledger: Ledger) -> None:
    record = ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
    assert ledger.lease(record, "one", 50.0)
    assert ledger.finish(record, "lake.mp4", 64 * "0").file == "lake.mp4"
    assert ledger.lease(record, "another", 10.0)


def test_a_transaction_within_another_is_a_part_of_it(ledger: Ledger) -> None:
    def begin() -> None:
        with ledger.file.transaction():
            ledger.intend(GenerationRequest(prompt="a lake"), 1, "studio")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        begin()
    assert ledger.all() == []


def _sqlite_error(words: str, code: int) -> sqlite3.OperationalError:
    """An error as SQLite raises it."""
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (sqlite3.SQLITE_READONLY_DIRECTORY, "is read-only: make its file writable"),
        (sqlite3.SQLITE_FULL, "the disk is full"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "is locked by another program"),
        (sqlite3.SQLITE_LOCKED_SHAREDCACHE, "is locked by another program"),
        (sqlite3.SQLITE_IOERR_READ, r"cannot be read or written \(full, locked, readonly\): check the disk"),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, r"cannot be read or written \(full, locked, readonly\): check the disk"),
        (sqlite3.SQLITE_CORRUPT, r"is damaged \(full, locked, readonly\)"),
        (sqlite3.SQLITE_ERROR, r"is damaged \(full, locked, readonly\)"),
    ],
)
def test_what_is_wrong_is_decided_by_the_code_of_the_error(code: int, message: str) -> None:
    # SQLite's texts name tables and columns, which may be called anything in a file from elsewhere.
    error = _sqlite_error("full, locked, readonly", code)
    assert re.search(message, str(sqlite_failure(error, "the ledger")))


def _read_in_vain(monkeypatch: pytest.MonkeyPatch, times: int, code: int) -> None:
    """Let the next reads of a ledger fail as they do when its file is replaced at that moment."""
    left = [times]
    real = schema._is_empty

    def is_empty(database: sqlite3.Connection) -> bool:
        if left[0]:
            left[0] -= 1
            raise _sqlite_error("disk I/O error", code)
        return real(database)

    monkeypatch.setattr(schema, "_is_empty", is_empty)
    monkeypatch.setattr(schema, "_PAUSE_SECONDS", 0.0)


def test_a_ledger_that_is_replaced_while_it_is_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _read_in_vain(monkeypatch, 2, sqlite3.SQLITE_IOERR_SHORT_READ)
    Ledger(tmp_path / "ledger.sqlite").close()


def test_a_ledger_that_cannot_be_read_is_not_tried_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _read_in_vain(monkeypatch, 100, sqlite3.SQLITE_IOERR_READ)
    with pytest.raises(sqlite3.OperationalError):
        Ledger(tmp_path / "ledger.sqlite")


def test_a_ledger_that_is_locked_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _read_in_vain(monkeypatch, 1, sqlite3.SQLITE_BUSY)
    with pytest.raises(sqlite3.OperationalError):
        Ledger(tmp_path / "ledger.sqlite")


@pytest.mark.parametrize(("code", "calls"), [(sqlite3.SQLITE_IOERR, 3), (sqlite3.SQLITE_CORRUPT, 1)])
def test_what_fails_while_the_file_is_replaced_is_tried_again(code: int, calls: int) -> None:
    seen: list[int] = []

    def work() -> str:
        seen.append(code)
        if len(seen) < 3:
            raise _sqlite_error("as told", code)
        return "done"

    with contextlib.suppress(sqlite3.OperationalError):
        assert once_settled(work) == "done"
    assert len(seen) == calls
