"""A storyboard: shots that continue from each other, made at the same time if possible, redone, and joined."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dream_nb.api.errors import ConfigurationError, InvalidRequestError, LibraryError, SweepError
from dream_nb.api.request_models import GenerationReference, Keyframes
from dream_nb.media.video import read_facts
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.stills import still
from dream_nb.session import Session
from dream_nb.storyboard.storyboard import Shot, Storyboard

PROMPTS = ["a lake at dawn", "the sun climbs over the lake", "night falls"]


@pytest.fixture(scope="module")
def board(studio: Session) -> Storyboard:
    return Storyboard(PROMPTS, session=studio).make()


def frame0(dream: Dream) -> str:
    keyframes = dream.request.keyframes  # type: ignore[union-attr]
    assert isinstance(keyframes, Keyframes)
    assert isinstance(keyframes.frame0, GenerationReference)
    return keyframes.frame0.id


def test_each_shot_goes_on_from_the_one_before(board: Storyboard) -> None:
    shots = board.shots
    assert [shot.prompt for shot in shots] == PROMPTS
    assert [frame0(shot) for shot in shots[1:]] == [shot.generation.id for shot in shots[:-1]]
    # The same picture, apart from the loss of encoding.
    assert np.abs(shots[0].last_frame.astype(int) - shots[1].first_frame.astype(int)).mean() < 4
    assert shots.axes == {"shot": ["1", "2", "3"]}


def test_the_film_holds_every_frame_and_lies_beside_the_shots(board: Storyboard) -> None:
    facts = read_facts(board.path)
    assert (facts.frames, facts.seconds) == (72, 3.0)
    assert board.duration == 3.0
    assert board.path.parent == board.shots[0].path.parent
    assert board.path.name.startswith("lake-at-dawn-film-")


def test_a_film_that_is_read_back_has_the_prompts_of_its_shots(board: Storyboard, tmp_path: Path) -> None:
    board.join(tmp_path / "film.mp4")
    assert Dreams.from_files(tmp_path).column("prompt") == [" · ".join(PROMPTS)]


def test_making_it_again_takes_what_the_library_has(studio: Session, board: Storyboard) -> None:
    shooting = Storyboard(PROMPTS, session=studio).start()
    again = shooting.result(240)
    assert shooting.replayed
    assert again.shots == board.shots
    assert again.path == board.path
    assert board.make() is board


def test_a_longer_one_makes_only_what_is_missing(studio: Session, board: Storyboard) -> None:
    longer = Storyboard([*PROMPTS, "snow falls"], session=studio)
    assert [entry.standing for entry in longer.plan().entries] == ["in the library"] * 3 + ["new"]
    assert longer.make().shots[:3] == board.shots


def test_a_plan_sends_nothing_and_names_the_shots_that_are_to_come(studio: Session) -> None:
    before = len(studio.library.ledger.all())
    plan = Storyboard(["a new beginning", "its end"], session=studio).plan()
    assert plan.documents[1]["keyframes"] == {"frame0": {"type": "generation", "id": "shot 1"}}
    assert plan.new == 2
    assert len(studio.library.ledger.all()) == before


class Gate:
    """A session whose requests wait until `together` requests have been submitted."""

    def __init__(self, session: Session, together: int) -> None:
        self._session = session
        self._barrier = threading.Barrier(together, timeout=30)
        self.backend, self.executor = session.backend, session.executor
        self.plan, self.start = session.plan, session.start

    def submit(self, *arguments, **options):  # type: ignore[no-untyped-def]
        self._barrier.wait()
        return self._session.submit(*arguments, **options)


def test_shots_that_do_not_depend_on_each_other_are_made_at_once(studio: Session) -> None:
    # Each of the two waits for the other to be submitted; one after the other, neither would start.
    shots: list[str | Shot] = ["a forest", "rain in the forest", Shot("a desert", cut=True), "dusk in the desert"]
    board = Storyboard(shots, session=Gate(studio, 2))
    assert board.scenes == [[1, 2], [3, 4]]
    made = board.make().shots
    assert [frame0(made[1]), frame0(made[3])] == [made[0].generation.id, made[2].generation.id]
    assert made[2].request.keyframes is None  # type: ignore[union-attr]


def test_the_ends_and_the_fields_of_single_shots(studio: Session, board: Storyboard) -> None:
    first, last = board.shots[0], board.shots[-1]
    given = Storyboard(
        ["one", Shot("two", aspect_ratio="1:1"), Shot("three", frame0=last)],
        session=studio,
        aspect_ratio="4:3",
        frame0=first,
        frame1=last,
    )
    one, two, three = given.plan().documents
    assert (one["aspect_ratio"], two["aspect_ratio"]) == ("4:3", "1:1")
    assert one["keyframes"] == {"frame0": {"type": "generation", "id": first.generation.id}}
    assert set(three["keyframes"]) == {"frame0", "frame1"}
    assert given.scenes == [[1, 2], [3]]


@pytest.fixture
def failed(studio: Session) -> Storyboard:
    board = Storyboard([PROMPTS[0], "gore", "a hill", Shot("a meadow", cut=True)], session=studio)
    with pytest.raises(SweepError) as caught:
        board.make()
    assert str(caught.value).startswith("shot 2 of 4 not made: 'gore': Contains blacklisted words")
    assert "Not started, because they follow it: shot 3." in str(caught.value)
    return board


def test_a_shot_that_fails_leaves_what_does_not_follow_it(failed: Storyboard) -> None:
    assert [shot.prompt for shot in failed.shots] == [PROMPTS[0], "a meadow"]
    assert set(failed.errors) == {2}
    with pytest.raises(LibraryError, match="shot 2 is not made"):
        _ = failed.path


def test_one_that_failed_is_redone_with_all_that_follows(failed: Storyboard) -> None:
    redone = failed.redo(2, "a green valley")
    assert [shot.prompt for shot in redone.shots] == [PROMPTS[0], "a green valley", "a hill", "a meadow"]
    assert frame0(redone.shots[2]) == redone.shots[1].generation.id
    assert redone.shots[0] == failed.shots[0]
    assert read_facts(redone.path).frames == 96


def test_one_that_was_made_is_redone_as_the_same_next_take(board: Storyboard) -> None:
    redone = board.redo(2)
    assert [shot.take for shot in redone.shots] == [1, 2, 1]
    assert redone.shots[0] == board.shots[0]
    assert redone.shots[2].hash != board.shots[2].hash
    assert redone.path != board.path
    assert board.redo(2).shots == redone.shots


def test_a_number_that_no_shot_has_is_refused(board: Storyboard) -> None:
    with pytest.raises(ValueError, match="shot 4 does not exist: this storyboard has shots 1 to 3"):
        board.redo(4)


def test_fresh_takes_are_made_once_by_one_storyboard(studio: Session, board: Storyboard) -> None:
    fresh = Storyboard(PROMPTS[:1], session=studio, fresh=True).make()
    assert fresh.shots[0].take > board.shots[0].take
    assert fresh.make().shots == fresh.shots


def test_it_can_be_awaited_and_tells_where_each_shot_stands(studio: Session) -> None:
    shooting = Storyboard(["a quiet street", "a dog runs by"], session=studio).start()
    seen: list[list[str]] = []
    shooting.on_change(lambda shooting: seen.append([shot.note or shot.state for shot in shooting.shots]))
    assert len(shooting.result(240).shots) == 2
    assert any(second == "waits for 1" for _, second in seen)
    assert seen[-1] == ["completed", "completed"]


def test_a_film_whose_shots_were_made_anew_is_joined_anew(studio: Session) -> None:
    board = Storyboard(["a bird", "it sings"], session=studio).make()
    path = board.path
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    assert board.path == path
    assert read_facts(path).frames == 48


def test_a_shot_whose_file_is_gone_is_said_and_comes_back(studio: Session, tmp_path: Path) -> None:
    board = Storyboard(["a tree", "it sways"], session=studio).make()
    board.path.unlink()
    board.shots[1].path.unlink()
    with pytest.raises(LibraryError, match="no longer in 'dreams'"):
        board.join(tmp_path / "film.mp4")
    assert not list(tmp_path.iterdir())
    assert "no longer in" in board._repr_mimebundle_()["text/html"]
    again = Storyboard(["a tree", "it sways"], session=studio).make()
    assert read_facts(again.path).frames == 48


@pytest.mark.parametrize(
    ("shots", "fields", "message"),
    [
        ([], {}, "a storyboard has 1 to 1,000 shots, not 0"),
        (["a lake", " "], {}, "the prompt is empty"),
        (["a lake"], {"aspect_ratio": "wide"}, "aspect ratio 'wide'"),
        (["a lake"], {"kind": "image"}, "a storyboard consists of videos"),
        ([Shot("a lake", colour="red")], {}, "unknown field 'colour'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(
    studio: Session, shots: list[str | Shot], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        Storyboard(shots, session=studio, **fields)


def test_a_shot_of_another_backend_is_not_gone_on_from(
    studio: Session, board: Storyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio._choices, "backend", "dream-machine")
    monkeypatch.setattr(studio._choices, "is_chosen", False)
    with pytest.raises(SweepError, match="frame0 was made by backend 'studio'") as caught:
        Storyboard([board.prompts[0], "something else"], session=studio).make()
    assert isinstance(caught.value.errors["something else"], ConfigurationError)


def test_its_preview_is_a_player_and_a_strip_the_same_at_every_run(studio: Session, board: Storyboard) -> None:
    html = board._repr_mimebundle_()["text/html"]
    assert f'src="dreams/{board.path.name}"' in html
    assert [html.count(text) for text in ("<video", "<img", "→", "1 · 0.0 s", "2 · 1.0 s")] == [1, 3, 2, 1, 1]
    assert html == Storyboard(PROMPTS, session=studio).make()._repr_mimebundle_()["text/html"]
    assert repr(board) == "Storyboard(3 shots)"


def test_prompts_in_the_preview_are_text(studio: Session) -> None:
    html = Storyboard(["<script>"], session=studio)._repr_mimebundle_()["text/html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "not made yet" in html


def test_the_preview_of_a_failure_says_why_without_what_differs_each_time(failed: Storyboard) -> None:
    html = failed._repr_mimebundle_()["text/html"]
    assert "Contains blacklisted words. Change the prompt" in html
    assert "waits for 2" in html
    assert "generation " not in html


def test_its_still_shows_the_shots(board: Storyboard) -> None:
    picture = still(board.shots)
    assert picture is not None
    assert picture.startswith(b"\xff\xd8")


def test_a_redone_shot_of_a_fresh_board_is_the_same_take_at_every_run(studio: Session) -> None:
    board = Storyboard(["a harbour", "the tide falls"], session=studio, fresh=True).make()
    first, again = (board.redo(1).shots.column("take") for _ in range(2))
    assert first == again == [2, 1]


def test_keyframes_of_a_shot_are_refused_since_the_storyboard_makes_them(studio: Session) -> None:
    keyframes = {"frame0": {"type": "generation", "id": "x"}}
    with pytest.raises(InvalidRequestError, match="give frame0 or frame1 instead"):
        Shot("a lake", keyframes=keyframes)
    with pytest.raises(InvalidRequestError, match="give frame0 or frame1 instead"):
        Storyboard(["a lake"], session=studio, keyframes=keyframes)


def test_a_film_that_cannot_be_joined_ends_all_the_same(studio: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Storyboard, "join", fail)
    board = Storyboard(["a fjord", "the ice breaks"], session=studio)
    assert board.start().result(240) is board


def test_an_error_names_every_shot_also_those_of_one_prompt(studio: Session) -> None:
    with pytest.raises(SweepError) as caught:
        Storyboard(["gore", Shot("gore", cut=True)], session=studio).make()
    assert list(caught.value.errors) == ["gore", "gore (2)"]
