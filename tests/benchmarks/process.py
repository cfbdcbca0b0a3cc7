"""Runs separate processes, and measures what they took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that has ended.

    Attributes:
        wall: seconds from start to end.
        cpu: seconds of processor time, including its children's.
        megabytes: its peak memory.
        output: the last line of its output as JSON, or None.
    """

    wall: float
    cpu: float
    megabytes: float
    output: Any


def environment(**changes: str) -> dict[str, str]:
    """This process's variables without keys, with the studio chosen, this checkout importable, and these changes."""
    kept = {
        name: value
        for name, value in os.environ.items()
        # Without it, the state of this user's installation would be used.
        if name == "DREAM_NB_STATE" or not name.startswith(("LUMAAI_", "LUMA_", "DREAM_NB_"))
    }
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return kept | {"DREAM_NB_BACKEND": "studio", "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"} | changes


def python(*arguments: str | Path, cwd: Path, variables: Mapping[str, str] | None = None) -> Ran:
    """Run this Python with arguments.

    Raises:
        RuntimeError: the program failed; the message has the end of its standard error.
    """
    return command([sys.executable, *map(str, arguments)], cwd, variables)


def command(arguments: Sequence[str], cwd: Path, variables: Mapping[str, str] | None = None) -> Ran:
    """Run a program; see `python`."""
    began = time.perf_counter()
    with (cwd / "stderr.txt").open("wb") as errors:
        process = subprocess.Popen(
            arguments,
            cwd=cwd,
            env=environment(**(variables or {})),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        with process.stdout:
            output = process.stdout.read()
        # Unlike `wait`, this also returns the resources that the process used.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
    wall = time.perf_counter() - began
    if process.returncode:
        said = (cwd / "stderr.txt").read_text(errors="replace")
        raise RuntimeError(f"{Path(arguments[0]).name} {' '.join(arguments[1:3])[:80]}: …{said[-600:]}")
    last = output.strip().rpartition("\n")[2]
    return Ran(
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        json.loads(last) if last[:1] in {"{", "["} else None,
    )


@contextmanager
def serving(module: str, *arguments: str | Path, cwd: Path) -> Iterator[tuple[str, int]]:
    """Run a server module whose first line of output is its origin; it is killed at the end.

    Yields:
        The origin and the process id.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        origin = process.stdout.readline().strip()
        if not origin.startswith("http://127.0.0.1:"):
            raise RuntimeError(f"{module} does not serve: {origin!r}")
        yield origin, process.pid
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
