"""Jobs that write to the ledger at about the same time share a commit, and each has its own outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import GenerationRequest
from dream_nb.backends.backends import Backend
from dream_nb.backends.patience import Patience
from dream_nb.jobs.commits import Commits
from dream_nb.jobs.sender import Sender
from dream_nb.library.ledger import Ledger
from dream_nb.library.record import Record

pytestmark = pytest.mark.anyio

# Nothing is sent in these tests.
BACKEND = Backend("dream-machine", cast("Any", None), cast("Any", None), 1.0, 1.0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture
def commits(ledger: Ledger) -> Commits:
    return Commits(ledger.file)


def rows(ledger: Ledger, count: int) -> list[Record]:
    return [ledger.intend(GenerationRequest(prompt=f"a lake {number}"), 1, "studio") for number in range(count)]


def naming(ledger: Ledger, record: Record, id: str) -> Callable[[], Record]:  # noqa: A002 - the API's name
    return lambda: ledger.answered(record, Generation(id=id, state="queued"))


def failing() -> Record:
    raise ValueError("of this write only")


def commits_of(ledger: Ledger) -> list[str]:
    """The list to which each later commit is added."""
    seen: list[str] = []
    ledger.file._database.set_trace_callback(lambda text: seen.append(text) if text == "COMMIT" else None)
    return seen


def ids(ledger: Ledger) -> set[str | None]:
    return {record.generation.id if record.generation else None for record in ledger.all()}


async def test_writes_of_one_moment_share_a_commit(ledger: Ledger, commits: Commits) -> None:
    writes = [naming(ledger, record, f"id-{place}") for place, record in enumerate(rows(ledger, 5))]
    seen = commits_of(ledger)
    await asyncio.gather(*map(commits.commit, writes))
    assert ids(ledger) == {"id-0", "id-1", "id-2", "id-3", "id-4"}
    assert len(seen) == 1


async def test_a_busy_moment_is_committed_in_parts(ledger: Ledger, commits: Commits) -> None:
    seen = commits_of(ledger)
    results = await asyncio.gather(*(commits.commit(partial(int, number)) for number in range(250)))
    assert results == list(range(250))
    assert len(seen) == 3


async def test_a_write_that_fails_leaves_the_others(ledger: Ledger, commits: Commits) -> None:
    first, second, third = rows(ledger, 3)

    def half() -> Record:
        ledger.answered(second, Generation(id="half", state="queued"))
        return failing()

    done = await asyncio.gather(
        commits.commit(naming(ledger, first, "one")),
        commits.commit(half),
        commits.commit(naming(ledger, third, "three")),
        return_exceptions=True,
    )
    assert isinstance(done[1], ValueError)
    assert ids(ledger) == {"one", None, "three"}


async def test_a_commit_that_fails_fails_and_undoes_all_its_writes(
    ledger: Ledger, commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = rows(ledger, 2)
    undone: list[Record] = []

    def full(_database: object) -> None:
        raise LibraryError("the disk is full")

    monkeypatch.setattr("dream_nb.sqlite._commit", full)
    done = await asyncio.gather(
        commits.commit(naming(ledger, first, "one"), undone.append),
        commits.commit(failing, undone.append),
        commits.commit(naming(ledger, second, "two"), undone.append),
        return_exceptions=True,
    )
    assert [str(error) for error in done] == ["the disk is full", "of this write only", "the disk is full"]
    assert [record.hash for record in undone] == [first.hash, second.hash]
    assert ids(ledger) == {None}


async def test_an_undo_that_fails_leaves_no_write_that_counts_as_committed(
    commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_database: object) -> None:
        raise LibraryError("the disk is full")

    def broken(_result: object) -> None:
        raise OSError("this fails too")

    monkeypatch.setattr("dream_nb.sqlite._commit", full)
    numbers = (commits.commit(partial(int, number), broken) for number in range(3))
    done = await asyncio.wait_for(asyncio.gather(*numbers, return_exceptions=True), 60)
    assert [str(error) for error in done] == ["the disk is full"] * 3


async def test_an_error_that_undoes_the_whole_transaction_fails_all_its_writes(
    ledger: Ledger, commits: Commits
) -> None:
    (row,) = rows(ledger, 1)

    def full() -> None:
        # As SQLite does when the disk is full.
        ledger.file.read("ROLLBACK")
        raise LibraryError("the disk is full")

    done = await asyncio.gather(
        commits.commit(naming(ledger, row, "one")),
        commits.commit(full),
        commits.commit(partial(int, 3)),
        return_exceptions=True,
    )
    assert [str(error) for error in done] == ["the disk is full"] * 3
    assert ids(ledger) == {None}


@pytest.mark.parametrize("own", [False, True], ids=["a scope that is cancelled", "a task that is cancelled"])
async def test_what_a_cancelled_job_wrote_is_committed(ledger: Ledger, commits: Commits, own: bool) -> None:
    (row,) = rows(ledger, 1)
    scope = anyio.CancelScope()

    async def job() -> None:
        with scope:
            await commits.commit(naming(ledger, row, "one"))
            await anyio.sleep_forever()

    task = asyncio.create_task(job())
    await asyncio.sleep(0)
    task.cancel() if own else scope.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert ids(ledger) == {"one"}


async def test_a_mark_that_is_not_committed_is_not_remembered_as_sent(
    ledger: Ledger, commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ledger.intend(GenerationRequest(prompt="a lake"), 1, "dream-machine")
    ledger.lease(row, "me", 60.0)

    def unmark(marked: Record | None) -> None:
        assert marked is not None
        ledger.unmark(marked)

    def full(_database: object) -> None:
        raise LibraryError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("dream_nb.sqlite._commit", full)
        done = await asyncio.gather(
            commits.commit(lambda: ledger.mark_sending(row, "me"), unmark),
            commits.commit(partial(int, 3)),
            return_exceptions=True,
        )
    assert isinstance(done[0], LibraryError)
    assert ledger.mark_sending(ledger.reread(row), "me") is not None


async def mark_and_cancel(ledger: Ledger, commits: Commits, row: Record) -> None:
    """Cancel a create while it waits for the commit that it is sent now."""
    task = asyncio.create_task(Sender(BACKEND, ledger, commits, "me", Patience())._mark(row, None, None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_create_that_is_cancelled_while_it_is_marked_was_not_sent(ledger: Ledger, commits: Commits) -> None:
    row = ledger.intend(GenerationRequest(prompt="a lake"), 1, "dream-machine")
    ledger.lease(row, "me", 60.0)
    await mark_and_cancel(ledger, commits, row)
    row = ledger.reread(row)
    assert (row.state, row.sent_at) == ("intended", None)
    assert ledger.mark_sending(row, "me") is not None


async def test_cancelling_leaves_a_create_that_another_notebook_has_sent(ledger: Ledger, commits: Commits) -> None:
    row = ledger.intend(GenerationRequest(prompt="a lake"), 1, "dream-machine")
    ledger.lease(row, "another notebook", 60.0)
    sent = ledger.mark_sending(row, "another notebook")
    await mark_and_cancel(ledger, commits, row)
    assert ledger.reread(row) == sent
