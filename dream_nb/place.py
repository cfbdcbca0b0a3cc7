"""The folder of the running notebook, and of the library that belongs to it.

Each front end tells a kernel the notebook's path in a different way, and programs that run notebooks without a front
end do not tell it at all. Some start the kernel in the notebook's folder, others in their own. The library must not
depend on this.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

from dream_nb import systems
from dream_nb.api.errors import ConfigurationError
from dream_nb.files import given_path
from dream_nb.marimo_kernel import marimo_folder

if TYPE_CHECKING:
    import psutil

_SUFFIX: Final = ".ipynb"
# A Windows drive has one letter. A Path turns "s3://bucket" into "s3:/bucket".
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_ANY_URL: Final = "://"
# The number of values that follow those options of papermill that take any.
_PAPERMILL: Final = {
    "-p": 2, "--parameters": 2, "-r": 2, "--parameters_raw": 2, "-f": 1, "--parameters_file": 1, "-y": 1,
    "--parameters_yaml": 1, "-b": 1, "--parameters_base64": 1, "--engine": 1, "--autosave-cell-every": 1, "-k": 1,
    "--kernel": 1, "-l": 1, "--language": 1, "--cwd": 1, "--stdout-file": 1, "--stderr-file": 1, "--log-level": 1,
    "--start-timeout": 1, "--start_timeout": 1, "--execution-timeout": 1,
}  # fmt: skip
_SERVERS: Final = frozenset(
    {"jupyter-lab", "jupyter-labhub", "jupyter-nbclassic", "jupyter-notebook", "jupyter-server", "jupyter-voila",
     "jupyterhub-singleuser", "jupyterlab", "jupyter_server", "nbclassic", "notebook", "voila"}
)  # fmt: skip
_INTERPRETER_OPTION: Final = re.compile(r"-[bBdEiIOPqsSuvx]*(?P<kind>[mc])(?P<value>.*)", re.DOTALL)
_MODULES: Final = {"nbconvert": "jupyter-nbconvert"}
_EXECUTE: Final = ("--output", "--NbClientApp.output_base")
_NBCONVERT: Final = ("--output", "--NbConvertApp.output_base")
_NBCONVERT_FOLDER: Final = ("--output-dir", "--FilesWriter.build_directory")


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a notebook.

    Attributes:
        folder: the notebook's folder.
        output: the folder of the notebook or page that its outputs are written to; files are referred to from there.
    """

    folder: Path
    output: Path


@dataclass(frozen=True, slots=True)
class _Command:
    """The command that started a process.

    Attributes:
        program: the name of the program or module, without a suffix; empty if it is neither.
        arguments: the arguments after it.
        folder: the working directory, which paths in the arguments are relative to.
        shell_folder: the working directory in which the process was started, if its shell recorded it; otherwise None.
        reads_pipe: whether its standard input is a pipe, as far as the system says.
    """

    program: str
    arguments: Sequence[str]
    folder: Path
    shell_folder: Path | None = None
    reads_pipe: bool = False


