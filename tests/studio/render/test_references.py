"""References have an effect, which grows with their weight."""

import io
import struct
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import Reference, RenderError, render
from dream_nb.studio.render.given.pictures import cropped
from tests.studio.render.clips import F64, U8, distance, png, rgb_frames, small, still
from tests.studio.render.test_keyframes import photo

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def drawn(**fields: Any) -> U8:
    return next(iter(rgb_frames(still("mountains at noon", **fields))))


def rising(values: list[float], least: float) -> bool:
    return all(later > earlier + least for earlier, later in pairwise(values))


def layout(picture: U8) -> F64:
    grey: F64 = picture.mean(axis=2).reshape(9, 10, 16, 10).mean(axis=(1, 3))
    level: F64 = (grey - grey.mean()).reshape(-1)
    return level


def test_the_layout_follows_an_image_ref_more_with_more_weight() -> None:
    goal = layout(photo(5))

    def alike(weight: float) -> float:
        return float(np.corrcoef(layout(drawn(image_refs=(Reference(png(photo(5)), weight),))), goal)[0, 1])

    values = [alike(w) for w in WEIGHTS]
    assert rising(values, 0.02)
    assert values[-1] > 0.85


def histogram(picture: U8) -> F64:
    counts = [np.histogram(picture[..., channel], 64, (0, 256))[0] for channel in range(3)]
    sums: F64 = np.concatenate([np.cumsum(count) for count in counts]) / picture[..., 0].size
    return sums


def test_the_palette_follows_a_style_ref_more_with_more_weight() -> None:
    goal = histogram(photo(6))
    values = [float(np.abs(histogram(drawn(style_refs=(Reference(png(photo(6)), w),))) - goal).mean()) for w in WEIGHTS]
    assert rising([-v for v in values], 0.002)
    assert values[-1] < 0.6 * values[0]


def test_a_changed_picture_is_nearer_to_the_original_with_more_weight() -> None:
    values = [distance(drawn(modify=Reference(png(photo(7)), w)), photo(7)) for w in WEIGHTS]
    assert rising([-v for v in values], 0.5)
    assert values[-1] < 6


def test_a_changed_picture_depends_on_the_prompt() -> None:
    one, other = (
        next(iter(rgb_frames(still(p, modify=Reference(png(photo(7)), 0.5)))))
        for p in ("a red desert at noon", "a snowy night")
    )
    assert distance(one, other) > 10


def portrait() -> U8:
    """A striped figure on a plain background."""
    picture = np.full((120, 80, 3), 240, np.uint8)
    picture[20:, 25:55] = (200, 30, 60)
    picture[20::8, 25:55] = (20, 200, 90)
    return picture


def test_the_character_appears_in_the_scene() -> None:
    without, with_it = drawn(), drawn(character_refs=(png(portrait()),))
    changed = np.abs(without.astype(int) - with_it).max(axis=2) > 60
    rows, columns = np.nonzero(changed)
    assert 0.03 < changed.mean() < 0.4
    seen = with_it[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    goal = Image.fromarray(portrait()[20:, 25:55]).resize(seen.shape[1::-1])
    assert np.corrcoef(seen.reshape(-1), np.asarray(goal).reshape(-1))[0, 1] > 0.7


def test_the_character_leaves_its_even_background_behind() -> None:
    without, with_it = drawn(), drawn(character_refs=(png(portrait()),))
    assert (np.abs(without.astype(int) - with_it).max(axis=2) > 60).mean() < 0.25


def test_a_character_appears_in_a_video() -> None:
    clip = list(rgb_frames(small(character_refs=(png(portrait()),))))
    assert all(distance(a, b) > 1.5 for a, b in zip(clip, rgb_frames(small()), strict=True))


def test_references_act_together() -> None:
    everything = drawn(
        image_refs=(Reference(png(photo(1)), 0.4), Reference(png(photo(2)), 0.8)),
        style_refs=(Reference(png(photo(3)), 0.5),),
        character_refs=(png(portrait()), png(photo(4))),
    )
    assert distance(everything, drawn()) > 10


def bomb() -> bytes:
    """A small PNG whose header claims 30,000 x 30,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 30000, 30000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("bad", [b"<html>404</html>", bomb(), png(photo())[:500], b"GIF89a", b""])
@pytest.mark.parametrize("field", ["image_refs", "style_refs", "character_refs", "modify"])
def test_a_reference_that_cannot_be_read_is_refused(field: str, bad: bytes) -> None:
    value: dict[str, Any] = {
        "image_refs": (Reference(bad),),
        "style_refs": (Reference(bad),),
        "character_refs": (bad,),
        "modify": Reference(bad),
    }
    with pytest.raises(RenderError, match="Failed to read user input frames"):
        render(still(**{field: value[field]}))


def test_a_video_is_no_reference() -> None:
    with pytest.raises(RenderError, match="Failed to read user input frames"):
        render(still(image_refs=(Reference(render(small())),)))


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_pictures_of_every_mode_are_read(mode: str) -> None:
    out = io.BytesIO()
    image = Image.new("I;16", (40, 30), 30000) if mode == "I;16" else Image.fromarray(photo(1, 40, 30)).convert(mode)
    image.save(out, "jpeg" if mode == "CMYK" else "png")
    assert render(still(image_refs=(Reference(out.getvalue(), 0.5),)))


def test_a_flash_model_draws_coarser() -> None:
    fine, coarse = (drawn(model=m).astype(float)[..., 1] for m in ("photon-1", "photon-flash-1"))
    assert np.abs(np.diff(coarse, axis=1)).mean() < 0.9 * np.abs(np.diff(fine, axis=1)).mean()
    assert np.corrcoef(coarse.reshape(-1), fine.reshape(-1))[0, 1] > 0.85


def test_sixteen_bits_are_read_as_eight() -> None:
    file = io.BytesIO()
    Image.fromarray(np.array([[0, 0x7FFF, 0x8000, 0xFFFF]], np.uint16)).save(file, "PNG")
    assert cropped(file.getvalue(), 4, 1)[0, :, 0].tolist() == [0, 127, 128, 255]


def test_a_large_picture_that_can_be_seen_through_lies_on_white_paper() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (400, 300), (255, 0, 0, 128)).save(file, "PNG")
    assert np.abs(cropped(file.getvalue(), 40, 30).astype(int) - (255, 127, 127)).max() <= 1
