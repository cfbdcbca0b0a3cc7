"""Videos joined into one file: copied if possible, otherwise encoded again."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dream_nb.api.errors import LibraryError
from dream_nb.media.sound import iterate_samples
from dream_nb.media.video import iterate_frames, read_facts
from dream_nb.results.dreams import Dreams
from dream_nb.storyboard.storyboard import join_shots
from dream_nb.studio.render import Brief, Soundtrack, render

RATE = 48_000


def write(path: Path, size: tuple[int, int] = (64, 36), *, fps: int = 24, level: int = 90, sound: bool = False) -> None:
    """Write one second of grey video, with a tone if `sound` is set."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "veryfast"})
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono") if sound else None
        for _ in range(fps):
            picture = np.full((size[1], size[0], 3), level, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        for number in range(RATE // 1024 if audio else 0):
            assert audio is not None
            tone = 0.5 * np.sin(np.arange(number * 1024, (number + 1) * 1024, dtype=np.float32) / 20)[None]
            heard = av.AudioFrame.from_ndarray(tone.astype(np.float32), format="fltp", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = RATE, number * 1024, Fraction(1, RATE)
            container.mux(audio.encode(heard))
        if audio is not None:
            container.mux(audio.encode(None))


def shots(folder: Path) -> Dreams:
    return Dreams.from_files(folder)


def packets(path: Path, kind: str = "video") -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(**{kind: 0}) if packet.size]


def levels(path: Path) -> Sequence[int]:
    return [round(float(frame[18, 32].mean())) for frame in iterate_frames(path)]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    return folder


def test_streams_alike_are_copied_as_they_are(clips: Path, tmp_path: Path) -> None:
    write(clips / "a.mp4", level=40)
    write(clips / "b.mp4", level=200)
    join_shots(shots(clips), tmp_path / "film.mp4")
    assert packets(tmp_path / "film.mp4") == packets(clips / "a.mp4") + packets(clips / "b.mp4")
    facts = read_facts(tmp_path / "film.mp4")
    assert (facts.frames, facts.seconds, facts.fps) == (48, 2.0, 24.0)
    seen = levels(tmp_path / "film.mp4")
    assert max(seen[:24]) < 60
    assert min(seen[24:]) > 180


def test_their_times_go_on_evenly(clips: Path, tmp_path: Path) -> None:
    for name in "abc":
        write(clips / f"{name}.mp4")
    join_shots(shots(clips), tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as container:
        times = [frame.time or 0.0 for frame in container.decode(video=0)]
    assert np.allclose(np.diff(times), 1 / 24, atol=1e-4)


def loudness(path: Path, start: float, stop: float) -> float:
    return max(float(abs(samples).max()) for samples in iterate_samples(path, start, stop))


def test_sound_of_one_coding_is_copied(clips: Path, tmp_path: Path) -> None:
    write(clips / "a.mp4", sound=True)
    write(clips / "b.mp4", sound=True)
    join_shots(shots(clips), tmp_path / "film.mp4")
    assert packets(tmp_path / "film.mp4", "audio") == packets(clips / "a.mp4", "audio") + packets(
        clips / "b.mp4", "audio"
    )


def test_shots_to_which_the_studio_gave_sound_are_copied_and_heard_throughout(clips: Path, tmp_path: Path) -> None:
    for name in "abc":
        clip = render(Brief("video", f"a lake {name}", width=64, height=36, seconds=1.0))
        (clips / f"{name}.mp4").write_bytes(render(Brief("video", "rain", edit=Soundtrack(clip))))
    join_shots(shots(clips), tmp_path / "film.mp4")
    assert packets(tmp_path / "film.mp4") == [packet for name in "abc" for packet in packets(clips / f"{name}.mp4")]
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert container.streams.audio[0].duration == pytest.approx(3 * 48_000, abs=2048)
    parts = [loudness(tmp_path / "film.mp4", at / 4, (at + 1) / 4) for at in range(12)]
    assert min(parts) > 0.2 * max(parts)


@pytest.mark.parametrize("size", [(64, 36), (36, 64)], ids=["copied", "encoded"])
def test_where_one_has_no_sound_there_is_silence(clips: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    write(clips / "a.mp4", sound=True)
    write(clips / "b.mp4", size)
    write(clips / "c.mp4", sound=True)
    film = tmp_path / "film.mp4"
    join_shots(shots(clips), film)
    if size == (64, 36):
        assert packets(film) == [packet for name in "abc" for packet in packets(clips / f"{name}.mp4")]
    assert loudness(film, 0.1, 0.9) > 0.3
    assert loudness(film, 1.1, 1.9) < 0.01
    assert loudness(film, 2.1, 2.9) > 0.3


@pytest.mark.parametrize(("size", "fps"), [((36, 64), 24), ((64, 36), 12), ((128, 72), 30)])
def test_others_are_encoded_in_the_size_and_rate_of_the_first(
    clips: Path, tmp_path: Path, size: tuple[int, int], fps: int
) -> None:
    write(clips / "a.mp4", level=40)
    write(clips / "b.mp4", size, fps=fps, level=200)
    join_shots(shots(clips), tmp_path / "film.mp4")
    facts = read_facts(tmp_path / "film.mp4")
    assert (facts.width, facts.height, facts.fps, facts.frames) == (64, 36, 24.0, 48)
    seen = levels(tmp_path / "film.mp4")
    assert max(seen[:24]) < 60
    assert min(seen[24:]) > 180


def test_what_has_another_shape_stands_on_black(clips: Path, tmp_path: Path) -> None:
    write(clips / "a.mp4", level=200)
    write(clips / "b.mp4", (36, 64), level=200)
    join_shots(shots(clips), tmp_path / "film.mp4")
    last = list(iterate_frames(tmp_path / "film.mp4"))[-1]
    assert last[18, 4].max() < 30
    assert last[18, 32].min() > 180


def test_one_file_alone_is_a_film_too(clips: Path, tmp_path: Path) -> None:
    write(clips / "a.mp4")
    join_shots(shots(clips), tmp_path / "film.mp4")
    assert packets(tmp_path / "film.mp4") == packets(clips / "a.mp4")


def test_a_film_that_is_there_is_not_written_again(clips: Path, tmp_path: Path) -> None:
    write(clips / "a.mp4")
    film = tmp_path / "film.mp4"
    join_shots(shots(clips), film)
    written = film.stat().st_ino
    join_shots(shots(clips), film)
    assert film.stat().st_ino == written
    write(clips / "a.mp4", level=200)
    join_shots(shots(clips), film)
    assert min(levels(film)) > 180


def test_it_says_what_it_was_made_of(clips: Path, tmp_path: Path) -> None:
    write(clips / "a.mp4")
    join_shots(shots(clips), tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert str(shots(clips)[0].sha256) in container.metadata["dream_nb"]


@pytest.mark.parametrize("kept", [0.0, 0.4, 0.9])
def test_a_file_that_was_cut_makes_no_film(clips: Path, tmp_path: Path, kept: float) -> None:
    for name in "ab":
        write(clips / f"{name}.mp4")
    # With the header first, as in a download.
    whole = Path(clips / "b.mp4")
    with (
        av.open(str(whole)) as source,
        av.open(str(tmp_path / "fast.mp4"), "w", options={"movflags": "faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = (tmp_path / "fast.mp4").read_bytes()
    whole.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(LibraryError):
        join_shots(shots(clips), tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()
    assert not list(tmp_path.glob("*.part"))


def test_an_image_is_no_part_of_a_film(clips: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 36)).save(clips / "a.png")
    with pytest.raises(ValueError, match="is an image: only videos are joined"):
        join_shots(shots(clips), tmp_path / "film.mp4")


def test_a_folder_that_is_not_there_is_said(clips: Path, tmp_path: Path) -> None:
    write(clips / "a.mp4")
    with pytest.raises(LibraryError, match="cannot be written"):
        join_shots(shots(clips), tmp_path / "nowhere" / "film.mp4")
