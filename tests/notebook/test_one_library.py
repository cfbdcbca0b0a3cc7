"""A notebook has one library, whichever program runs it and from where; its players point to the files there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from tests.jobs.hosted import Hosted, environment, hosted
from tests.notebook.test_runs import notebook

SECONDS = 240


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Hosted]:
    """A server that charges; and in `project`, a folder `nb` with a notebook and a folder `out`."""
    for name in ("nb", "out"):
        (tmp_path / "project" / name).mkdir(parents=True)
    nbformat.write(notebook("%dream a lake"), tmp_path / "project" / "nb" / "x.ipynb")
    with hosted(tmp_path / "server", "the-key-2210") as server:
        yield server


def run(server: Hosted, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this environment in a folder, with the key of the server."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = os.environ | dict(environment(server)) | {"PATH": path}
    ran = subprocess.run(
        command,
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, ran.stderr
    return ran


def assert_plays(output: Path, project: Path) -> None:
    """Assert that the only player of an output points to the only file of the notebook's library."""
    text = output.read_text(encoding="utf-8")
    if output.suffix == ".ipynb":
        outputs = [output for cell in json.loads(text)["cells"] for output in cell["outputs"]]
        text = "".join("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    found = re.findall(r'<video[^>]*\ssrc="([^"]*)"', text)
    (video,) = (project / "nb" / "dreams").glob("*.mp4")
    assert [(output.parent / unquote(address)).resolve() for address in found] == [video]
    assert not any(str(project) in address for address in found)


def libraries(project: Path) -> list[str]:
    return [path.relative_to(project).as_posix() for path in project.rglob("ledger.sqlite")]


def test_whichever_command_runs_it_pays_once(server: Hosted, tmp_path: Path) -> None:
    project = tmp_path / "project"
    run(server, project, "papermill", "--no-progress-bar", "nb/x.ipynb", "out/papermill.ipynb")
    assert server.books.count("POST") == 1
    # The dream exists already, so none of these creates it.
    run(server, project, "jupyter", "execute", "nb/x.ipynb", "--output=../out/execute")
    run(server, project, "jupyter", "nbconvert", "--execute", "--to", "html", "--output-dir", "out", "nb/x.ipynb")
    assert server.books.count("POST") == 1
    assert libraries(project) == ["nb/dreams/ledger.sqlite"]
    for name in ("papermill.ipynb", "execute.ipynb", "x.html"):
        assert_plays(project / "out" / name, project)


def test_a_program_that_calls_papermill_pays_nothing_twice(server: Hosted, tmp_path: Path) -> None:
    project = tmp_path / "project"
    call = "import sys, papermill; papermill.execute_notebook('nb/x.ipynb', progress_bar=False, **eval(sys.argv[1]))"
    run(server, project, sys.executable, "-c", call, "{'output_path': 'nb/first.ipynb', 'cwd': 'nb'}")
    assert server.books.count("POST") == 1
    assert_plays(project / "nb" / "first.ipynb", project)
    # This kernel does not know its notebook, so it would use another library.
    with pytest.raises(AssertionError, match="nothing was sent") as caught:
        run(server, project, sys.executable, "-c", call, "{'output_path': 'second.ipynb'}")
    assert str(project / "nb" / "dreams") in str(caught.value)
    assert str(project / "dreams") in str(caught.value)
    assert server.books.count("POST") == 1
