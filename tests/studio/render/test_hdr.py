"""High dynamic range: a 10-bit video, and OpenEXR files for other readers, with values above white."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenEXR
import pytest

from dream_nb.media.video import opened
from dream_nb.studio.render import Brief, Modify, join_runs, render, render_run, render_several, runs_of
from dream_nb.studio.render.finish.exr import ExrFile
from dream_nb.studio.render.finish.hdr import hlg, linear
from dream_nb.studio.render.frames import shots
from dream_nb.studio.render.planes import from_rgb
from tests.studio.render.clips import F64, distance, psnr, small
from tests.studio.render.sources import drawn

SUN = "a sunset over the sea"
TO_BT709 = [[2.52169, -1.13413, -0.38756], [-0.27648, 1.37272, -0.09624], [-0.01538, -0.15298, 1.16835]]
"""The published conversion from the primaries of ACES."""


def parts_of(data: bytes, folder: Path) -> list[Any]:
    """The parts of an OpenEXR file, as the reference library reads them."""
    path = folder / "a.exr"
    path.write_bytes(data)
    return list(OpenEXR.File(str(path)).parts)


def pixels_by_ffmpeg(path: Path) -> F64:
    """The first part of an OpenEXR file as read by FFmpeg, which reads no others; height x width x 3."""
    with av.open(str(path), "r") as container:
        frame = next(container.decode(container.streams.video[0]))
        assert frame.format.name == "gbrpf16le"
        planes = [np.frombuffer(memoryview(plane), np.float16) for plane in frame.planes]
        green, blue, red = (plane.reshape(frame.height, -1)[:, : frame.width].astype(np.float64) for plane in planes)
    return np.dstack([red, green, blue])


# FFmpeg reads this compression only if the height is a multiple of 8.
@pytest.fixture(scope="module")
def made() -> tuple[bytes, bytes]:
    video, exr = render_several(small(SUN, height=96, hdr=True, exr=True, seconds=0.25, tags=(("prompt", SUN),)))
    assert ([video.type, exr.type], [video.suffix, exr.suffix]) == (["video", "exr"], ["mp4", "exr"])
    return video.data, exr.data


def test_the_video_has_ten_bits_and_says_what_they_mean(made: tuple[bytes, bytes]) -> None:
    with opened(io.BytesIO(made[0])) as container:
        stream: Any = container.streams.video[0]
        frame = next(container.decode(stream))
        context = stream.codec_context
        assert (frame.format.name, context.profile) == ("yuv420p10le", "High 10")
        # BT.2020 and hybrid log-gamma.
        assert [int(value) for value in (frame.colorspace, context.color_primaries, context.color_trc)] == [9, 9, 18]


def test_paper_is_three_quarters_of_the_signal_and_lights_are_more() -> None:
    picture = np.full((96, 96, 3), 140, np.uint8)
    picture[40:56, 40:56] = 255
    light = linear(from_rgb(picture))
    assert light[10, 10, 0] == pytest.approx(((140 / 255 + 0.055) / 1.055) ** 2.4, abs=0.02)
    assert light[48, 48].min() > 5
    paper = linear(from_rgb(np.full((96, 96, 3), 255, np.uint8)))
    assert 1.0 <= paper.min() <= paper.max() < 2.0
    luma = np.frombuffer(memoryview(hlg(np.ones((64, 64, 3), np.float32)).planes[0]), np.uint16)
    assert luma[0] == pytest.approx(64 + 0.75 * (940 - 64), abs=3)


def test_every_frame_is_a_part_that_holds_light_beyond_white(made: tuple[bytes, bytes], tmp_path: Path) -> None:
    parts = parts_of(made[1], tmp_path)
    assert [part.name() for part in parts] == [f"frame.{number:04d}" for number in range(6)]
    for part in parts:
        pixels = part.channels["RGB"].pixels
        assert (pixels.dtype, pixels.shape) == (np.float16, (96, 160, 3))
        assert 2.0 < pixels.max() < 16.0
        assert np.median(pixels) < 1.0


def test_the_parts_say_what_their_numbers_mean(made: tuple[bytes, bytes], tmp_path: Path) -> None:
    header = parts_of(made[1], tmp_path)[0].header
    assert header["chromaticities"] == pytest.approx((0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767))
    assert (header["framesPerSecond"], header["prompt"]) == (24, SUN)


def test_another_reader_sees_the_same_pixels(made: tuple[bytes, bytes], tmp_path: Path) -> None:
    parts = parts_of(made[1], tmp_path)
    ours = parts[0].channels["RGB"].pixels.astype(np.float64)
    theirs = pixels_by_ffmpeg(tmp_path / "a.exr")
    assert theirs.max() > 2.0
    assert np.abs(theirs - ours).max() < 0.02


def test_white_is_white_in_the_primaries_of_aces(tmp_path: Path) -> None:
    file = ExrFile(24, ())
    file.add(np.ones((300, 40, 3), np.float32))
    (part,) = parts_of(file.data(), tmp_path)
    assert np.abs(part.channels["RGB"].pixels.astype(np.float64) - 1.0).max() < 0.01


def test_the_parts_show_the_frames_of_the_video(made: tuple[bytes, bytes], tmp_path: Path) -> None:
    parts = parts_of(made[1], tmp_path)
    for part, shot in zip(parts, shots(small(SUN, height=96, seconds=0.25)), strict=True):
        light = np.clip(part.channels["RGB"].pixels.astype(np.float64) @ np.transpose(TO_BT709), 0, 1)
        assert distance((light ** (1 / 2.2) * 255).astype(np.uint8), shot.rgb()) < 8


def test_the_parts_of_a_video_are_the_same_whoever_draws_them() -> None:
    brief = Brief("video", SUN, width=800, height=450, seconds=2.5, hdr=True)
    runs = runs_of(brief, 2)
    assert len(runs) == 2
    assert join_runs(brief, [render_run(brief, run) for run in runs]) == render(brief)


def test_an_edit_can_have_high_dynamic_range() -> None:
    edit = Modify(drawn(SUN), 0.3)
    video, exr = render_several(Brief("video", "at night", edit=edit, hdr=True, exr=True))
    with opened(io.BytesIO(video.data)) as container:
        assert next(container.decode(container.streams.video[0])).format.name == "yuv420p10le"
    assert exr.data.startswith(b"\x76\x2f\x31\x01")


def test_a_player_that_knows_no_high_dynamic_range_shows_the_picture() -> None:
    brief = small("a lake with mountains at noon", seconds=0.1)
    shown = []
    for hdr in (False, True):
        data = render(Brief("video", brief.prompt, width=160, height=90, seconds=0.1, hdr=hdr))
        with opened(io.BytesIO(data)) as container:
            frame = next(container.decode(container.streams.video[0]))
            shown.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
    assert psnr(shown[1], shown[0]) > 15
