"""The documentation is correct: its links work, its examples run, and its tables match the code."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import dream_nb
from tests.kernel import Kernel, start_kernel
from tests.pages import GUIDE, README, ROOT, STUDIO, anchors, examples, links, pages, read, rows, spans
from tests.scripts import run
from tests.studio.program import running

LONGEST_README = 130


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables with the key and URL of a served studio, in place of the hosted API."""
    with running(tmp_path_factory.mktemp("server")) as studio:
        key = studio.client.headers["authorization"].removeprefix("Bearer ")
        yield {"LUMAAI_BASE_URL": studio.url, "LUMAAI_API_KEY": key}


@pytest.fixture
def kernel(server: dict[str, str], tmp_path: Path) -> Iterator[Kernel]:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="90", DREAM_NB_STUDIO_SECONDS="2.6", **server) as kernel:
        yield kernel


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def test_the_readme_is_short() -> None:
    assert len(read(README).splitlines()) <= LONGEST_README


@pytest.mark.parametrize("page", pages(), ids=page_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []


@pytest.mark.parametrize("page", pages(), ids=page_id)
def test_no_two_headings_have_the_same_address(page: Path) -> None:
    assert sorted(set(anchors(page))) == sorted(anchors(page))


@pytest.mark.parametrize("page", [README, GUIDE, STUDIO], ids=page_id)
def test_its_examples_run_from_top_to_bottom(page: Path, kernel: Kernel) -> None:
    assert examples(page, "python")
    for source in examples(page, "python"):
        answer = kernel.run(source)
        assert answer.error is None, f"{source}\n{answer.error['evalue']}"


def test_every_line_in_the_sentences_of_the_readme_runs(kernel: Kernel) -> None:
    lines = [span for span in spans(README) if span.startswith("%")]
    assert lines
    for source in lines:
        # There is no key, and the client of this test has no keyboard to type one.
        expected = "ConfigurationError" if source.startswith(("%dreams key", "%dreams use luma")) else None
        answer = kernel.answer(kernel.client.execute(source, allow_stdin=False, stop_on_error=False))
        assert (answer.error["ename"] if answer.error else None) == expected, source


def test_every_command_line_in_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "32")
    commands = [span for span in spans(README) if span.startswith("python -m dream_nb")]
    assert commands
    for command in commands:
        _, *words = shlex.split(command)
        done = run(tmp_path, *words)
        assert (done.code, done.out) == (0, f"{words[-1]}\n"), done.err


def test_every_extra_is_in_the_guide() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {row[0] for row in rows(GUIDE, "What to install")} == {
        f"`{extra}`" for extra in project["optional-dependencies"]
    }


def test_every_error_is_in_the_guide() -> None:
    errors = [name for name in dream_nb.__all__ if name.endswith("Error")]
    assert [name for name in errors if f"`{name}`" not in read(GUIDE)] == []


def test_every_argument_of_a_session_is_in_the_guide() -> None:
    arguments = inspect.signature(dream_nb.Session).parameters
    assert [name for name in arguments if f"`{name}`" not in read(GUIDE)] == []


def test_every_public_name_that_the_guide_names_is_there() -> None:
    named = set(re.findall(r"\bdream_nb\.(\w+)", "\n".join(map(read, (README, GUIDE)))))
    assert named - set(dir(dream_nb)) - {"built_pages", "studio"} == set()


@pytest.mark.slow
def test_a_fresh_clone_is_installed_and_opened_as_the_readme_says(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.rstrip("\0").split("\0"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    block = read(README).partition("<!-- lab command -->")[2]
    install, opening = block.partition("```bash\n")[2].partition("```")[0].splitlines()
    ours = {"PYTHONPATH", "JUPYTER_DEFAULT_PROVISIONER_NAME"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    subprocess.run(["bash", "-euo", "pipefail", "-c", install], cwd=clone, env=environment, check=True)
    # Execute the notebook that the second command opens, without a browser.
    executing = opening.replace("jupyter lab", "jupyter execute")
    assert executing != opening
    subprocess.run(["bash", "-c", executing], cwd=clone, env=environment, check=True, timeout=600)
    subprocess.run([".venv/bin/jupyter", "lab", "--version"], cwd=clone, env=environment, check=True)
    assert list((clone / "notebooks" / "dreams").glob("*.mp4"))
