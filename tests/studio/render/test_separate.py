"""The layers of a picture: together they give the picture again, and each is what its name says."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import Brief, RenderedFile, RenderError, Separate, render_several
from dream_nb.studio.render.edits.separate import PictureLayer, separated
from tests.studio.render.clips import U8, png, rgb_frames


def drawn(prompt: str, width: int = 320, height: int = 180) -> U8:
    return next(iter(rgb_frames(Brief("image", prompt, width=width, height=height))))


def noise(width: int, height: int) -> U8:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8)


def disc() -> tuple[U8, U8]:
    """A picture of a red disc in front of a blue sky and a green ground, and the disc's mask."""
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[:110], picture[110:] = (90, 140, 220), (60, 130, 50)
    rows, columns = np.mgrid[:180, :320]
    where = ((rows - 95) ** 2 + (columns - 160) ** 2 < 45**2).astype(np.uint8)
    picture[where == 1] = (200, 40, 30)
    return picture, where


def composed(layers: list[PictureLayer]) -> U8:
    """The layers composed by Pillow, independently of the code that separated them."""
    height, width, _ = layers[0].pixels.shape
    image = Image.new("RGBA", (width, height))
    for layer in reversed(layers):
        image.alpha_composite(Image.fromarray(layer.pixels))
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(
    "picture",
    [
        drawn("a red fox in the snow"),
        drawn("a city at night in the rain"),
        drawn("abstract ink"),
        drawn("a cup of coffee on a table", 120, 200),
        disc()[0],
        noise(160, 90),
        noise(3, 200),
        np.full((90, 160, 3), 77, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
    ],
    ids=["fox", "city", "ink", "cup", "disc", "noise", "strip", "plain", "one pixel"],
)
def test_the_layers_give_the_picture_back(picture: U8) -> None:
    layers = separated(picture, "")
    assert np.abs(composed(layers).astype(int) - picture).max() <= 1
    assert (layers[-1].pixels[..., 3] == 255).all()
    assert layers[-1].alpha_hint == "none"


def test_what_stands_in_front_is_a_layer_of_its_own() -> None:
    picture, where = disc()
    front, *others = separated(picture, "ball")
    assert (front.label, [layer.label for layer in others]) == ("ball", ["foreground", "background"])
    cover = front.pixels[..., 3] >= 128
    both = (cover & (where == 1)).sum()
    assert both / (cover | (where == 1)).sum() > 0.88


def test_what_lies_behind_is_whole_there_too() -> None:
    picture, _ = disc()
    _, ground, sky = separated(picture, "")
    assert ground.pixels[130, 160, 3] == 255
    # Hidden areas have the colours around them, not those of the disc.
    assert np.abs(ground.pixels[125, 160, :3].astype(int) - (60, 130, 50)).max() < 25
    assert np.abs(sky.pixels[80, 160, :3].astype(int) - (90, 140, 220)).max() < 25


def test_hard_edges_are_told_from_soft_ones() -> None:
    picture, where = disc()
    assert separated(picture, "")[0].alpha_hint == "hard"
    blurred = np.asarray(Image.fromarray(where * 255).resize((20, 11)).resize((320, 180), Image.Resampling.BICUBIC))
    part = blurred[..., None] / 255
    soft = np.asarray(np.array((200, 40, 30)) * part + np.array((90, 140, 220)) * (1 - part), np.uint8)
    assert separated(soft, "")[0].alpha_hint == "soft"


def files(data: bytes, prompt: str = "", longer_side: int = 256) -> list[RenderedFile]:
    return render_several(Brief("image", prompt, edit=Separate(data, longer_side)))


def test_every_layer_is_a_transparent_picture_of_the_size_that_is_asked_for() -> None:
    for file in files(png(disc()[0])):
        image = Image.open(io.BytesIO(file.data), formats=["PNG"])
        assert (file.type, file.suffix, image.mode, image.size) == ("image", "png", "RGBA", (256, 144))


def test_the_subject_has_the_name_that_the_prompt_gives_it() -> None:
    made = files(png(disc()[0]), "the red fox, and the rest")
    assert [file.layer and file.layer["label"] for file in made] == ["fox", "foreground", "background"]
    assert [file.layer and file.layer["index"] for file in made] == [0, 1, 2]
    assert made[0].layer is not None
    assert made[0].layer["description"] == "Fox, cut out of the picture"


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(RenderError, match="Failed to read user input frames"):
        files(b"no picture")
