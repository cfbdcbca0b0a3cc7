"""The house stands as the design says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dream_nb

PACKAGE = Path(dream_nb.__file__).parent
README = PACKAGE.parent / "README.md"

# Lower rooms first: a room imports from those before it, and from itself.
FLOORS = [
    "installation",
    "lifetime",
    "workers",
    "api",
    "files",
    "sqlite",
    "place",
    "studio",
    "requests",
    "backends",
    "library",
    "jobs",
    "results",
    "running",
    "lookup",
    "claims",
    "session",
    "default",
    "notebook",
]
MAY_IMPORT = {
    "sqlite": {"api"},
    "installation": set(),
    "lifetime": set(),
    "workers": {"lifetime"},
    "api": {"lifetime"},
    "files": {"api"},
    "place": {"api", "files"},
    "studio": {"api", "sqlite", "installation", "files", "workers"},
    "requests": {"api"},
    "backends": {"api", "files", "installation", "requests", "studio", "workers"},
    "library": {"api", "backends", "files", "installation", "lifetime", "requests", "sqlite"},
    "jobs": {"api", "backends", "library", "requests", "sqlite", "studio", "workers"},
    "results": {"api", "backends", "jobs", "library", "requests", "lifetime", "files", "place", "workers"},
    "running": {"api", "jobs", "library", "results"},
    "lookup": {"api", "backends", "jobs", "library", "requests", "results", "running"},
    "claims": {"api", "jobs", "library", "lookup", "requests", "results", "running"},
    "session": {
        "api",
        "backends",
        "claims",
        "jobs",
        "library",
        "lifetime",
        "lookup",
        "place",
        "requests",
        "results",
        "running",
        "workers",
    },
    "default": {"api", "backends", "jobs", "library", "lookup", "requests", "place", "results", "session"},
    "notebook": {"api", "backends", "default", "jobs", "library", "requests", "files", "results", "session", "workers"},
}
# Each is an import inside the one function that needs it.
EXCEPTIONS = {
    ("results/storyboard.py", "default"),
    ("results/dreams.py", "notebook"),
    ("results/sweep.py", "notebook"),
}

HEAVY = ["numpy", "av", "PIL", "starlette", "ipywidgets", "anywidget", "httpx2", "pydantic", "IPython"]


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(node: ast.AST) -> set[str]:
    names: list[str] = []
    if isinstance(node, ast.ImportFrom) and node.module:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("dream_nb.")}


def test_imports_run_downwards() -> None:
    wrong = [
        f"{name}:{node.lineno} imports {other}"
        for path in PACKAGE.rglob("*.py")
        if room(path) != "__init__"
        for name in [path.relative_to(PACKAGE).as_posix()]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for other in imported_rooms(node) - {room(path), "__version__"} - MAY_IMPORT[room(path)]
        if (name, other) not in EXCEPTIONS
    ]
    assert wrong == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    source = f"import dream_nb, sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_pytest_plugin_loads_nothing_heavy() -> None:
    source = f"import dream_nb.notebook.validation, sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_loading_the_extension_loads_neither_arrays_nor_media_nor_widgets() -> None:
    source = (
        "from IPython.core.interactiveshell import InteractiveShell; import sys; before = set(sys.modules);"
        "InteractiveShell.instance().run_line_magic('load_ext', 'dream_nb');"
        "heavy = {'numpy', 'av', 'PIL', 'starlette', 'uvicorn', 'ipywidgets', 'anywidget', 'loky'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", dream_nb.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(dream_nb, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = dream_nb.nothing


def test_every_environment_variable_is_in_the_readme() -> None:
    used: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        used |= set(re.findall(r"\b(?:DREAM_NB|LUMAAI)_[A-Z_]+\b", path.read_text(encoding="utf-8")))
    assert {name for name in used if f"`{name}`" not in README.read_text(encoding="utf-8")} == set()
