"""Cells that rejoin their earlier requests, in a real kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dream_nb.front_ends import digest_of_code
from tests.kernel import Answer, Kernel, start_kernel

FIND = '__import__("dream_nb.notebook.cell.finding", fromlist=["find_again"]).find_again("{digest}")'
COUNT = "import dream_nb.default; len(dream_nb.default.default_session().history())"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("finding")
    with start_kernel(folder, DREAM_NB_STUDIO_SIDE="32", DREAM_NB_STUDIO_SECONDS="0.25") as kernel:
        yield kernel


def find(kernel: Kernel, asked: str, cell: str) -> Answer:
    """Do what "Find it again" does on a card whose cell was `asked` when it was made and is `cell` now."""
    code = FIND.format(digest=digest_of_code(asked))
    kernel.answer(kernel.client.execute(code, silent=True, store_history=False))
    return kernel.run(cell)


def test_the_same_cell_makes_what_is_still_to_be_made(kernel: Kernel) -> None:
    cell = "d = %dream a lake"
    assert find(kernel, cell, cell).error is None
    assert kernel.run("d.title").result == "'a lake'"


@pytest.mark.parametrize(
    ("asked", "cell"),
    [("d = %dream a city", "d = %dream a town"), ("%dream a hill --fresh", "%dream a hill --fresh")],
)
def test_a_cell_that_would_make_something_else_sends_nothing(kernel: Kernel, asked: str, cell: str) -> None:
    before = kernel.run(COUNT).result
    answer = find(kernel, asked, cell)
    assert answer.error is not None
    assert any("Nothing was sent: this cell was changed" in output.get("text", "") for output in answer.outputs)
    assert kernel.run(COUNT).result == before
    # The next run is an ordinary one by the user.
    assert kernel.run(cell).error is None
