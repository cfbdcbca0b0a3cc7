"""Finding the folder of a notebook: from VS Code, a Jupyter server, or the command line of the program that runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dream_nb.api.errors import ConfigurationError
from dream_nb.default import configure_default_session, forget_default_settings
from dream_nb.place import Place, find_place, is_fixed, library_folder, locate
from dream_nb.session import Session

Start = Callable[..., dict[str, str]]

# Stands in for a program that runs notebooks, of which only the command line matters here.
WAIT = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with notebooks in `nb` and other folders."""
    for name in ("nb/x.ipynb", "nb/y.ipynb", "other/z.ipynb", "root.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Starts a program of that name in the project; returns the environment that its kernels would have."""
    with ExitStack() as stack:

        def begin(
            program: str, *arguments: str, module: bool = False, cwd: Path = project, **given: str
        ) -> dict[str, str]:
            name = project / "bin" / (f"{program}.py" if module else program)
            name.parent.mkdir(exist_ok=True)
            name.write_text(WAIT)
            words = ["-m", program] if module else [str(name)]
            environment = os.environ | {"PYTHONPATH": str(name.parent), "PWD": str(project)} | given
            process = subprocess.Popen(
                [sys.executable, "-X", "utf8", *words, *arguments],
                cwd=cwd,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            stack.callback(process.wait, 30)
            stack.callback(process.stdout.close)
            stack.callback(process.stdin.close)
            process.stdout.readline()
            return {"JPY_PARENT_PID": str(process.pid), **given}

        yield begin


def test_outside_of_a_kernel_it_is_the_working_directory(project: Path) -> None:
    assert find_place() == Place(project, project)


def test_vs_code_tells_the_file(project: Path) -> None:
    given = {"JPY_SESSION_NAME": str(project / "other" / "z.ipynb")}
    assert locate({"__vsc_ipynb_file__": str(project / "nb" / "x.ipynb")}, given, project).folder == project / "nb"


@pytest.mark.parametrize("told", ["/nowhere/x.ipynb", "", None, 3, "a\0b", "~nobody/x.ipynb"])
def test_what_vs_code_tells_of_another_machine_does_not_count(project: Path, told: object) -> None:
    assert locate({"__vsc_ipynb_file__": told}, {}, project) == Place(project, project)


def test_a_server_tells_the_file(project: Path, start: Start) -> None:
    given = start("jupyter-lab", "root.ipynb") | {"JPY_SESSION_NAME": str(project / "nb" / "x.ipynb")}
    assert locate({}, given, project / "nb") == Place(project / "nb", project / "nb")


def test_after_a_rename_it_is_the_folder_in_which_the_server_started_the_kernel(project: Path, start: Start) -> None:
    given = start("jupyter-lab", "nb/x.ipynb") | {"JPY_SESSION_NAME": str(project / "was.ipynb")}
    assert locate({}, given, project) == Place(project, project)


def test_a_console_lies_where_its_kernel_was_started(project: Path, start: Start) -> None:
    given = start("jupyter-lab") | {"JPY_SESSION_NAME": str(project / "nb" / "console-1-8d1f")}
    assert locate({}, given, project / "nb").folder == project / "nb"


def test_a_notebook_that_another_one_runs_does_not_count_as_that_one(project: Path, start: Start) -> None:
    given = start("papermill", "nb/x.ipynb", "out/x.ipynb", JPY_SESSION_NAME=str(project / "root.ipynb"))
    assert locate({}, given, project) == Place(project / "nb", project / "out")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nb/x.ipynb", "out/x.ipynb"],
        ["-p", "lake", "3", "nb/x.ipynb", "out/x.ipynb", "-k", "python3"],
        ["nb/x.ipynb", "-p", "template", "other/z.ipynb", "--log-level=INFO", "out/x.ipynb", "--no-progress-bar"],
        ["-kpython3", "--", "nb/x.ipynb", "out/x.ipynb"],
    ],
)
def test_papermill_names_input_and_output(project: Path, start: Start, arguments: list[str]) -> None:
    assert locate({}, start("papermill", *arguments), project) == Place(project / "nb", project / "out")


def test_papermill_run_as_a_module_is_known(project: Path, start: Start) -> None:
    given = start("papermill", "nb/x.ipynb", "out/x.ipynb", module=True)
    assert locate({}, given, project) == Place(project / "nb", project / "out")


def test_papermill_that_works_elsewhere_names_its_files_from_where_it_was_called(project: Path, start: Start) -> None:
    given = start("papermill", "--cwd", "other", "nb/x.ipynb", "out/x.ipynb", cwd=project / "other")
    assert locate({}, given, project / "other") == Place(project / "nb", project / "out")


@pytest.mark.parametrize("source", ["s3://bucket/x.ipynb", "-", "gone.ipynb"])
def test_papermills_input_that_is_no_file_leaves_the_working_directory(
    project: Path, start: Start, source: str
) -> None:
    given = start("papermill", source, "out/x.ipynb")
    assert locate({}, given, project) == Place(project, project / "out")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux tells what a standard input is")
def test_a_notebook_that_papermill_reads_from_a_pipe_is_not_its_output(project: Path, start: Start) -> None:
    assert locate({}, start("papermill", "nb/x.ipynb"), project) == Place(project, project / "nb")


@pytest.mark.parametrize("target", ["-", "gs://bucket/x.ipynb"])
def test_papermills_output_that_is_no_file_counts_as_beside_the_input(project: Path, start: Start, target: str) -> None:
    assert locate({}, start("papermill", "nb/x.ipynb", target), project) == Place(project / "nb", project / "nb")


