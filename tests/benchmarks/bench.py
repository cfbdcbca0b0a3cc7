"""What a benchmark is, and how it is run: this project and the other in turn, so that both see one machine."""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

Pair = tuple[float, float | None]
"""What this project took, and what the other took; None where there is no other, or where it was not asked for."""

Tell = Callable[[str], None]

_TENFOLD: Final = (0.1, 1, 10)


class SkipBenchError(Exception):
    """What it needs is not on this machine."""


class Once(Protocol):
    """Measures once."""

    def __call__(self, *, beside: bool) -> Mapping[str, Pair]:
        """The figures by their names; with `beside` also those of the other."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        what: was measured.
        beside: what it stands beside.
        unit: of both numbers: "s", "MB", …
        target: the limit that the issue of the table sets, or None where the figure only informs.
        of: what the target limits: the "ratio" to the other, or this project's own number ("value").
        at_least: whether the target is a lower bound.
        every_run: whether each run has to keep the target, instead of the median: what is promised of each file.
    """

    what: str
    beside: str
    unit: str
    target: float | None = None
    of: Literal["ratio", "value"] = "ratio"
    at_least: bool = False
    every_run: bool = False


@dataclass(frozen=True, slots=True)
class Bench:
    """A benchmark.

    Attributes:
        name: on the command line.
        figures: what it measures, by name.
        prepare: in an empty folder and for a size, gives what measures once.
        size: how many of what it counts.
        tiny: the size of a smoke run.
        repeats: how often it is measured; what varies little, or takes long, less often.
        grows: the figures of which the growth with the size is asked.
        counted: what the size counts.
        is_long: whether it is only run when it is named.
    """

    name: str
    figures: Mapping[str, Figure]
    prepare: Callable[[Path, int], AbstractContextManager[Once]]
    size: int
    tiny: int
    repeats: int = 5
    grows: Sequence[str] = ()
    counted: str = ""
    is_long: bool = False


@dataclass(slots=True)
class Result:
    """What came of one figure.

    Attributes:
        bench: the benchmark's name.
        figure: which.
        pairs: of each run.
    """

    bench: str
    figure: Figure
    pairs: list[Pair] = field(default_factory=list)

    @property
    def own(self) -> float:
        """The median of this project."""
        return statistics.median(own for own, _ in self.pairs)

    @property
    def other(self) -> float | None:
        """The median of the other, where there is one."""
        others = [other for _, other in self.pairs if other is not None]
        return statistics.median(others) if others else None

    @property
    def ratios(self) -> list[float]:
        """This project in units of the other, run by run."""
        return [own / other for own, other in self.pairs if other]

    @property
    def judged(self) -> list[float]:
        """What the target limits, run by run."""
        return self.ratios if self.figure.of == "ratio" else [own for own, _ in self.pairs]

    @property
    def is_met(self) -> bool | None:
        """Whether the median, or every run, keeps the target; None where there is none."""
        figure = self.figure
        if figure.target is None or not self.judged:
            return None
        worst = min(self.judged) if figure.at_least else max(self.judged)
        counts = worst if figure.every_run else statistics.median(self.judged)
        return counts >= figure.target if figure.at_least else counts <= figure.target

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.bench,
            "what": self.figure.what,
            "beside": self.figure.beside,
            "unit": self.figure.unit,
            "own": self.own,
            "other": self.other,
            "ratio": statistics.median(self.ratios) if self.ratios else None,
            "target": self.figure.target,
            "target_of": self.figure.of,
            "target_is_lower_bound": self.figure.at_least,
            "met": self.is_met,
            "runs": self.pairs,
        }


@dataclass(frozen=True, slots=True)
class Growth:
    """How the cost of this project grows.

    Attributes:
        bench: the benchmark's name.
        figure: which.
        counted: what the sizes count.
        costs: by size.
    """

    bench: str
    figure: Figure
    counted: str
    costs: Mapping[int, float]

    @property
    def exponent(self) -> float:
        """The slope of the cost over the size, both in logarithms, by least squares: 1 is proportional."""
        points = [(math.log(size), math.log(max(cost, 1e-9))) for size, cost in self.costs.items()]
        return statistics.linear_regression(*zip(*points, strict=True)).slope

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.bench,
            "what": self.figure.what,
            "unit": self.figure.unit,
            "counted": self.counted,
            "costs": {str(size): cost for size, cost in self.costs.items()},
            "exponent": self.exponent,
        }


def run(bench: Bench, size: int, repeats: int, tell: Tell) -> list[Result]:
    """Measure a benchmark.

    Args:
        bench: which.
        size: of what it counts.
        repeats: how often.
        tell: is told how far it is.

    Raises:
        SkipBenchError: it cannot be run here.
    """
    results = {name: Result(bench.name, figure) for name, figure in bench.figures.items()}
    with tempfile.TemporaryDirectory(prefix="dream_nb-bench-") as folder, bench.prepare(Path(folder), size) as once:
        for number in range(repeats):
            began = time.monotonic()
            pairs = once(beside=True)
            for name, pair in pairs.items():
                results[name].pairs.append(pair)
            shown = ", ".join(f"{name} {_short(pair)}" for name, pair in pairs.items())
            tell(f"{bench.name} {number + 1}/{repeats}: {shown} ({time.monotonic() - began:.0f} s)")
    return [result for result in results.values() if result.pairs]


def grow(bench: Bench, sizes: Sequence[int], repeats: int, tell: Tell) -> list[Growth]:
    """Measure this project alone at several sizes.

    Args:
        bench: which.
        sizes: of what it counts.
        repeats: how often each.
        tell: is told how far it is.
    """
    costs: dict[str, dict[int, float]] = {name: {} for name in bench.grows}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="dream_nb-bench-") as folder, bench.prepare(Path(folder), size) as once:
            runs = [once(beside=False) for _ in range(repeats)]
        for name in bench.grows:
            costs[name][size] = statistics.median(pairs[name][0] for pairs in runs)
        tell(f"{bench.name} at {size:,}: " + ", ".join(f"{name} {costs[name][size]:.3g}" for name in bench.grows))
    return [Growth(bench.name, bench.figures[name], bench.counted, of) for name, of in costs.items()]


def sizes_of(size: int) -> list[int]:
    """A tenth, one, and ten times the size."""
    return [max(1, round(part * size)) for part in _TENFOLD]


def _short(pair: Pair) -> str:
    own, other = pair
    return f"{own:.3g}" if other is None else f"{own:.3g} : {other:.3g}"
