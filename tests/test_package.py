"""The package follows its layout: imports go in one direction, and light modules stay light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import dream_nb

PACKAGE = Path(dream_nb.__file__).parent
GUIDE = PACKAGE.parent / "notebooks" / "README.md"

# Each part imports only from those before it. The table of public names in `__init__` comes last.
PARTS = [
    "version",
    "systems",
    "installation",
    "lifetime",
    "api",
    "files",
    "tutorial_files",
    "marimo_kernel",
    "place",
    "front_ends",
    "sqlite",
    "workers",
    "cluster",
    "media",
    "studio",
    "html",
    "built_pages",
    "requests",
    "backends",
    "library",
    "jobs",
    "results",
    "terminal",
    "running",
    "replay",
    "lookup",
    "claims",
    "session",
    "default",
    "storyboard",
    "lines",
    "notebook",
    "command_line",
    "__main__",
]

HEAVY = ["numpy", "av", "PIL", "starlette", "ipywidgets", "anywidget", "httpx2", "pydantic", "rich", "IPython"]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"}


def part_of(module: str) -> str:
    return module.split(".")[1]


def imported(tree: ast.AST) -> set[str]:
    """The modules of this package that a piece of code imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            several = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else node.module for name in several}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names & MODULES.keys()


def imports_of(module: str) -> tuple[set[str], set[str]]:
    """The modules that a module imports at run time, and those that it imports only for types."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    typed = set[str]().union(*(imported(statement) for block in blocks for statement in block.body))
    for block in blocks:
        block.body = [ast.Pass()]
    return imported(tree), typed


def test_imports_run_one_way() -> None:
    imports = {module: imports_of(module) for module in MODULES}
    wrong = [
        f"{module} imports {other}, which is above it"
        for module, (running, typed) in imports.items()
        for other in running | typed
        if PARTS.index(part_of(other)) > PARTS.index(part_of(module))
    ]
    assert wrong == []
    # This raises if modules import each other in a cycle; within a folder, imports for types may.
    TopologicalSorter({module: running - {module} for module, (running, _) in imports.items()}).prepare()


def test_only_the_results_use_the_table_of_public_names() -> None:
    # `grid` and `map` return widgets, which depend on results.
    using = [
        module
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name == "dream_nb" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "dream_nb" and _is_name(node))
    ]
    assert sorted(using) == ["dream_nb.results.dreams", "dream_nb.results.sweep"]


def _is_name(node: ast.ImportFrom) -> bool:
    return any(f"dream_nb.{alias.name}" not in MODULES for alias in node.names)


@pytest.mark.parametrize("inside", [True, False])
def test_no_module_name_is_there_twice(inside: bool) -> None:
    studio = PACKAGE / "studio"
    paths = [path for path in MODULES.values() if path.is_relative_to(studio) == inside and path.stem != "__init__"]
    assert sorted(name for name, count in Counter(path.stem for path in paths).items() if count > 1) == []


def test_no_public_class_name_is_there_twice() -> None:
    names = Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert sorted(name for name, count in names.items() if count > 1) == []


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
        if node.end_lineno - node.lineno + 1 > 60
    ]
    assert long == []


def test_no_function_of_a_widget_script_is_longer_than_60_lines() -> None:
    long = []
    for path in PACKAGE.rglob("*.js"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for begin, line in enumerate(lines):
            # A function ends at the next line that is indented like its first one and closes a brace.
            if match := re.match(r"( *)(?:export |async )*(?:function\b.*|\S.*(?:=>|\)) )\{$", line):
                end = next(at for at in range(begin + 1, len(lines)) if lines[at].startswith(f"{match[1]}}}"))
                if end - begin + 1 > 60:
                    long.append(f"{path.relative_to(PACKAGE)}: {line.strip()}")
    assert long == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    source = f"import dream_nb, sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_pytest_plugin_loads_nothing_heavy() -> None:
    source = f"import dream_nb.notebook.pytest_plugin, sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_loading_the_extension_loads_neither_arrays_nor_media_nor_widgets() -> None:
    source = (
        "from IPython.core.interactiveshell import InteractiveShell; import sys; before = set(sys.modules);"
        "InteractiveShell.instance().run_line_magic('load_ext', 'dream_nb');"
        "heavy = {'numpy', 'av', 'PIL', 'starlette', 'uvicorn', 'ipywidgets', 'anywidget', 'loky', 'rich'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", dream_nb.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(dream_nb, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = dream_nb.nothing


def test_every_environment_variable_is_in_the_guide() -> None:
    used: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        used |= set(re.findall(r"\b(?:DREAM_NB|LUMAAI)_[A-Z_]+\b", path.read_text(encoding="utf-8")))
    assert {name for name in used if f"`{name}`" not in GUIDE.read_text(encoding="utf-8")} == set()
