"""Whole notebooks: with bad input, run twice, two at a time, moved, by nbclient and by papermill."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.jobs.hosted import environment, hosted
from tests.kernel import start_kernel
from tests.notebook.test_magic import line, previews

SECONDS = 240

BAD = [
    ("%dream --loop", "InvalidRequestError: the prompt is empty"),
    ("%dream a lake --lop", "InvalidRequestError: unknown option --lop: did you mean --loop?"),
    ("%dream a lake -a 7:3", "InvalidRequestError: aspect ratio '7:3' is not one of"),
    ("%%dream --loop\na lake\n---\n", "InvalidRequestError: the prompt is empty"),
    ("%dream on --frame0 lkae", "InvalidRequestError: --frame0: 'lkae' is not a URL, variable, file or id"),
    ("%dream a {{nobody}}", "InvalidRequestError: no variable is named 'nobody'"),
    ("%dream gore", "GenerationFailedError: not made: Contains blacklisted words"),
    ("%dreams histroy", "InvalidRequestError: %dreams has no such subcommand 'histroy': did you mean history?"),
    ("%dreams show nothing-like-it", "InvalidRequestError: nothing in the library matches"),
    ("%dreams use hosted", "ConfigurationError: no hosted API has a key"),
    ("%dreams key", "ConfigurationError: each API has keys of its own"),
    ('%config DreamMagics.aspect_ratio = "7:3"', "RefusedSettingError: DreamMagics.aspect_ratio '7:3' is not one of"),
    ("%config DreamMagics.nothing = 3", "RefusedSettingError: DreamMagics has no setting 'nothing'"),
    ("%%storyboard\n---", "InvalidRequestError: the storyboard is empty"),
    ("import dream_nb; dream_nb.dream('')", "InvalidRequestError: the prompt is empty"),
    ("dream_nb.Session(backend='cloud')", "ConfigurationError: backend 'cloud' is not one of"),
]


def notebook(*sources: str) -> nbformat.NotebookNode:
    made: nbformat.NotebookNode = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    made.cells = [nbformat.v4.new_code_cell(source) for source in ("%load_ext dream_nb", *sources)]
    return made


def nbclient(folder: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from nbclient.cli import main; main()", name, "--inplace", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)


def execute(made: nbformat.NotebookNode, folder: Path, *options: str) -> nbformat.NotebookNode:
    nbformat.write(made, folder / "dreams.ipynb")
    ran = nbclient(folder, "dreams.ipynb", *options)
    assert ran.returncode == 0, ran.stderr
    executed: nbformat.NotebookNode = nbformat.read(folder / "dreams.ipynb", as_version=4)
    return executed


def players(made: nbformat.NotebookNode) -> list[str]:
    """The addresses of the players in a notebook."""
    html = "".join(
        output["data"].get("text/html", "")
        for cell in made.cells
        for output in cell.outputs
        if output.output_type == "display_data"
    )
    return re.findall(r'<video src="([^"]*)"', html)


@pytest.mark.usefixtures("small")
def test_each_cell_of_bad_input_ends_in_its_one_line(tmp_path: Path) -> None:
    made = execute(notebook(*(source for source, _ in BAD)), tmp_path, "--allow-errors")
    for cell, (source, message) in zip(made.cells[1:], BAD, strict=True):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        assert [len(error.traceback) for error in errors] == [1], source
        assert errors[0].traceback[0].startswith(message), source
        assert [output for output in cell.outputs if output.output_type == "stream"] == [], source


@pytest.mark.parametrize("source", ["%dream a lake --lop", "%config DreamMagics.loop = 3"])
def test_bad_input_stops_nbclient_and_papermill(tmp_path: Path, source: str) -> None:
    nbformat.write(notebook(source), tmp_path / "bad.ipynb")
    ran = nbclient(tmp_path, "bad.ipynb")
    assert ran.returncode != 0
    assert "Error: " in ran.stderr
    assert papermill(tmp_path, "bad.ipynb").returncode != 0


def papermill(folder: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("papermill", reason="its own package")
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", name, f"out-{name}", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.mark.usefixtures("small")
def test_papermill_gives_parameters_to_prompts(tmp_path: Path) -> None:
    made = notebook("animal = 'fox'", "%dream -i a {{animal}} in the snow\n", "_.prompt")
    made.cells[1].metadata["tags"] = ["parameters"]
    nbformat.write(made, tmp_path / "parameters.ipynb")
    ran = papermill(tmp_path, "parameters.ipynb", "-p", "animal", "hare")
    assert ran.returncode == 0, ran.stderr
    out = nbformat.read(tmp_path / "out-parameters.ipynb", as_version=4)
    assert out.cells[-1].outputs[0].data["text/plain"] == "'a hare in the snow'"


def test_cells_run_twice_give_the_same_and_make_nothing_more(tmp_path: Path) -> None:
    sources = ["a = %dream a lake", "b = %dream it goes on --frame0 last", "s = %dream -i a {red|blue} boat -n 2"]
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="32", DREAM_NB_STUDIO_SECONDS="0.25") as kernel:
        for source in sources:
            assert kernel.run(source).error is None
        state = "sorted(p.name for p in a._library.folder.glob('*.*4')), len(a._library.ledger.all()), hash((a, b, s))"
        first = kernel.run(state).result
        for source in sources:
            answer = kernel.run(source)
            assert answer.error is None
        assert kernel.run(state).result == first
        assert previews(kernel.run("a")) == 1


def test_two_notebooks_at_once_make_the_same_dream_once(tmp_path: Path) -> None:
    with hosted(tmp_path / "server", "the-key-8814") as server:
        given = dict(environment(server))
        with start_kernel(tmp_path, **given) as one, start_kernel(tmp_path, **given) as other:
            kernels = [one, other]
            sent = [kernel.client.execute("d = %dream a valley\n%dream -i a hill") for kernel in kernels]
            answers = [kernel.answer(asked) for kernel, asked in zip(kernels, sent, strict=True)]
            assert [previews(answer) for answer in answers] == [2, 2]
            assert one.run("d.path, d.take").result == other.run("d.path, d.take").result
        assert len(server.made) == 2


def test_a_folder_that_was_changed_leaves_library_and_previews_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="32", DREAM_NB_STUDIO_SECONDS="0.25") as kernel:
        for change in ("%cd -q below", "%cd -q ..", "%cd -q /"):
            kernel.run(change)
            answer = kernel.run("d = %dream a lake")
            assert previews(answer) == 1
            assert '<video src="dreams/lake-' in answer.data()[-1]
            assert kernel.run("d.path.is_file()").result == "True"
    assert [path.name for path in tmp_path.rglob("ledger.sqlite")] == ["ledger.sqlite"]


@pytest.mark.usefixtures("small")
def test_a_moved_notebook_shows_and_replays_what_moved_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    made = execute(notebook("%dream a lake"), tmp_path / "here")
    assert players(made)[0].startswith("dreams/lake-")
    (tmp_path / "there").mkdir()
    shutil.move(tmp_path / "here", tmp_path / "there" / "moved")
    moved = tmp_path / "there" / "moved"
    assert (moved / players(made)[0]).is_file()
    monkeypatch.setenv("DREAM_NB_REPLAY", "only")
    again = execute(notebook("%dream a lake"), moved)
    assert players(again) == players(made)


@pytest.mark.usefixtures("small")
def test_a_library_outside_the_notebooks_folder_shows_its_previews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAM_NB_LIBRARY", str(tmp_path / "elsewhere"))
    (tmp_path / "root").mkdir()
    made = execute(notebook("%dream a lake", "%dream -i a hill"), tmp_path / "root")
    (player,) = players(made)
    assert player.startswith("data:video/mp4;name=dream_nb;base64,")
    assert str(tmp_path) not in nbformat.writes(made)


def test_an_error_of_a_background_job_is_one_line_where_it_is_waited_for(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="32") as kernel:
        kernel.run("job = %dream gore --background")
        assert "Contains blacklisted words" in line(kernel.run("job.result(240)"))
