"""The sound of videos as samples, and its loudness, checked with FFmpeg and the signals of EBU Tech 3341."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from dream_nb.media.loudness import loudness
from dream_nb.media.sound import RATE, iterate_heard, read_audio
from dream_nb.media.worker import MeasureOrder, read

SECONDS = 2.0


def tone(decibels: float, seconds: float, frequency: float = 1000.0, channels: int = 2, rate: int = RATE) -> Any:
    """A sine whose peak is at that level relative to full scale, in dB: `float32`, channels x samples."""
    at = np.arange(round(seconds * rate)) / rate
    wave = 10 ** (decibels / 20) * np.sin(2 * np.pi * frequency * at)
    return np.tile(wave.astype(np.float32), (channels, 1))


def video(path: Path, sound: Any = None, *, rate: int = RATE, late: float = 0.0) -> Path:
    """Write a grey video of two seconds with that sound, which begins `late` seconds after the picture."""
    layout = "stereo" if sound is None or len(sound) == 2 else "mono"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        audio = None if sound is None else container.add_stream("aac", rate=rate, layout=layout)
        for _ in range(round(24 * SECONDS)):
            frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 90, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if audio is not None:
            part = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout=layout)
            part.sample_rate, part.pts = rate, round(late * rate)
            container.mux(audio.encode(part))
            container.mux(audio.encode(None))
    return path


# The tables of EBU Tech 3341 (2023): parts of a 1 kHz sine (dB full scale, seconds), and the expected loudness.
SIGNALS = {
    "1": ([(-23.0, 20.0)], -23.0),
    "2": ([(-33.0, 20.0)], -33.0),
    "3": ([(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
    "4": ([(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)], -23.0),
    "5": ([(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_loudness_is_what_the_broadcasters_signals_have(name: str) -> None:
    parts, due = SIGNALS[name]
    assert loudness(tone(*part) for part in parts) == pytest.approx(due, abs=0.1)


def test_one_channel_is_three_decibels_less_than_the_same_on_two() -> None:
    one, two = loudness([tone(-20, 2, channels=1)]), loudness([tone(-20, 2)])
    assert one is not None
    assert two is not None
    assert two - one == pytest.approx(10 * np.log10(2), abs=0.01)


def test_parts_of_any_length_give_the_same() -> None:
    whole = tone(-20, 3, 300)
    parts = np.split(whole, [7, 4801, 90_000], axis=1)
    assert loudness(parts) == pytest.approx(loudness([whole]), abs=1e-3)


@pytest.mark.parametrize("sound", [np.zeros((2, RATE), np.float32), tone(-20, 0.3), tone(-90, 2)])
def test_silence_and_what_is_too_short_have_no_loudness(sound: Any) -> None:
    assert loudness([sound]) is None


def test_ffmpeg_hears_the_same_in_noise() -> None:
    noise = (np.random.default_rng(7).standard_normal((2, 5 * RATE)) / 12).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="stereo")
    if not hasattr(frame, "metadata"):
        pytest.skip("this PyAV does not tell what FFmpeg has measured")
    frame.sample_rate, frame.pts = RATE, 0
    graph = av.filter.Graph()
    source = graph.add("abuffer", f"sample_rate={RATE}:sample_fmt=fltp:channel_layout=stereo:time_base=1/{RATE}")
    meter, sink = graph.add("ebur128", "metadata=1:framelog=quiet"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    source.push(frame)
    source.push(None)
    last: Any = None
    while True:
        try:
            last = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            break
    assert loudness([noise]) == pytest.approx(float(last.metadata["lavfi.r128.I"]), abs=0.02)


@pytest.mark.parametrize(("channels", "rate"), [(1, 44_100), (2, 48_000), (2, 32_000)])
def test_samples_have_the_rate_and_the_channels_of_the_file(tmp_path: Path, channels: int, rate: int) -> None:
    sound = tone(-12, SECONDS, 440, channels, rate)
    audio = read_audio(video(tmp_path / "a.mp4", sound, rate=rate))
    assert audio is not None
    assert (audio.rate, audio.samples.shape[1], str(audio.samples.dtype)) == (rate, channels, "float32")
    assert audio.seconds == pytest.approx(SECONDS, abs=0.05)
    strength = np.abs(np.fft.rfft(audio.samples[: rate // 2, 0]))
    assert np.argmax(strength) * 2 == pytest.approx(440, abs=4)


def test_sound_that_begins_late_begins_late(tmp_path: Path) -> None:
    audio = read_audio(video(tmp_path / "a.mp4", tone(-12, 1.0), late=0.5))
    assert audio is not None
    loud = np.flatnonzero(np.abs(audio.samples[:, 0]) > 0.1)
    assert loud[0] / audio.rate == pytest.approx(0.5, abs=0.03)


def test_a_silent_film_has_no_audio(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4")
    assert read_audio(path) is None
    assert list(iterate_heard(path)) == []


@pytest.mark.parametrize("is_sent", [False, True], ids=["a path", "bytes"])
def test_loudness_is_measured_beside_the_frames(tmp_path: Path, is_sent: bool) -> None:
    path = video(tmp_path / "a.mp4", tone(-23, SECONDS))
    reading = read(MeasureOrder(path.read_bytes() if is_sent else path, "video", None, ["brightness", "loudness"], []))
    assert reading.problems == {}
    assert reading.values["loudness"] == pytest.approx(-23, abs=0.3)
    assert reading.values["brightness"] == pytest.approx(90 / 255, abs=0.03)


def test_a_film_without_sound_has_no_loudness(tmp_path: Path) -> None:
    reading = read(MeasureOrder(video(tmp_path / "a.mp4"), "video", None, ["loudness"], []))
    assert reading.values == {"loudness": None}
