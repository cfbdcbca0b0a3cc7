"""Elements of sounds: noise with a spectrum, tones, slow swells, and short sounds that are added to a loop.

The results for a number of samples are loops, whose last sample leads to the first. A short sound that is added near
the end of a loop continues at its beginning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from dream_nb.media.sound import RATE
from dream_nb.studio.render.noise import F32, F64

Curve = Callable[[F64], F64]
"""A function that returns the strengths of frequencies in hertz."""

_CIRCLE: Final = np.exp(2j * np.pi * np.arange(256) / 256).astype(np.complex64)
# The number of samples over which the end of a sound that is too long is faded into its beginning.
_FADE: Final = RATE // 20
# The number of samples between computed points of a slow curve, which is interpolated between them.
_STEP: Final = 64
_BLOCK: Final = 512


def silence(count: int) -> F32:
    """Return an empty loop, two channels x samples.

    Args:
        count: the number of samples.
    """
    return np.zeros((2, count), np.float32)


def noise(dice: np.random.Generator, count: int, curve: Curve) -> F32:
    """Return one channel of noise with a spectrum, of mean power 1.

    Args:
        dice: the random generator.
        count: the number of samples.
        curve: the spectrum.
    """
    length = _quick_length(count)
    bins = length // 2 + 1
    phases = _CIRCLE[np.frombuffer(dice.bytes(bins), np.uint8)]
    made = np.fft.irfft(phases * _strengths(curve, length), length)
    return _even(_closed(np.asarray(made, np.float32), count))


def wide_noise(dice: np.random.Generator, count: int, curve: Curve, width: float = 0.7) -> F32:
    """Return noise from all sides, of mean power 1, two channels x samples.

    Args:
        dice: the random generator.
        count: the number of samples.
        curve: the spectrum.
        width: how much the channels differ, from 0 (not at all) to 1 (completely).
    """
    # The same noise, shifted by seconds, is not correlated with itself, and takes only one transform.
    middle = noise(dice, count, curve)
    made = np.stack([np.roll(middle, shift) for shift in (count // 3, count * 5 // 7)])
    made *= np.float32(math.sqrt(width))
    made += middle * np.float32(math.sqrt(1 - width))
    return made


def chord(dice: np.random.Generator, count: int, tones: Iterable[tuple[float, float]], spread: float = 0.4) -> F32:
    """Return steady tones from all sides that slowly swell and fade, two channels x samples.

    Args:
        dice: the random generator.
        count: the number of samples.
        tones: the frequency of each tone in hertz, and its strength.
        spread: the distance in hertz between the three parts of each tone, which beat against each other.
    """
    length = _quick_length(count)
    per_hertz = length / RATE
    spectrum = np.zeros((2, length // 2 + 1), np.complex64)
    for frequency, strength in tones:
        for part in (-1, 0, 1):
            at = round((frequency + part * spread) * per_hertz)
            if 0 < at < spectrum.shape[1]:
                weight = strength * (1.0 if part == 0 else 0.35)
                spectrum[:, at] += weight * np.exp(2j * np.pi * dice.random(2))
    waves = np.asarray(np.fft.irfft(spectrum, length), np.float32)
    return np.stack([_even(_closed(wave, count)) for wave in waves])


def band(low: float, high: float, slope: float = 2.0, strength: float = 1.0) -> Curve:
    """Return the spectrum of a band of frequencies with soft edges.

    Args:
        low: the lower edge, in hertz.
        high: the upper edge, in hertz.
        slope: the steepness of the edges.
        strength: the strength in the middle.
    """

    def curve(frequencies: F64) -> F64:
        below, above = (low / frequencies) ** (2 * slope), (frequencies / high) ** (2 * slope)
        made: F64 = strength / np.sqrt((1 + below) * (1 + above))
        return made

    return curve


def both(one: Curve, other: Curve) -> Curve:
    """Return the spectrum of two noises together.

    Args:
        one, other: the spectra of the noises.
    """
    return lambda frequencies: np.hypot(one(frequencies), other(frequencies))


def swell(dice: np.random.Generator, count: int, seconds: float, depth: float = 0.5) -> F32:
    """Return a strength that changes slowly around 1, and never falls below 0.

    Args:
        dice: the random generator.
        count: the number of samples.
        seconds: the approximate length of a swell.
        depth: the largest difference from 1.
    """
    cycles = max(1, round(count / RATE / seconds))
    numbers = np.arange(1, 2 * cycles + 1, dtype=np.float32)[:, None]
    strengths = dice.uniform(0.4, 1.0, len(numbers)).astype(np.float32)
    begins = dice.random((len(numbers), 1), dtype=np.float32)

    def curve(place: F32) -> F32:
        waves: F32 = np.einsum("n,np->p", strengths, np.sin(2 * np.pi * (numbers * place + begins)))
        moved: F32 = np.maximum(0.0, 1 + depth * waves / max(float(np.abs(waves).max()), 1e-9))
        return moved

    return spread_out(curve, count)


def spread_out(curve: Callable[[F32], F32], count: int) -> F32:
    """Return the samples of a slow curve over the loop, which is computed at a few places and interpolated linearly.

    Args:
        curve: returns the values at some places, from 0 on; it repeats after 1.
        count: the number of samples.
    """
    steps = -(-count // _STEP)
    values = curve(np.arange(steps + 1, dtype=np.float32) * np.float32(_STEP / count))
    ramp = np.arange(_STEP, dtype=np.float32) / np.float32(_STEP)
    return (values[:-1, None] + np.diff(values)[:, None] * ramp).reshape(-1)[:count]


def fading(seconds: float, half_life: float, attack: float = 0.002) -> F32:
    """Return the strength of a sound that is struck: it starts suddenly and dies away.

    Args:
        seconds: the length.
        half_life: the time in seconds after which half of the strength is left.
        attack: the time in seconds until it is strongest.
    """
    at = _times(seconds)
    made = np.minimum(1.0, at / np.float32(attack)) * np.exp2(-at / np.float32(half_life))
    return _ended(made.astype(np.float32))


def hill(seconds: float, power: float = 1.0) -> F32:
    """Return the strength of a sound that rises and falls evenly.

    Args:
        seconds: the length.
        power: an exponent; the higher it is, the more pointed is the curve.
    """
    half = np.linspace(0, np.pi, max(2, round(seconds * RATE)), dtype=np.float32)
    return np.maximum(0, np.sin(half)) ** np.float32(power)


def glide(seconds: float, frequencies: Sequence[float]) -> F32:
    """Return a sine whose frequency moves through some values at equal intervals.

    Args:
        seconds: the length.
        frequencies: the values, in hertz.
    """
    count = max(2, round(seconds * RATE))
    path = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(frequencies)), frequencies)
    turns = (np.cumsum(path) / RATE % 1.0).astype(np.float32)
    made: F32 = np.sin(np.float32(2 * np.pi) * turns)
    return made


def ring(seconds: float, partials: Iterable[tuple[float, float, float]], attack: float = 0.002) -> F32:
    """Return the sound of something that is struck and rings: sines that die away.

    Args:
        seconds: the length.
        partials: the frequency of each sine in hertz, its strength, and its half-life in seconds.
        attack: the time in seconds until it is strongest.
    """
    frequencies, strengths, half_lives = (np.array(values)[:, None] for values in zip(*partials, strict=True))
    count = len(_times(seconds))
    growth = (2j * np.pi * frequencies - math.log(2) / half_lives) / RATE
    # exp(a + b) is exp(a) * exp(b), so one small matrix product gives all samples of all sines.
    coarse = strengths * np.exp(growth * _BLOCK * np.arange(-(-count // _BLOCK)))
    fine = np.exp(growth * np.arange(_BLOCK))
    left = np.concatenate([coarse.imag, coarse.real]).astype(np.float32)
    right = np.concatenate([fine.real, fine.imag]).astype(np.float32)
    made: F32 = (left.T @ right).reshape(-1)[:count]
    rise = min(count, max(1, round(attack * RATE)))
    made[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    return _ended(made)


def lay(tape: F32, sound: F32, at: float, side: float = 0.0, strength: float = 1.0) -> None:
    """Add a sound to a loop. A sound that reaches beyond the end continues at the beginning.

    Args:
        tape: the loop, two channels x samples, which is changed in place.
        sound: the samples of the sound.
        at: the time of its start, in seconds.
        side: its direction, from -1 (left) to 1 (right).
        strength: a factor for its strength.
    """
    count = tape.shape[1]
    gains = np.array([[math.sqrt((1 - side) / 2)], [math.sqrt((1 + side) / 2)]], np.float32) * np.float32(strength)
    begin, done = round(at * RATE) % count, 0
    while done < len(sound):
        part = sound[done : done + count - begin]
        tape[:, begin : begin + len(part)] += gains * part
        done += len(part)
        begin = 0


def _strengths(curve: Curve, length: int) -> F32:
    """Return the strength of each frequency of a transform.

    Curves are smooth, so it is enough to compute a few hundred places.
    """
    top = length // 2
    places = np.geomspace(1, top, min(_BLOCK, top))
    made = np.interp(np.arange(top + 1), places, curve(places * (RATE / length))).astype(np.float32)
    made[0] = 0.0
    return made


def _quick_length(count: int) -> int:
    """Return a length that can be transformed quickly: that of the loop, or one with additional samples for a fade."""
    length = count
    while not _is_quick(length):
        length = max(length + 1, count + min(_FADE, count))
    return length


def _is_quick(length: int) -> bool:
    if length % 2:
        return False
    for factor in (2, 3, 5, 7):
        while length % factor == 0:
            length //= factor
    return length == 1


def _closed(made: F32, count: int) -> F32:
    """Return a loop of `count` samples. Samples beyond its end are faded into its beginning."""
    if len(made) > count:
        fade = min(_FADE, count)
        turn = np.linspace(0, np.pi / 2, fade, endpoint=False, dtype=np.float32)
        made[:fade] = made[:fade] * np.sin(turn) + made[count : count + fade] * np.cos(turn)
    return made[:count]


def _even(made: F32) -> F32:
    """Return a sound scaled to mean power 1."""
    return made * np.float32(1 / max(math.sqrt(float(np.dot(made, made)) / len(made)), 1e-9))


def _times(seconds: float) -> F32:
    return np.arange(max(2, round(seconds * RATE)), dtype=np.float32) / np.float32(RATE)


def _ended(made: F32) -> F32:
    """Fade out the end of a sound in place, so that it ends in silence wherever it was cut."""
    rest = min(len(made), RATE // 200)
    made[len(made) - rest :] *= np.linspace(1, 0, rest, dtype=np.float32)
    return made
