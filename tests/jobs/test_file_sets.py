"""Generations of several files: an EXR beside its video, and one picture for each layer."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dream_nb.api.errors import APIError, InvalidRequestError
from dream_nb.library.library import Library
from dream_nb.library.repair import rebuild_ledger
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session
from tests.fakes.dream_machine import Reply
from tests.fakes.luma import EXR, FakeLuma
from tests.jobs.hosted import HASTE, sidecar

LABELS = ["fox", "trees", "background"]


@pytest.fixture
def luma(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLuma]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DREAM_NB_BACKEND")
    with FakeLuma().running() as fake:
        fake.use(monkeypatch)
        yield fake


@pytest.fixture
def session(luma: FakeLuma) -> Iterator[Session]:  # noqa: ARG001
    with Session(patience=HASTE) as session:
        yield session


@pytest.fixture
def layers(session: Session) -> Dreams:
    return session.dream("a fox among trees", kind="image").layers("2k", "the fox apart")


@pytest.fixture
def graded(session: Session) -> Dream:
    return session.dream("a lake", hdr=True, exr_export=True)


def test_layers_are_dreams_with_labels(layers: Dreams, luma: FakeLuma) -> None:
    assert [words["part"] for words in layers.words] == [dream.label for dream in layers] == LABELS
    assert len({dream.path for dream in layers}) == len(set(layers)) == 3
    assert luma.posts[1].items() >= {"type": "layering", "layering": {"resolution": "2k"}}.items()
    # The documentation does not say that the source of layering may be named by its id.
    assert luma.taken[0]["id"] in luma.posts[1]["source"]["url"]


def test_an_exr_is_kept_beside_its_video_as_it_came(graded: Dream) -> None:
    video, exr = graded.files
    assert (graded.path, video.suffix, exr.suffix, exr.read_bytes()) == (video, ".mp4", ".exr", EXR)


def test_exr_needs_hdr(session: Session, luma: FakeLuma) -> None:
    with pytest.raises(InvalidRequestError, match="exr_export requires hdr"):
        session.dream("a lake", model="ray-3.2", exr_export=True)
    assert luma.calls == []


def test_a_second_run_gives_the_set_back_and_sends_nothing(session: Session, layers: Dreams, luma: FakeLuma) -> None:
    fox = session.dream("a fox among trees", kind="image")
    assert list(fox.layers("2k", "the fox apart")) == list(layers)
    assert luma.count("POST") == 2


@pytest.mark.parametrize("number", [0, 1])
def test_a_file_of_a_set_that_is_gone_is_fetched_again_and_not_made(
    session: Session, graded: Dream, luma: FakeLuma, number: int
) -> None:
    graded.files[number].unlink()
    luma.clock = timedelta(hours=2)
    again = session.dream("a lake", hdr=True, exr_export=True)
    assert [path.suffix for path in again.files] == [".mp4", ".exr"]
    assert luma.count("POST") == 1


def test_a_file_of_a_set_that_was_changed_is_fetched_again(session: Session, graded: Dream) -> None:
    graded.files[1].write_bytes(b"changed")
    assert session.dream("a lake", hdr=True, exr_export=True).files[1].read_bytes() == EXR


def test_a_set_whose_second_file_does_not_come_is_not_finished(session: Session, luma: FakeLuma) -> None:
    luma.asset_replies.append(Reply(404))
    with pytest.raises(APIError, match="404"):
        session.dream("a lake", hdr=True, exr_export=True)
    luma.asset_replies.clear()
    assert not session.library.ledger.all()[0].is_finished
    assert session.dream("a lake", hdr=True, exr_export=True).files[1].suffix == ".exr"
    assert luma.count("POST") == 1


def test_a_sidecar_tells_of_the_set(graded: Dream) -> None:
    (further,) = sidecar(graded.path)["further"]
    assert further["name"] == graded.files[1].name


def test_a_lost_ledger_knows_the_set_again(session: Session, graded: Dream) -> None:
    folder = session.library.folder
    session.close()
    rebuild_ledger(folder)
    (folder / "ledger.sqlite").unlink()
    with Session(patience=HASTE) as later:
        assert later.dreams()[0].files == graded.files


def test_a_set_goes_into_the_trash_and_comes_back(session: Session, graded: Dream) -> None:
    paths = graded.files
    session.delete(graded, files=True)
    assert not any(path.exists() for path in paths)
    assert session.restore(graded).files == paths


def test_an_emptied_trash_has_no_file_of_a_set(session: Session, graded: Dream) -> None:
    session.delete(graded, files=True)
    session.empty_trash()
    assert list((session.library.folder / "trash").iterdir()) == []


def test_a_set_is_pruned_as_a_whole(session: Session, graded: Dream) -> None:
    paths = graded.files
    assert sum(path.stat().st_size for path in paths) == session.library.size()
    assert sorted(path.name for path in session.library.prune(0)) == sorted(path.name for path in paths)
    assert session.library.size() == 0


def test_an_export_has_the_whole_set(graded: Dream, tmp_path: Path) -> None:
    Dreams([graded]).export(tmp_path / "out")
    (entry,) = json.loads((tmp_path / "out" / "manifest.json").read_text())["dreams"]
    assert entry["further"] == [graded.files[1].name]
    (found,) = Dreams.from_files(tmp_path / "out")
    assert [path.suffix for path in found.files] == [".mp4", ".exr"]


def test_a_layer_can_be_pickled(layers: Dreams) -> None:
    again = pickle.loads(pickle.dumps(layers[1]))
    assert (again, again.path) == (layers[1], layers[1].path)


def test_a_library_that_is_opened_alone_has_the_set(session: Session, layers: Dreams) -> None:
    folder = session.library.folder
    session.close()
    library = Library(folder)
    (record,) = [one for one in library.ledger.all() if one.further]
    assert (library.holds(record), len(library.paths(record))) == (True, len(layers))
    library.close()


def test_code_asks_for_layers_again(layers: Dreams) -> None:
    assert ".layers('2k', 'the fox apart', model='uni-1')[0]" in layers[0].to_code()
