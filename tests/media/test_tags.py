"""A stored file gets its origin as metadata of its format, and is otherwise unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from dream_nb.api.errors import UnreadableFileError
from dream_nb.library.inscriptions import read_inscription
from dream_nb.library.sidecars import SUFFIX
from dream_nb.media.formats import MATROSKA, WEBM, format_of
from dream_nb.media.tags import read_tag, write_tag
from dream_nb.results.dreams import Dreams
from tests.media.kept import kept
from tests.media.odd_pictures import ODD, phone
from tests.media.odd_videos import ODD as ODD_VIDEOS

pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF data")

TEXT = 'é "quoted" \U0001f30a ' * 200


@pytest.fixture(params=[*ODD, *ODD_VIDEOS])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name: str = request.param
    file = tmp_path / name
    if name in ODD:
        file.write_bytes(ODD[name][0]())
    else:
        ODD_VIDEOS[name](file)
    return file


@pytest.fixture(params=ODD)
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "downloaded"
    file.write_bytes(ODD[request.param][0]())
    return file


def pictures(file: Path) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """All frames of a picture's file, as RGBA."""
    with Image.open(file) as image:
        for one in ImageSequence.Iterator(image):
            yield np.asarray(one.convert("RGBA"))


def test_what_is_said_is_read_back(odd: Path) -> None:
    if format_of(odd) in (WEBM, MATROSKA):
        with pytest.raises(ValueError, match="cannot store it"):
            write_tag(odd, "dream_nb", TEXT, "a lake")
        assert read_tag(odd, "dream_nb") is None
        return
    assert read_tag(odd, "dream_nb") is None
    write_tag(odd, "dream_nb", TEXT, "a lake")
    assert read_tag(odd, "dream_nb") == TEXT


def test_a_picture_stays_what_it_was(picture: Path) -> None:
    before = list(pictures(picture))
    write_tag(picture, "dream_nb", TEXT, "a lake")
    after = list(pictures(picture))
    assert len(before) == len(after)
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


def test_a_video_that_is_told_twice_says_the_last(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    ODD_VIDEOS["plain.mp4"](file)
    for text in ("one", "two"):
        write_tag(file, "dream_nb", text, text)
    with av.open(str(file)) as container:
        assert (container.metadata["dream_nb"], container.metadata["title"]) == ("two", "two")


def test_a_downloaded_picture_is_named_by_its_bytes_and_says_of_itself(picture: Path, tmp_path: Path) -> None:
    found = format_of(picture)
    assert found is not None
    name = kept(picture, tmp_path / "dreams", "a quiet lake")
    assert name.suffix == found.suffix
    record = read_inscription(name)
    assert record is not None
    assert record.request.prompt == "a quiet lake"


@pytest.mark.parametrize("name", ["plain.mp4", "vp9.webm", "mov.mov", "fragmented.mp4"])
def test_a_downloaded_video_is_found_again_without_the_library(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    ODD_VIDEOS[name](file)
    name_kept = kept(file, tmp_path / "dreams", "a quiet lake")
    alone = tmp_path / "alone"
    alone.mkdir()
    for part in (name_kept, name_kept.with_name(name_kept.name + SUFFIX)):
        (alone / part.name).write_bytes(part.read_bytes())
    assert Dreams.from_files(alone).column("prompt") == ["a quiet lake"]


def test_the_second_picture_of_a_phone_is_still_there(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(phone())
    write_tag(file, "dream_nb", TEXT, "a lake")
    with Image.open(file) as image:
        assert (image.format, getattr(image, "n_frames", 1)) == ("MPO", 2)
        image.seek(1)
        assert np.asarray(image).max() < 20


def test_what_cannot_be_said_leaves_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(ODD["plain.jpg"][0]())
    before = file.read_bytes()
    with pytest.raises(ValueError, match="it is too long for a comment"):
        write_tag(file, "dream_nb", "x" * 70_000, "a lake")
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_video_that_is_damaged_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    ODD_VIDEOS["plain.mp4"](file)
    damaged = file.read_bytes().replace(b"trak", b"free")
    file.write_bytes(damaged)
    with pytest.raises(UnreadableFileError, match="has no video stream"):
        write_tag(file, "dream_nb", TEXT, "a lake")
    assert file.read_bytes() == damaged
