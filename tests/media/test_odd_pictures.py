"""A picture is read the same way everywhere: as a dream, for measures and thumbnails, in a panel, as a keyframe."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dream_nb.library.thumbnails import shrink
from dream_nb.media.measures import Look
from dream_nb.media.pictures import picture_size
from dream_nb.notebook.widgets.panel import _thumbnail
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.studio.render.given.pictures import cropped
from tests.media.odd_pictures import ODD, SIZE

# Pillow warns, but the picture can be seen nevertheless.
pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF data")


def dream_of(file: Path) -> Dream:
    return Dreams.from_files(file.parent)[0]


def as_dream(file: Path) -> Image.Image:
    return dream_of(file).image


def as_frames(file: Path) -> Image.Image:
    return Image.fromarray(next(dream_of(file).frames()))


def as_thumbnail(file: Path) -> Image.Image:
    return dream_of(file).thumbnail


def in_the_gallery(file: Path) -> Image.Image:
    small = file.parent / "small"
    assert shrink(str(file), str(small)) == ""
    return Image.open(small).convert("RGB")


def in_the_panel(file: Path) -> Image.Image:
    return Image.open(io.BytesIO(_thumbnail(file.read_bytes(), file.name))).convert("RGB")


def as_keyframe(file: Path) -> Image.Image:
    return Image.fromarray(cropped(file.read_bytes(), *SIZE))


READERS = [as_dream, as_frames, as_thumbnail, in_the_gallery, in_the_panel, as_keyframe]


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Image.Image]:
    """A file, and the picture that people see."""
    make, see = ODD[request.param]
    file = tmp_path / request.param
    file.write_bytes(make())
    return file, see()


@pytest.mark.parametrize("read", READERS)
def test_every_reader_sees_what_people_see(odd: tuple[Path, Image.Image], read: Callable[[Path], Image.Image]) -> None:
    file, wanted = odd
    seen = read(file)
    assert (seen.mode, seen.size) == ("RGB", SIZE)
    # Codecs only blur edges; a wrong colour would differ everywhere.
    assert np.abs(np.asarray(seen, int) - np.asarray(wanted, int)).mean() < 8


def test_it_is_measured_as_it_is_seen(odd: tuple[Path, Image.Image]) -> None:
    file, wanted = odd
    row = Dreams.from_files(file.parent).measure("brightness").measures[0]
    # Animations are measured as videos, and these are black for half of the time.
    share = 0.5 if file.stem == "moving" else 1.0
    assert row["brightness"] == pytest.approx(share * float(Look(np.asarray(wanted)).luma.mean()) / 255, abs=0.01)


def test_its_size_is_that_of_what_is_seen(odd: tuple[Path, Image.Image]) -> None:
    assert dream_of(odd[0]).size == picture_size(odd[0]) == SIZE
