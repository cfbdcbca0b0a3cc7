"""Several requests, submitted as one sweep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dream_nb.api.errors import InvalidRequestError, SweepError
from dream_nb.requests.fields import make_request
from dream_nb.requests.plan import Ask, takes_of
from dream_nb.results.stills import still
from dream_nb.results.sweep import Sweep
from dream_nb.session import Session

SECONDS = 240


def test_a_sweep_gives_dreams_with_their_words(session: Session) -> None:
    dreams = session.sweep("a lake at {time=dawn|dusk}", kind="image", takes=2)
    assert [dream.prompt for dream in dreams] == ["a lake at dawn"] * 2 + ["a lake at dusk"] * 2
    assert dreams.axes == {"time": ["dawn", "dusk"], "take": ["1", "2"]}
    assert [dream.take for dream in dreams] == [1, 2, 1, 2]


def test_what_cannot_be_made_leaves_the_others(session: Session) -> None:
    with pytest.raises(
        SweepError, match=r"1 of 3 not made: 'gore': Contains blacklisted words.*Change the prompt"
    ) as caught:
        session.sweep("{lake|gore|hill}", kind="image")
    assert [dream.prompt for dream in caught.value.dreams] == ["lake", "hill"]
    assert caught.value.dreams.words == [{"1": "lake"}, {"1": "hill"}]
    assert set(caught.value.errors) == {"gore"}


def test_a_field_that_is_wrong_sends_nothing(session: Session) -> None:
    with pytest.raises(InvalidRequestError, match="aspect ratio '7:3'"):
        session.sweep("{lake|hill}", aspect_ratio="7:3")
    assert session.library.ledger.all() == []


def test_its_progress_counts_what_is_done(session: Session) -> None:
    asks = [Ask(make_request(prompt, kind="image")) for prompt in ("lake", "hill", "wood")]
    sweep = session.start(session.plan(asks), prompt="all")
    seen: list[tuple[str, float | None, str]] = []
    sweep.on_change(lambda sweep: seen.append((sweep.progress.state, sweep.progress.fraction, sweep.progress.note)))
    assert len(sweep.result(SECONDS)) == 3
    assert seen[-1][:2] == ("completed", 1.0)
    assert all(note.endswith("of 3 done, free") for state, _, note in seen if state != "completed")
    assert sweep.title == "all"


def test_a_sweep_that_is_in_the_library_ends_at_once(session: Session) -> None:
    first = session.sweep("{lake|hill}", kind="image")
    asks = [Ask(make_request(prompt, kind="image")) for prompt in ("lake", "hill")]
    again = session.start(session.plan(asks))
    assert again.done()
    assert again.replayed
    assert [dream.hash for dream in again.result()] == [dream.hash for dream in first]


def test_a_plan_says_what_there_is_and_sends_nothing(session: Session) -> None:
    session.dream("lake", kind="image")
    asks = [Ask(make_request(prompt, kind="image")) for prompt in ("lake", "<hill>")]
    plan = session.plan(asks)
    assert [entry.standing for entry in plan.entries] == ["in the library", "new"]
    assert (plan.new, plan.cents, len(session.library.ledger.all())) == (1, 0.0, 1)
    assert plan.documents[1] == {
        "prompt": "<hill>", "aspect_ratio": "16:9", "generation_type": "image", "model": "photon-1"
    }  # fmt: skip
    shown = plan._repr_mimebundle_()
    assert "&lt;hill&gt;" in shown["text/html"]
    assert json.loads(shown["text/plain"].partition("\n")[2]) == plan.documents


def test_a_fresh_take_is_always_new(session: Session) -> None:
    session.dream("lake", kind="image")
    assert session.plan([Ask(make_request("lake", kind="image"), fresh=True)]).new == 1


@pytest.mark.parametrize("takes", [0, -1, 10_001])
def test_a_number_of_takes_is_from_1(takes: int) -> None:
    with pytest.raises(InvalidRequestError, match="takes: give a number from 1"):
        takes_of(make_request("lake"), {}, takes)


def test_a_still_of_several_shows_them_side_by_side(session: Session, tmp_path: Path) -> None:
    from PIL import Image

    dreams = session.sweep("{lake|hill}", kind="image")
    picture = tmp_path / "still.jpg"
    picture.write_bytes(still(dreams) or b"")
    with Image.open(picture) as sheet:
        one = dreams[0].image
        assert sheet.width > 2 * min(one.width, 300)
        assert sheet.height < sheet.width


def test_there_is_no_still_of_what_is_gone(session: Session) -> None:
    dream = session.dream("lake", kind="image")
    dream.path.unlink()
    assert still([dream]) is None


def test_a_sweep_is_awaited(session: Session) -> None:
    import asyncio

    sweep = session.start(session.plan([Ask(make_request("lake", kind="image"))]))
    assert isinstance(sweep, Sweep)

    async def main() -> int:
        return len(await sweep)

    assert asyncio.run(main()) == 1
