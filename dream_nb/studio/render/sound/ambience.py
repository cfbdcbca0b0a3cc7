"""Continuous sounds: rain, wind, waves, fire, crickets, a city, traffic, and a musical drone.

Each function takes a random generator and the number of samples, and returns a loop: two channels x samples.
"""

from __future__ import annotations

import numpy as np

from dream_nb.media.sound import RATE
from dream_nb.studio.render.noise import F32, pick
from dream_nb.studio.render.sound.synthesis import (
    band,
    both,
    chord,
    fading,
    glide,
    hill,
    lay,
    noise,
    spread_out,
    swell,
    wide_noise,
)

_DROPS = 55.0  # per second
_BURSTS = 2.2  # bursts of crackles per second
_KINDS = 12
# A chord in just intonation, as ratios to its root: root, fifth, octave, tenth, twelfth.
_CHORD = (1.0, 1.5, 2.0, 2.5, 3.0)


def rain(dice: np.random.Generator, count: int) -> F32:
    """Make rain: the hiss of many drops, and single drops nearby."""
    spectrum = both(band(1100, 12000, 1.1), band(150, 600, 1.5, 0.35))
    tape = wide_noise(dice, count, spectrum, 0.8) * swell(dice, count, 3.0, 0.15)
    drops = [
        fading(0.03, pick(dice, 0.002, 0.006), 0.0005) * glide(0.03, [pick(dice, 2200, 6500), pick(dice, 900, 2600)])
        for _ in range(_KINDS)
    ]
    for _ in range(round(count / RATE * _DROPS)):
        drop = drops[dice.integers(_KINDS)]
        lay(tape, drop, pick(dice, 0, count / RATE), pick(dice, -0.9, 0.9), 5 * float(dice.random()) ** 2.5)
    return tape


def wind(dice: np.random.Generator, count: int) -> F32:
    """Make wind: low gusts that sound brighter when they are strong, with a whistle in them."""
    gusts = swell(dice, count, 2.2, 0.8)
    tape = wide_noise(dice, count, band(60, 320, 1.7)) * gusts
    tape += 0.16 * wide_noise(dice, count, band(300, 1100, 1.5)) * gusts * gusts * gusts
    pitch = pick(dice, 440, 640)
    whistle = noise(dice, count, band(pitch * 0.96, pitch * 1.04, 9.0)) * swell(dice, count, 1.3, 1.0) * gusts * gusts
    lay(tape, whistle, 0.0, 0.5 if dice.random() < 0.5 else -0.5, 0.25)
    return tape


def waves(dice: np.random.Generator, count: int) -> F32:
    """Make surf that rises, breaks and draws back over the sand."""
    number = max(1, round(count / RATE / 5.5))
    begin = float(dice.random())

    def crest(middle: float, before: float, after: float) -> F32:
        def curve(place: F32) -> F32:
            away = (place * number + np.float32(begin - middle + 0.5)) % 1 - np.float32(0.5)
            return np.exp(-((away / np.where(away < 0, np.float32(before), np.float32(after))) ** 2))

        return spread_out(curve, count)

    breaking, drawing = crest(0.4, 0.2, 0.13), crest(0.62, 0.12, 0.2)
    tape = wide_noise(dice, count, band(70, 600, 1.3)) * (0.2 + breaking)
    tape += 0.75 * wide_noise(dice, count, band(500, 4500, 1.2)) * (0.06 + crest(0.4, 0.1, 0.14))
    tape += 0.5 * wide_noise(dice, count, band(3000, 12000, 1.6)) * (0.03 + drawing)
    return tape


def fire(dice: np.random.Generator, count: int) -> F32:
    """Make a fire: a low roar, and crackles that come in bursts."""
    tape = 0.35 * wide_noise(dice, count, band(50, 240, 1.5)) * swell(dice, count, 0.9, 0.4)
    tape += 0.07 * wide_noise(dice, count, band(1200, 9000, 1.0)) * swell(dice, count, 0.5, 0.6)
    cracks = []
    for _ in range(_KINDS):
        length = pick(dice, 0.004, 0.018)
        samples = dice.standard_normal(round(length * RATE), dtype=np.float32)
        cracks.append(samples * fading(length, length / 6, 0.0003)[: len(samples)])
    for _ in range(max(2, round(count / RATE * _BURSTS))):
        burst, side = pick(dice, 0, count / RATE), pick(dice, -0.6, 0.6)
        for _ in range(dice.integers(2, 9)):
            crack = cracks[dice.integers(_KINDS)]
            lay(tape, crack, burst + float(dice.exponential(0.09)), side, 0.5 + 2.5 * float(dice.random()) ** 2)
    return tape


