"""Measuring dreams: in worker processes, kept in the library, with gaps that say why."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dream_nb
from dream_nb import workers
from dream_nb.library.folder import Folder
from dream_nb.media.measures import MEASURES, Look
from dream_nb.media.worker import Reading
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.measure import Measure, MeasureWarning
from dream_nb.session import Session
from dream_nb.workers import WorkerDiedError
from tests.dreams import unfinished

Frame = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


class Counted(ThreadPoolExecutor):
    """An executor that records its calls."""

    def __init__(self) -> None:
        super().__init__(1)
        self.calls: list[Any] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.calls.append(args)
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
def counted() -> Iterator[Counted]:
    with Counted() as executor:
        yield executor


def test_all_measures_are_columns(lake: Dream, lighthouse: Dream) -> None:
    measured = Dreams([lake, lighthouse]).measure()
    table = measured.to_pandas()
    assert set(MEASURES) <= set(table.columns)
    assert table["brightness"].between(0, 1).all()
    assert table["problem"].isna().all()
    assert table["motion"].isna().tolist() == [False, True]
    assert table["shots"].tolist() == [[], None]


def test_one_dream_is_measured_as_several_are(lake: Dream) -> None:
    several = Dreams([lake]).measure("motion", "shots").measures[0]
    assert lake.measure("motion", "shots") == {"motion": several["motion"], "shots": []}
    assert set(lake.measure()) == set(MEASURES)
    with pytest.raises(ValueError, match="no measure 'moton': did you mean 'motion'"):
        lake.measure("moton")


def test_what_cannot_be_measured_of_one_dream_is_none_and_a_warning(lighthouse: Dream) -> None:
    with pytest.warns(MeasureWarning, match=r"'a lighthouse in the fog' has gaps: motion: .*no longer in") as warned:
        assert unfinished(lighthouse, file="gone.jpg").measure("motion") == {"motion": None}
    assert warned[0].filename == __file__


def test_what_the_worker_measures_is_what_the_frames_say(lake: Dream) -> None:
    wanted = np.mean([colourfulness_of(frame) for frame in lake.frames()])
    got = Dreams([lake]).measure("colourfulness").measures[0]["colourfulness"]
    assert got == pytest.approx(wanted, rel=1e-6)


def colourfulness_of(frame: Frame) -> float:
    measurement = MEASURES["colourfulness"]()
    measurement.add(Look(frame))
    value = measurement.value()
    assert isinstance(value, float)
    return value


def test_what_is_known_is_not_measured_again(studio: Session, counted: Counted) -> None:
    dreams = Dreams([studio.dream("a canyon", kind="image")])
    first = dreams.measure("sharpness", "contrast", executor=counted)
    again = dreams.measure("contrast", "sharpness", executor=counted)
    assert len(counted.calls) == 1
    assert again.measures[0] == first.measures[0]
    dreams.measure("brightness", "contrast", executor=counted)
    assert counted.calls[1][0].ours == ["brightness"]


@pytest.mark.usefixtures("studio")
def test_a_later_session_knows_them_too(counted: Counted, tmp_path: Path) -> None:
    with Session(tmp_path / "library", "studio") as session:
        before = Dreams([session.dream("a canyon", kind="image")]).measure("sharpness").measures
    with Session(tmp_path / "library", "studio") as session:
        assert session.dreams().measure("sharpness", executor=counted).measures == before
    assert counted.calls == []


def test_a_dream_that_stands_twice_is_measured_once(studio: Session, counted: Counted) -> None:
    dream = studio.dream("a dune", kind="image")
    assert len(Dreams([dream, dream]).measure("contrast", executor=counted).measures) == 2
    assert len(counted.calls) == 1


def test_measures_add_to_those_that_are_there(lighthouse: Dream) -> None:
    assert {"contrast", "sharpness"} <= set(Dreams([lighthouse]).measure("contrast").measure("sharpness").measures[0])


def test_a_function_of_the_user_runs_in_a_worker(lake: Dream) -> None:
    import os

    factor = 2

    @dream_nb.measure
    def redness(frames: Iterator[Frame]) -> float:
        return factor * float(np.mean([frame[..., 0].mean() for frame in frames]))

    @dream_nb.measure
    def process(frames: Iterator[Frame]) -> int:  # noqa: ARG001 - the test is about the process
        import os

        return os.getpid()

    [values] = Dreams([lake]).measure(redness, process, "contrast").measures
    assert isinstance(redness, Measure)
    assert values["redness"] == pytest.approx(redness(lake.frames()), rel=1e-6)
    assert values["process"] != os.getpid()
    assert values["contrast"] is not None


def test_a_function_with_a_version_is_kept_and_one_without_is_not(lighthouse: Dream, counted: Counted) -> None:
    @dream_nb.measure(name="kept", version=1, size=(8, 4))
    def one(frames: Iterator[Frame]) -> tuple[int, ...]:
        return next(frames).shape

    @dream_nb.measure
    def forgotten(frames: Iterator[Frame]) -> int:
        return len(list(frames))

    for _ in range(2):
        [values] = Dreams([lighthouse]).measure(one, forgotten, executor=counted).measures
        assert values["kept"] == [4, 8, 3]
        assert values["forgotten"] == 1
    assert [[name for name, _, _ in call[0].theirs] for call in counted.calls] == [["kept", "forgotten"], ["forgotten"]]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.zeros((3, 4)), r"array of shape \(3, 4\)"),
        ({"a": 1}, "gave dict"),
        ([1, "a"], "gave list"),
        ([[1], [2]], "gave list"),
        (object, "gave type"),
        (2**70, "that does not fit into 64 bits"),
        ([1, 2**63], "that does not fit into 64 bits"),
    ],
)
def test_a_value_that_no_column_holds_is_a_gap_that_says_so(lighthouse: Dream, value: Any, reason: str) -> None:
    @dream_nb.measure
    def wrong(frames: Iterator[Frame]) -> Any:  # noqa: ARG001 - its result is always wrong
        return value

    with pytest.warns(MeasureWarning, match=reason):
        measured = Dreams([lighthouse]).measure(wrong, "contrast")
    assert measured.measures[0]["wrong"] is None
    assert measured.measures[0]["contrast"] is not None
    assert measured.column("problem")[0].startswith("wrong: ValueError")


@pytest.mark.parametrize(
    "value", [np.float32(1.5), np.int64(3), np.bool_(True), np.arange(3), ("a", "b"), ("a", None), None, "x"]
)
def test_plain_values_of_numpy_are_taken(lighthouse: Dream, value: Any) -> None:
    @dream_nb.measure
    def fine(frames: Iterator[Frame]) -> Any:  # noqa: ARG001 - any frame will do
        return value

    [values] = Dreams([lighthouse]).measure(fine).measures
    assert values["fine"] == (list(value) if isinstance(value, np.ndarray | tuple) else value)


def test_an_error_of_the_user_is_a_gap_with_its_words(lake: Dream, lighthouse: Dream) -> None:
    @dream_nb.measure
    def second(frames: Iterator[Frame]) -> float:
        all_of_them = list(frames)
        return float(all_of_them[1].mean())

    with pytest.warns(MeasureWarning, match="1 of 2 dreams have gaps"):
        measured = Dreams([lake, lighthouse]).measure(second)
    assert measured.column("second")[0] > 0
    assert measured.column("problem") == [None, "second: IndexError: list index out of range"]


def test_files_that_are_gone_cut_foreign_or_not_there_are_gaps(lake: Dream, lighthouse: Dream, tmp_path: Path) -> None:
    def damaged(name: str, content: bytes | None, sha256: str | None = None) -> Dream:
        (tmp_path / name).mkdir()
        dream = Dream(replace(lake._record, sha256=sha256), Folder(tmp_path / name), tmp_path)
        if content is not None:
            (tmp_path / name / (lake._record.file or "")).write_bytes(content)
        return dream

    data = lake.path.read_bytes()
    dreams = Dreams(
        [
            lighthouse,
            damaged("gone", None, "a"),
            damaged("cut", data[: len(data) // 2]),
            damaged("foreign", b"hello"),
            damaged("changed", data, "0" * 64),
            unfinished(lake, generation=lake.generation.model_copy(update={"state": "failed"})),
        ]
    )
    with pytest.warns(MeasureWarning, match="5 of 6 dreams have gaps"):
        measured = dreams.measure("contrast", "sharpness")
    problems = measured.column("problem")
    for problem, words in zip(
        problems[1:],
        ["no longer in", "download it again", "is not a video", "was changed", "was not made"],
        strict=True,
    ):
        assert words in problem
    assert problems[0] is None
    assert measured.to_pandas()["contrast"].isna().tolist() == [False] + [True] * 5


def test_an_unknown_measure_names_the_nearest(lake: Dream) -> None:
    with pytest.raises(ValueError, match="no measure 'sharpnes': did you mean 'sharpness'"):
        Dreams([lake]).measure("sharpnes")
    with pytest.raises(ValueError, match=r"put @dream_nb.measure above"):
        Dreams([lake]).measure(len)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["sharpness", "prompt", "problem", "not a name", ""])
def test_a_name_that_is_taken_or_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        dream_nb.measure(name=name)(lambda frames: len(list(frames)))


def test_two_measures_of_one_name_are_refused(lake: Dream) -> None:
    one, other = (Measure(function, "same", None, 8) for function in (next, list))
    with pytest.raises(ValueError, match=r"two measures are named 'same': rename one of them, @measure\(name=…\)"):
        Dreams([lake]).measure(one, other)


def test_nothing_is_a_near_duplicate_of_nothing() -> None:
    assert Dreams().near_duplicates() == []


def test_nothing_is_measured_of_nothing() -> None:
    assert Dreams().measure() == Dreams()


def test_near_duplicates_are_grouped(lake: Dream, lighthouse: Dream, sweep: Dreams) -> None:
    twin = Dream(replace(lake._record, take=9), lake._library, lake._home)
    assert Dreams([lake, lighthouse, twin]).near_duplicates() == [Dreams([lake, twin])]
    assert Dreams([lake, lighthouse]).near_duplicates(0) == []
    assert len(sweep.near_duplicates(64)[0]) == 6
    with pytest.raises(ValueError, match="from 0 to 64, not 65"):
        sweep.near_duplicates(65)


def test_another_executor_gets_bytes_and_no_paths(lighthouse: Dream, counted: Counted) -> None:
    @dream_nb.measure
    def nothing(frames: Iterator[Frame]) -> int:
        return len(list(frames))

    Dreams([lighthouse]).measure(nothing, executor=counted)
    assert isinstance(counted.calls[0][0].file, bytes)


@pytest.mark.filterwarnings("ignore")  # warnings of dask itself
def test_a_dask_cluster_measures_what_our_workers_do(lake: Dream, lighthouse: Dream, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="dask is not installed: pip install dream_nb[distributed]")
    files = [tmp_path / dream.path.name for dream in (lake, lighthouse)]
    for file, dream in zip(files, (lake, lighthouse), strict=True):
        file.write_bytes(dream.path.read_bytes())
    # A plain folder has no stored measures, so everything is measured.
    copies = Dreams.from_files(tmp_path)
    ours = copies.measure("brightness", "motion")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        theirs = copies.measure("brightness", "motion", executor=client.get_executor())
    assert theirs.measures == ours.measures


def test_a_function_that_no_worker_can_have_is_named(lake: Dream) -> None:
    lock = threading.Lock()

    @dream_nb.measure
    def locked(frames: Iterator[Any]) -> float:
        with lock:
            return float(len(list(frames)))

    with pytest.raises(ValueError, match="measure 'locked' uses a value that cannot be sent"):
        Dreams([lake]).measure(locked)


@pytest.mark.parametrize("value", ["nonsense", '"zz"', "{}"])
def test_a_value_of_the_library_that_no_measure_gave_is_measured_again(
    studio: Session, lighthouse: Dream, value: str
) -> None:
    names = ("brightness", "fingerprint")
    before = Dreams([lighthouse]).measure(*names).measures
    assert lighthouse.sha256 is not None
    kept = studio.library.ledger.measures(lighthouse.sha256)
    studio.library.ledger.keep_measures(lighthouse.sha256, dict.fromkeys(kept, value))
    assert Dreams([lighthouse]).measure(*names).measures == before


class Answering(Executor):
    """An executor whose calls fail with these errors, one after the other; later calls go to our own pool."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if not self.errors:
            return workers.pool().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_exception(self.errors.pop(0))
        return future


