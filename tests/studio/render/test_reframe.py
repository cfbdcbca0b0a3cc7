"""A reframed video keeps its pixels where it is placed; the added area moves and shows no seam."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import UNREADABLE, Placing, Reframe, RenderError, render
from dream_nb.studio.render.edits.edited import edited
from dream_nb.studio.render.edits.reframe import placed
from dream_nb.studio.render.edits.source_clip import SourceClip
from dream_nb.studio.render.planes import Planes
from tests.studio.render.clips import U8, decoded, distance, png, psnr
from tests.studio.render.sources import drawn, edit_of, heard, panning, written

SCENE = "a lake with mountains at noon, camera move right"


def reframed(source: bytes, ratio: str, prompt: str = SCENE, **fields: object) -> list[Planes]:
    return list(edited(edit_of(Reframe(source, ratio, **fields), prompt)).shots)  # type: ignore[arg-type]


def seam(clip: list[Planes], edge: int, axis: int) -> float:
    """The step in brightness across a line of the result, relative to the usual steps in the source."""
    steps = [np.abs(np.diff(shot.y.astype(int), axis=axis)) for shot in clip]
    lines = np.stack([step.mean(axis=1 - axis) for step in steps])
    inside = lines[:, edge : edge + 40]
    return float(lines[:, edge - 1].mean() / np.percentile(inside, 75))


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("9:16", (90, 160)), ("1:1", (90, 90)), ("21:9", (210, 90)), ("4:3", (120, 90)), ("16:9", (160, 90))],
)
def test_the_shorter_side_stays_and_the_ratio_is_the_wanted_one(ratio: str, size: tuple[int, int]) -> None:
    frame = decoded(render(edit_of(Reframe(drawn(SCENE, 0.25), ratio), SCENE))).frames[0]
    assert (frame.shape[1], frame.shape[0]) == size


def test_the_source_lies_whole_in_the_middle() -> None:
    source = drawn(SCENE, 0.25)
    clip = reframed(source, "1:1")
    shown = clip[0].rgb()[20:70]
    wanted = np.asarray(Image.fromarray(decoded(source).frames[0]).resize((90, 50), Image.Resampling.LANCZOS))
    assert psnr(shown[4:46], wanted[4:46]) > 26


def test_pixels_whose_size_stays_are_exactly_those_of_the_source() -> None:
    source = drawn(SCENE, 0.25)
    for shot, own in zip(reframed(source, "21:9"), SourceClip(source).frames(), strict=True):
        left = (shot.width - 160) // 4 * 2
        assert np.array_equal(shot.y[:, left : left + 160], own.y)
        assert np.array_equal(shot.u[:, left // 2 : left // 2 + 80], own.u)
        assert np.array_equal(shot.v[:, left // 2 : left // 2 + 80], own.v)


@pytest.mark.parametrize(("x", "y"), [(10, 6), (11, 7), (-40, 20), (60, -30)])
def test_position_and_crop_are_kept_to_the_pixel(x: int, y: int) -> None:
    source = drawn(SCENE, 0.25)
    placing = Placing(grid_position_x=x, grid_position_y=y, x_start=21, x_end=101, y_start=10, y_end=70)
    shot, own = reframed(source, "1:1", placing=placing)[0], next(SourceClip(source).frames())
    part = own.y[10:70, 21:101]
    rows, columns = slice(max(0, y), min(90, y + 60)), slice(max(0, x), min(90, x + 80))
    wanted = part[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
    assert wanted.size > 300
    assert np.array_equal(shot.y[rows, columns], wanted)


def test_a_resized_source_has_that_size() -> None:
    source = drawn(SCENE, 0.25)
    placing = Placing(grid_position_x=10, grid_position_y=20, resized_width=60, resized_height=40)
    shot = reframed(source, "1:1", placing=placing)[0]
    wanted = np.asarray(Image.fromarray(decoded(source).frames[0]).resize((60, 40), Image.Resampling.LANCZOS))
    assert psnr(shot.rgb()[22:58, 12:68], wanted[2:38, 2:58]) > 26


def test_a_source_wholly_outside_leaves_a_painting() -> None:
    shot = reframed(drawn(SCENE, 0.25), "1:1", placing=Placing(grid_position_x=500, grid_position_y=0))[0]
    assert shot.y.shape == (90, 90)
    assert float(shot.y.std()) > 4


@pytest.mark.parametrize(
    ("field", "placing"),
    [
        ("x_end", Placing(x_start=50, x_end=50)),
        ("x_end", Placing(x_end=400)),
        ("y_start", Placing(y_start=-1)),
        ("resized_width", Placing(resized_width=-5)),
        ("resized_height", Placing(resized_height=10**9)),
        ("grid_position_y", Placing(grid_position_y=-(10**9))),
    ],
)
def test_a_place_that_makes_no_sense_is_named(field: str, placing: Placing) -> None:
    with pytest.raises(RenderError, match=rf"^{field} is {getattr(placing, field)}, and must be "):
        render(edit_of(Reframe(drawn(SCENE, 0.25), "1:1", placing), SCENE))


@pytest.mark.parametrize("prompt", [SCENE, "", "a stormy sea at night"])
@pytest.mark.parametrize("ratio", ["9:16", "21:9"])
@pytest.mark.parametrize("scene", [SCENE, "a city skyline at night"])
def test_no_seam_is_seen_where_the_source_ends(scene: str, prompt: str, ratio: str) -> None:
    clip = reframed(drawn(scene, 0.5, 320, 180), ratio, prompt)
    place = {"9:16": ((0, 110), (0, 210)), "21:9": ((1, 50), (1, 370))}[ratio]
    for axis, edge in place:
        assert seam(clip, edge, axis) <= 1.2


@pytest.mark.parametrize("prompt", [SCENE, ""])
def test_what_is_painted_on_moves(prompt: str) -> None:
    clip = [shot.y for shot in reframed(drawn(SCENE, 1.0), "21:9", prompt)]
    for part in (slice(0, 24), slice(-24, None)):
        assert min(distance(a[:, part], b[:, part]) for a, b in pairwise(clip)) > 0.2


def test_what_is_painted_on_is_no_blur() -> None:
    clip = reframed(drawn(SCENE, 0.25, 320, 180), "9:16")

    def fine(part: U8) -> float:
        return float(np.abs(np.diff(part.astype(int), axis=1)).mean())

    shot = clip[0].y
    assert fine(shot[:60]) > 0.3
    assert fine(shot[-60:]) > 0.3


def test_the_prompt_is_seen_in_what_is_painted_on() -> None:
    source = drawn(SCENE, 0.25, 320, 180)
    one, other = (reframed(source, "9:16", prompt)[0].rgb() for prompt in ("pine forest", "the sea, waves"))
    assert distance(one[-60:], other[-60:]) > 4
    assert np.array_equal(one[120:200], other[120:200])


def test_the_first_frame_counts_in_what_is_painted_on() -> None:
    source = drawn(SCENE, 1.0)
    red = np.zeros((90, 210, 3), np.uint8)
    red[..., 0] = 200
    clip = [shot.rgb() for shot in reframed(source, "21:9", first_frame=png(red))]
    assert distance(clip[0][:, :14], red[:, :14]) < 12
    plain = [shot.rgb() for shot in reframed(source, "21:9")]
    assert np.array_equal(clip[0][:, 40:160], plain[0][:, 40:160])
    assert clip[-1][:, :14, 0].mean() - clip[-1][:, :14, 1].mean() > (
        plain[-1][:, :14, 0].mean() - plain[-1][:, :14, 1].mean()
    )


def test_the_sound_stays() -> None:
    data = render(edit_of(Reframe(written(panning(12), sound=1.0), "1:1"), SCENE))
    assert abs(len(heard(data)) / 48_000 - 1.0) < 0.06


@pytest.mark.parametrize("ratio", ["1:1", "9:16", "21:9"])
def test_an_image_keeps_its_pixels_and_their_number(ratio: str) -> None:
    picture = panning(1, width=320, height=180)[0]
    brief = edit_of(Reframe(png(picture), ratio), SCENE, kind="image", image_format="png")
    image = Image.open(io.BytesIO(render(brief)))
    wide, high = map(int, ratio.split(":"))
    assert image.width % 2 == image.height % 2 == 0
    assert abs(image.width * image.height / (320 * 180) - 1) < 0.05
    assert abs(image.width / image.height / (wide / high) - 1) < 0.04


def test_an_image_whose_size_stays_keeps_every_pixel() -> None:
    picture = panning(1, width=320, height=180)[0]
    placing = Placing(grid_position_x=7, grid_position_y=20)
    brief = edit_of(Reframe(png(picture), "4:3", placing), SCENE, kind="image", image_format="png")
    image = np.asarray(Image.open(io.BytesIO(render(brief))))
    part = image[20:200, 7 : min(image.shape[1], 327)]
    assert np.array_equal(part, picture[: part.shape[0], : part.shape[1]])


def test_a_video_for_an_image_is_refused() -> None:
    with pytest.raises(RenderError, match=f"^{UNREADABLE}$"):
        render(edit_of(Reframe(drawn(SCENE, 0.25), "1:1"), SCENE, kind="image"))


@pytest.mark.parametrize(
    "placing",
    [
        Placing(resized_width=16_384, resized_height=16_384),
        Placing(x_start=0, x_end=1, resized_width=16_384),
        Placing(x_start=5, x_end=7, y_start=0, y_end=1, resized_width=16_384, grid_position_x=-8000),
        Placing(resized_width=16_384, grid_position_x=9000),
    ],
    ids=str,
)
def test_no_more_of_a_source_is_enlarged_than_is_seen(placing: Placing) -> None:
    place = placed(placing, (1280, 720), (90, 160))
    assert max(place.width, place.height) <= 2 * 160


def test_a_source_that_is_enlarged_beyond_the_frame_is_seen_where_it_was() -> None:
    source, size = (64, 64), (32, 32)
    place = placed(
        Placing(resized_width=320, resized_height=320, grid_position_x=-160, grid_position_y=-160), source, size
    )
    # Each pixel of the source covers five of the frame: pixel 32 begins at the left edge.
    assert place.box == pytest.approx((32, 32, 38.4, 38.4))
    assert (place.left, place.top, place.width, place.height) == (0, 0, 32, 32)
