"""`python -m dream_nb.studio`."""

from __future__ import annotations

import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from dream_nb.api.request_models import MODES
from tests.studio.machine import KEYS, PATIENCE, PROMPT, bearer, wait_for
from tests.studio.program import Program, running, start

BODY = {"prompt": PROMPT}
PATHS = {
    "video": "/generations",
    "image": "/generations/image",
    "modify_video": "/generations/video/modify",
    "reframe_video": "/generations/video/reframe",
    "reframe_image": "/generations/image/reframe",
    "upscale_video": "/generations/{id}/upscale",
    "add_audio": "/generations/{id}/audio",
}
CENTS = {
    "video": 32.0,
    "image": 1.51,
    "modify_video": 70.78,
    "reframe_video": 24.33,
    "reframe_image": 1.99,
    "upscale_video": 54.74,
    "add_audio": 5.0,
}
"""The price of each request in these tests."""


def test_it_prints_its_url_and_serves(tmp_path: Path) -> None:
    with running(tmp_path) as studio:
        uid = studio.client.post("/generations/image", json=BODY).json()["id"]
        wait_for(lambda: studio.client.get(f"/generations/{uid}").json()["state"] == "completed")
        url = studio.client.get(f"/generations/{uid}").json()["assets"]["image"]
        assert url.startswith(studio.url)
        assert studio.client.get("/ping", headers=bearer("bob")).status_code == 200
    assert (tmp_path / ".studio" / "studio.sqlite").exists()


def test_without_a_key_it_makes_one_and_prints_it_with_both_urls(tmp_path: Path) -> None:
    process = start("--library", tmp_path)
    assert process.stdout is not None
    try:
        url, luma, line = (process.stdout.readline().strip() for _ in range(3))
        found = re.fullmatch(r"key of notebook: (studio-\S{32})", line)
        assert found
        headers = {"Authorization": f"Bearer {found[1]}"}
        assert luma == url.replace("/dream-machine/v1", "/luma/v1")
        assert httpx2.get(f"{luma}/files", headers=headers).json()["data"] == []
        assert httpx2.get(f"{url}/ping", headers=headers).json() == {"message": "pong"}
        assert httpx2.get(f"{url}/ping").status_code == 401
    finally:
        process.kill()
        process.communicate()


def test_addresses_expire_when_they_are_told_to(tmp_path: Path) -> None:
    with running(tmp_path, "--address-seconds", "-1") as studio:
        luma = studio.url.replace("/dream-machine/v1", "/luma/v1")
        uid = studio.client.post(f"{luma}/generations", json=BODY).json()["id"]
        wait_for(lambda: studio.client.get(f"{luma}/generations/{uid}").json()["state"] == "completed")
        url = studio.client.get(f"{luma}/generations/{uid}").json()["output"][0]["url"]
        assert httpx2.get(url).status_code == 403


def test_the_key_is_in_no_command_line_and_no_output(tmp_path: Path) -> None:
    with running(tmp_path) as studio:
        command = " ".join(psutil.Process(studio.process.pid).cmdline())
        studio.client.get("/nothing", headers={"Authorization": f"Bearer {KEYS['ada']}x"})
        studio.end(signal.SIGTERM)
        assert studio.process.stdout is not None
        assert studio.process.stderr is not None
        said = command + studio.process.stdout.read() + studio.process.stderr.read()
    assert not any(key in said for key in KEYS.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order_and_its_workers_with_it(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as studio:
        uid = studio.client.post("/generations", json=BODY).json()["id"]
        wait_for(lambda: studio.client.get(f"/generations/{uid}").json()["state"] != "queued")
        children = psutil.Process(studio.process.pid).children(recursive=True)
        assert studio.end(number) == 0
        assert studio.process.stderr is not None
        assert studio.process.stderr.read() == ""
    _gone, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert alive == []


def test_others_may_reach_it_only_with_a_key_that_was_given(tmp_path: Path) -> None:
    for arguments in ((), ("--key", "someone")):
        process = start("--library", tmp_path, "--host", "0.0.0.0", *arguments)
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out) == (2, "")
        assert "is reachable from other machines: set a key" in err


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with running(tmp_path) as studio:
        port = studio.url.split(":")[2].partition("/")[0]
        process = start("--library", tmp_path, "--port", port)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err.count("\n"), "in use" in err) == (2, 1, True)


def test_faults_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(json.dumps([{"method": "POST", "answer": 503, "times": 1}]))
    with running(tmp_path, "--faults", file) as studio:
        statuses = [studio.client.post("/generations", json=BODY).status_code for _ in range(2)]
    assert statuses == [503, 201]