def test_what_a_worker_died_of_is_measured_once_more(lake: Dream) -> None:
    copy = Dream(replace(lake._record, sha256=None), lake._library, lake._home)
    died = WorkerDiedError("a worker process ended before its work was done")
    assert Dreams([copy]).measure("contrast", executor=Answering(died)).measures[0]["contrast"] is not None
    with pytest.warns(MeasureWarning, match="contrast: WorkerDiedError: a worker process ended"):
        measured = Dreams([copy]).measure("contrast", executor=Answering(died, died))
    assert measured.measures[0]["contrast"] is None


def test_more_files_are_measured_at_once_than_a_wide_cluster_has_threads(lake: Dream) -> None:
    copy = replace(lake._record, sha256=None)
    dreams = Dreams(Dream(replace(copy, take=take), lake._library, lake._home) for take in range(2, 72))
    waiting: list[Future[Any]] = []

    class Wide(Executor):
        max_workers = 60

        def submit(self, _fn: Any, /, *_args: Any, **_kwargs: Any) -> Future[Any]:
            waiting.append(Future())
            if len(waiting) == 61:
                for future in waiting:
                    future.set_result(Reading({"contrast": 0.5}))
            elif len(waiting) > 61:
                waiting[-1].set_result(Reading({"contrast": 0.5}))
            return waiting[-1]

    assert dreams.measure("contrast", executor=Wide()).column("contrast") == [0.5] * 70
