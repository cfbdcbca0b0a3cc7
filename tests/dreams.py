"""Dreams that several tests use: drawn once by the studio, small and short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dream_nb.library.folder import Folder
from dream_nb.requests.fields import make_request
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session whose studio draws small: a shorter side of 90 pixels, one second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DREAM_NB_STUDIO_SIDE", "90")
        patch.setenv("DREAM_NB_STUDIO_SECONDS", "1")
        patch.delenv("DREAM_NB_REPLAY", raising=False)
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        with Session() as session:
            yield session


@pytest.fixture(scope="module")
def lake(studio: Session) -> Dream:
    """A video of 24 frames, 160 x 90."""
    return studio.dream("a serene lake at sunset")


@pytest.fixture(scope="module")
def lighthouse(studio: Session) -> Dream:
    """An image."""
    return studio.dream("a lighthouse in the fog", kind="image", aspect_ratio="1:1")


@pytest.fixture(scope="module")
def sweep(studio: Session) -> Dreams:
    """A sweep of images on two axes: two times of day and three moods."""
    words = [{"time": time, "mood": mood} for time in ("dawn", "night") for mood in ("calm", "stormy", "foggy")]
    jobs = [studio.submit(make_request(f"a {word['mood']} lake at {word['time']}", kind="image")) for word in words]
    return Dreams((job.result(240) for job in jobs), words=words)


@pytest.fixture
def copied(lake: Dream, tmp_path: Path) -> Dream:
    """A copy of the lake in another folder, which a test may damage."""
    folder = tmp_path / "copied"
    folder.mkdir()
    (folder / lake.path.name).write_bytes(lake.path.read_bytes())
    return Dream(lake._record, Folder(folder), tmp_path)


def unfinished(dream: Dream, **changes: object) -> Dream:
    """The same dream without its file, with other changes to its record."""
    record = replace(dream._record, **{"file": None, "sha256": None} | changes)  # type: ignore[arg-type]
    return Dream(record, dream._library, dream._home)
