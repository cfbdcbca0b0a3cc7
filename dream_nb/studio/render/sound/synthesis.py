"""What sounds are made of: noise with a spectrum, tones, slow swells, and short sounds that are added to a loop.

Everything is a loop: the last sample leads to the first. What is added near the end goes on at the beginning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from dream_nb.media.sound import RATE
from dream_nb.studio.render.noise import F32, F64

Curve = Callable[[F64], F64]
"""How strong each frequency (in hertz) is."""

_CIRCLE: Final = np.exp(2j * np.pi * np.arange(256) / 256).astype(np.complex64)
# Samples over which a sound that is too long is faded into its own beginning.
_FADE: Final = RATE // 20
# Of a curve that is worked out point by point and interpolated.
_STEP: Final = 64
_BLOCK: Final = 512


def silence(count: int) -> F32:
    """Both channels of a loop with nothing in it yet.

    Args:
        count: the number of samples.
    """
    return np.zeros((2, count), np.float32)


def noise(dice: np.random.Generator, count: int, curve: Curve) -> F32:
    """One channel of noise with a spectrum, of mean power 1.

    Args:
        dice: decides.
        count: the number of samples.
        curve: the spectrum.
    """
    length = _quick_length(count)
    bins = length // 2 + 1
    phases = _CIRCLE[np.frombuffer(dice.bytes(bins), np.uint8)]
    made = np.fft.irfft(phases * _strengths(curve, length), length)
    return _even(_closed(np.asarray(made, np.float32), count))


def wide_noise(dice: np.random.Generator, count: int, curve: Curve, width: float = 0.7) -> F32:
    """Noise from all sides, of mean power 1.

    Args:
        dice: decides.
        count: the number of samples.
        curve: the spectrum.
        width: from 0, the same on both sides, to 1, nothing in common.
    """
    # Noise and the same noise seconds later have nothing in common, and cost one transform.
    middle = noise(dice, count, curve)
    made = np.stack([np.roll(middle, shift) for shift in (count // 3, count * 5 // 7)])
    made *= np.float32(math.sqrt(width))
    made += middle * np.float32(math.sqrt(1 - width))
    return made


def chord(dice: np.random.Generator, count: int, tones: Iterable[tuple[float, float]], spread: float = 0.4) -> F32:
    """Steady tones from all sides that come and go slowly.

    Args:
        dice: decides.
        count: the number of samples.
        tones: the frequency of each, in hertz, and its strength.
        spread: how many hertz the parts of a tone, which beat against each other, are apart.
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
    """A band of frequencies with soft edges.

    Args:
        low: its lower edge, in hertz.
        high: its upper edge, in hertz.
        slope: how steep the edges are.
        strength: how strong it is in the middle.
    """

    def curve(frequencies: F64) -> F64:
        below, above = (low / frequencies) ** (2 * slope), (frequencies / high) ** (2 * slope)
        made: F64 = strength / np.sqrt((1 + below) * (1 + above))
        return made

    return curve


def both(one: Curve, other: Curve) -> Curve:
    """The spectrum of two noises together.

    Args:
        one, other: the spectrum of each.
    """
    return lambda frequencies: np.hypot(one(frequencies), other(frequencies))


