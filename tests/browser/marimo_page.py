"""A real marimo, which edits a notebook or runs it as an app."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from tests.browser.lab import free_port, serve

# These settings replace the user's; a notebook runs as soon as it is opened.
_SETTINGS: Final = """[runtime]
auto_instantiate = true

[ai]

[display]
theme = "{theme}"
"""
_CELL: Final = """

@app.cell
def _({given}):
{body}
    return{made}
"""


def write_marimo(path: Path, *cells: str) -> Path:
    """Write a notebook of these cells, each of which can use `dream_nb` and the variables of those before it.

    Args:
        path: the file to write.
        *cells: the sources. A cell defines a variable by `name = …` at the beginning of a line.
    """
    text, known = "import marimo\n\napp = marimo.App()\n", list[str]()
    for source in ("import dream_nb", *cells):
        lines = source.splitlines()
        made = [line.split(" = ")[0] for line in lines if " = " in line and line.split(" = ")[0].isidentifier()]
        made += ["dream_nb"] if source == "import dream_nb" else []
        given = [name for name in known if name in source]
        body = "\n".join(f"    {line}" for line in lines)
        text += _CELL.format(given=", ".join(given), body=body, made=f" ({', '.join(made)},)" if made else "")
        known += made
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{text}\n\nif __name__ == "__main__":\n    app.run()\n', encoding="utf-8")
    return path


@contextlib.contextmanager
def serve_marimo(
    notebook: Path, state: Path, mode: Literal["edit", "run"], *, theme: str = "light", **variables: str
) -> Iterator[str]:
    """Serve this notebook with marimo on loopback; yields its URL. marimo starts outside the notebook's folder.

    Args:
        notebook: a marimo notebook.
        state: the folder of its settings and its log.
        mode: "edit" to edit the notebook, "run" to run it as an app.
        theme: "light" or "dark".
        **variables: further environment variables.
    """
    settings = state / "config" / "marimo" / "marimo.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(_SETTINGS.format(theme=theme), encoding="utf-8")
    kept = {"XDG_CONFIG_HOME": str(state / "config"), "XDG_CACHE_HOME": str(state / "cache")}
    kept |= {"XDG_STATE_HOME": str(state / "state"), "XDG_DATA_HOME": str(state / "data")}
    port = free_port()
    options = ["--headless", "--no-token", "--host=127.0.0.1", f"--port={port}"]
    options += ["--skip-update-check"] if mode == "edit" else []
    command = ["-m", "marimo", "--quiet", mode, str(notebook), *options]
    environment = os.environ | kept | {"PYTHONPATH": os.pathsep.join(_paths())} | variables
    with serve(command, f"http://127.0.0.1:{port}", "/health", state / "marimo.log", environment) as url:
        yield url


def _paths() -> list[str]:
    # A clone that is not installed must be importable from any working directory.
    return [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
