"""Soundtracks: what is heard, measured on decoded samples, and what is kept of the video."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import pytest

from dream_nb.media.loudness import loudness
from dream_nb.media.sound import RATE, iterate_heard
from dream_nb.studio.render import UNREADABLE, Brief, RenderError, Soundtrack, render
from dream_nb.studio.render.sound.hearing import sounds_of
from dream_nb.studio.render.sound.mix import SOUNDS, performed
from tests.studio.render.clips import F64, decoded

SECONDS: Final = 5.0
COUNT: Final = round(SECONDS * RATE)


@functools.cache
def video(seconds: float = SECONDS, fps: int = 24) -> bytes:
    return render(Brief("video", "a lake", width=64, height=36, seconds=seconds, fps=fps, loop=True))


def brief(prompt: str, source: bytes | None = None, *, scene: str = "", unwanted: str = "", **fields: Any) -> Brief:
    edit = Soundtrack(video() if source is None else source, scene, unwanted)
    return Brief(**{"kind": "video", "prompt": prompt, "edit": edit, **fields})


def samples(data: bytes, count: int = COUNT) -> F64:
    """The sound of a file for the time of its pictures: channels x samples."""
    whole = np.concatenate(list(iterate_heard(io.BytesIO(data))), axis=1)
    assert whole.shape[1] >= count
    return np.asarray(whole[:, :count], np.float64)


@functools.cache
def heard(prompt: str, unwanted: str = "", take: int = 1) -> F64:
    return samples(render(brief(prompt, unwanted=unwanted, take=take)))


def pictures(data: bytes) -> tuple[Fraction | None, list[tuple[int | None, int | None, int | None, bool, bytes]]]:
    """The time base of a file's video stream, and its packets with their times."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        return stream.time_base, [(p.pts, p.dts, p.duration, p.is_keyframe, bytes(p)) for p in packets]


