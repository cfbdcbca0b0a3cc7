"""Closed widgets leave nothing behind, neither in the kernel nor in the saved notebook."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import ipywidgets
import pytest
from ipywidgets.widgets.widget import _instances

from dream_nb.api.request_models import ImageGenerationRequest
from dream_nb.notebook.widgets.base import Part
from dream_nb.notebook.widgets.card import Card
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.notebook.widgets.grid import Grid
from dream_nb.notebook.widgets.panel import Panel
from dream_nb.results.dreams import Dreams
from dream_nb.results.vanishing import Vanishing
from dream_nb.session import Session
from tests.kernel import Kernel, start_kernel
from tests.notebook.page import Page
from tests.studio.machine import wait_for

SECONDS = 240

# The numbers of open widgets and comms, without the scripts that all widgets of a kind share.
COUNT = """
from ipywidgets.widgets.widget import _instances
from dream_nb.notebook.widgets.base import Part
parts = sum(isinstance(widget, Part) for widget in _instances.values())
len(_instances) - parts, len(get_ipython().kernel.comm_manager.comms) - parts
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("kernel")
    with start_kernel(folder, DREAM_NB_STUDIO_SIDE="32", DREAM_NB_STUDIO_SECONDS="0.25") as kernel:
        yield kernel


before: set[str] = set()


@pytest.fixture(autouse=True)
def _count_from_here() -> None:
    # Tests in other files leave widgets open.
    before.clear()
    before.update(_instances)


def left() -> list[ipywidgets.Widget]:
    """The widgets that this test has left open, without the scripts that all widgets of a kind share."""
    return [widget for id_, widget in _instances.items() if id_ not in before and not isinstance(widget, Part)]


def is_gone(*cards: weakref.ref[Card]) -> bool:
    gc.collect()
    return all(card() is None for card in cards)


def test_a_closed_card_of_a_dream_leaves_nothing(page: Page, session: Session) -> None:  # noqa: ARG001
    Card(session.dream("a lake", kind="image")).close()
    assert left() == []


def test_a_closed_card_of_a_job_leaves_nothing(page: Page, session: Session) -> None:  # noqa: ARG001
    job = session.submit(ImageGenerationRequest(prompt="a lake"))
    Card(job).close()
    job.result(SECONDS)
    assert left() == []


def test_with_a_card_everything_closes_that_was_opened_below_it(page: Page, session: Session) -> None:
    card = Card(session.dream("a lake", kind="image"))
    page.ask(card, "again")
    page.ask(card, "keyframe")
    page.ask(card._under[0], "again")
    assert any(isinstance(widget, Panel) for widget in left())
    card.close()
    assert left() == []


def test_what_opens_below_a_card_that_was_closed_meanwhile_closes_too(page: Page, session: Session) -> None:  # noqa: ARG001
    card = Card(session.dream("a lake", kind="image"))
    card.close()
    card.again()
    card.keyframe()
    assert left() == []


def test_a_job_does_not_keep_the_cards_that_showed_it(page: Page, session: Session) -> None:
    job = session.submit(ImageGenerationRequest(prompt="a lake"))
    early, late = weakref.ref(Card(job)), weakref.ref(Card(job))

    def close(card: weakref.ref[Card]) -> None:
        shown = card()
        assert shown is not None
        shown.close()

    close(early)
    page.wait_for(lambda: [card.film for card in left() if isinstance(card, Card) and card.film] or None)
    close(late)
    page.messages.clear()
    # The thread that reported the end may hold a reference to the card for a moment longer.
    wait_for(lambda: is_gone(early, late))


def test_closed_panels_galleries_and_grids_leave_nothing(page: Page, session: Session) -> None:  # noqa: ARG001
    dreams = Dreams([session.dream("a lake", kind="image")])
    for widget in (Panel(session), Gallery(session), Grid(dreams)):
        widget.close()
    assert left() == []


def test_a_layout_that_was_put_in_its_place_closes_only_by_hand(page: Page, session: Session) -> None:  # noqa: ARG001
    own = ipywidgets.Layout()
    card = Card(session.dream("a lake", kind="image"))
    card.layout = own
    card.close()
    assert left() == [own]


def test_a_control_closes_with_its_layout_and_style(page: Page) -> None:  # noqa: ARG001
    Vanishing(ipywidgets.IntProgress()).vanish()
    assert left() == []


def test_five_hundred_replays_leave_nothing(kernel: Kernel) -> None:
    kernel.run("%dream -i a lake")
    before = kernel.run(COUNT).result
    answer = kernel.run("for _ in range(500): get_ipython().run_line_magic('dream', '-i a lake')")
    assert answer.error is None
    assert kernel.run(COUNT).result == before == "(0, 0)"


def test_replays_that_somebody_watches_leave_nothing_once_they_vanish(kernel: Kernel) -> None:
    kernel.run(
        "%dream -i a lake\n"
        "from dream_nb.notebook.cell import replay_line\n"
        "get_ipython().kernel.get_parent('shell')['metadata']['cellId'] = 'x'\n"
        "for _ in range(5): get_ipython().run_line_magic('dream', '-i a lake')\n"
        "replay_line.vanish()"
    )
    assert kernel.run("replay_line._shown").result == "[]"
    kernel.run("from dream_nb.notebook.cell import live_parts; live_parts.close_live_parts()")
    assert kernel.run(COUNT).result == "(0, 0)"


def in_page(cell: str) -> str:
    return f"get_ipython().kernel.get_parent('shell')['metadata']['cellId'] = {cell!r}\n"


def test_a_cell_that_runs_again_closes_the_live_parts_of_its_earlier_run(kernel: Kernel) -> None:
    kernel.run(in_page("one") + "d = %dream -i a lake\nreplay_line.vanish()")
    once = kernel.run(COUNT).result
    assert once != "(0, 0)"
    kernel.run(in_page("one") + "d = %dream -i a lake\nreplay_line.vanish()")
    assert kernel.run(COUNT).result == once
    kernel.run(in_page("two") + "d = %dream -i a lake\nreplay_line.vanish()")
    assert kernel.run(COUNT).result != once
    kernel.run("live_parts.close_live_parts()")
    assert kernel.run(COUNT).result == "(0, 0)"


def test_only_so_many_live_parts_are_open(kernel: Kernel) -> None:
    kernel.run(
        in_page("three")
        + "for _ in range(80): get_ipython().run_line_magic('dream', '-i a lake')\nreplay_line.vanish()"
    )
    assert kernel.run("len(live_parts._open)").result == "60"
    kernel.run("live_parts.close_live_parts()")
    assert kernel.run(COUNT).result == "(0, 0)"


@pytest.mark.parametrize(
    "cell",
    [
        "%dream -i a new lake",
        "%dream -i a lake at {dawn|dusk}",
        "%dream gore",
        "%%storyboard\na lake\n---\na hill",
        "%dreams history",
        "_ = dream_nb.Dreams([d]).measure('brightness')",
    ],
)
def test_a_cell_that_is_over_leaves_no_widget(kernel: Kernel, cell: str) -> None:
    kernel.run("import dream_nb\nd = %dream -i a lake")
    kernel.run(cell)
    assert kernel.run(COUNT).result == "(0, 0)"