def crickets(dice: np.random.Generator, count: int) -> F32:
    """Make crickets: chirps of a few pulses each from several sides, in a quiet night."""
    tape = 0.012 * wide_noise(dice, count, band(200, 2500, 1.0))
    seconds = count / RATE
    for number in range(5):
        pitch, side, begin = pick(dice, 4050, 4900), pick(dice, -0.9, 0.9), pick(dice, 0, 1)
        pulse = hill(0.02, 0.8) * glide(0.02, [pitch, pitch * 0.985])
        gap = np.zeros(round(0.013 * RATE), np.float32)
        chirp = np.concatenate([pulse, gap] * int(dice.integers(3, 5)))
        # A whole number of chirps, so that they stay regular where the loop closes.
        chirps = max(1, round(seconds / pick(dice, 0.42, 0.7)))
        for at in range(chirps):
            lay(tape, chirp, begin + at * seconds / chirps, side, 0.75**number)
    return tape


def city(dice: np.random.Generator, count: int) -> F32:
    """Make a city: a distant rumble, the murmur of people, and horns now and then."""
    tape = wide_noise(dice, count, band(40, 170, 1.5)) * swell(dice, count, 3.0, 0.2)
    for pitch in (480.0, 750.0, 1250.0):
        syllables = swell(dice, count, 0.22, 1.0)
        voice = noise(dice, count, band(pitch * 0.75, pitch * 1.3, 3.0)) * syllables * syllables
        lay(tape, voice, 0.0, pick(dice, -0.7, 0.7), 320 / pitch)
    for _ in range(max(1, round(count / RATE / 3.0))):
        pitch, length = pick(dice, 320, 430), pick(dice, 0.25, 0.6)
        tones = (glide(length, [pitch * tone]) / (1 + 0.4 * place) for place, tone in enumerate((1, 1.26, 2, 2.52, 3)))
        shape = np.minimum(1, 3 * hill(length))
        horn = sum(tones, np.zeros(len(shape), np.float32)) * shape
        lay(tape, horn, pick(dice, 0, count / RATE), pick(dice, -0.9, 0.9), pick(dice, 0.8, 1.3))
    return tape


def traffic(dice: np.random.Generator, count: int) -> F32:
    """Make traffic: cars that pass from one side to the other, over the hum of a road."""
    tape = 0.25 * wide_noise(dice, count, band(45, 260, 1.4))
    tyres, engine = noise(dice, count, band(700, 3000, 1.2)), noise(dice, count, band(70, 400, 1.3))
    seconds = count / RATE
    number = max(1, round(seconds / 2.5))
    for car in range(number):
        middle = (car + pick(dice, -0.3, 0.3)) / number
        length, way = pick(dice, 0.3, 0.55) / seconds, 1 if dice.random() < 0.5 else -1

        def away(place: F32, middle: float = middle) -> F32:
            return (place - middle + 0.5) % 1.0 - 0.5

        # A car is as loud as it is near, and moves from side to side only while it passes.
        near = spread_out(lambda place, length=length: 1 / (1 + (away(place) / length) ** 2), count)  # type: ignore[misc]
        side = spread_out(
            lambda place, length=length, way=way: way * np.tanh(away(place) / length) * (1 - 4 * away(place) ** 2),  # type: ignore[misc]
            count,
        )
        loud = pick(dice, 0.8, 1.5) * (engine * near + 0.6 * tyres * near * np.sqrt(near))
        tape += loud * np.sqrt(np.stack([1 - side, 1 + side]) / 2)
    return tape


def drone(dice: np.random.Generator, count: int) -> F32:
    """Make a drone: a soft chord whose tones beat against each other."""
    root = 98.0 * 2 ** (int(dice.integers(0, 8)) / 12)
    tones = [
        (root * note * part, (1 - 0.13 * place) / part**1.6)
        for place, note in enumerate(_CHORD)
        for part in range(1, 7)
    ]
    return chord(dice, count, tones) * swell(dice, count, 4.0, 0.2)
