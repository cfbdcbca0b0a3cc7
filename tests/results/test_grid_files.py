"""A grid as a file, when some of its videos are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dream_nb.api.errors import LibraryError
from dream_nb.media.video import iterate_frames
from dream_nb.notebook.widgets.grid import Grid
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams

GREY = (138, 138, 148)


@pytest.fixture
def files(lake: Dream, tmp_path: Path) -> list[Path]:
    """The lake, twice."""
    files = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for file in files:
        file.write_bytes(lake.path.read_bytes())
    return files


@pytest.fixture
def grid(files: list[Path]) -> Grid:
    return Dreams.from_files(files[0].parent).grid()


def halves(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The contents of the two cells of a grid."""
    middle = picture.shape[1] // 2
    return picture[20:-20, 20 : middle - 20], picture[20:-20, middle + 20 : -20]


@pytest.mark.parametrize("gone", [0, 1])
def test_a_picture_of_a_grid_is_grey_where_a_file_is_gone(files: list[Path], grid: Grid, gone: int) -> None:
    files[gone].unlink()
    with Image.open(grid.to_png()) as sheet:
        assert sheet.getpixel((0, 0)) == (0, 0, 0, 0)
        places = halves(np.asarray(sheet.convert("RGB")))
    assert (places[gone] == GREY).all()
    assert places[1 - gone].std() > 1


@pytest.mark.parametrize("gone", [0, 1])
def test_a_film_of_a_grid_is_grey_where_a_file_is_gone(files: list[Path], grid: Grid, gone: int) -> None:
    files[gone].unlink()
    frames = list(iterate_frames(grid.to_mp4()))
    places = halves(frames[0])
    assert len(frames) == 24
    assert np.abs(places[gone].astype(int) - GREY).max() < 6
    assert places[1 - gone].std() > 1


def test_a_grid_whose_files_are_all_gone_says_so(files: list[Path], grid: Grid) -> None:
    for file in files:
        file.unlink()
    for write in (grid.to_png, grid.to_mp4):
        with pytest.raises(LibraryError, match=r"'a.mp4' is no longer in"):
            write()


def test_a_film_of_one_tall_column_is_no_higher_than_players_take(lake: Dream) -> None:
    dreams = Dreams([lake] * 60, words=[{"number": str(number)} for number in range(60)])
    frame = next(iterate_frames(dreams.grid(rows="number").to_mp4()))
    assert max(frame.shape) <= 4096 + 64
