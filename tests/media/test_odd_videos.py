"""Size, times, frames and sound of a video are read correctly, whichever program wrote it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from dream_nb.api.errors import LibraryError, UnreadableFileError
from dream_nb.library.thumbnails import shrink
from dream_nb.media.encoding import encode_small
from dream_nb.media.joining import join
from dream_nb.media.posters import check_whole
from dream_nb.media.sound import iterate_samples
from dream_nb.media.video import frame_at, iterate_frames, iterate_timed, read_facts
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from tests.media.kept import kept
from tests.media.odd_videos import COUNT, ODD, SIZE, UNEVEN, picture, trimmed, write

TURNED = {"turned.mp4": 1, "upside-down.mp4": 2, "turned.mov": 3}
LIMIT = 14
"""The largest mean difference from the picture that a codec may cause, in levels."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all files, each in its own subfolder."""
    return tmp_path_factory.mktemp("odd")


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest, folder: Path) -> Path:
    name: str = request.param
    file = folder / name / name
    if not file.exists():
        file.parent.mkdir()
        ODD[name](file)
    return file


def dream_of(file: Path) -> Dream:
    return next(dream for dream in Dreams.from_files(file.parent) if dream.path.name == file.name)


def size_of(file: Path) -> tuple[int, int]:
    return SIZE[::-1] if TURNED.get(file.name, 0) % 2 else SIZE


def is_seen(frame: Any, number: int, file: Path) -> bool:
    """Whether a frame of any size shows the picture of that number, rotated as the file says."""
    wanted = Image.fromarray(np.ascontiguousarray(np.rot90(picture(number), TURNED.get(file.name, 0))))
    small = np.asarray(wanted.resize((frame.shape[1], frame.shape[0])), int)
    return bool(np.abs(small - np.asarray(frame, int)).mean() < LIMIT)


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no scheduling policies")
def test_making_it_leaves_this_process_its_priority(odd: Path) -> None:
    assert odd.is_file()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_its_facts_are_read(odd: Path) -> None:
    facts = read_facts(odd)
    assert (facts.width, facts.height) == size_of(odd)
    assert facts.frames == COUNT
    assert facts.seconds == pytest.approx(2.0, abs=0.03)
    assert facts.fps == pytest.approx(10.0, abs=0.3)


def test_its_frames_are_seen_when_they_should(odd: Path) -> None:
    frames = list(iterate_timed(odd))
    assert [frame.seconds for frame in frames] == pytest.approx([number / 10 for number in range(COUNT)], abs=0.002)
    for number in (0, 9, 10, 19):
        assert is_seen(frames[number].pixels, number, odd)


@pytest.mark.parametrize("seconds", [0.0, 0.95, 1.0, 1.05, 1.97, 9.0])
def test_a_frame_is_found_by_its_time(odd: Path, seconds: float) -> None:
    assert is_seen(frame_at(odd, seconds), min(19, int(seconds * 10)), odd)


def test_its_change_of_shot_is_measured(odd: Path) -> None:
    assert Dreams([dream_of(odd)]).measure("shots").measures[0]["shots"] == pytest.approx([1.0], abs=0.002)


def test_a_part_has_its_shape_its_times_and_its_sound(odd: Path, tmp_path: Path) -> None:
    part = dream_of(odd).clip(0.5, 1.5, tmp_path / "part.mp4")
    facts = read_facts(part)
    assert (facts.width, facts.height, facts.frames) == (*size_of(odd), 10)
    assert facts.seconds == pytest.approx(1.0, abs=0.03)
    assert is_seen(frame_at(part, 0.45), 0, odd)
    assert is_seen(frame_at(part, 0.55), 19, odd)
    with av.open(str(odd)) as before, av.open(str(part)) as after:
        assert bool(before.streams.audio) == bool(after.streams.audio)
        is_heard = bool(after.streams.audio)
    if is_heard:
        assert loudness(part, 0.05, 0.45) < 0.02
        assert loudness(part, 0.55, 0.95) > 0.4


