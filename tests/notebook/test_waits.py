"""Waiting in Python code is shown like the waiting of a `%dream` line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dream_nb.html.stand_in import VIEW
from tests.kernel import Kernel, start_kernel


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder: Path = tmp_path_factory.mktemp("work")
    # The video takes long enough that the cell has to wait.
    with start_kernel(folder, DREAM_NB_STUDIO_SIDE="180", DREAM_NB_STUDIO_SECONDS="2") as kernel:
        assert kernel.run("import dream_nb").error is None
        yield kernel


@pytest.mark.parametrize(
    "source",
    [
        "d = dream_nb.dream('a valley')",
        "d = dream_nb.sweep('a {red|blue} valley')",
        "e = dream_nb.dream('a hill').extend('it rains')",
        "f = dream_nb.Storyboard(['a field', 'a wood']).make()",
    ],
)
def test_its_card_is_there_while_it_is_made(kernel: Kernel, source: str) -> None:
    answer = kernel.run(source)
    assert answer.error is None
    assert answer.data(VIEW)


def test_there_is_none_where_the_library_has_it(kernel: Kernel) -> None:
    source = "d = dream_nb.dream('a moor')"
    assert kernel.run(source).data(VIEW)
    assert kernel.run(source).data(VIEW) == []


def test_what_is_shown_already_is_not_shown_again(kernel: Kernel) -> None:
    kernel.run("job = %dream a lake -b")
    answer = kernel.run("made = job.result()")
    assert answer.error is None
    assert answer.data(VIEW) == []


def test_one_that_is_waited_for_elsewhere_is_not_shown(kernel: Kernel) -> None:
    answer = kernel.run(
        "import threading\n"
        "waiting = threading.Thread(target=dream_nb.dream, args=('a river',))\n"
        "waiting.start()\n"
        "waiting.join()"
    )
    assert answer.error is None
    assert answer.data(VIEW) == []
