"""`%dreams lost` and `%dreams check --rebuild`, in a real kernel with a server that loses answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.dream_machine import FakeDreamMachine, Reply
from tests.kernel import Kernel, start_kernel
from tests.notebook.test_commands import shown
from tests.notebook.test_magic import line

PATIENCE = (
    "import dream_nb.default as d; from tests.jobs.hosted import HASTE; d._default_settings['patience'] = HASTE;"
    "d._default_settings['prices'] = {'image': 1.5}"
)


@pytest.fixture
def fake() -> Iterator[FakeDreamMachine]:
    with FakeDreamMachine("2024").running() as fake:
        yield fake


@pytest.fixture
def kernel(tmp_path: Path, fake: FakeDreamMachine) -> Iterator[Kernel]:
    with start_kernel(tmp_path, **fake.environment()) as kernel:
        kernel.run(PATIENCE)
        yield kernel


def test_what_was_lost_is_listed_and_settled_by_its_id(fake: FakeDreamMachine, kernel: Kernel) -> None:
    fake.echo = lambda request: request | {"prompt": "a serene lake, highly detailed"}
    fake.replies.append(Reply(taken=True))
    told = line(kernel.run("%dream -i a serene lake"))
    assert "%dreams lost" in told
    assert "-t 2" in told
    text = shown(kernel.run("%dreams lost"))
    assert "1 request with an unknown outcome" in text
    assert "its prompt is a serene lake, highly detailed" in text
    id_ = fake.taken[0]["id"]
    assert f"generation {id_} is 'a serene lake', take 1" in shown(kernel.run(f"%dreams lost 1 --is {id_[:8]}"))
    assert kernel.run("d = %dream -i a serene lake").error is None
    assert "the outcome of every request is known" in shown(kernel.run("%dreams lost"))
    assert len(fake.posts) == 1


def test_what_was_not_taken_is_sent_again_by_its_cell(fake: FakeDreamMachine, kernel: Kernel) -> None:
    fake.replies.append(Reply())
    kernel.run("%dream -i a serene lake")
    assert "no match on the server" in shown(kernel.run("%dreams lost"))
    assert "is marked as not accepted" in shown(kernel.run("%dreams lost 1 --not-taken"))
    assert kernel.run("d = %dream -i a serene lake").error is None
    assert (len(fake.posts), len(fake.taken)) == (2, 1)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("%dreams lost 7 --not-taken", "'7' is not the number of a request"),
        ("%dreams lost --not-taken", "needs the number of a request before its options"),
        ("%dreams lost x --is y", "'x' is not the number of a request"),
    ],
)
def test_what_cannot_be_settled_is_told(fake: FakeDreamMachine, kernel: Kernel, typed: str, words: str) -> None:
    assert words in line(kernel.run(typed))
    assert fake.posts == []


def test_a_foreign_ledger_is_named_and_rebuilt(fake: FakeDreamMachine, kernel: Kernel, tmp_path: Path) -> None:
    kernel.run("d = %dream -i a serene lake")
    kernel.run("from dream_nb.default import close_default_session; close_default_session()")
    with closing(sqlite3.connect(tmp_path / "dreams" / "ledger.sqlite")) as database:
        database.execute("CREATE VIEW all_of_it AS SELECT * FROM requests")
    assert "view all_of_it" in shown(kernel.run("%dreams check"))
    assert "%dreams check --rebuild" in line(kernel.run("%dream -i a hill"))
    assert "rebuilt, with 1 rows" in shown(kernel.run("%dreams check --rebuild"))
    assert "view all_of_it" not in shown(kernel.run("%dreams check"))
    kernel.run(PATIENCE)
    assert kernel.run("e = %dream -i a hill").error is None
    assert len(fake.posts) == 2
