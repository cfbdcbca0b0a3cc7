"""The unmodified official client, in a separate environment, with the served studio."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.studio.machine import KEYS, LUMA_PREFIX, PREFIX
from tests.studio.program import running

SCRIPTS = Path(__file__).parent / "sdk"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("requirement", "script"), [("lumaai~=1.7.4", "lumaai_1_7.py"), ("lumaai", "lumaai_current.py")]
)
def test_the_official_client_works_with_the_studio(tmp_path: Path, requirement: str, script: str) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement], check=True, timeout=300
    )
    with running(tmp_path / "library") as studio:
        variables = {name: value for name, value in os.environ.items() if not name.startswith("LUMAAI_")}
        variables |= {"LUMAAI_API_KEY": KEYS["ada"], "LUMAAI_BASE_URL": studio.url}
        result = subprocess.run(
            [python, SCRIPTS / script], env=variables, capture_output=True, text=True, timeout=120, check=False
        )
    assert (result.returncode, result.stdout) == (0, "every operation works\n"), result.stderr


def test_the_official_client_of_the_luma_api_works_with_the_studio(tmp_path: Path) -> None:
    pytest.importorskip("luma_agents")
    with running(tmp_path / "library") as studio:
        variables = {name: value for name, value in os.environ.items() if not name.startswith("LUMA_")}
        address = studio.url.removesuffix(PREFIX) + LUMA_PREFIX
        variables |= {"LUMA_AGENTS_API_KEY": KEYS["ada"], "LUMA_BASE_URL": address}
        result = subprocess.run(
            [sys.executable, SCRIPTS / "luma_agents_0_5.py"],
            env=variables,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert (result.returncode, result.stdout) == (0, "every operation works\n"), result.stderr
