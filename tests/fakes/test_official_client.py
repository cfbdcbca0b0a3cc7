"""The unmodified official clients work with the fakes, which in turn check what this package sends."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.fakes.dream_machine import FakeDreamMachine
from tests.fakes.luma import FakeLuma

SCRIPTS = Path(__file__).parent / "sdk"


def run(python: str | Path, script: str, fake: FakeDreamMachine | FakeLuma) -> None:
    """Run a script of an official client against the fake, and assert that every operation works."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("LUMAAI_", "LUMA_"))}
    variables |= fake.environment()
    result = subprocess.run(
        [python, SCRIPTS / script], env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    assert (result.returncode, result.stdout) == (0, "every operation works\n"), result.stderr


def test_the_client_of_2025_works_with_the_fake() -> None:
    pytest.importorskip("lumaai")
    with FakeDreamMachine("2025").running() as fake:
        run(sys.executable, "lumaai_2025.py", fake)
        edits = ["modify_video", "reframe_video", "reframe_image", "upscale_video", "add_audio"]
        assert [document["_asked"] for document in fake.taken] == ["video", "image", *edits]


def test_the_client_of_the_luma_api_works_with_the_fake() -> None:
    pytest.importorskip("luma_agents")
    with FakeLuma().running() as fake:
        run(sys.executable, "luma_agents_2026.py", fake)
        types = {document["type"] for document in fake.taken}
        assert types == {"image", "image_edit", "video", "video_edit", "video_reframe", "layering"}
        assert all("authorization" not in headers for headers in fake.store_headers)
        assert fake.request_ids[0] == "an image"


@pytest.mark.slow
def test_the_client_of_2024_works_with_the_fake(tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=True)
    python = tmp_path / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "lumaai~=1.7.4"],
        check=True,
        timeout=300,
    )
    with FakeDreamMachine("2024").running() as fake:
        run(python, "lumaai_2024.py", fake)
