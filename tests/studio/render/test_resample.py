"""A resampled video is the source in another size; sources of any program can be read."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import Modify, Reframe, RenderError, Resample, render
from dream_nb.studio.render.edits.edited import edited
from tests.studio.render.clips import U8, decoded, png, psnr, small
from tests.studio.render.sources import drawn, edit_of, heard, panning, turned, written

REFUSED = r"^Failed to read user input frames$"


def resampled(source: bytes, lines: int = 90) -> list[U8]:
    return [shot.rgb() for shot in edited(edit_of(Resample(source, lines))).shots]


@pytest.mark.parametrize(("lines", "size"), [(180, (180, 320)), (44, (44, 78)), (135, (134, 238))])
def test_the_shorter_side_has_that_many_lines(lines: int, size: tuple[int, int]) -> None:
    clip = decoded(render(edit_of(Resample(written(panning(3)), lines))))
    assert clip.frames[0].shape[:2] == size
    assert len(clip.frames) == 3


def test_a_larger_picture_is_the_same_and_sharper_than_interpolated() -> None:
    source = drawn("a city skyline at noon", 0.25)
    before = decoded(source).frames[0]
    large = resampled(source, 180)[0]
    assert psnr(np.asarray(Image.fromarray(large).resize((160, 90), Image.Resampling.BOX)), before) > 28
    plain = np.asarray(Image.fromarray(before).resize((320, 180), Image.Resampling.BILINEAR))

    def sharp(picture: U8) -> float:
        return float(np.abs(np.diff(picture.astype(int), axis=1)).mean())

    assert sharp(large) > 1.05 * sharp(plain)


def test_a_size_that_is_the_same_changes_nothing() -> None:
    source = written(panning(3))
    for one, other in zip(resampled(source), decoded(source).frames, strict=True):
        assert psnr(one, other) > 30


def test_an_odd_rate_stays_exactly() -> None:
    source = written(panning(8), Fraction(30_000, 1001))
    brief = edited(edit_of(Resample(source, 90))).brief
    assert (brief.fps, brief.frames) == (Fraction(30_000, 1001), 8)
    clip = decoded(render(edit_of(Resample(source, 90))))
    assert clip.rate == pytest.approx(29.97, abs=0.001)
    assert len(clip.frames) == 8


def test_full_range_looks_the_same_as_limited_range() -> None:
    one, other = (resampled(written(panning(2), full_range=full))[0] for full in (False, True))
    assert psnr(one, other) > 32


def test_odd_sides_are_rounded_down() -> None:
    pictures = [picture[:89, :159] for picture in panning(3)]
    clip = resampled(written(pictures, pixels="yuv444p"), 88)
    assert clip[0].shape == (88, 158, 3)
    assert psnr(clip[0], pictures[0][:88, :158]) > 24


def test_a_turned_video_is_upright() -> None:
    source = turned(written(panning(3)))
    clip = resampled(source)
    assert clip[0].shape == (160, 90, 3)
    upright = [np.rot90(picture, turn) for picture in (panning(3)[0],) for turn in (1, 3)]
    assert max(psnr(clip[0], np.ascontiguousarray(one)) for one in upright) > 25
    assert psnr(clip[0], decoded(render(edit_of(Resample(source, 90)))).frames[0]) > 25


def test_frames_at_uneven_times_are_seen_when_they_were() -> None:
    times = [0.0, 0.5, 0.55, 0.6, 1.5, 1.55]
    shades = [np.full((90, 160, 3), 40 + 30 * at, np.uint8) for at in range(6)]
    made = edited(edit_of(Resample(written(shades, times=times), 90)))
    rate = float(made.brief.fps)
    for number, shot in enumerate(made.shots):
        seen = [at for at, time in enumerate(times) if time <= number / rate + 0.002][-1]
        assert abs(int(shot.rgb()[45, 80, 0]) - (40 + 30 * seen)) <= 4
    assert abs(made.brief.seconds - 1.6) < 0.15


def test_one_frame_is_a_video_too() -> None:
    source = written(panning(1))
    assert len(resampled(source)) == 1
    assert len(decoded(render(edit_of(Modify(source, 1.0), "rain"))).frames) == 1


def test_webm_is_read() -> None:
    source = written(panning(4), codec="libvpx", container="webm", options={"crf": "4", "b": "4M"})
    clip = resampled(source)
    assert len(clip) == 4
    assert psnr(clip[2], panning(4)[2]) > 25


def test_the_sound_is_cut_where_the_pictures_end() -> None:
    source = written(panning(12), sound=3.0)
    data = render(edit_of(Resample(source, 90)))
    assert abs(len(heard(data)) / 48_000 - 1.0) < 0.06


def test_a_normal_drawing_gets_the_sound_that_is_given() -> None:
    source = written(panning(12), sound=1.0)
    assert len(heard(render(small()))) == 0
    samples = heard(render(small(seconds=0.5, sound=source)))
    assert abs(len(samples) / 48_000 - 0.5) < 0.06
    assert float(np.abs(samples).max()) > 0.5
    assert len(heard(render(small(sound=written(panning(3)))))) == 0


def test_the_length_and_the_size_can_be_limited() -> None:
    brief = edit_of(Modify(written(panning(12)), 0.5), "hills", longest_seconds=0.5, shorter_side=44)
    clip = decoded(render(brief))
    assert (len(clip.frames), clip.frames[0].shape[0]) == (6, 44)


def test_what_is_too_long_is_said() -> None:
    source = written([np.zeros((16, 16, 3), np.uint8)] * 64, rate=2)
    with pytest.raises(RenderError, match=r"^Video is too long: 32\.0 s, and at most 30 s"):
        render(edit_of(Resample(source, 90)))


def sound_only() -> bytes:
    import io
    from typing import Any

    import av

    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream: Any = file.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


BAD = {
    "empty": lambda: b"",
    "page": lambda: b"<!doctype html><title>404</title>",
    "picture": lambda: png(panning(1)[0]),
    "cut": lambda: written(panning(6))[:-2000],
    "no header": lambda: b"\x00\x00\x00\x18ftypmp42",
    "sound only": sound_only,
}


@pytest.mark.parametrize("bad", BAD)
def test_what_is_not_a_video_is_refused(bad: str) -> None:
    data = BAD[bad]()
    for edit in (Modify(data, 0.5), Reframe(data, "1:1"), Resample(data, 90)):
        with pytest.raises(RenderError, match=REFUSED):
            render(edit_of(edit, "hills"))


def test_a_sound_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(RenderError, match=REFUSED):
        render(small(sound=b"no video"))
