"""Runs the tutorials again and saves their outputs: `python -m tests.rerun [notebooks/05_….ipynb …]`."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.environment import force_studio

FOLDER = Path(__file__).parents[1] / "notebooks"
SECONDS = 300
# The other metadata that a run leaves differs each time.
KEPT = {"tags"}


def rerun(path: Path) -> float:
    """Run a notebook in an empty folder, and save its outputs. Returns the seconds that it took."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, folder)
        began = time.monotonic()
        NotebookClient(
            notebook, resources={"metadata": {"path": folder}}, timeout=SECONDS, store_widget_state=False
        ).execute()
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in KEPT}
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    nbformat.write(notebook, path)
    return time.monotonic() - began


def main(names: Sequence[str]) -> None:
    """Run the named notebooks, or all."""
    force_studio()
    for path in map(Path, names) if names else sorted(FOLDER.glob("*.ipynb")):
        print(f"{path.name}: {rerun(path):.0f} s, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
