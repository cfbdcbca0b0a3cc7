"""One unchanged notebook on the studio and on both hosted APIs: only DREAM_NB_BACKEND differs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.fakes.dream_machine import FakeDreamMachine
from tests.fakes.luma import FakeLuma
from tests.notebook.test_validation import execute, nbval

CELLS = (
    "%load_ext dream_nb",
    "lake = %dream a lake",
    "lake.kind, lake.state",
    "poster = %dream -i a poster",
    "more = lake.extend('then it rains')\nmore.state, [one.title for one in more.ancestors()]",
    "night = lake.modify('at night', mode='flex_2')\ntall = lake.reframe('9:16')\nnight.state, tall.state",
    "hills = %dream a hill in {spring|autumn}\nlen(hills)",
)


@contextlib.contextmanager
def served(backend: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLuma | FakeDreamMachine | None]:
    """The server of a backend, which this process and its kernels use as the hosted API."""
    with contextlib.ExitStack() as stack:
        server: FakeLuma | FakeDreamMachine | None = None
        if backend == "luma":
            server = stack.enter_context(FakeLuma().running())
        elif backend == "dream-machine":
            server = stack.enter_context(FakeDreamMachine("2025").running())
        if server is not None:
            server.use(monkeypatch)
        monkeypatch.setenv("DREAM_NB_BACKEND", backend)
        yield server


@pytest.mark.parametrize("backend", ["studio", "dream-machine", "luma"])
def test_the_same_notebook_runs_and_passes_against_its_own_outputs(
    backend: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    small: None,  # noqa: ARG001 - for its environment
) -> None:
    with served(backend, monkeypatch) as server:
        saved = execute(tmp_path, *CELLS)
        sent = server.count("POST") if server is not None else 0
        passed = nbval(saved)
        assert passed.returncode == 0, passed.stdout
        assert (server.count("POST") if server is not None else 0) == sent
    errors = [
        output
        for cell in nbformat.read(saved, as_version=4).cells
        for output in cell.outputs
        if output.output_type == "error"
    ]
    assert errors == []
