"""Writes `binder/constraints.txt`, the versions that Binder installs: `python -m tests.pins`."""

from __future__ import annotations

import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = "# Written by `python -m tests.pins`: what pip chose for `.[lab]`, tried by tests/test_binder.py.\n"


def main() -> None:
    """Install `.[lab]` into a new environment, and write down the versions in it."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", ".[lab]"], cwd=ROOT, check=True
        )
        freeze = [python, "-I", "-m", "pip", "freeze", "--exclude", "dream_nb"]
        pins = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout
    (ROOT / "binder" / "constraints.txt").write_text(HEAD + pins, encoding="utf-8")


if __name__ == "__main__":
    main()
