"""Hostile files, found or constructed: each once broke a reader, or made it wait for hours."""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dream_nb.api.errors import LibraryError, UnreadableFileError
from dream_nb.media.containers import is_cut_off
from dream_nb.media.encoding import encode, encode_small
from dream_nb.media.frames import TimedFrame, evenly
from dream_nb.media.pictures import read_picture
from dream_nb.media.posters import check_whole
from dream_nb.media.tags import read_tag, write_tag
from dream_nb.media.video import frame_at, iterate_frames, read_facts
from dream_nb.requests.identity import data_bytes
from dream_nb.requests.inputs import keyframe, reference
from dream_nb.results.dreams import Dreams
from tests.media.kept import kept
from tests.media.odd_pictures import ODD, SIZE, moving, scene, turned, written
from tests.media.odd_videos import write


def chunk(kind: bytes, body: bytes) -> bytes:
    return pack(">I", len(body)) + kind + body + pack(">I", zlib.crc32(kind + body))


def file_of(folder: Path, name: str, data: bytes) -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_turned_picture_is_turned_once_on_its_way(tmp_path: Path, kind: str) -> None:
    file = file_of(tmp_path, f"a.{kind.lower()}", turned(6, kind, quality=95))
    opened = file if kind == "AVIF" else Image.open(file)
    for value in (read_picture(file), opened, Dreams.from_files(tmp_path)[0].image):
        sent = read_picture(data_bytes(keyframe(value).url))  # type: ignore[union-attr]
        assert sent.size == SIZE
        assert np.abs(np.asarray(sent, int) - np.asarray(scene(), int)).mean() < 8


def test_a_large_uri_has_no_weight_to_be_looked_for() -> None:
    uri = "data:image/bmp;base64," + "A" * 1_000_000
    with pytest.raises(ValueError, match="not a picture"):
        reference(uri)


def test_much_text_is_found_at_once(tmp_path: Path) -> None:
    texts = chunk(b"tEXt", b"a\0" + b"x" * 900_000) + chunk(b"zTXt", b"b\0\0" + zlib.compress(b"x" * 2_000_000))
    plain = written(scene(), "PNG")
    file = file_of(tmp_path, "a.png", plain[:33] + texts + plain[33:])
    with pytest.raises(UnreadableFileError, match="more than 1 MB of text"):
        read_picture(file)


