"""The same brief gives the same drawing everywhere, another take gives another drawing, and loops are seamless."""

import importlib
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from dream_nb.media.measures import Fingerprint, Look
from tests.studio.render.clips import decoded, distance, rgb_frames, small, still


def test_the_same_brief_gives_the_same_pixels() -> None:
    for one, other in zip(rgb_frames(small()), rgb_frames(small()), strict=True):
        assert np.array_equal(one, other)


def test_another_processor_gives_pixels_at_most_one_level_apart() -> None:
    script = (
        "import sys, numpy as np\n"
        "from dream_nb.studio.render import Brief\nfrom dream_nb.studio.render.frames import shots\n"
        "brief = Brief('video', 'a stormy sea with mountains at dawn', width=160, height=90, seconds=0.25)\n"
        "sys.stdout.buffer.write(np.stack([shot.rgb() for shot in shots(brief)]).tobytes())\n"
    )
    plain = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    features = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__

    older = {
        **plain,
        "NPY_DISABLE_CPU_FEATURES": " ".join(f for f in ("AVX2", "FMA3", "AVX512F", "AVX512_SKX") if features.get(f)),
    }
    pixels = [
        np.frombuffer(
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", script], env=env, check=True, capture_output=True
            ).stdout,
            np.uint8,
        )
        for env in (plain, older)
    ]
    assert np.abs(pixels[0].astype(int) - pixels[1]).max() <= 1


@pytest.mark.parametrize("prompt", ["a serene lake at sunset", "mountains", "the sea", "zxqv"])
def test_another_take_is_another_composition(prompt: str) -> None:
    # At 16x9 pixels only the composition remains, and no noise.
    takes = [next(iter(rgb_frames(still(prompt, take=take)))) for take in (1, 2, 3)]
    coarse = [t.reshape(9, 10, 16, 10, 3).mean(axis=(1, 3)) for t in takes]
    for one in range(3):
        for other in range(one):
            assert np.abs(coarse[one] - coarse[other]).mean() > 4


def fingerprint(prompt: str, take: int) -> int:
    """The 64-bit fingerprint of a picture, as `Dream.measure` computes it."""
    measured = Fingerprint()
    frame = next(iter(rgb_frames(still(prompt, take=take, width=320, height=180))))
    measured.add(Look(frame))
    return int(str(measured.value()), 16)


@pytest.mark.parametrize(
    "prompt", ["a cat", "a red fox in the snow", "a cheeseburger", "a street at night", "a castle"]
)
def test_takes_are_told_apart_by_their_fingerprints(prompt: str) -> None:
    takes = [fingerprint(prompt, take) for take in range(1, 6)]
    bits = [(one ^ other).bit_count() for at, one in enumerate(takes) for other in takes[at + 1 :]]
    # Near-duplicates differ by up to 4 bits.
    assert min(bits) > 4
    assert sum(bits) / len(bits) >= 12


def test_another_prompt_is_another_drawing() -> None:
    one, other = (next(iter(rgb_frames(still(p)))) for p in ("qwertz", "asdfgh"))
    assert distance(one, other) > 10


@pytest.mark.parametrize(
    "prompt", ["a serene lake at sunset", "rain over the sea", "snow, camera orbit left", "fireflies in a forest"]
)
def test_a_loop_leads_back_to_its_first_frame(prompt: str) -> None:
    shown = list(rgb_frames(small(prompt, seconds=2.0, loop=True)))
    steps = [distance(a, b) for a, b in pairwise(shown)]
    assert distance(shown[-1], shown[0]) <= 1.5 * float(np.median(steps))


def test_a_decoded_loop_closes() -> None:
    from dream_nb.studio.render import render

    shown = decoded(render(small(seconds=2.0, loop=True))).frames
    steps = [distance(a, b) for a, b in pairwise(shown)]
    assert distance(shown[-1], shown[0]) <= 1.5 * float(np.median(steps))


def test_a_small_drawing_shows_the_same_scene_as_a_large_one() -> None:
    large = next(iter(rgb_frames(still(width=640, height=360)))).reshape(9, 40, 16, 40, 3).mean(axis=(1, 3))
    little = next(iter(rgb_frames(still()))).reshape(9, 10, 16, 10, 3).mean(axis=(1, 3))
    assert np.corrcoef(large.reshape(-1), little.reshape(-1))[0, 1] > 0.95


def test_every_frame_moves() -> None:
    shown = list(rgb_frames(small(seconds=1.0)))
    assert min(distance(a, b) for a, b in pairwise(shown)) > 0.2
