"""The progress of a job as one line in a terminal: its state, a bar, and the elapsed and the remaining time."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from dream_nb.results.pending import Pending

if TYPE_CHECKING:
    from rich.progress import Progress

# A smaller fraction says little about the whole.
_TELLING: Final = 0.15
_WIDEST_TITLE: Final = 40


@contextmanager
def follow(job: Pending[Any], *, through_kernel: bool = False) -> Iterator[None]:
    """Show the progress of a job while the body waits for it, and remove it afterwards.

    Nothing is shown if standard error is not a terminal, or one that cannot return to the start of a line.

    Args:
        job: the job that the body waits for.
        through_kernel: whether another program, which started this kernel, writes the output to its terminal.
    """
    if not (through_kernel or sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        yield
        return
    with _line(job) as line:
        task = line.add_task("", total=None)

        def tell(job: Pending[Any]) -> None:
            fraction = job.progress.fraction
            line.update(task, total=None if fraction is None else 1.0, completed=fraction or 0.0)

        job.on_change(tell)
        try:
            yield
        finally:
            job.off_change(tell)


def _line(job: Pending[Any]) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task
    from rich.text import Text

    class Words(ProgressColumn):
        """A text that is computed each time it is shown."""

        def __init__(self, say: Callable[[], str]) -> None:
            super().__init__()
            self._say = say

        def render(self, task: Task) -> Text:  # noqa: ARG002 - rich passes it
            return Text(self._say(), no_wrap=True, overflow="ellipsis")

    title = " ".join(job.title.split())
    short = title if len(title) <= _WIDEST_TITLE else f"{title[: _WIDEST_TITLE - 1]}…"
    # Other output of cells and programs must stay where it is: rich would move it to another stream.
    return Progress(
        Words(lambda: short),
        BarColumn(bar_width=20),
        Words(lambda: told(job)),
        console=Console(file=sys.stderr, force_terminal=True, force_jupyter=False),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def told(job: Pending[Any]) -> str:
    """Return the state of a job, the fraction done, and the elapsed and the remaining time: "dreaming 40% 0:12".

    Args:
        job: the job.
    """
    progress = job.progress
    left = remaining(job.seconds, progress.fraction, job.expected)
    parts = [
        progress.state,
        "" if progress.fraction is None else f"{progress.fraction:.0%}",
        clock(job.seconds),
        "" if left is None else f"about {clock(math.ceil(left))} to go",
        progress.note,
    ]
    return "  ".join(filter(None, parts))


def remaining(seconds: float, fraction: float | None, expected: float | None) -> float | None:
    """Return the estimated remaining time in seconds; None if it cannot be estimated.

    Args:
        seconds: the elapsed time in seconds.
        fraction: the fraction done, from 0 to 1, or None.
        expected: the seconds that such a request usually takes, or None.
    """
    if fraction == 1:
        return None
    is_late = expected is None or seconds > expected
    if fraction is not None and fraction > _TELLING and is_late:
        return seconds * (1 - fraction) / fraction
    return expected - seconds if expected is not None and not is_late else None


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds: "1:05".

    Args:
        seconds: the number of seconds.
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