@pytest.mark.parametrize("name", ["plain.jpg", "plain.png", "rgba.webp", "rgba.gif", "exif6.avif"])
def test_no_filter_of_warnings_is_touched(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(warnings, "catch_warnings", lambda **_: pytest.fail("filters belong to the whole process"))
    assert read_picture(ODD[name][0]()).size == SIZE


@pytest.mark.parametrize("rest", [b"trailing junk of a server\n", bytes(64), b"\0\0\0"])
def test_what_stands_behind_a_video_does_not_cut_it_off(tmp_path: Path, rest: bytes) -> None:
    file = tmp_path / "a.mp4"
    write(file)
    file.write_bytes(file.read_bytes() + rest)
    assert not is_cut_off(file)
    assert len(list(iterate_frames(kept(file, tmp_path / "dreams")))) == 20


def test_a_frame_that_is_larger_than_its_picture_is_refused(tmp_path: Path) -> None:
    small, large = (written(Image.new("RGB", size, "red"), "GIF") for size in ((10, 10), (20, 30)))
    colours = 13 + (3 << ((large[10] & 7) + 1))
    file = file_of(tmp_path, "a.gif", small[:-1] + large[large.index(b",", colours) : -1] + b";")
    with pytest.raises(UnreadableFileError, match="frames of different sizes; the first one is 10 x 10"):
        list(iterate_frames(file))


@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_half_of_an_animation_is_not_kept(tmp_path: Path, kind: str) -> None:
    frames = [Image.effect_noise((64, 64), 90 + number).convert("RGB") for number in range(6)]
    data = written(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    file = file_of(tmp_path, "a", data[: len(data) // 2])
    with pytest.raises(UnreadableFileError):
        check_whole(file)


def test_a_picture_for_readers_without_animations_is_no_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    default = Image.new("RGB", (8, 8), "white")
    data = written(default, "PNG", save_all=True, default_image=True, append_images=frames, duration=500)
    file = file_of(tmp_path, "a.png", data)
    assert (read_facts(file).frames, read_facts(file).seconds) == (2, 1.0)
    assert frame_at(file, 0.0)[0, 0].tolist() == [255, 0, 0]


def test_a_lying_picture_has_as_many_pixels_as_are_needed() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = written(Image.new("RGB", (1600, 1200)), "JPEG", exif=exif)
    width, height = read_picture(data, near=(700, 200)).size
    assert width >= 700
    assert height >= 200


@pytest.mark.parametrize("size", [0, (0, 0), (1, 2, 3)])
def test_a_size_that_is_none_is_not_the_files_fault(tmp_path: Path, size: Any) -> None:
    file = file_of(tmp_path, "a.gif", moving("GIF"))
    for look in (lambda: frame_at(file, 0.0, size), lambda: list(iterate_frames(file, size=size))):
        with pytest.raises(ValueError, match="is not valid: give the longer side"):
            look()


def test_a_frame_that_is_seen_for_an_hour_has_a_small_copy(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    encode([TimedFrame(np.zeros((36, 64, 3), np.uint8), 0.0)], file, 24.0, seconds=4000.0)
    assert read_facts(file).seconds == pytest.approx(4000.0, rel=0.01)
    assert encode_small(file, read_facts(file))


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (1, 1)])
def test_a_video_of_one_pixel_is_written_with_two(tmp_path: Path, shape: tuple[int, int]) -> None:
    encode(evenly([np.full((*shape, 3), 200, np.uint8)] * 3, 24), tmp_path / "a.mp4", 24.0)
    facts = read_facts(tmp_path / "a.mp4")
    assert (facts.height, facts.width) == (max(2, shape[0]), max(2, shape[1]))


def test_sound_that_is_longer_changes_no_rate(tmp_path: Path) -> None:
    file = tmp_path / "a.webm"
    write(file, codec="libvpx-vp9", container="webm", sound="libopus", count=10)
    facts = read_facts(file)
    assert (facts.fps, facts.is_even) == (10.0, True)
    assert facts.seconds == pytest.approx(1.0, abs=0.02)


def test_a_gif_that_has_a_comment_keeps_what_it_says(tmp_path: Path) -> None:
    file = file_of(tmp_path, "a.gif", written(scene(), "GIF", comment=b"made by a program"))
    write_tag(file, "dream_nb", '{"a": 1}', "a lake")
    assert read_tag(file, "dream_nb") == '{"a": 1}'


def test_a_picture_that_moves_is_never_a_players_source(tmp_path: Path) -> None:
    file_of(tmp_path, "a.gif", moving("GIF"))
    (dream,) = Dreams.from_files(tmp_path)
    html = dream._repr_mimebundle_()["text/html"]
    assert 'src="data:video/mp4' in html
    assert "a.gif" not in html.partition("<video")[2].partition(">")[0]
    page = Dreams([dream]).export(tmp_path / "export").read_text()
    assert '<img src="a.gif"' in page
    assert "<video" not in page


@pytest.mark.parametrize("make", ["to_gif", "to_webp", "clip"])
@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_no_file_is_written_over_its_own_dream(tmp_path: Path, kind: str, make: str) -> None:
    file = file_of(tmp_path, f"a.{kind.lower()}", moving(kind))
    (dream,) = Dreams.from_files(tmp_path)
    before = file.read_bytes()
    made: Path = getattr(dream, make)()
    assert made != file
    assert made.is_file()
    with pytest.raises(LibraryError, match="is the file of the dream itself"):
        getattr(dream, make)(path=file)
    assert file.read_bytes() == before


def test_a_still_picture_in_a_videos_place_is_read(tmp_path: Path) -> None:
    file = file_of(tmp_path, "a.webp", written(scene(), "WEBP"))
    facts = read_facts(file)
    assert (facts.frames, facts.seconds, facts.is_even) == (1, 0.0, False)
    assert encode_small(file, facts)