def test_a_file_of_faults_with_a_mistake_is_told(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text('[{"anser": 503}]')
    process = start("--library", tmp_path, "--faults", file)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "anser" in err


BELOW = (
    "dream_nb",
    "dream_nb.api.documented",
    "dream_nb.api.errors",
    "dream_nb.api.loopback",
    "dream_nb.api.luma_limits",
    "dream_nb.api.luma_models",
    "dream_nb.api.luma_prices",
    "dream_nb.api.luma_requests",
    "dream_nb.api.models",
    "dream_nb.api.request_models",
    "dream_nb.api.schemas",
    "dream_nb.sqlite",
    "dream_nb.files",
    "dream_nb.media.pictures",
    "dream_nb.media.video",
    "dream_nb.api.public_prices",
    "dream_nb.cluster",
)


def test_importing_the_package_does_not_import_the_server() -> None:
    code = "import sys, dream_nb, dream_nb.studio; print({'starlette', 'uvicorn'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_the_studio_imports_nothing_of_the_package_but_models_prices_pictures_databases_and_files() -> None:
    folder = Path(__file__).parents[2] / "dream_nb" / "studio"
    for path in folder.glob("*.py"):
        for module in re.findall(r"^\s*(?:from|import) (dream_nb[\w.]*)", path.read_text(), re.MULTILINE):
            allowed = module.startswith("dream_nb.studio") or module in BELOW
            assert allowed, f"{path.name} imports {module}"


def completed(studio: Program, path: str) -> dict[str, Any]:
    """Create a generation and wait until it is completed; returns it."""
    uid = studio.client.post(path, json=BODY).json()["id"]
    found: dict[str, Any] = {}

    def is_completed() -> bool:
        found.update(studio.client.get(f"/generations/{uid}").json())
        return bool(found["state"] == "completed")

    wait_for(is_completed)
    return found


@pytest.mark.slow
def test_whenever_it_is_killed_every_generation_still_ends_and_is_charged_once(tmp_path: Path) -> None:
    seed = random.Random(20)
    taken: set[str] = set()

    with running(tmp_path) as studio:
        made = {kind: completed(studio, PATHS[kind]) for kind in ("video", "image")}
    taken.update(generation["id"] for generation in made.values())
    files = {kind: made[kind]["assets"][kind].rpartition("/")[2] for kind in made}

    def body(asked: str, base_url: str) -> dict[str, Any]:
        edits = {
            "modify_video": {"model": "ray-2", "mode": seed.choice(MODES)},
            "reframe_video": {"model": "ray-flash-2", "aspect_ratio": "9:16"},
            "reframe_image": {"model": "photon-1", "aspect_ratio": "21:9"},
        }
        fields: dict[str, Any] = edits.get(asked, {})
        if fields:
            file = files["image" if "image" in asked else "video"]
            fields = fields | {"generation_type": asked, "media": {"url": f"{base_url}/assets/{file}"}}
        return fields if asked == "upscale_video" else fields | {"prompt": f"dream {len(taken)}, rain"}

    def create(client: httpx2.Client, stop: threading.Event) -> None:
        with suppress(httpx2.HTTPError):
            while not stop.is_set():
                asked = seed.choice(list(PATHS))
                path = PATHS[asked].format(id=made["video"]["id"])
                base_url = str(client.base_url).rstrip("/")
                taken.add(client.post(path, json=body(asked, base_url)).json()["id"])
                time.sleep(0.05)

    for _ in range(20):
        with running(tmp_path) as studio:
            stop = threading.Event()
            thread = threading.Thread(target=create, args=(studio.client, stop))
            thread.start()
            time.sleep(seed.uniform(0.0, 0.6))
            studio.process.kill()
            stop.set()
            thread.join(PATIENCE)
        for path in (tmp_path / ".studio" / "assets").glob("*.jpg"):
            assert path.read_bytes()[-2:] == b"\xff\xd9"
    assert len(taken) >= 20
    with running(tmp_path) as studio:

        def listed() -> list[dict[str, Any]]:
            generations: list[dict[str, Any]] = studio.client.get("/generations?limit=1000").json()["generations"]
            return generations

        wait_for(lambda: {generation["state"] for generation in listed()} <= {"completed", "failed"})
        generations = listed()
        # Every answered request is there; of those not answered, at most one per round.
        assert taken <= {generation["id"] for generation in generations}
        assert len(generations) <= len(taken) + 20
        assert [generation for generation in generations if generation["state"] == "failed"] == []
        spent = sum(CENTS[generation["request"]["generation_type"]] for generation in generations)
        assert studio.client.get("/credits").json()["credit_balance"] == pytest.approx(1_000_000 - spent, abs=1e-6)
        assert {generation["request"]["generation_type"] for generation in generations} == set(PATHS)
        there = {path.name for path in (tmp_path / ".studio" / "assets").iterdir() if path.suffix != ".part"}
    with closing(sqlite3.connect(tmp_path / ".studio" / "studio.sqlite")) as connection:
        # A kill may leave a file without a row, but no row without its file.
        assert there >= {name for (name,) in connection.execute("SELECT asset FROM generations")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
