"""Given frames are shown where they belong, and clips move from one to the next."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import Keyframe, RenderError, render
from tests.studio.render.clips import U8, decoded, distance, png, psnr, rgb_frames, small


def photo(seed: int = 0, width: int = 160, height: int = 90) -> U8:
    """A picture unlike any scene: soft blobs of colour with some edges."""
    rng = np.random.default_rng(seed)
    blobs = Image.fromarray(rng.integers(0, 255, (6, 9, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    picture = np.array(blobs)
    picture[height // 3 : height // 2, width // 4 : width // 2] = rng.integers(0, 255, 3)
    return picture


@pytest.mark.parametrize(
    "prompt", ["a storm", "pixel art city", "camera zoom out over hills", "noir street in the rain"]
)
def test_the_first_frame_shows_frame0(prompt: str) -> None:
    clip = decoded(render(small(prompt, seconds=1.0, frame0=Keyframe(png(photo()), None))))
    assert psnr(clip.frames[0], photo()) >= 25


def test_the_last_frame_shows_frame1() -> None:
    clip = decoded(render(small(seconds=1.0, frame1=Keyframe(png(photo()), None))))
    assert psnr(clip.frames[-1], photo()) >= 25


def test_frame0_is_cropped_to_the_aspect_ratio() -> None:
    tall = photo(1, 160, 320)
    clip = decoded(render(small(frame0=Keyframe(png(tall), None))))
    assert psnr(clip.frames[0], tall[115:205]) >= 25


def test_a_clip_leaves_frame0_for_the_scene() -> None:
    clip = list(rgb_frames(small("a storm", seconds=1.0, frame0=Keyframe(png(photo()), None))))
    assert psnr(clip[-1], photo()) < 16


def test_extending_begins_where_the_other_ended() -> None:
    before = render(small(take=3))
    clip = decoded(render(small("a rocky coast", seconds=1.0, frame0=Keyframe(before, "last"))))
    assert psnr(clip.frames[0], decoded(before).frames[-1]) >= 25


def test_reverse_extending_ends_where_the_other_began() -> None:
    after = render(small(take=3))
    clip = decoded(render(small("a rocky coast", seconds=1.0, frame1=Keyframe(after, "first"))))
    assert psnr(clip.frames[-1], decoded(after).frames[0]) >= 25


def test_a_video_of_another_size_is_cropped_too() -> None:
    before = render(small(width=90, height=160))
    clip = decoded(render(small(frame0=Keyframe(before, "last"))))
    assert clip.frames[0].shape == (90, 160, 3)


def test_interpolation_joins_both() -> None:
    clip = decoded(
        render(small(seconds=1.0, frame0=Keyframe(png(photo(1)), None), frame1=Keyframe(png(photo(2)), None)))
    )
    assert psnr(clip.frames[0], photo(1)) >= 25
    assert psnr(clip.frames[-1], photo(2)) >= 25


def test_interpolation_is_more_than_a_cross_fade() -> None:
    clip = list(
        rgb_frames(small(seconds=1.0, frame0=Keyframe(png(photo(1)), None), frame1=Keyframe(png(photo(2)), None)))
    )
    one, other = clip[0].astype(float), clip[-1].astype(float)
    for shown in clip[8:16]:
        # The fade nearest to this frame still differs clearly from it.
        fades = [one + (other - one) * part for part in np.linspace(0, 1, 21)]
        assert min(np.abs(shown - fade).mean() for fade in fades) > 12


def test_interpolation_moves_without_a_jump() -> None:
    clip = list(
        rgb_frames(small(seconds=2.0, frame0=Keyframe(png(photo(1)), None), frame1=Keyframe(png(photo(2)), None)))
    )
    steps = [distance(a, b) for a, b in pairwise(clip)]
    assert max(steps) < 0.35 * distance(clip[0], clip[-1])


@pytest.mark.parametrize("which", ["frame0", "frame1"])
def test_a_loop_with_a_keyframe_closes(which: str) -> None:
    fields: dict[str, Any] = {which: Keyframe(png(photo()), None)}
    clip = list(rgb_frames(small(seconds=2.0, loop=True, **fields)))
    steps = [distance(a, b) for a, b in pairwise(clip)]
    assert distance(clip[-1], clip[0]) <= 1.5 * float(np.median(steps))
    assert psnr(clip[0 if which == "frame0" else -1], photo()) >= 25


@pytest.mark.parametrize(
    "keyframe",
    [
        Keyframe(b"<!doctype html><title>404</title>", None),
        Keyframe(b"", None),
        Keyframe(png(photo())[:900], None),
        Keyframe(png(photo()), "last"),
        Keyframe(b"\x00\x00\x00\x18ftypmp42", "first"),
    ],
    ids=["page", "empty", "truncated", "picture for a video", "broken video"],
)
def test_what_cannot_be_read_is_told_in_the_words_of_the_api(keyframe: Keyframe) -> None:
    with pytest.raises(RenderError, match=r"^Failed to read user input frames$"):
        render(small(frame0=keyframe))


def test_a_video_where_a_picture_is_wanted_is_refused() -> None:
    with pytest.raises(RenderError, match="Failed to read user input frames"):
        render(small(frame1=Keyframe(render(small()), None)))
