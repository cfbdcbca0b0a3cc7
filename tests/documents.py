"""Sphinx projects whose documents include notebooks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

SECONDS: Final = 300
EXTENSION: Final = "dream_nb.built_pages"
SAVED: Final = {"myst_nb": 'nb_execution_mode = "off"', "nbsphinx": 'nbsphinx_execute = "never"'}
"""Extensions that read notebooks, and their settings for showing saved outputs."""
EXECUTED: Final = {
    "myst_nb": 'nb_execution_mode = "force"\nnb_execution_timeout = 240\nnb_execution_raise_on_error = True',
    "nbsphinx": 'nbsphinx_execute = "always"\nnbsphinx_timeout = 240',
}
"""The same extensions, and their settings for running the notebooks."""
_ADDRESS: Final = re.compile(r'(?:src|href)="((?!data:|https?:)[^"]*\.(?:mp4|jpg|png|gif|webp))"')


@dataclass(frozen=True)
class Built:
    """The result of a Sphinx build.

    Attributes:
        folder: the folder of the pages.
        warnings: the warnings of Sphinx.
    """

    folder: Path
    warnings: str

    def addresses(self, page: str) -> list[str]:
        """The addresses of pictures and videos on a page, without data URLs and addresses on the web."""
        return _ADDRESS.findall((self.folder / page).read_text(encoding="utf-8"))

    def file(self, page: str, address: str) -> Path:
        """The file that an address on a page leads to."""
        return Path(os.path.normpath((self.folder / page).parent / unquote(address)))

    def media(self) -> set[str]:
        """The names of all pictures and videos among the pages, without those of the theme."""
        files = self.folder.rglob("*")
        found = {file for file in files if file.suffix in {".mp4", ".jpg", ".png", ".gif", ".webp"}}
        return {file.name for file in found if "_static" not in file.parts}


def write_project(folder: Path, *extensions: str, settings: str = "") -> None:
    """Make a folder a Sphinx project with these extensions and ours; all documents in the folder belong to it."""
    listed = ", ".join(repr(one) for one in (*extensions, EXTENSION))
    (folder / "conf.py").write_text(f"project = 'lakes'\nextensions = [{listed}]\n{settings}\n", encoding="utf-8")
    index = "Lakes\n=====\n\n.. toctree::\n   :glob:\n\n   *\n   */*\n"
    (folder / "index.rst").write_text(index, encoding="utf-8")


def build(project: Path, builder: str = "html") -> Built:
    """Build a project into a folder beside its own."""
    out = project.parent / f"{project.name}-built" / builder
    command = [sys.executable, "-m", "sphinx", "-q", "-b", builder, "-d", str(out.parent / "doctrees")]
    done = subprocess.run(
        [*command, str(project), str(out)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return Built(out, done.stderr)
