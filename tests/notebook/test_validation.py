"""Saved notebooks are small, and pass strict nbval without special flags."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

from dream_nb.html.stand_in import NOTHING
from tests.results.test_preview import Parsed

SECONDS = 300


def execute(folder: Path, *sources: str) -> Path:
    """Execute a notebook with these cells, and save it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}, timeout=SECONDS).execute()
    path = folder / "dreams.ipynb"
    nbformat.write(notebook, path)
    return path


def nbval(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run plain `pytest --nbval` on the notebook."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", *options]
    return subprocess.run(
        [*command, str(path)], cwd=path.parent, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Change the HTML that the saved notebook shows."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for output in cell.outputs:
            if "text/html" in output.get("data", {}):
                output["data"]["text/html"] = change(output["data"]["text/html"])
    nbformat.write(notebook, path)


@pytest.fixture
def saved(tmp_path: Path, small: None) -> Path:  # noqa: ARG001 - for its environment
    return execute(
        tmp_path, "%load_ext dream_nb", "%dream a lake", "d = %dream --image a hill", "d", "_.prompt", "%%dream\na {x}?"
    )


def test_it_passes_on_the_first_run_and_on_later_ones(saved: Path, tmp_path: Path) -> None:
    replayed = nbval(saved)
    assert replayed.returncode == 0, replayed.stdout
    shutil.rmtree(tmp_path / "dreams")
    anew = nbval(saved)
    assert anew.returncode == 0, anew.stdout


def test_what_is_seen_only_while_a_cell_runs_leaves_no_output(saved: Path) -> None:
    types = [
        sorted(output["data"])
        for cell in nbformat.read(saved, as_version=4).cells
        for output in cell.outputs
        if output.output_type == "display_data"
    ]
    assert types == [["text/html", "text/plain"]] * 3


def test_it_passes_where_an_output_was_taken_back(saved: Path) -> None:
    notebook = nbformat.read(saved, as_version=4)
    for cell in notebook.cells:
        cell.outputs.insert(0, nbformat.v4.new_output("display_data", NOTHING))
    nbformat.write(notebook, saved)
    passed = nbval(saved)
    assert passed.returncode == 0, passed.stdout


@pytest.mark.slow
def test_what_stands_in_the_place_of_widgets_passes_too(tmp_path: Path, small: None) -> None:  # noqa: ARG001
    saved = execute(
        tmp_path,
        "%load_ext dream_nb\nimport dream_nb",
        "job = %dream a forest --background",
        "failing = %dream gore --background",
        "d = job.result()\ntype(failing.exception()).__name__",
        "dream_nb.Card(d)",
        "dream_nb.Panel(prompt='a lake')",
        "dream_nb.Gallery()",
        "dream_nb.Dreams([d]).grid()",
    )
    html = "".join(
        output["data"].get("text/html", "")
        for cell in nbformat.read(saved, as_version=4).cells
        for output in cell.outputs
        if "data" in output
    )
    assert (html.count('<div class="dream_nb-picture"><img'), html.count("GenerationFailedError: ")) == (3, 1)
    replayed = nbval(saved)
    assert replayed.returncode == 0, replayed.stdout
    shutil.rmtree(tmp_path / "dreams")
    anew = nbval(saved)
    assert anew.returncode == 0, anew.stdout


@pytest.mark.slow
def test_it_passes_where_the_jpeg_encoder_writes_other_bytes(saved: Path) -> None:
    def encode_again(html: str) -> str:
        def other(match: re.Match[str]) -> str:
            file = io.BytesIO()
            Image.open(io.BytesIO(base64.b64decode(match[2]))).save(file, "JPEG", quality=31)
            return match[1] + base64.b64encode(file.getvalue()).decode()

        return re.sub(r"(data:image/jpeg;name=dream_nb;base64,)([A-Za-z0-9+/=]+)", other, html)

    rewrite(saved, encode_again)
    assert nbval(saved).returncode == 0


def test_it_fails_where_the_prompt_is_another(saved: Path) -> None:
    rewrite(saved, lambda html: html.replace("a lake", "a pond"))
    assert nbval(saved).returncode == 1


def test_it_fails_where_a_picture_of_somebody_else_is_another(tmp_path: Path) -> None:
    source = "from IPython.display import HTML; HTML('<img src=\"data:image/jpeg;base64,{}\">')"
    saved = execute(tmp_path, source.format("AAAA"))
    rewrite(saved, lambda html: html.replace("AAAA", "BBBB"))
    assert nbval(saved).returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--nbval-sanitize-with", "--sanitize-with"])
def test_rules_of_the_users_own_still_count(saved: Path, tmp_path: Path, option: str) -> None:
    rewrite(saved, lambda html: html.replace("a lake", "a pond"))
    rules = tmp_path / "rules.cfg"
    rules.write_text("[mine]\nregex: a (lake|pond)\nreplace: water\n")
    passed = nbval(saved, option, str(rules))
    assert passed.returncode == 0, passed.stdout


def test_the_plugin_leaves_no_file_behind(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    assert nbval(saved).returncode == 0
    assert list((tmp_path / "temporary").glob("dream_nb-*")) == []


def test_bad_input_fails_the_cell_for_nbval(tmp_path: Path) -> None:
    saved = execute(tmp_path, "%load_ext dream_nb")
    notebook = nbformat.read(saved, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("%dream a lake --lop"))
    nbformat.write(notebook, saved)
    assert nbval(saved).returncode == 1


def test_ten_videos_make_a_notebook_of_less_than_a_megabyte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Posters have the size of the player, whatever the size of the video, so draw short videos in full size.
    monkeypatch.setenv("DREAM_NB_STUDIO_SECONDS", "0.25")
    prompts = ["sunset lake", "forest in rain", "city at night", "snowy peaks", "desert noon"]
    sources = [f"%dream {prompt}, take {take}" for prompt in prompts for take in ("one", "two")]
    saved = execute(tmp_path, "%load_ext dream_nb", *sources)
    assert saved.stat().st_size < 1_000_000
    assert len(re.findall("<video", saved.read_text())) == len(sources)


def test_the_notebook_as_html_shows_its_previews(saved: Path) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(saved)]
    exported = subprocess.run(command, env=os.environ, check=True, capture_output=True, text=True, timeout=SECONDS)
    assert "WARN" not in exported.stderr
    videos = [attributes for tag, attributes in Parsed(saved.with_suffix(".html").read_text()).tags if tag == "video"]
    assert [(video["src"] or "").rpartition("-")[0] for video in videos] == ["dreams/lake", "dreams/x"]
    assert all((video["poster"] or "").startswith("data:image/jpeg") for video in videos)


def test_what_a_listing_tells_now_may_differ(tmp_path: Path, small: None) -> None:  # noqa: ARG001 - for its environment
    saved = execute(tmp_path, "%load_ext dream_nb", "%dreams history", "%dream a lake", "%dreams credits")
    assert nbval(saved).returncode == 0
