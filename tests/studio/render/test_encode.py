"""The files of the studio: container, codec, size, tags."""

import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dream_nb.studio.render import Brief, RenderError, frame_size, image_size, render
from tests.studio.render.clips import decoded, rgb_frames, small, still


def test_a_video_is_h264_in_yuv420p_at_its_rate() -> None:
    clip = decoded(render(small(fps=24)))
    assert (clip.codec, clip.pixels, clip.rate) == ("h264", "yuv420p", 24.0)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.26])
def test_a_video_has_the_frames_of_its_seconds(seconds: float) -> None:
    assert len(decoded(render(small(seconds=seconds))).frames) == round(seconds * 24)


def test_a_video_plays_before_it_is_wholly_loaded() -> None:
    data = render(small())
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_the_first_decoded_frames_are_those_that_were_drawn() -> None:
    brief = small()
    drawn, shown = next(iter(rgb_frames(brief))), decoded(render(brief)).frames[0]
    assert np.abs(drawn.astype(float) - shown).mean() < 5


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"])
def test_every_aspect_ratio_is_drawn(ratio: str) -> None:
    width, height = (side // 16 * 2 for side in frame_size(ratio, "540p"))
    shape = decoded(render(small(width=width, height=height, seconds=0.1))).frames[0].shape
    assert shape == (height, width, 3)


@pytest.mark.parametrize(("resolution", "shorter"), [("540p", 540), ("720p", 720), ("1080p", 1080), ("4k", 2160)])
def test_the_shorter_side_is_the_resolution_and_both_are_even(resolution: str, shorter: int) -> None:
    for ratio in ("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"):
        size = frame_size(ratio, resolution)
        wide, high = map(int, ratio.split(":"))
        assert min(size) == shorter
        assert size[0] % 2 == size[1] % 2 == 0
        assert abs(size[0] / size[1] - wide / high) < 0.01


def test_sizes_in_the_documentation_are_the_sizes() -> None:
    for row in (frame_size.__doc__ or "").splitlines():
        cells = row.split()
        if len(cells) == 5 and ":" in cells[0]:
            sizes = ["x".join(map(str, frame_size(cells[0], r))) for r in ("540p", "720p", "1080p", "4k")]
            assert sizes == cells[1:]


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"])
def test_an_image_has_about_one_megapixel(ratio: str) -> None:
    width, height = image_size(ratio)
    wide, high = map(int, ratio.split(":"))
    assert abs(width * height / 1024**2 - 1) < 0.03
    assert abs(width / height / (wide / high) - 1) < 0.03


def test_an_unknown_ratio_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="'7:3' is not one of 1:1, 16:9"):
        frame_size("7:3")


@pytest.mark.parametrize(("image_format", "name"), [("jpg", "JPEG"), ("png", "PNG")])
def test_an_image_is_in_the_format_asked_for(image_format: str, name: str) -> None:
    image = Image.open(io.BytesIO(render(still(image_format=image_format))))
    assert (image.format, image.size, image.mode) == (name, (160, 90), "RGB")


def test_tags_are_kept_in_a_video() -> None:
    tags = decoded(render(small(tags=(("prompt", "a <lake> & $5"), ("studio", "procedural"))))).tags
    assert tags["prompt"] == "a <lake> & $5"
    assert tags["studio"] == "procedural"


@pytest.mark.parametrize("image_format", ["jpg", "png"])
def test_tags_are_kept_in_an_image(image_format: str) -> None:
    image = Image.open(io.BytesIO(render(still(image_format=image_format, tags=(("prompt", "Zürich"),)))))
    kept = image.info["prompt"] if image_format == "png" else image.info["comment"].decode()
    assert "Zürich" in kept


def test_progress_ends_at_one(tmp_path: Path) -> None:
    render(small(), tmp_path / "progress")
    assert float((tmp_path / "progress").read_text()) == 1.0


def test_a_progress_file_that_cannot_be_written_is_ignored(tmp_path: Path) -> None:
    assert render(still(), tmp_path / "missing" / "progress")


def test_five_seconds_of_720p_are_at_most_4_mb() -> None:
    data = render(Brief("video", "a stormy sea in heavy rain, fast, film"))
    clip = decoded(data)
    assert len(data) <= 4_000_000
    assert (len(clip.frames), clip.frames[0].shape) == (120, (720, 1280, 3))


def test_briefs_and_errors_go_to_another_process_and_back() -> None:
    brief = small(tags=(("a", "b"),))
    assert pickle.loads(pickle.dumps(brief)) == brief
    error = pickle.loads(pickle.dumps(RenderError("Failed to read user input frames")))
    assert str(error) == "Failed to read user input frames"


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = (
        "import sys, dream_nb.studio.render as r; r.frame_size('16:9'); r.CAMERA_MOTIONS; "
        "sys.exit(any(heavy in sys.modules for heavy in ('numpy', 'av', 'PIL')))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
