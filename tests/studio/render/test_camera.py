"""Camera motions in a prompt are seen in the frames."""

import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import CAMERA_MOTIONS
from dream_nb.studio.render.camera import asked
from tests.studio.render.clips import U8, distance, rgb_frames, small

SCENE = "a forest valley with clouds"


def clip(motion: str, **fields: object) -> list[U8]:
    return list(rgb_frames(small(f"{SCENE}, {motion}", width=320, height=180, seconds=5.0, fps=4, **fields)))


def shift(one: U8, other: U8) -> tuple[float, float]:
    """The pixels to the right and down by which a picture has moved, by phase correlation."""
    a, b = (
        np.fft.fft2((p.mean(axis=2) - p.mean()) * np.outer(np.hanning(p.shape[0]), np.hanning(p.shape[1])))
        for p in (one, other)
    )
    cross = np.conj(a) * b
    peak = np.abs(np.fft.ifft2(cross / (np.abs(cross) + 1e-3 * np.abs(cross).max())))
    row, column = np.unravel_index(int(peak.argmax()), peak.shape)
    height, width = peak.shape
    return (column + width // 2) % width - width // 2, (row + height // 2) % height - height // 2


def moved(motion: str) -> tuple[float, float]:
    shown = clip(motion)
    steps = [shift(a, b) for a, b in zip(shown[::2], shown[2::2], strict=False)]
    return float(np.sum([x for x, _ in steps])), float(np.sum([y for _, y in steps]))


@pytest.mark.parametrize("verb", ["pan", "move", "orbit"])
def test_the_picture_moves_right_when_the_camera_goes_left(verb: str) -> None:
    assert moved(f"camera {verb} left")[0] > 12
    assert moved(f"camera {verb} right")[0] < -12


@pytest.mark.parametrize("verb", ["tilt", "move", "crane"])
def test_the_picture_moves_down_when_the_camera_goes_up(verb: str) -> None:
    assert moved(f"camera {verb} up")[1] > 6
    assert moved(f"camera {verb} down")[1] < -6


def magnified(picture: U8, by: float) -> U8:
    height, width, _ = picture.shape
    wide, high = width / by, height / by
    box = ((width - wide) / 2, (height - high) / 2, (width + wide) / 2, (height + high) / 2)
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR, box=box))


@pytest.mark.parametrize("verb", ["zoom", "push"])
def test_the_picture_grows_when_the_camera_goes_in(verb: str) -> None:
    shown = clip(f"camera {verb} in")
    scales = [1.0, 1.1, 1.2, 1.3, 1.4]
    errors = [distance(magnified(shown[0], by), shown[-1]) for by in scales]
    assert scales[int(np.argmin(errors))] >= 1.1


@pytest.mark.parametrize("verb", ["zoom", "pull"])
def test_the_picture_shrinks_when_the_camera_goes_out(verb: str) -> None:
    shown = clip(f"camera {verb} out")
    scales = [1.0, 1.1, 1.2, 1.3, 1.4]
    errors = [distance(magnified(shown[-1], by), shown[0]) for by in scales]
    assert scales[int(np.argmin(errors))] >= 1.1


def test_a_rolling_camera_turns_the_picture() -> None:
    shown = clip("camera roll left")
    turns = [-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0]
    middle = (slice(40, 140), slice(60, 260))
    errors = [
        distance(np.asarray(Image.fromarray(shown[0]).rotate(t, Image.Resampling.BILINEAR))[middle], shown[-1][middle])
        for t in turns
    ]
    assert turns[int(np.argmin(errors))] < 0


def test_a_still_camera_leaves_the_land_in_its_place() -> None:
    shown = clip("camera static")
    assert shift(shown[0], shown[-1]) == (0.0, 0.0)


def test_near_layers_move_more_than_far_ones() -> None:
    from dream_nb.studio.render.camera import Camera

    motion = asked("camera move left")
    assert motion is not None
    camera = Camera(motion, 24, 5.0)
    assert camera.offset(23, 1.0)[0] > 2 * camera.offset(23, 0.1)[0] > 0


@pytest.mark.parametrize("motion", CAMERA_MOTIONS)
def test_every_offered_motion_is_understood(motion: str) -> None:
    assert asked(f"a lake, {motion}") is not None


@pytest.mark.parametrize(
    ("prompt", "motion"),
    [
        ("the camera slowly pans left over a lake", "camera pan left"),
        ("zooming in on a castle", "camera zoom in"),
        ("dolly forward through a forest", "camera push in"),
        ("Camera: orbits right", "camera orbit right"),
        ("a static shot of hills", "camera static"),
    ],
)
def test_motions_are_understood_in_other_words(prompt: str, motion: str) -> None:
    assert asked(prompt) == asked(motion)


@pytest.mark.parametrize("prompt", ["a dog moves left", "the left bank of a river", "push", ""])
def test_what_is_not_about_the_camera_moves_nothing(prompt: str) -> None:
    assert asked(prompt) is None


def test_a_longer_clip_goes_further() -> None:
    from dream_nb.studio.render.camera import Camera

    motion = asked("camera pan right")
    assert motion is not None
    assert abs(Camera(motion, 216, 9.0).offset(215, 0.5)[0]) > 1.3 * abs(Camera(motion, 120, 5.0).offset(119, 0.5)[0])
