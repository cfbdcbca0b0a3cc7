"""Defines and runs benchmarks. This project and its peer run in turn, so that both see the same load of the machine."""

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
"""What this project took and what its peer took; None if there is no peer, or if it was not measured."""

Tell = Callable[[str], None]

_TENFOLD: Final = (0.1, 1, 10)


class SkipBenchError(Exception):
    """Something that a benchmark needs is missing on this machine."""


class Once(Protocol):
    """Measures once."""

    def __call__(self, *, beside: bool) -> Mapping[str, Pair]:
        """The figures by name; with `beside`, also those of the peer."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        what: what was measured.
        beside: the peer that it is compared with.
        unit: the unit of both numbers: "s", "MB", …
        target: the limit to keep, or None if the figure is only informative.
        of: what the target limits: the "ratio" to the peer, or this project's own number ("value").
        at_least: whether the target is a lower bound.
        every_run: whether every run has to meet the target, not only the median; for promises about each file.
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
        name: its name on the command line.
        figures: the figures that it measures, by name.
        prepare: given an empty folder and a size, returns a context manager of what measures once.
        size: the default size.
        tiny: the size of a smoke test.
        repeats: how often to measure; less often if the figures vary little or take long.
        grows: the figures whose growth with the size is measured.
        counted: what the size counts.
        is_long: whether it runs only if it is named.
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
    """The measurements of one figure.

    Attributes:
        bench: the benchmark's name.
        figure: the figure.
        pairs: the numbers of each run.
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
        """The median of the peer, or None if there is none."""
        others = [other for _, other in self.pairs if other is not None]
        return statistics.median(others) if others else None

    @property
    def ratios(self) -> list[float]:
        """The ratio of this project to its peer, for each run."""
        return [own / other for own, other in self.pairs if other]

    @property
    def judged(self) -> list[float]:
        """The numbers that the target limits, for each run."""
        return self.ratios if self.figure.of == "ratio" else [own for own, _ in self.pairs]

    @property
    def is_met(self) -> bool | None:
        """Whether the median, or every run, meets the target; None if there is no target."""
        figure = self.figure
        if figure.target is None or not self.judged:
            return None
        worst = min(self.judged) if figure.at_least else max(self.judged)
        counts = worst if figure.every_run else statistics.median(self.judged)
        return counts >= figure.target if figure.at_least else counts <= figure.target

    def document(self) -> dict[str, Any]:
        """The result as JSON."""
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
        figure: the figure.
        counted: what the sizes count.
        costs: the cost at each size.
    """

    bench: str
    figure: Figure
    counted: str
    costs: Mapping[int, float]

    @property
    def exponent(self) -> float:
        """The slope of log cost over log size, by least squares: 1 means proportional."""
        points = [(math.log(size), math.log(max(cost, 1e-9))) for size, cost in self.costs.items()]
        return statistics.linear_regression(*zip(*points, strict=True)).slope

    def document(self) -> dict[str, Any]:
        """The growth as JSON."""
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
        bench: the benchmark.
        size: the size to measure.
        repeats: how often to measure.
        tell: called with each line of progress.

    Raises:
        SkipBenchError: the benchmark cannot run on this machine.
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
        bench: the benchmark.
        sizes: the sizes to measure.
        repeats: how often to measure each size.
        tell: called with each line of progress.
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
