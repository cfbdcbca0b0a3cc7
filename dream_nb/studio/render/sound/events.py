"""Single sounds: thunder, birds, footsteps, bells.

Each function takes a random generator and the number of samples, and returns a loop: two channels x samples.
"""

from __future__ import annotations

import numpy as np

from dream_nb.media.sound import RATE
from dream_nb.studio.render.noise import F32, pick
from dream_nb.studio.render.sound.synthesis import (
    band,
    both,
    fading,
    glide,
    hill,
    lay,
    noise,
    ring,
    silence,
    wide_noise,
)

# The tones of a church bell: the ratio of each to the tone that is heard as the pitch, its strength, and its half-life
# in seconds. Bells are tuned to a minor third, a fifth and an octave, so most tones are not harmonics of the lowest.
_PARTIALS = (
    (0.5, 0.7, 1.6),
    (1.0, 0.9, 1.1),
    (1.183, 0.7, 0.9),
    (1.506, 0.4, 0.7),
    (2.0, 0.8, 0.6),
    (2.514, 0.35, 0.4),
    (3.011, 0.3, 0.3),
    (4.166, 0.25, 0.2),
    (5.433, 0.15, 0.12),
)
_PITCHES = (392.0, 440.0, 523.25, 587.33)


def thunder(dice: np.random.Generator, count: int) -> F32:
    """Make thunder: a crack, and a roll that swells several times and dies away."""
    seconds = count / RATE
    number = max(1, round(seconds / 6))
    length = max(0.3, min(4.2, 0.85 * seconds / number))
    samples = round(length * RATE)
    low, middle = noise(dice, samples, band(30, 110, 1.9)), noise(dice, samples, band(110, 420, 1.6))
    crack = noise(dice, round(0.5 * RATE), both(band(250, 3000, 1.1), band(80, 200, 1.5))) * fading(0.5, 0.06, 0.004)
    tape = 0.02 * wide_noise(dice, count, band(30, 120, 1.4))
    for strike in range(number):
        begin = (strike + pick(dice, 0.05, 0.2)) * seconds / number
        for roll in range(5):
            delay = roll * length * 0.11 * pick(dice, 0.6, 1.4)
            left = max(0.2, length - delay)
            shape = fading(left, length / 7, 0.05 + 0.05 * roll)[: samples - round(delay * RATE)]
            # Air absorbs high tones first.
            sound = (low[: len(shape)] + 0.6 * 0.6**roll * middle[-len(shape) :] * shape) * shape
            lay(tape, sound, begin + delay, pick(dice, -0.7, 0.7), 1.6 * 0.72**roll)
        lay(tape, crack, begin, pick(dice, -0.4, 0.4), 1.3)
    return tape


def birds(dice: np.random.Generator, count: int) -> F32:
    """Make several birds, each of which repeats its own song."""
    tape = 0.012 * wide_noise(dice, count, band(300, 4000, 1.0))
    seconds = count / RATE
    for bird in range(4):
        song = _song(dice, pick(dice, 2300, 4400))
        side, strength = pick(dice, -0.95, 0.95), 0.75**bird
        number = max(1, round(seconds / 2.2))
        begin = pick(dice, 0, seconds)
        for time in range(number):
            lay(tape, song, begin + (time + pick(dice, -0.25, 0.25)) * seconds / number, side, strength)
    return tape


def _song(dice: np.random.Generator, pitch: float) -> F32:
    """Return the song of a bird: a few gliding notes, or one note that is trilled.

    Args:
        dice: the random generator.
        pitch: the pitch of the bird in hertz.
    """
    parts: list[F32] = []
    trilled = dice.random() < 0.35
    path = [pitch * pick(dice, 0.95, 1.5) for _ in range(2)]
    for _ in range(int(dice.integers(6, 11) if trilled else dice.integers(2, 6))):
        length = 0.045 if trilled else pick(dice, 0.06, 0.17)
        if not trilled:
            path = [pitch * pick(dice, 0.92, 1.6) for _ in range(int(dice.integers(2, 5)))]
        note = glide(length, path) + 0.12 * glide(length, [2 * tone for tone in path])
        pause = 0.018 if trilled else pick(dice, 0.03, 0.1)
        parts += [note * hill(length, 1.3), np.zeros(round(pause * RATE), np.float32)]
    return np.concatenate(parts)


def footsteps(dice: np.random.Generator, count: int) -> F32:
    """Make the footsteps of a walking person, heel and sole."""
    tape = 0.015 * wide_noise(dice, count, band(100, 1500, 1.0))
    seconds = count / RATE
    number = max(1, round(seconds / 0.55))
    for step in range(number):
        at, side = (step + 0.5 + pick(dice, -0.03, 0.03)) * seconds / number, 0.25 * (-1) ** step
        heel = noise(dice, round(0.12 * RATE), band(70, 320, 1.6)) * fading(0.12, 0.018, 0.002)
        click = noise(dice, round(0.03 * RATE), band(900, 3500, 1.2)) * fading(0.03, 0.004, 0.001)
        sole = noise(dice, round(0.1 * RATE), band(700, 4200, 1.2)) * fading(0.1, 0.02, 0.012)
        lay(tape, heel, at, side, pick(dice, 0.9, 1.2))
        lay(tape, click, at, side, pick(dice, 0.3, 0.5))
        lay(tape, sole, at + 0.085, side, pick(dice, 0.2, 0.35))
    return tape


def bells(dice: np.random.Generator, count: int) -> F32:
    """Make the bells of a tower, whose tones are inharmonic."""
    tape = silence(count)
    seconds = count / RATE
    number = max(1, round(seconds / 1.25))
    pitches = dice.choice(_PITCHES, min(3, number), replace=False).tolist()
    rung = [ring(4.0, [(pitch * ratio, loud, life) for ratio, loud, life in _PARTIALS]) for pitch in pitches]
    sides = dice.uniform(-0.5, 0.5, len(rung)).tolist()
    begin = pick(dice, 0, 0.2)
    for stroke in range(number):
        bell = stroke % len(rung)
        lay(tape, rung[bell], begin + stroke * seconds / number, sides[bell], pick(dice, 0.8, 1.0))
    return tape