def find_place() -> Place:
    """Return the place of the notebook that runs in this process; outside of a kernel, the working directory.

    In marimo, marimo knows it. Otherwise the first of these that is known is used: `__vsc_ipynb_file__`, which VS Code
    sets; `JPY_SESSION_NAME`, which a Jupyter server sets, if it is a file; the notebook on the command line of the
    process that started the kernel; the working directory in which the kernel was started, ignoring later uses of
    `%cd`. It does not change as long as the kernel runs.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        here = marimo_folder() or Path.cwd()
        return Place(here, here)
    return _of_kernel(shell)


@lru_cache(maxsize=1)
def _of_kernel(shell: Any) -> Place:
    return locate(shell.user_ns, os.environ, Path(shell.starting_dir))


def starter() -> str:
    """Return the name of the program or module that started this kernel; empty outside of one, or if it is unknown."""
    parent = _parent(os.environ)
    command = _command(parent) if parent is not None else None
    return command.program if command is not None else ""


def library_folder(library: Path | str | None) -> Path:
    """Return the folder of a library.

    Args:
        library: a folder relative to the notebook's; by default `DREAM_NB_LIBRARY`, or else "dreams".

    Raises:
        ConfigurationError: it is a URL, or in the home folder of an unknown user.
    """
    return find_place().folder / _chosen(library)


def is_fixed(library: Path | str | None) -> bool:
    """Return whether the user gave an absolute path of a library, which does not depend on the notebook's folder.

    Args:
        library: the folder, as for `library_folder`.
    """
    return _chosen(library).is_absolute()


def _chosen(library: Path | str | None) -> Path:
    given = library or os.environ.get("DREAM_NB_LIBRARY") or "dreams"
    text = os.fspath(given)
    if _URL.match(text) or _ANY_URL in text:
        # It may contain a password, or a signature.
        shown = re.sub(r"(:/+)[^/@]*@", r"\1…@", text.partition("?")[0])
        raise ConfigurationError(
            f"the library {shown!r} is a URL, but a library must be a folder on this machine: set its path with "
            "DREAM_NB_LIBRARY or Session(library=…), such as ~/dreams"
        )
    path = given_path(given)
    if text.startswith("~") and not path.is_absolute():
        raise ConfigurationError(
            f"the library {text!r} is in the home folder of an unknown user: give its absolute path, or ./{text}"
        )
    return path


def locate(variables: Mapping[str, Any], environment: Mapping[str, str], started: Path) -> Place:
    """Return the place of a kernel's notebook.

    Args:
        variables: the variables of the notebook.
        environment: the environment of the kernel's process.
        started: the working directory in which the kernel was started.
    """
    file = _file(variables.get("__vsc_ipynb_file__"), started)
    if file is not None:
        return Place(file.parent, file.parent)
    parent = _parent(environment)
    file = _file(environment.get("JPY_SESSION_NAME"), started)
    # A notebook may run another one, whose kernel inherits the name of the first.
    if file is not None and environment["JPY_SESSION_NAME"] != _variable(parent, "JPY_SESSION_NAME"):
        return Place(file.parent, file.parent)
    command = _command(parent) if parent is not None else None
    return _from_command(command, started) if command is not None else Place(started, started)


def _file(name: object, folder: Path) -> Path | None:
    """The file of that name, relative to a folder; None if there is none."""
    with suppress(OSError, ValueError):
        if isinstance(name, str) and name and (path := folder / name).is_file():
            return Path(os.path.abspath(path))  # noqa: PTH100 - links stay as they are
    return None


def _from_command(command: _Command, started: Path) -> Place:
    """The place of the notebook that a program runs."""
    if command.program == "papermill":
        return _of_papermill(command, started)
    if command.program == "jupyter-execute":
        # It starts the kernel in the notebook's folder, and the path of its output is relative to that.
        return Place(started, _parent_of(_option(command.arguments, _EXECUTE), started))
    if command.program == "jupyter-nbconvert":
        folder = command.folder / (_option(command.arguments, _NBCONVERT_FOLDER) or started)
        return Place(started, _parent_of(_option(command.arguments, _NBCONVERT), folder))
    if command.program in _SERVERS:
        # A server also runs other notebooks, each in its own folder.
        return Place(started, started)
    named = {_parent_of(one, command.folder) for one in command.arguments if _is_notebook(one)}
    # A program that starts the kernel in another folder than its own has chosen that folder.
    if len(named) == 1 and _is_same(started, command.folder):
        folder = named.pop()
        started = folder if folder.is_dir() else started
    return Place(started, started)


def _of_papermill(command: _Command, started: Path) -> Place:
    files, options = _split(command.arguments, _PAPERMILL)
    # papermill changes to the folder of --cwd, but its file arguments are relative to the folder where it was started.
    folder = command.shell_folder or command.folder if "--cwd" in options else command.folder
    if len(files) == 1 and command.reads_pipe:
        files = ["-", *files]
    source, target = ([*files, "", ""])[:2]
    file = _file(source, folder)
    lies = file.parent if file is not None else started
    is_local = target not in ("", "-") and _ANY_URL not in target
    return Place(lies, _parent_of(target, folder) if is_local else lies)


def _is_notebook(argument: str) -> bool:
    return argument.lower().endswith(_SUFFIX) and not argument.startswith("-") and _ANY_URL not in argument


def _parent_of(name: str, folder: Path) -> Path:
    """The folder of a file that is given relative to a folder; that folder itself if the name is a pattern."""
    parent = os.path.dirname(name)  # noqa: PTH120 - of "" too
    return folder if "{" in parent else Path(os.path.abspath(folder / parent))  # noqa: PTH100 - links stay


def _is_same(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return False


def _option(arguments: Sequence[str], names: Sequence[str]) -> str:
    """The value of an option, given as `--name=value` or `--name value`; the last one counts."""
    value = ""
    for number, argument in enumerate(arguments):
        name, equals, rest = argument.partition("=")
        if name in names:
            value = rest if equals else next(iter(arguments[number + 1 : number + 2]), "")
    return value


def _split(arguments: Sequence[str], values: Mapping[str, int]) -> tuple[list[str], set[str]]:
    """The arguments that are not options, and the names of those that are.

    Args:
        arguments: the arguments after the program.
        values: the number of values that follow each option that takes any.
    """
    positional: list[str] = []
    options: set[str] = set()
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument == "--":
            return positional + left, options
        if not argument.startswith("-") or argument == "-":
            positional.append(argument)
            continue
        name, equals, _ = argument.partition("=")
        if not argument.startswith("--"):
            # After a single dash the value may follow without a space.
            name, equals = argument[:2], argument[2:]
        options.add(name)
        del left[: max(0, values.get(name, 0) - bool(equals))]
    return positional, options


def _parent(environment: Mapping[str, str]) -> psutil.Process | None:
    """The process that started the kernel, or None."""
    import psutil

    with suppress(KeyError, ValueError, OverflowError, psutil.Error):
        if not systems.is_windows():
            return psutil.Process(int(environment["JPY_PARENT_PID"]))
        # On Windows the variable is a handle, and the Python of a virtual environment starts another Python.
        ancestors = psutil.Process().parents()
        return next((one for one in ancestors if not any("ipykernel" in part for part in one.cmdline())), None)
    return None


def _variable(process: psutil.Process | None, name: str) -> str | None:
    """A variable in the environment of another process, or None if it cannot be read."""
    import psutil

    with suppress(psutil.Error, OSError):
        return process.environ().get(name) if process is not None else None
    return None


def _command(process: psutil.Process) -> _Command | None:
    """The command that started a process, or None if it cannot be read."""
    import psutil

    try:
        words, folder = process.cmdline(), Path(process.cwd())
    except (psutil.Error, OSError):
        return None
    shell_folder = _variable(process, "PWD")
    reads_pipe = False
    with suppress(OSError):
        reads_pipe = stat.S_ISFIFO(Path(f"/proc/{process.pid}/fd/0").stat().st_mode)
    program, arguments = _program(words)
    return _Command(program, arguments, folder, Path(shell_folder) if shell_folder else None, reads_pipe)


def _program(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The name of the program or module that a command line runs, and its arguments."""
    if not words:
        return "", ()
    name, rest = _name(words[0]), list(words[1:])
    if re.match(r"python|pypy", name):
        name, rest = _behind_interpreter(rest)
    if name == "jupyter" and rest:
        name, *rest = f"jupyter-{rest[0]}", *rest[1:]
    return name, rest


def _behind_interpreter(words: list[str]) -> tuple[str, list[str]]:
    """The script or module that Python runs, and its arguments; for code on the command line, the name is empty."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if match := _INTERPRETER_OPTION.fullmatch(word):
            value = match["value"] or (rest.pop(0) if rest else "")
            module = value.partition(".")[0]
            return {"c": "", "m": _MODULES.get(module, module)}[match["kind"]], rest
        if word in ("-W", "-X", "--check-hash-based-pycs"):
            del rest[:1]
        elif not word.startswith("-"):
            return _name(word), rest
    return "", []


def _name(program: str) -> str:
    return re.sub(r"(-script)?\.(exe|pyw?)$", "", PurePath(program).name.lower())
