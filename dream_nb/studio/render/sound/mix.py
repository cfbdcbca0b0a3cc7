"""Mixes several sounds at a loudness that is common for videos."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from dream_nb.media.loudness import loudness
from dream_nb.media.sound import RATE
from dream_nb.studio.render.noise import F32, chance
from dream_nb.studio.render.sound import ambience, events
from dream_nb.studio.render.sound.synthesis import band, silence, wide_noise

LOUDNESS: Final = -20.0
"""The loudness of a soundtrack, in LUFS."""
QUIET: Final = -55.0
"""The loudness of a quiet room, in LUFS."""

# The strength of a hiss under everything, which is 50 dB weaker. In complete silence, the AAC encoder takes five times
# as long.
_HISS: Final = 0.01
# 2 dB below the limit of -1 dBFS, because AAC may exceed the peaks of its input.
_PEAK: Final = 0.7
_KNEE: Final = 0.4
_BLOCK: Final = RATE // 20
_SHORTEST: Final = RATE
"""The least number of samples to measure the loudness of; shorter sounds are repeated."""

_BEDS: Final[Mapping[str, Callable[[np.random.Generator, int], F32]]] = {
    "rain": ambience.rain,
    "wind": ambience.wind,
    "waves": ambience.waves,
    "fire": ambience.fire,
    "crickets": ambience.crickets,
    "city": ambience.city,
    "traffic": ambience.traffic,
    "drone": ambience.drone,
}
_EVENTS: Final[Mapping[str, Callable[[np.random.Generator, int], F32]]] = {
    "thunder": events.thunder,
    "birds": events.birds,
    "footsteps": events.footsteps,
    "bells": events.bells,
}
_ALL: Final = {**_BEDS, **_EVENTS}
SOUNDS: Final = tuple(_ALL)
"""The names of all sounds."""
# Factors that make all sounds equally loud to people while they can be heard. The decibels come from `LoudnessMeter`.
_TRIMS: Final[Mapping[str, float]] = {
    name: 10 ** (-louder / 20)
    for name, louder in {
        "rain": 6.2,
        "wind": 2.0,
        "waves": 4.4,
        "fire": 2.7,
        "crickets": 5.0,
        "city": 1.7,
        "traffic": 2.9,
        "drone": 2.0,
        "thunder": 0.7,
        "birds": 4.5,
        "footsteps": -2.1,
        "bells": 2.4,
    }.items()
}
# A factor for continuous sounds beside single ones, which they would otherwise mask.
_BESIDE_EVENTS: Final = 0.55


def performed(sounds: Mapping[str, float], count: int, *seed: object) -> F32:
    """Mix some sounds into a loop.

    Args:
        sounds: the names of the sounds, from `SOUNDS`, and their strengths. If it is empty, the result is a quiet room.
        count: the number of samples.
        seed: the seed of the random generators.

    Returns:
        Two channels x samples, -1 to 1.
    """
    dice = chance("sound", "room", *seed)
    if not sounds:
        return _at_loudness(wide_noise(dice, count, band(60, 400, 1.0)), QUIET)
    tape = silence(count)
    softer = _BESIDE_EVENTS if any(name in _EVENTS for name in sounds) else 1.0
    for name, strength in sounds.items():
        performance = _ALL[name](chance("sound", name, *seed), count)
        part = strength * (softer if name in _BEDS else 1.0) * _TRIMS[name] / _level(performance)
        tape += np.float32(part) * performance
    tape += (dice.random(tape.shape, dtype=np.float32) - np.float32(0.5)) * np.float32(_HISS)
    return _limited(_at_loudness(tape, LOUDNESS))


def _level(tape: F32) -> float:
    """Return the strength of a sound while it can be heard: parts more than 10 dB below the mean do not count."""
    blocks = max(1, tape.shape[1] // _BLOCK)
    size = tape.shape[1] // blocks
    parts = tape[:, : blocks * size].reshape(2, blocks, size)
    powers = np.einsum("cbs,cbs->b", parts, parts) / (2 * size)
    return math.sqrt(max(float(powers[powers >= powers.mean() / 10].mean()), 1e-12))


def _at_loudness(tape: F32, lufs: float) -> F32:
    times = -(-_SHORTEST // tape.shape[1])
    measured = loudness([np.tile(tape, times) if times > 1 else tape])
    if measured is None:
        return tape
    return tape * np.float32(10 ** ((lufs - measured) / 20))


def _limited(tape: F32) -> F32:
    """Return a sound with its peaks softly limited. The tape is changed in place."""
    loud = np.nonzero(np.abs(tape) > _KNEE)
    samples, room = tape[loud], _PEAK - _KNEE
    tape[loud] = np.copysign(_KNEE + room * np.tanh((np.abs(samples) - _KNEE) / room), samples)
    return tape