def loudness(file: Path, start: float, stop: float) -> float:
    return max(float(np.abs(samples).max()) for samples in iterate_samples(file, start, stop))


@pytest.mark.parametrize("animate", [Dream.to_gif, Dream.to_webp])
def test_an_animation_of_it_has_its_times(odd: Path, tmp_path: Path, animate: Callable[..., Path]) -> None:
    moving = animate(dream_of(odd), tmp_path / "a")
    assert read_facts(moving).seconds == pytest.approx(2.0, abs=0.05)
    assert is_seen(frame_at(moving, 0.9), 0, odd)
    assert is_seen(frame_at(moving, 1.1), 19, odd)


def test_its_small_copy_has_its_times(odd: Path, tmp_path: Path) -> None:
    (tmp_path / "small.mp4").write_bytes(encode_small(odd, read_facts(odd)))
    assert is_seen(frame_at(tmp_path / "small.mp4", 0.75), 0, odd)
    assert is_seen(frame_at(tmp_path / "small.mp4", 1.25), 19, odd)


def test_its_small_picture_is_upright(odd: Path, tmp_path: Path) -> None:
    assert shrink(str(odd), str(tmp_path / "small")) == ""
    assert is_seen(np.asarray(Image.open(tmp_path / "small")), 0, odd)


def test_it_is_kept_with_all_its_packets_and_codecs(odd: Path, tmp_path: Path) -> None:
    name = kept(odd, tmp_path / "dreams")
    assert name.suffix == odd.suffix
    check_whole(name)
    with av.open(str(odd)) as before, av.open(str(name)) as after:
        for one, other in zip(before.streams, after.streams, strict=True):
            assert one.codec_context.codec_tag == other.codec_context.codec_tag
        assert [bytes(packet) for packet in before.demux()] == [bytes(packet) for packet in after.demux()]
    assert np.array_equal(list(iterate_frames(odd)), list(iterate_frames(name)))


