"""Continuing from a dream, its origins, and when two dreams are equal."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dream_nb import default
from dream_nb.api.errors import ConfigurationError, InvalidRequestError, LibraryError
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session
from tests.dreams import unfinished


def near(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one.astype(int) - other).mean() < 6)


@pytest.fixture(scope="module")
def sequel(lake: Dream) -> Dream:
    return lake.extend("a storm comes")


def test_what_extends_a_dream_begins_with_its_last_frame(lake: Dream, sequel: Dream) -> None:
    assert sequel.prompt == "a storm comes"
    assert near(sequel.first_frame, lake.last_frame)
    assert not near(sequel.last_frame, lake.last_frame)


def test_what_leads_up_to_a_dream_ends_with_its_first_frame(lake: Dream) -> None:
    before = lake.reverse_extend("the sun rises over a desert")
    assert near(before.last_frame, lake.first_frame)


def test_what_leads_over_touches_both(lake: Dream, studio: Session) -> None:
    other = studio.dream("a desert at noon")
    between = lake.interpolate(other)
    assert between.prompt == lake.prompt
    assert near(between.first_frame, lake.last_frame)
    assert near(between.last_frame, other.first_frame)


def test_a_video_goes_on_from_an_image(lighthouse: Dream) -> None:
    moved = lighthouse.extend("the fog lifts")
    assert moved.kind == "video"
    assert moved.request.aspect_ratio == "1:1"
    assert near(moved.first_frame, np.asarray(lighthouse.image))


def test_without_waiting_its_job_comes_back(lake: Dream, sequel: Dream) -> None:
    job = lake.extend("a storm comes", wait=False)
    assert job.replayed
    assert job.result() == sequel


def test_variations_are_the_next_takes_each_time(lake: Dream) -> None:
    takes = lake.variations(2)
    assert [one.take for one in takes] == [2, 3]
    assert lake.variations(2) == takes
    assert all(job.replayed for job in lake.variations(2, wait=False))
    with pytest.raises(InvalidRequestError, match="count must be at least 1, not 0"):
        lake.variations(0)


def test_ancestors_and_descendants_are_the_nearest_first(lake: Dream, sequel: Dream) -> None:
    last = sequel.extend("and calm again")
    assert last.ancestors() == Dreams([sequel, lake])
    assert [one for one in lake.descendants() if one in (sequel, last)] == [sequel, last]
    assert lake.ancestors() == Dreams()


def test_without_a_session_nothing_goes_on(copied: Dream) -> None:
    with pytest.raises(ConfigurationError, match="does not belong to a session"):
        copied.extend("a storm comes")


def test_another_backend_does_not_know_it(lake: Dream) -> None:
    from dataclasses import replace

    hosted = Dream(replace(lake._record, backend="dream-machine"), lake._library, lake._home, lake._maker)
    with pytest.raises(ConfigurationError, match=r"made by backend 'dream-machine', but this session uses 'studio'"):
        hosted.extend("a storm comes")


def test_what_was_never_made_is_no_keyframe(lake: Dream) -> None:
    waiting = unfinished(lake, generation=None, state="intended")
    with pytest.raises(ConfigurationError, match="make it first"):
        Dream(waiting._record, lake._library, lake._home, lake._maker).extend("a storm comes")


def test_the_code_of_a_dream_makes_it_again(
    lake: Dream, sequel: Dream, studio: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default, "_default", studio)
    looped = studio.dream('"quotes" and {braces}\nand lines', loop=True, aspect_ratio="21:9", take=2)
    for dream in (lake, sequel, looped, lake.interpolate(sequel, "between")):
        names: dict[str, Dream] = {}
        exec(dream.to_code(), names)
        assert names["dream"] == dream


def test_the_code_of_a_dream_names_each_ancestor_once_and_before_what_goes_on_from_it(
    lake: Dream, sequel: Dream
) -> None:
    code = lake.interpolate(sequel, "between").to_code()
    assert [line.partition(" = ")[0] for line in code.splitlines()[3:]] == ["dream1", "dream2", "dream"]
    assert "id=dream1.generation.id" in code
    assert not any(one.generation.id in code for one in (lake, sequel) if one.generation.id)


def test_a_pickled_dream_reads_the_same_library(lake: Dream, sequel: Dream) -> None:
    again = pickle.loads(pickle.dumps(sequel))
    assert again == sequel
    assert again.path == sequel.path
    assert again.ancestors() == Dreams([lake])
    assert len(pickle.dumps(sequel)) < 10_000


def test_a_pickled_dream_opens_nothing_by_itself(lake: Dream, tmp_path: Path) -> None:
    (tmp_path / "dream.pickle").write_bytes(pickle.dumps(lake))
    source = (
        "import pickle, sys, pathlib; d = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes());"
        "print(d.prompt, d.size, hash(d) is not None, 'ledger' in str(d._library.__dict__))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", source, str(tmp_path / "dream.pickle")], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "a serene lake at sunset (160, 90) True False\n"


def test_equal_dreams_are_one_in_a_set(lake: Dream, studio: Session, sweep: Dreams) -> None:
    assert studio.dream(lake.prompt) == lake
    assert len({lake, studio.dream(lake.prompt), *sweep}) == 7
    assert lake != lake.prompt


def test_marks_are_kept_in_the_library(lighthouse: Dream, studio: Session) -> None:
    assert lighthouse.mark(stars=4, tags=["fog", "sea"]) is lighthouse
    lighthouse.mark(note="the best")
    again = studio.dream(lighthouse.prompt, kind="image", aspect_ratio="1:1")
    assert (again.stars, again.note, again.tags) == (4, "the best", ("fog", "sea"))
    with pytest.raises(ValueError, match="from 0 to 5, not 6"):
        lighthouse.mark(stars=6)


def test_a_plain_folder_keeps_no_marks(copied: Dream) -> None:
    with pytest.raises(LibraryError, match="has no ledger"):
        copied.mark(stars=1)


def test_a_dream_knows_its_facts(lake: Dream) -> None:
    assert (lake.backend, lake.take, lake.cost, lake.failure_reason) == ("studio", 1, None, None)
    assert unfinished(lake, seconds=4.0, queued=1.0).seconds_dreaming == 3.0
    assert unfinished(lake, queued=None).seconds_dreaming is None
    assert lake.created.tzinfo is not None
    assert lake.sha256 is not None