@pytest.mark.parametrize(
    ("program", "arguments", "output"),
    [
        ("jupyter-execute", ["nb/x.ipynb"], "nb"),
        ("jupyter-execute", ["nb/x.ipynb", "--inplace"], "nb"),
        ("jupyter-execute", ["nb/x.ipynb", "--output", "../out/{notebook_name}-done"], "out"),
        ("jupyter-execute", ["other/z.ipynb", "nb/x.ipynb", "--output={notebook_name}-done"], "nb"),
        ("jupyter-nbconvert", ["--to", "html", "--execute", "nb/x.ipynb"], "nb"),
        ("jupyter-nbconvert", ["--to", "html", "--execute", "nb/x.ipynb", "--output-dir=out"], "out"),
        ("jupyter-nbconvert", ["--execute", "--output-dir", "out", "--output", "below/page", "nb/x"], "out/below"),
        ("jupyter-nbconvert", ["--execute", "--NbConvertApp.output_base=../out/page", "nb/x.ipynb"], "out"),
        ("jupyter", ["nbconvert", "--execute", "nb/x.ipynb", "--FilesWriter.build_directory=out"], "out"),
    ],
)
def test_what_starts_kernels_in_the_notebooks_folder_names_where_its_output_lies(
    project: Path, start: Start, program: str, arguments: list[str], output: str
) -> None:
    assert locate({}, start(program, *arguments), project / "nb") == Place(project / "nb", project / output)


def test_nbconvert_run_as_a_module_is_known(project: Path, start: Start) -> None:
    given = start("nbconvert", "--execute", "nb/x.ipynb", "--output-dir=out", module=True)
    assert locate({}, given, project / "nb") == Place(project / "nb", project / "out")


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (["nb/x.ipynb"], "nb"),
        (["--fast", "nb/x.ipynb", "3"], "nb"),
        (["nb/x.ipynb", "nb/y.ipynb"], "nb"),
        # It is unknown which of them is run, and the answer must not depend on which of them exists already.
        (["nb/x.ipynb", "out/x.ipynb"], "."),
        (["nb/x.ipynb", "other/z.ipynb"], "."),
        (["s3://bucket/x.ipynb"], "."),
        (["nowhere/x.ipynb"], "."),
        ([], "."),
    ],
)
def test_a_program_of_ones_own_may_name_one_notebook(
    project: Path, start: Start, arguments: list[str], folder: str
) -> None:
    assert locate({}, start("runs", *arguments), project).folder == project / folder


def test_a_program_that_chose_the_kernels_folder_is_believed(project: Path, start: Start) -> None:
    # nbval starts each kernel in its notebook's folder.
    assert locate({}, start("pytest", "--nbval", "nb/x.ipynb", "other"), project / "other").folder == project / "other"


@pytest.mark.parametrize("told", [{}, {"JPY_PARENT_PID": "x"}, {"JPY_PARENT_PID": "0"}, {"JPY_PARENT_PID": "9" * 12}])
def test_a_kernel_without_a_known_parent_lies_where_it_was_started(project: Path, told: dict[str, str]) -> None:
    assert locate({}, told, project) == Place(project, project)


def test_a_library_is_seen_from_the_notebook(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert library_folder(None) == project / "dreams"
    assert library_folder("results") == project / "results"
    monkeypatch.setenv("DREAM_NB_LIBRARY", "elsewhere")
    assert library_folder(None) == project / "elsewhere"
    assert not is_fixed(None)


@pytest.mark.parametrize(("library", "variable"), [("~/dreams", ""), (Path("~/dreams"), ""), (None, "~/dreams")])
def test_the_home_folder_counts_in_a_library(
    project: Path, monkeypatch: pytest.MonkeyPatch, library: Path | str | None, variable: str
) -> None:
    monkeypatch.setenv("HOME", str(project / "home"))
    monkeypatch.setenv("DREAM_NB_LIBRARY", variable)
    assert library_folder(library) == project / "home" / "dreams"
    assert is_fixed(library)


@pytest.mark.parametrize(
    "library",
    ["s3://bucket/dreams", Path("s3://bucket/dreams"), "file:///tmp/dreams", "HTTPS://host/x", "simplecache::s3://b/x"],
)
def test_a_library_that_is_a_url_is_refused_and_makes_no_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch, library: Path | str
) -> None:
    before = sorted(project.rglob("*"))
    with pytest.raises(
        ConfigurationError, match=r"is a URL, but a library must be a folder on this machine: set its path"
    ):
        Session(library, "studio")
    monkeypatch.setenv("DREAM_NB_LIBRARY", str(library))
    with pytest.raises(ConfigurationError, match="is a URL"):
        Session(None, "studio")
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize("library", ["s3://ada:word@bucket/x?sign=word", Path("s3://ada:word@bucket/x?sign=word")])
def test_a_url_is_told_without_its_password(library: Path | str) -> None:
    with pytest.raises(ConfigurationError, match="bucket/x' is a URL") as caught:
        library_folder(library)
    assert "word" not in str(caught.value)


def test_a_setting_that_is_a_url_is_refused_where_it_is_set(project: Path) -> None:  # noqa: ARG001 - for its folder
    try:
        with pytest.raises(ConfigurationError, match="is a URL"):
            configure_default_session("library", "s3://bucket/dreams")
    finally:
        forget_default_settings()


def test_a_library_of_an_unknown_user_is_refused(project: Path) -> None:
    with pytest.raises(ConfigurationError, match="is in the home folder of an unknown user"):
        library_folder("~nobody-of-that-name/dreams")
    assert library_folder("./~dreams") == project / "~dreams"
