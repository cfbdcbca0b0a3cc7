"""Python programs that a test runs to their end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 240
"""After so long a program hangs, also on a machine that has much else to do."""


@dataclass(frozen=True)
class Ended:
    """What a program left behind."""

    code: int
    out: str
    err: str


def run(
    folder: Path,
    *arguments: str,
    source: str | None = None,
    environment: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Ended:
    """Run Python to its end, with the studio drawing small. One that does not end in time fails the test.

    Args:
        folder: its working directory.
        arguments: of the interpreter.
        source: its standard input.
        environment: variables besides those of this process.
        seconds: how long it may take.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"DREAM_NB_STUDIO_SIDE": "90"} | dict(environment or {}),
        input=source,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