def sound_length(data: bytes) -> Fraction:
    """The number of samples of the sound according to the file's header."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        return (stream.duration or 0) * (stream.time_base or Fraction(0)) * RATE


# Measures


def within(sound: F64, low: float, high: float) -> F64:
    """A band of the frequencies of a loop."""
    frequencies = np.fft.rfftfreq(sound.shape[-1], 1 / RATE)
    spectrum = np.fft.rfft(sound) * ((frequencies >= low) & (frequencies < high))
    return np.asarray(np.fft.irfft(spectrum, sound.shape[-1]))


def share(sound: F64, low: float, high: float) -> float:
    """The part of the power that lies in a band."""
    return float((within(sound, low, high) ** 2).sum() / (sound**2).sum())


def strengths(sound: F64, seconds: float) -> F64:
    """The power in steps of that many seconds, in dB."""
    size = round(seconds * RATE)
    steps = sound[..., : sound.shape[-1] // size * size].reshape(len(sound), -1, size)
    return np.asarray(10 * np.log10((steps**2).mean(axis=(0, 2)) + 1e-12))


def spread(values: F64) -> float:
    """The difference between the 10th and the 90th percentile."""
    return float(np.percentile(values, 90) - np.percentile(values, 10))


def peaked(sound: F64) -> float:
    """The part of the power of a short piece that is in its strongest tone; the mean over the loudest pieces."""
    size = 2048
    pieces = sound.mean(axis=0)[: sound.shape[1] // size * size].reshape(-1, size)
    loud = pieces[(pieces**2).sum(axis=1).argsort()[-len(pieces) // 5 :]]
    powers = np.abs(np.fft.rfft(loud * np.hanning(size))) ** 2
    # A tone between two bins is in both, and a gliding tone is in several, so neighbouring bins are added.
    near = np.array([np.convolve(power, np.ones(7), "same").max() for power in powers])
    return float((near / powers.sum(axis=1)).mean())


def evenness(sound: F64, low: float, high: float) -> float:
    """How evenly the power is spread over the frequencies of a band: about 0.5 for noise, near 0 for tones."""
    frequencies = np.fft.rfftfreq(sound.shape[1], 1 / RATE)
    powers = np.abs(np.fft.rfft(sound)[:, (frequencies >= low) & (frequencies < high)]) ** 2
    return float(np.exp(np.log(powers + 1e-20).mean()) / powers.mean())


def pulse(sound: F64, slowest: float, fastest: float) -> tuple[float, float]:
    """The rate at which the strength rises and falls, in hertz, and the part of its variation at that rate."""
    step = 0.002
    power = 10 ** (strengths(sound, step) / 20)
    changes = np.abs(np.fft.rfft((power - power.mean()) * np.hanning(len(power)))) ** 2
    rates = np.fft.rfftfreq(len(power), step)
    chosen = (rates >= slowest) & (rates <= fastest)
    at = int(np.flatnonzero(chosen)[changes[chosen].argmax()])
    return float(rates[at]), float(changes[max(0, at - 2) : at + 3].sum() / changes[1:].sum())


def tones(sound: F64, low: float, high: float) -> dict[float, float]:
    """The frequencies of clear tones in a whole loop, and their power above the median of the band, in dB."""
    powers = (np.abs(np.fft.rfft(sound * np.hanning(sound.shape[1]))) ** 2).sum(axis=0)
    frequencies = np.fft.rfftfreq(sound.shape[1], 1 / RATE)
    band = (frequencies >= low) & (frequencies < high)
    mean = np.median(powers[band])
    reach = 8
    return {
        float(frequencies[at]): 10 * float(np.log10(powers[at] / mean))
        for at in np.flatnonzero(band)
        if powers[at] == powers[at - reach : at + reach + 1].max() and powers[at] > 1000 * mean
    }


# Fingerprints


def is_rain(sound: F64) -> bool:
    """A steady hiss above 1 kHz, equally strong at all frequencies."""
    parts = [within(sound, low, low + 500).var() for low in (1500, 3000, 5000, 7000, 9000)]
    is_flat = max(parts) / min(parts) < 3
    return share(sound, 1000, 24000) > 0.7 and is_flat and spread(strengths(sound, 0.2)) < 3 and peaked(sound) < 0.2


def is_wind(sound: F64) -> bool:
    """Low noise that slowly becomes louder and softer."""
    loud = strengths(sound, 0.1)
    is_slow = float(np.abs(np.diff(loud)).mean()) < 0.25 * spread(loud) and np.diff(loud).max() < 8
    return share(sound, 0, 700) > 0.8 and evenness(sound, 150, 500) > 0.2 and spread(loud) > 5 and is_slow


def is_waves(sound: F64) -> bool:
    """One swell of broadband noise in five seconds, whose high frequencies come after the low ones."""
    dark, bright = (strengths(within(sound, *band), 0.1) for band in ((80, 500), (5000, 11000)))
    first, second = (np.angle(np.fft.rfft(10 ** (loud / 10))[1]) for loud in (dark, bright))
    later = float((first - second) / (2 * np.pi)) % 1.0
    is_one = spread(dark) > 8 and float(np.abs(np.diff(dark)).mean()) < 0.12 * spread(dark)
    return is_one and share(sound, 500, 8000) > 0.3 and 0.02 < later < 0.4 and peaked(sound) < 0.3


def is_thunder(sound: F64) -> bool:
    """A low sound that begins suddenly and fades over seconds, higher frequencies first."""
    low, high = strengths(within(sound, 30, 150), 0.25), strengths(within(sound, 400, 2000), 0.25)
    begin = int(high.argmax())
    low, high = np.roll(low, -begin), np.roll(high, -begin)
    falls = low[:4].mean() - low[12:18].mean(), high[:2].mean() - high[6:10].mean()
    return share(sound, 0, 250) > 0.7 and falls[0] > 6 and falls[1] > 10


def is_fire(sound: F64) -> bool:
    """A low roar, and crackles, which are high and very short."""
    high = within(sound, 3000, 20000)
    spiky = float((high**4).mean() / (high**2).mean() ** 2)
    return (
        spiky > 60
        and share(sound, 3000, 20000) > 0.03
        and share(sound, 0, 400) > 0.2
        and spread(strengths(within(sound, 40, 300), 0.2)) < 10
    )


def is_birds(sound: F64) -> bool:
    """Single gliding tones above 2 kHz, with pauses."""
    return share(sound, 2000, 16000) > 0.9 and peaked(sound) > 0.4 and share(sound, 3900, 5000) < 0.8


def is_crickets(sound: F64) -> bool:
    """Tones between 4 and 5 kHz in about thirty pulses per second."""
    rate, part = pulse(within(sound, 3900, 5000), 15, 60)
    return share(sound, 3900, 5000) > 0.9 and 24 < rate < 36 and part > 0.04


def is_city(sound: F64) -> bool:
    """A steady low rumble, and voices in the middle frequencies that change several times per second."""
    voices = within(sound, 400, 1600)
    is_murmur = float(np.abs(np.diff(strengths(voices, 0.1))).mean()) > 1.5
    is_steady = spread(strengths(within(sound, 40, 170), 0.25)) < 4.5
    return is_murmur and is_steady and share(sound, 0, 200) > 0.15 and share(sound, 300, 1700) > 0.25


def is_traffic(sound: F64) -> bool:
    """Noise that swells, and moves from one side to the other while it is loud."""
    left, right = strengths(sound[:1], 0.1), strengths(sound[1:], 0.1)
    loud = strengths(sound, 0.1)
    near = loud > np.percentile(loud, 70)
    is_noise = evenness(sound, 150, 500) > 0.2
    return is_noise and spread(loud) > 4 and float((left - right)[near].std()) > 2.3 and share(sound, 60, 4000) > 0.85


def is_footsteps(sound: F64) -> bool:
    """Short thuds at an even pace of about two per second, with little between them."""
    loud = strengths(sound, 0.02)
    change = 10 ** (loud / 10)
    again = np.fft.irfft(np.abs(np.fft.rfft(change - change.mean())) ** 2, len(change))
    at = int(again[20:40].argmax()) + 20
    is_even = 0.45 <= at * 0.02 <= 0.65 and again[at - 2 : at + 3].sum() > 0.3 * again[0]
    is_short = float(np.percentile(loud, 95) - np.median(loud)) > 14
    return bool(is_even) and is_short and share(sound, 50, 400) > 0.4


def is_bells(sound: F64) -> bool:
    """Struck tones, each with the partials of bells: the octave below and the minor third, among others."""
    found = np.array(list(tones(sound, 150, 3000)))
    ratios = (1, 0.5, 1.183, 1.506, 2)
    bells = sum(all(np.abs(found / (pitch * ratio) - 1).min() < 0.004 for ratio in ratios) for pitch in found)
    sudden = np.diff(strengths(within(sound, 1000, 8000), 0.02)).max()
    return bells >= 2 and sudden > 6


def is_drone(sound: F64) -> bool:
    """Steady tones that are all harmonics of one."""
    found = np.array(list(tones(sound, 80, 900)))
    if not found.size or spread(strengths(sound, 0.1)) > 6:
        return False
    lowest = found.min() / 2
    away = np.abs(found / lowest - np.round(found / lowest))
    return len(found) >= 6 and float(np.mean(away * lowest < 2)) > 0.9


FINGERPRINTS: Final[dict[str, Callable[[F64], bool]]] = {
    "rain": is_rain,
    "wind": is_wind,
    "waves": is_waves,
    "thunder": is_thunder,
    "fire": is_fire,
    "birds": is_birds,
    "crickets": is_crickets,
    "city": is_city,
    "traffic": is_traffic,
    "footsteps": is_footsteps,
    "bells": is_bells,
    "drone": is_drone,
}


@pytest.mark.parametrize("take", [1, 2, 3])
@pytest.mark.parametrize("name", FINGERPRINTS)
def test_each_sound_is_like_itself_and_like_no_other(name: str, take: int) -> None:
    sound = heard(name, take=take)
    assert [other for other, is_it in FINGERPRINTS.items() if is_it(sound)] == [name]


def test_every_sound_has_a_fingerprint() -> None:
    assert sorted(FINGERPRINTS) == sorted(SOUNDS)


def test_another_take_is_another_performance_of_the_same() -> None:
    one, other = heard("birds"), heard("birds", take=2)
    assert abs(float(np.corrcoef(one[0], other[0])[0, 1])) < 0.5
    assert is_birds(other)


def test_the_same_brief_gives_the_same_file_in_another_process() -> None:
    script = (
        "import sys, hashlib; from dream_nb.studio.render import Brief, Soundtrack, render;"
        "edit = Soundtrack(sys.stdin.buffer.read(), 'a lake', 'wind');"
        "print(hashlib.sha256(render(Brief('video', 'a storm, bells', take=2, edit=edit))).hexdigest())"
    )
    asked = brief("a storm, bells", scene="a lake", unwanted="wind", take=2)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7"}
    told = subprocess.run(
        [sys.executable, "-c", script], input=video(), env=environment, check=True, capture_output=True
    )
    assert told.stdout.decode().strip() == hashlib.sha256(render(asked)).hexdigest()


@pytest.mark.parametrize("name", [*SOUNDS, "rain, thunder, birds and footsteps", "a storm at sea"])
def test_every_soundtrack_is_as_loud_as_others_and_leaves_room_above(name: str) -> None:
    sound = heard(name)
    measured = loudness([sound.astype(np.float32)])
    assert measured is not None
    assert abs(measured + 20) < 1.5
    assert 20 * np.log10(np.abs(sound).max()) < -1


@pytest.mark.parametrize(
    "names", [("rain", "birds", "footsteps"), ("thunder", "rain", "wind"), ("city", "bells", "drone", "fire", "waves")]
)
def test_of_several_sounds_each_stays_audible(names: tuple[str, ...]) -> None:
    strengths_of = sounds_of(", ".join(names), "", "")
    together = performed(strengths_of, COUNT, "seed")[0].astype(float)
    # Find how much of the whole each of the same performances is.
    alone = np.stack([performed({name: 1.0}, COUNT, "seed")[0] for name in names]).astype(float)
    parts = np.linalg.lstsq(alone.T, together, rcond=None)[0]
    levels = 10 * np.log10([part**2 * one.var() / together.var() for part, one in zip(parts, alone, strict=True)])
    assert levels.min() > -16


@pytest.mark.parametrize("name", [*SOUNDS, "rain, thunder, birds and footsteps"])
def test_the_end_leads_to_the_beginning(name: str) -> None:
    sound = heard(name)
    # At the seam, the waveform bends no more than elsewhere.
    turns = np.abs(np.diff(np.roll(sound, COUNT // 2, axis=1), 2)).max(axis=0)
    elsewhere = turns[: len(turns) // 16 * 16].reshape(-1, 16).max(axis=1)
    assert turns[COUNT // 2 - 8 : COUNT // 2 + 8].max() <= np.percentile(elsewhere, 99.5)


@pytest.mark.parametrize("name", ["wind", "drone", "bells"])
def test_the_coder_does_not_fade_in(name: str) -> None:
    """The first and last samples are as close to the original as those in the middle."""
    sound, made = heard(name), performed({name: 1.0}, COUNT, name, "", "", 1)
    errors = [np.sqrt(((sound - made)[:, part] ** 2).mean()) for part in (slice(0, 300), slice(-300, None))]
    middle = np.sqrt(((sound - made)[:, 4000:-4000] ** 2).mean())
    assert max(errors) < 3 * middle


@pytest.mark.parametrize(("seconds", "fps"), [(5.0, 24), (1.3, 24), (0.5, 25), (0.05, 60), (0.04, 24)])
def test_the_sound_is_as_long_as_the_pictures(seconds: float, fps: int) -> None:
    source = video(seconds, fps)
    data = render(brief("rain and bells", source))
    assert sound_length(data) == Fraction(len(decoded(source).frames), fps) * RATE
    assert np.abs(samples(data, round(sound_length(data)))).max() > 0.01


def at_rate(rate: Fraction, frames: int) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((36, 64, 3), 9 * number % 255, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def test_at_an_odd_rate_too_sound_and_pictures_are_as_long_as_each_other() -> None:
    source = at_rate(Fraction(30_000, 1001), 47)
    data = render(brief("wind", source))
    assert abs(sound_length(data) - 47 * Fraction(1001, 30_000) * RATE) < 1
    assert pictures(data) == pictures(source)


def test_pictures_stay_as_they_are_with_their_times() -> None:
    assert pictures(render(brief("rain"))) == pictures(video())


def test_colours_stay_as_they_are() -> None:
    def colours(data: bytes) -> tuple[object, ...]:
        with av.open(io.BytesIO(data)) as container:
            context = container.streams.video[0].codec_context
            return context.color_range, context.colorspace, context.color_primaries, context.color_trc

    assert colours(render(brief("rain"))) == colours(video()) == (1, 1, 1, 1)


def test_sound_that_a_video_has_is_replaced() -> None:
    data = render(brief("birds", render(brief("thunder"))))
    with av.open(io.BytesIO(data)) as container:
        assert len(container.streams.audio) == 1
    assert is_birds(samples(data))
    assert pictures(data) == pictures(video())


def test_sound_is_aac_in_an_mp4_that_plays_before_it_is_wholly_loaded_and_keeps_tags() -> None:
    data = render(brief("rain", tags=(("prompt", "a <lake> & $5"),)))
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    with av.open(io.BytesIO(data)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        assert container.metadata["prompt"] == "a <lake> & $5"


def test_progress_ends_at_one() -> None:
    with tempfile.TemporaryDirectory() as folder:
        render(brief("rain"), Path(folder) / "progress")
        assert float((Path(folder) / "progress").read_text()) == 1.0


def without_pictures() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = RATE
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


@pytest.mark.parametrize(
    "source",
    [b"", b"no video", video()[: len(video()) // 2], without_pictures(), render(Brief("image", "a lake", width=64))],
    ids=["nothing", "text", "cut off", "without pictures", "an image"],
)
def test_a_source_that_is_no_whole_video_is_refused(source: bytes) -> None:
    with pytest.raises(RenderError, match=f"^{UNREADABLE}$"):
        render(brief("rain", source))


# The known sounds


@pytest.mark.parametrize(
    ("prompt", "sounds"),
    [
        ("Raining", {"rain"}),
        ("FOOTSTEPS", {"footsteps"}),
        ("he walked home", {"footsteps"}),
        ("the cries of gulls", {"birds"}),
        ("a busy street", {"city", "traffic"}),
        ("crackling campfire", {"fire"}),
        ("a thunderstorm", {"thunder", "rain", "wind"}),
        ("a waterfall", {"rain"}),
        ("ambient music", {"drone"}),
        ("church bells", {"bells"}),
        ("crickets chirping", {"crickets"}),
        ("birds singing", {"birds"}),
        ("cities and cars", {"city", "traffic"}),
        ("rain, no birds", {"rain"}),
        ("a forest without birds", {"wind"}),
        ("waves without any sound of birds or wind", {"waves"}),
        ("no birds but rain", {"rain"}),
        ("don't add music, only waves", {"waves"}),
        ("not only rain but also thunder", {"rain", "thunder"}),
        ("microwaves", {"wind"}),
        ("silence", set()),
    ],
)
def test_a_prompt_is_heard_as(prompt: str, sounds: set[str]) -> None:
    assert set(sounds_of(prompt, "", "")) == sounds


@pytest.mark.parametrize(
    ("prompt", "scene", "unwanted", "sounds"),
    [
        ("", "a stormy sea", "", {"thunder", "rain", "wind", "waves"}),
        ("make it nice", "a candle in a church", "", {"fire", "bells"}),
        ("", "a red cube", "", {"wind"}),
        ("", "a galaxy", "", {"drone"}),
        ("bells", "a stormy sea", "", {"bells"}),
        ("rain and birds", "", "birdsong", {"rain"}),
        ("a thunderstorm", "", "thunder", {"rain", "wind"}),
        ("rain", "", "storms", {"rain"}),
        ("no birds", "birds over the sea", "", {"waves"}),
        ("birds", "the sea", "birds", {"waves"}),
        ("birds", "a red cube", "no birds", set()),
        ("", "a red cube", "wind", set()),
    ],
)
def test_scene_and_unwanted_words_decide_too(prompt: str, scene: str, unwanted: str, sounds: set[str]) -> None:
    assert set(sounds_of(prompt, scene, unwanted)) == sounds


def test_what_is_named_first_is_the_strongest() -> None:
    found = sounds_of("birds over a fire in the rain", "", "")
    assert list(found) == ["birds", "fire", "rain"]
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_a_negative_prompt_silences_what_is_heard() -> None:
    both_named, rain_only = heard("rain and crickets"), heard("rain and crickets", "crickets")
    assert share(both_named, 3900, 5000) > 1.5 * share(rain_only, 3900, 5000)
    assert is_rain(rain_only)


def test_the_scene_is_heard_where_the_prompt_names_no_sound() -> None:
    assert is_crickets(samples(render(brief("with fitting sound", scene="a quiet night"))))


def test_without_anything_to_be_heard_there_is_a_quiet_room() -> None:
    measured = loudness([heard("thunder", "thunder").astype(np.float32)])
    assert measured is not None
    assert -65 < measured < -45