def test_two_of_it_are_joined(odd: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    join([odd, odd], film, {"title": "film"})
    facts = read_facts(film)
    assert (facts.width, facts.height) == size_of(odd)
    assert facts.seconds == pytest.approx(4.0, abs=0.12)
    assert is_seen(frame_at(film, 0.5), 0, odd)
    assert is_seen(frame_at(film, 2.5), 0, odd)
    assert is_seen(frame_at(film, 3.7), 19, odd)


def test_a_film_of_hevc_keeps_its_tag(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    ODD["hevc.mp4"](file)
    join([file, file], tmp_path / "film.mp4", {})
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert film.streams.video[0].codec_context.codec_tag == "hvc1"


# Ten frames in the first second, two per second after it, and a cut at 3.0 s.


@pytest.fixture(scope="module", params=["mp4", "webm", "gif", "webp"])
def uneven(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    kind = request.param
    file = tmp_path_factory.mktemp("uneven") / f"a.{kind}"
    levels = [20 if time < 3.0 else 220 for time in UNEVEN]
    if kind in ("mp4", "webm"):
        codec: dict[str, Any] = {"codec": "libx264"} if kind == "mp4" else {"codec": "libvpx-vp9", "container": "webm"}
        shades = iter(levels)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.media.odd_videos.picture", lambda *_: np.full((90, 160, 3), next(shades), np.uint8))
            write(file, count=len(UNEVEN), times=UNEVEN, codec_options={"bf": "0"} if kind == "mp4" else {}, **codec)
    else:
        ends = [*UNEVEN[1:], 4.5]
        frames = [Image.fromarray(np.full((90, 160, 3), level, np.uint8)) for level in levels]
        # Pillow merges equal frames, so each has one different pixel.
        for number, frame in enumerate(frames):
            frame.putpixel((0, 0), (number * 9, 0, 0))
        durations = [round(1000 * (end - begin)) for begin, end in zip(UNEVEN, ends, strict=True)]
        frames[0].save(file, save_all=True, append_images=frames[1:], duration=durations)
    return file


def brightness(frame: Any) -> float:
    return float(np.asarray(frame).mean())


def test_a_cut_is_found_at_its_time(uneven: Path) -> None:
    assert Dreams([dream_of(uneven)]).measure("shots").measures[0]["shots"] == pytest.approx([3.0], abs=0.002)


def test_a_part_turns_at_its_time(uneven: Path, tmp_path: Path) -> None:
    part = dream_of(uneven).clip(2.5, 3.5, tmp_path / "part.mp4")
    assert read_facts(part).seconds == pytest.approx(1.0, abs=0.02)
    assert brightness(frame_at(part, 0.45)) < 60
    assert brightness(frame_at(part, 0.55)) > 180


def test_a_part_begins_with_what_is_seen_at_its_start(uneven: Path, tmp_path: Path) -> None:
    part = dream_of(uneven).clip(2.7, 3.2, tmp_path / "part.mp4")
    assert read_facts(part).seconds == pytest.approx(0.5, abs=0.02)
    assert [frame.seconds for frame in iterate_timed(part)] == pytest.approx([0.0, 0.3], abs=0.002)


def test_a_gif_turns_at_its_time(uneven: Path, tmp_path: Path) -> None:
    gif = dream_of(uneven).to_gif(tmp_path / "a.gif", fps=30)
    assert brightness(frame_at(gif, 2.95)) < 60
    assert brightness(frame_at(gif, 3.05)) > 180


def test_a_contact_sheet_tells_its_times(uneven: Path) -> None:
    times = [frame.seconds for frame in dream_of(uneven)._timed(64)]
    assert times == pytest.approx(UNEVEN, abs=0.002)
    assert dream_of(uneven).contact_sheet(4, columns=4, side=64).width == 4 * 72 + 8


# Files that are barely videos.


def test_what_is_left_out_in_front_is_not_counted(tmp_path: Path) -> None:
    file = tmp_path / "trimmed.mp4"
    trimmed(file)
    frames = list(iterate_timed(file))
    assert [frame.seconds for frame in frames] == pytest.approx([number / 10 for number in range(15)], abs=0.002)
    facts = read_facts(file)
    assert (facts.frames, round(facts.seconds, 2)) == (15, 1.5)
    assert is_seen(frame_at(file, 0.45), 9, file)
    assert is_seen(frame_at(file, 0.55), 10, file)


@pytest.mark.parametrize("size", [(161, 91), (64, 2), (2, 64)])
def test_odd_sizes_are_read(tmp_path: Path, size: tuple[int, int]) -> None:
    write(tmp_path / "a.mp4", size=size, pixels="yuv444p")
    dream = dream_of(tmp_path / "a.mp4")
    assert dream.size == size
    assert dream.last_frame.shape[:2] == size[::-1]


def test_one_frame_is_a_video(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", count=1)
    dream = dream_of(tmp_path / "a.mp4")
    assert dream.facts is not None
    assert dream.facts.frames == len(list(dream.frames())) == 1
    assert Dreams([dream]).measure().measures[0]["problem"] is None
    assert read_facts(dream.to_gif(tmp_path / "a.gif")).frames == 1


def test_no_frames_are_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", count=0, sound="aac")
    dream = dream_of(tmp_path / "a.mp4")
    for look in (lambda: dream.facts, lambda: list(dream.frames()), lambda: dream.image):
        with pytest.raises(LibraryError, match=r"'a\.mp4' has no (frames|video stream): run its cell again"):
            look()


@pytest.mark.parametrize("name", ["header-first.mp4", "vp9.webm", "b-frames.mkv", "fragmented.mp4"])
def test_what_is_cut_off_is_one_sentence(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    ODD[name](file)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) * 6 // 10])
    for look in (lambda: list(iterate_frames(file)), lambda: frame_at(file, 1.9), lambda: check_whole(file)):
        with pytest.raises(UnreadableFileError, match=r"is cut off|does not decode"):
            look()
    with pytest.raises(LibraryError, match=r"the downloaded file (is cut off|does not decode)"):
        kept(file, tmp_path / "dreams")
