"""Runs Python programs and waits until they have ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 240
"""A program that runs longer than this hangs, even on a busy machine."""


@dataclass(frozen=True)
class Ended:
    """The exit status and the output of a program."""

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
    """Run Python until it ends, with the studio drawing small. A run that does not end in time fails the test.

    Args:
        folder: its working directory.
        arguments: the arguments of the interpreter.
        source: its standard input.
        environment: variables in addition to those of this process.
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