def swell(dice: np.random.Generator, count: int, seconds: float, depth: float = 0.5) -> F32:
    """A slow change of strength around 1, which never falls below 0.

    Args:
        dice: decides.
        count: the number of samples.
        seconds: about how long a swell takes.
        depth: how far it goes from 1.
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
    """A slow curve over the loop, worked out at a few places and joined by lines.

    Args:
        curve: gives its values at places from 0 on; it repeats after 1.
        count: the number of samples.
    """
    steps = -(-count // _STEP)
    values = curve(np.arange(steps + 1, dtype=np.float32) * np.float32(_STEP / count))
    ramp = np.arange(_STEP, dtype=np.float32) / np.float32(_STEP)
    return (values[:-1, None] + np.diff(values)[:, None] * ramp).reshape(-1)[:count]


def fading(seconds: float, half_life: float, attack: float = 0.002) -> F32:
    """The strength of something that is struck: it comes at once and dies away.

    Args:
        seconds: how long it is.
        half_life: the seconds after which half of it is left.
        attack: the seconds until it is at its strongest.
    """
    at = _times(seconds)
    made = np.minimum(1.0, at / np.float32(attack)) * np.exp2(-at / np.float32(half_life))
    return _ended(made.astype(np.float32))


def hill(seconds: float, power: float = 1.0) -> F32:
    """The strength of something that comes and goes evenly.

    Args:
        seconds: how long it is.
        power: how pointed it is.
    """
    half = np.linspace(0, np.pi, max(2, round(seconds * RATE)), dtype=np.float32)
    return np.maximum(0, np.sin(half)) ** np.float32(power)


def glide(seconds: float, frequencies: Sequence[float]) -> F32:
    """A sine whose frequency moves through some values at equal distances.

    Args:
        seconds: how long it is.
        frequencies: the values, in hertz.
    """
    count = max(2, round(seconds * RATE))
    path = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(frequencies)), frequencies)
    turns = (np.cumsum(path) / RATE % 1.0).astype(np.float32)
    made: F32 = np.sin(np.float32(2 * np.pi) * turns)
    return made


def ring(seconds: float, partials: Iterable[tuple[float, float, float]], attack: float = 0.002) -> F32:
    """Something that is struck and rings: sines that die away.

    Args:
        seconds: how long it is.
        partials: the frequency of each sine in hertz, its strength, and the seconds after which half of it is left.
        attack: the seconds until it is at its strongest.
    """
    frequencies, strengths, half_lives = (np.array(values)[:, None] for values in zip(*partials, strict=True))
    count = len(_times(seconds))
    growth = (2j * np.pi * frequencies - math.log(2) / half_lives) / RATE
    # A power is the product of two: all samples of all sines come of one small product of matrices.
    coarse = strengths * np.exp(growth * _BLOCK * np.arange(-(-count // _BLOCK)))
    fine = np.exp(growth * np.arange(_BLOCK))
    left = np.concatenate([coarse.imag, coarse.real]).astype(np.float32)
    right = np.concatenate([fine.real, fine.imag]).astype(np.float32)
    made: F32 = (left.T @ right).reshape(-1)[:count]
    rise = min(count, max(1, round(attack * RATE)))
    made[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    return _ended(made)


def lay(tape: F32, sound: F32, at: float, side: float = 0.0, strength: float = 1.0) -> None:
    """Add a sound to a loop; what is beyond the end goes on at the beginning.

    Args:
        tape: both channels of the loop, which are changed.
        sound: the samples.
        at: seconds from the beginning.
        side: from -1, left, to 1, right.
        strength: how loud.
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
    """The strength of each frequency of a transform; the curves are smooth, so that a few hundred places suffice."""
    top = length // 2
    places = np.geomspace(1, top, min(_BLOCK, top))
    made = np.interp(np.arange(top + 1), places, curve(places * (RATE / length))).astype(np.float32)
    made[0] = 0.0
    return made


def _quick_length(count: int) -> int:
    """A length that is transformed quickly: that of the loop where it is one, else one that leaves room for a fade."""
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
    """A loop of that length: what is beyond its end is faded into its beginning."""
    if len(made) > count:
        fade = min(_FADE, count)
        turn = np.linspace(0, np.pi / 2, fade, endpoint=False, dtype=np.float32)
        made[:fade] = made[:fade] * np.sin(turn) + made[count : count + fade] * np.cos(turn)
    return made[:count]


def _even(made: F32) -> F32:
    """With mean power 1."""
    return made * np.float32(1 / max(math.sqrt(float(np.dot(made, made)) / len(made)), 1e-9))


def _times(seconds: float) -> F32:
    return np.arange(max(2, round(seconds * RATE)), dtype=np.float32) / np.float32(RATE)


def _ended(made: F32) -> F32:
    """With nothing at its end, wherever it is cut."""
    rest = min(len(made), RATE // 200)
    made[len(made) - rest :] *= np.linspace(1, 0, rest, dtype=np.float32)
    return made
