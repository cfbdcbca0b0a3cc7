"""The frames of a dream and the files made from them, with real files of the studio."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from dream_nb.api.errors import LibraryError
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from tests.dreams import unfinished


@pytest.fixture(scope="module")
def every(lake: Dream) -> np.ndarray:
    return np.stack(list(lake.frames()))


def test_facts_are_read_from_the_file(lake: Dream, lighthouse: Dream) -> None:
    assert (lake.size, lake.fps, lake.duration) == ((160, 90), 24.0, 1.0)
    assert (lighthouse.size, lighthouse.fps, lighthouse.duration) == ((90, 90), None, None)


@pytest.mark.parametrize(
    ("start", "stop", "step"), [(0, None, 1), (3, 9, 2), (20, None, 3), (-5, None, 1), (2, -2, 4), (30, None, 1)]
)
def test_frames_are_counted_as_in_a_slice(
    lake: Dream, every: np.ndarray, start: int, stop: int | None, step: int
) -> None:
    got = list(lake.frames(start, stop, step))
    wanted = every[start:stop:step]
    assert len(got) == len(wanted)
    assert all((a == b).all() for a, b in zip(got, wanted, strict=True))


def test_frames_come_in_the_size_that_is_asked_for(lake: Dream, every: np.ndarray) -> None:
    small = next(lake.frames(size=80))
    assert small.shape == (45, 80, 3)
    assert abs(small.mean() - every[0].mean()) < 2
    assert next(lake.frames(size=(32, 64))).shape == (64, 32, 3)


@pytest.mark.parametrize("size", [0, -1, (10, 0), (1, 2, 3), 10**6])
def test_a_size_that_is_none_is_refused(lake: Dream, size: int) -> None:
    with pytest.raises(ValueError, match="not valid: give the longer side in pixels"):
        lake.frames(size=size)


def test_a_step_that_is_none_is_refused(lake: Dream) -> None:
    with pytest.raises(ValueError, match="step must be at least 1, not 0"):
        lake.frames(step=0)


def test_frames_are_streamed(lake: Dream) -> None:
    frames = lake.frames()
    assert not isinstance(frames, list)
    assert next(frames).dtype == np.uint8


@pytest.mark.parametrize("number", [0, 1, 7, 23])
def test_the_frame_at_a_time_is_the_one_that_is_seen_then(lake: Dream, every: np.ndarray, number: int) -> None:
    for seconds in (number / 24, (number + 0.9) / 24):
        assert (lake.frame_at(seconds) == every[number]).all()


def test_first_and_last_frame(lake: Dream, every: np.ndarray) -> None:
    assert (lake.first_frame == every[0]).all()
    assert (lake.last_frame == every[-1]).all()
    assert (lake.frame_at(99) == every[-1]).all()
    with pytest.raises(ValueError, match="before the start"):
        lake.frame_at(-1)


def test_an_image_is_its_own_only_frame(lighthouse: Dream) -> None:
    assert len(list(lighthouse.frames())) == 1
    assert (lighthouse.last_frame == np.asarray(lighthouse.image)).all()
    assert lighthouse.to_numpy(quiet=True).shape == (1, 90, 90, 3)


def test_all_frames_at_once_tell_their_size_first(
    lake: Dream, every: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (lake.to_numpy() == every).all()
    assert capsys.readouterr().out == "24 frames of 160 x 90: 1.0 MB\n"
    assert lake.to_numpy(40, quiet=True).shape[2] == 40
    assert capsys.readouterr().out == ""


def test_poster_and_thumbnail_are_small_pictures(lake: Dream, lighthouse: Dream) -> None:
    assert lake.poster.size == (160, 90)
    assert max(lake.thumbnail.size) <= 160
    assert lighthouse.poster.info == {}


def test_a_clip_has_exactly_its_frames(lake: Dream, every: np.ndarray, tmp_path: Path) -> None:
    path = lake.clip(0.25, 0.75, tmp_path / "part.mp4")
    with av.open(str(path)) as container:
        got = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    assert len(got) == 12
    assert np.abs(got.astype(int) - every[6:18]).mean() < 4


def test_a_clip_of_nothing_is_refused(lake: Dream, lighthouse: Dream) -> None:
    with pytest.raises(ValueError, match=r"the part from 0.8 s to 0.2 s is empty"):
        lake.clip(0.8, 0.2)
    with pytest.raises(ValueError, match="is an image"):
        lighthouse.clip()


@pytest.mark.parametrize(("suffix", "kind"), [(".gif", "GIF"), (".webp", "WEBP")])
def test_an_animation_repeats_and_lasts_as_long(lake: Dream, tmp_path: Path, suffix: str, kind: str) -> None:
    path = getattr(lake, f"to_{suffix[1:]}")(tmp_path / f"a{suffix}", fps=12)
    with Image.open(path) as image:
        assert image.format == kind
        assert (image.n_frames, image.size, image.info["loop"]) == (12, (160, 90), 0)  # type: ignore[attr-defined]
        total = 0
        for number in range(12):
            image.seek(number)
            image.load()
            total += image.info["duration"]
    assert abs(total - 1000) < 50


def test_an_animation_stands_beside_the_file(lake: Dream) -> None:
    path = lake.to_webp(fps=4, size=32)
    assert path == lake.path.with_suffix(".webp")
    assert path.is_file()
    path.unlink()


def test_where_nothing_can_be_written_it_says_so(lake: Dream, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="cannot be written"):
        lake.to_gif(tmp_path / "missing" / "a.gif")


def test_a_contact_sheet_of_frames_has_a_place_for_each(lake: Dream) -> None:
    sheet = lake.contact_sheet(6, columns=3, side=80)
    assert sheet.width == 3 * 88 + 8
    assert lake.contact_sheet(1000, columns=8, side=16).width == 8 * 24 + 8
    with pytest.raises(ValueError, match="count must be at least 1, not 0"):
        lake.contact_sheet(0)


def test_a_deleted_file_is_a_clear_error(copied: Dream) -> None:
    copied.path.unlink()
    for look in (copied.frames, lambda: copied.image, lambda: copied.facts, copied.to_gif, copied.contact_sheet):
        with pytest.raises(LibraryError, match=r"is no longer in 'copied': run its cell again"):
            look()
    assert "no longer" in copied._repr_mimebundle_()["text/html"]


def test_a_truncated_file_is_a_clear_error(copied: Dream) -> None:
    data = copied.path.read_bytes()
    copied.path.write_bytes(data[: len(data) // 2])
    with pytest.raises(LibraryError, match=r"is cut off after \d+ of 24 frames|does not decode"):
        list(copied.frames())
    with pytest.raises(LibraryError, match=r"is cut off before 1 s|does not decode"):
        _ = copied.last_frame
    assert copied.path.read_bytes() == data[: len(data) // 2]


@pytest.mark.parametrize("content", [b"", b"<html>no video</html>", bytes(4000)])
def test_what_is_no_video_is_a_clear_error(copied: Dream, content: bytes) -> None:
    copied.path.write_bytes(content)
    for look in (lambda: copied.image, lambda: copied.size, lambda: copied.last_frame, lambda: list(copied.frames())):
        with pytest.raises(LibraryError, match=r"is not a (picture or )?video that can be read"):
            look()
    assert "video that can be read" in copied._repr_mimebundle_()["text/html"]
    assert "video that can be read" in Dreams([copied])._repr_mimebundle_()["text/html"]


def damaged(lake: Dream, folder: Path, was: bytes, becomes: bytes) -> Dream:
    """A copy of the lake with other bytes in its header, in a folder with an undamaged one."""
    (folder / "a.mp4").write_bytes(lake.path.read_bytes())
    (folder / "b.mp4").write_bytes(lake.path.read_bytes().replace(was, becomes))
    return Dreams.from_files(folder)[1]


# PyAV 18 reads names when it opens a file, PyAV 19 only on access.
READS_NAMES = int(av.__version__.partition(".")[0]) < 19
DAMAGES = [
    (b"avc1", b"xxxx", "its coding is unknown"),
    *([(b"VideoHandler", b"\xff" * 12, "UnicodeDecodeError")] if READS_NAMES else []),
]


@pytest.mark.parametrize(("was", "becomes", "reason"), DAMAGES)
def test_a_damaged_header_is_a_clear_error(
    lake: Dream, tmp_path: Path, was: bytes, becomes: bytes, reason: str
) -> None:
    with pytest.raises(LibraryError, match=rf"'b.mp4' does not decode \({reason}\)"):
        _ = damaged(lake, tmp_path, was, becomes).facts


@pytest.mark.parametrize(("was", "becomes", "reason"), DAMAGES)
def test_a_damaged_header_does_not_hide_the_others(
    lake: Dream, tmp_path: Path, was: bytes, becomes: bytes, reason: str
) -> None:
    damaged(lake, tmp_path, was, becomes)
    dreams = Dreams.from_files(tmp_path)
    assert reason in dreams._repr_mimebundle_()["text/html"]
    grid = dreams.grid()
    assert grid.pictures([0, 1])[0] == {"numbers": [0]}
    assert [bool(state["problem"]) for state in grid.states] == [False, True]
    assert dreams.contact_sheet(columns=2, side=64).width > 2 * 64


@pytest.mark.skipif(READS_NAMES, reason="this PyAV reads names as soon as a file is opened")
def test_a_damaged_name_that_nothing_reads_is_no_error(lake: Dream, tmp_path: Path) -> None:
    assert damaged(lake, tmp_path, b"VideoHandler", b"\xff" * 12).facts == lake.facts


def test_what_is_no_image_is_a_clear_error(lighthouse: Dream, tmp_path: Path) -> None:
    from dream_nb.library.folder import Folder

    (tmp_path / (lighthouse.path.name)).write_bytes(b"no picture")
    with pytest.raises(LibraryError, match=r"is not a (picture or )?video that can be read"):
        _ = Dream(lighthouse._record, Folder(tmp_path), tmp_path).image


def test_a_dream_that_still_runs_has_no_file_yet(lake: Dream) -> None:
    running = unfinished(lake, generation=lake.generation.model_copy(update={"state": "dreaming"}))
    assert running.state == "dreaming"
    with pytest.raises(LibraryError, match="is dreaming and has no file yet: wait for its job"):
        _ = running.path
    assert "no file yet" in running._repr_mimebundle_()["text/html"]


@pytest.fixture
def streamed(lake: Dream, tmp_path: Path) -> Dream:
    """The lake, written as a stream: its header gives neither length nor number of frames."""
    with (
        av.open(str(lake.path)) as source,
        av.open(str(tmp_path / "s.mp4"), "w", options={"movflags": "frag_keyframe+empty_moov"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return Dreams.from_files(tmp_path)[0]


def test_a_stream_that_was_saved_is_as_long_as_its_frames(streamed: Dream, every: np.ndarray) -> None:
    assert streamed.facts is not None
    assert streamed.facts.frames == 24
    assert streamed.duration == pytest.approx(1.0, abs=0.05)
    assert (streamed.last_frame == every[-1]).all()
    assert len(list(streamed.frames(-3))) == 3
    assert streamed.contact_sheet(4).width > 0


def test_a_clip_says_what_it_came_from(lake: Dream, tmp_path: Path) -> None:
    lake.clip(0.1, 0.3, tmp_path / "part.mp4")
    assert Dreams.from_files(tmp_path)[0].prompt == lake.prompt


@pytest.mark.parametrize(("fps", "most"), [(18, 12.5), (10, 10), (24, 25)])
def test_a_gif_has_at_most_the_frames_a_second_that_were_asked_for(
    lake: Dream, tmp_path: Path, fps: float, most: float
) -> None:
    with Image.open(lake.to_gif(tmp_path / "a.gif", fps=fps, size=32)) as gif:
        assert 1000 / gif.info["duration"] <= most


def test_sizes_may_be_numbers_of_numpy_and_no_fractions(lake: Dream) -> None:
    assert next(lake.frames(size=np.int64(32))).shape == (18, 32, 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"size 1\.5 is not valid"):
        lake.frames(size=1.5)  # type: ignore[arg-type]
