"""The served studio conforms to the specification and to its own description, in thousands of schemathesis cases."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dream_nb.studio.app import create_app
from tests.specification.dream_machine_2024 import DREAM_MACHINE_2024
from tests.specification.dream_machine_2025 import DREAM_MACHINE_2025
from tests.specification.shapes import Specification
from tests.studio.machine import (
    KEYS,
    LUMA_PREFIX,
    PATIENCE,
    PREFIX,
    PROMPT,
    Instant,
    bearer,
    served,
    settings,
    wait_for,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("schemathesis") is None,
        reason="schemathesis is not installed: pip install schemathesis",
    ),
]

EXAMPLES = 60
SEED = 3
FEWEST = 500
HOOKS = "tests.studio.schemathesis_hooks"


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The base URL of a studio that draws nothing, has unlimited credits, and cannot resolve any other host name."""
    lookup = socket.getaddrinfo

    def look_up_nobody(host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "127.0.0.1":
            raise socket.gaierror(f"{host} is not looked up by a test")
        return lookup(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_nobody)
    # Thousands of callbacks fail; do not log them.
    logging.getLogger("dream_nb.studio").setLevel(logging.ERROR)
    with Instant(1) as executor:
        rich = settings(balance=1e12, callback_seconds=0.05)
        app = create_app(tmp_path / "studio", keys=KEYS, executor=lambda: executor, settings=rich)
        with served(app) as origin:
            yield origin + PREFIX
    logging.getLogger("dream_nb.studio").setLevel(logging.NOTSET)


def check(description: Any, url: str, folder: Path, *arguments: str) -> None:
    """Let schemathesis check a server against a description."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(description))
    video = {"prompt": PROMPT, "model": "ray-2", "resolution": "540p"}
    older = url.replace(LUMA_PREFIX, PREFIX)
    uid = httpx2.post(f"{older}/generations/video", json=video, headers=bearer()).json()["id"]
    wait_for(lambda: httpx2.get(f"{older}/generations/{uid}", headers=bearer()).json()["state"] == "completed")
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", url]
    command += ["--header", f"Authorization:{bearer()['Authorization']}"]
    command += ["--max-examples", str(EXAMPLES), "--seed", str(SEED), "--warnings", "off", "--checks", "all"]
    command += ["--suppress-health-check", "all", "--no-shrink", *arguments]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": HOOKS, "DREAM_NB_TEST_KEYFRAME": uid}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=5 * PATIENCE, check=False
    )
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    cases = re.search(r"(\d+) generated", result.stdout)
    assert cases is not None, result.stdout
    # The number of cases depends on the server's answers and their timing.
    assert int(cases[1]) > FEWEST


@pytest.mark.parametrize("specification", [DREAM_MACHINE_2024, DREAM_MACHINE_2025], ids=["2024", "2025"])
def test_it_keeps_the_specification(specification: Specification, studio: str, tmp_path: Path) -> None:
    description = specification.document()
    # The specification requires a key, but has no answer for requests without one.
    description["paths"]["/ping"]["get"]["responses"]["401"] = {"description": "no key"}
    # The studio serves the paths of both years.
    excluded = "positive_data_acceptance,unsupported_method,allow_header_conformance"
    check(description, studio, tmp_path, "--exclude-checks", excluded)


def test_it_keeps_its_own_description(studio: str, tmp_path: Path) -> None:
    description = httpx2.get(f"{studio}/openapi.json").json()
    assert description == httpx2.get(studio.removesuffix(PREFIX) + "/openapi.json").json()
    check(description, studio, tmp_path)


def test_it_keeps_its_description_of_the_luma_api(studio: str, tmp_path: Path) -> None:
    luma = studio.removesuffix(PREFIX) + LUMA_PREFIX
    # A request does not show whether the bytes of a file were uploaded. Deleted files are still answered, as deleted.
    excluded = ("--exclude-path", "/files/{id}/complete", "--exclude-checks", "use_after_free")
    check(httpx2.get(f"{luma}/openapi.json").json(), luma, tmp_path, *excluded)
