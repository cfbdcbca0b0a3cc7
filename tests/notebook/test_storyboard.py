"""`%%storyboard` in a real kernel."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from dream_nb.notebook.magics.magics import DreamMagics
from tests.kernel import Kernel, start_kernel
from tests.notebook.test_magic import line
from tests.notebook.test_validation import execute, nbval

GUIDE = (Path(__file__).parents[2] / "notebooks" / "README.md").read_text(encoding="utf-8")
PARSER = DreamMagics.storyboard.parser  # type: ignore[union-attr]
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("storyboard")
    with start_kernel(folder, DREAM_NB_STUDIO_SIDE="32", DREAM_NB_STUDIO_SECONDS="0.25") as kernel:
        yield kernel


def value(kernel: Kernel, expression: str) -> Any:
    result = kernel.run(expression).result
    assert result is not None, expression
    return ast.literal_eval(result)


def test_a_line_is_a_shot_and_a_rule_is_a_cut(kernel: Kernel) -> None:
    answer = kernel.run("season = 'spring'\n%dream a hill")
    answer = kernel.run(
        "%%storyboard -a 1:1 --name film\na lake in {{season}}\n\n  the sun climbs  \n---\na city\nrain\n"
    )
    assert answer.error is None, answer.error
    assert [sorted(output["data"]) for output in answer.outputs] == [[WIDGET], ["text/html", "text/plain"]]
    assert value(kernel, "film.prompts") == ["a lake in spring", "the sun climbs", "a city", "rain"]
    assert value(kernel, "film.scenes") == [[1, 2], [3, 4]]
    assert value(kernel, "{shot.request.aspect_ratio for shot in film.shots}") == {"1:1"}


def test_last_is_its_last_shot(kernel: Kernel) -> None:
    kernel.run("%%storyboard --name film\na lake\nnight falls")
    kernel.run("d = %dream the moon rises --frame0 last")
    assert value(kernel, "d.request.keyframes.frame0.id == film.shots[-1].generation.id") is True


def test_it_begins_and_ends_with_what_is_given(kernel: Kernel) -> None:
    kernel.run("d = %dream a hill")
    kernel.run("%%storyboard --frame0 d --frame1 d --take 2 --name film\nclouds\nsun")
    expression = "[[bool(f.frame0), bool(f.frame1)] for f in (shot.request.keyframes for shot in film.shots)]"
    assert value(kernel, expression) == [[True, False], [True, True]]
    assert value(kernel, "[shot.take for shot in film.shots]") == [2, 2]


def test_a_dry_run_sends_nothing(kernel: Kernel) -> None:
    answer = kernel.run("%%storyboard --dry-run\nsomething new\nand its end")
    assert "2 dreams of the studio: 0 in the library, 2 to make" in str(answer.data("text/plain"))
    assert value(kernel, "_.documents[1]['keyframes']['frame0']['id']") == "shot 1"


def test_in_the_background_a_picture_stays(kernel: Kernel) -> None:
    answer = kernel.run("%%storyboard --background --name film\na pond\nfrogs")
    assert answer.error is None
    assert [sorted(output["data"]) for output in answer.outputs] == [["text/html", "text/plain"], [WIDGET]]
    assert value(kernel, "len(_.result(240).shots)") == 2


def test_one_that_fails_shows_the_others_and_can_be_redone(kernel: Kernel) -> None:
    answer = kernel.run("%%storyboard --name film\na brook\ngore\na waterfall")
    assert line(answer).startswith("SweepError: shot 2 of 3 not made: 'gore'")
    assert "waits for 2" in answer.data()[-1]
    assert value(kernel, "[shot.prompt for shot in film.redo(2, 'stones').shots]") == [
        "a brook",
        "stones",
        "a waterfall",
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%%storyboard a lake\nnight", "'a lake' is on the %%storyboard line"),
        ("%%storyboard\n---\n", "the storyboard is empty"),
        ("%%storyboard\na {lake|hill}", "has alternatives, but a shot is one video"),
        ("%%storyboard --loop\na lake", "unknown option --loop"),
        ("%%storyboard --fresh --take 2\na lake", "leave out --take or --fresh"),
        ("%%storyboard\na {{nothing}}", "no variable is named 'nothing'"),
    ],
)
def test_what_is_wrong_is_one_line(kernel: Kernel, source: str, message: str) -> None:
    assert message in line(kernel.run(source))


def test_raw_prompts_are_taken_as_they_are(kernel: Kernel) -> None:
    kernel.run("%%storyboard --raw --name film\na {lake|hill} {{x}}")
    assert value(kernel, "film.prompts") == ["a {lake|hill} {{x}}"]


def test_a_saved_notebook_passes_strict_nbval_and_is_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "90")
    monkeypatch.setenv("DREAM_NB_STUDIO_SECONDS", "0.25")
    saved = execute(
        tmp_path, "%load_ext dream_nb", "%%storyboard --name film\na lake\nnight\n---\na city\nrain", "film.redo(2)"
    )
    replayed = nbval(saved)
    assert replayed.returncode == 0, replayed.stdout
    shutil.rmtree(tmp_path / "dreams")
    anew = nbval(saved)
    assert anew.returncode == 0, anew.stdout
    assert saved.stat().st_size < 120_000
    shown = [output for cell in nbformat.read(saved, as_version=4).cells for output in cell.outputs if output.data]
    assert [set(output.data) for output in shown] == [{"text/html", "text/plain"}] * 2


@pytest.mark.parametrize(
    "option",
    # --sound is an option of storyboards only; %dream has --audio, which adds sound to an existing video.
    sorted(action.option_strings[-1] for action in PARSER._actions if action.dest not in ("help", "sound")),
)
def test_every_option_is_one_of_dreams_and_documented(option: str) -> None:
    assert option in DreamMagics.dream.parser._option_string_actions  # type: ignore[union-attr]
    assert f"`{option}`" in GUIDE
