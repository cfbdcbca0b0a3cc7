"""The environment that Binder builds from `binder/` runs the notebooks."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import force_studio

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"
FIRST = "/lab/tree/notebooks/01_first_dream.ipynb"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as on Binder: the committed files, and an environment built from `binder/`."""
    folder = tmp_path_factory.mktemp("binder")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.rstrip("\0").split("\0"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    venv.create(folder / ".venv", with_pip=True)
    install = [str(folder / ".venv" / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", "binder/requirements.txt"], cwd=folder, check=True)
    return folder


def test_what_is_pinned_is_all_that_binder_installs() -> None:
    pinned = re.findall(r"^([\w.-]+)==\S+$", (BINDER / "constraints.txt").read_text(), re.MULTILINE)
    assert {"jupyterlab", "ipykernel", "numpy", "av"} <= {name.lower() for name in pinned}


@pytest.mark.slow
def test_nothing_is_installed_that_is_not_pinned(clone: Path) -> None:
    # -I ignores the PYTHONPATH of the tests.
    freeze = [str(clone / ".venv" / "bin" / "python"), "-I", "-m", "pip", "freeze", "--exclude", "dream_nb"]
    installed = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout.splitlines()
    assert set(installed) <= set((BINDER / "constraints.txt").read_text().splitlines())


@pytest.mark.slow
def test_the_first_notebook_runs_in_it(clone: Path) -> None:
    jupyter = clone / ".venv" / "bin" / "jupyter"
    subprocess.run([jupyter, "execute", "notebooks/01_first_dream.ipynb"], cwd=clone, check=True, timeout=300)
    assert list((clone / "notebooks" / "dreams").glob("*.mp4"))


@pytest.mark.slow
def test_it_ends_in_jupyterlab_with_the_first_notebook(clone: Path) -> None:
    with serve(clone) as url, urllib.request.urlopen(url) as answer:
        assert answer.url == url + FIRST
        page = answer.read().decode()
    found = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found
    assert json.loads(found[1])["treePath"] == FIRST.removeprefix("/lab/tree/")


@contextlib.contextmanager
def serve(clone: Path) -> Iterator[str]:
    """Start the server as Binder does; yields its URL."""
    force_studio()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    jupyter = [str(clone / ".venv" / "bin" / "jupyter"), "lab", "--no-browser", "--allow-root"]
    options = [f"--ServerApp.{name}" for name in ("token=", "password=", f"port={port}", "port_retries=0")]
    environment = os.environ | {f"JUPYTER_{name}_DIR": str(clone / name) for name in ("CONFIG", "RUNTIME", "DATA")}
    server = subprocess.Popen(
        [str(clone / "binder" / "start"), *jupyter, *options], cwd=clone, env=environment, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(f"{url}/api", timeout=2):
                break
            time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=60)
