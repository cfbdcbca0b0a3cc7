"""The table of all figures, as Markdown, as JSON, and in the README beside this file."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.benchmarks.bench import Growth, Result

README: Final = Path(__file__).with_name("README.md")
_MARKED: Final = re.compile(r"(<!-- benchmarks -->\n).*?(<!-- /benchmarks -->)", re.DOTALL)
_AIM: Final = 1.1


def machine() -> str:
    """The date and the machine, without its name or paths."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} on {_processor()}, {cores} cores, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        said = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return platform.machine()
    model = re.search(r"^Model name:\s+(.+?)\s*$", said, re.MULTILINE)
    return model.group(1) if model and model.group(1) != "-" else platform.machine()


def markdown(results: Sequence[Result], growths: Sequence[Growth], missing: Sequence[tuple[str, str]]) -> str:
    """The tables as Markdown.

    Args:
        results: the lines of the table.
        growths: the lines of a second table.
        missing: the names of benchmarks that did not run, with the reasons.
    """
    lines = [
        f"{machine()}. Medians; in brackets the least and the most of all runs.",
        "",
        "| | what | dream_nb | beside | it took | ratio, or value | target | met |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | --- |",
        *map(_line, results),
    ]
    if growths:
        sizes = "a tenth, one and ten times the size"
        lines += [
            "",
            f"How the cost grows, at {sizes} (aim: an exponent of at most {_AIM}; 1 is proportional, 0 constant):",
            "",
            "| | what | sizes | cost | exponent |",
            "| --- | --- | --- | --- | ---: |",
            *map(_growth_line, growths),
        ]
    lines += [f"\n`{name}` did not run: {why}" for name, why in missing]
    return "\n".join(lines) + "\n"


def _line(result: Result) -> str:
    figure, other = result.figure, result.other
    limited = "value" if figure.of == "value" else "ratio"
    judged = result.judged
    if judged:
        spread = f" ({_number(min(judged))}–{_number(max(judged))})" if len(judged) > 1 else ""
        value = f"{_number(statistics.median(judged))}{spread}"
    else:
        value = ""
    target = ""
    if figure.target is not None:
        target = f"{'≥' if figure.at_least else '≤'} {_number(figure.target)}"
        target += f" {figure.unit}".rstrip() if limited == "value" else ""
    met = {True: "yes", False: "**no**", None: ""}[result.is_met]
    own = f"{_number(result.own)} {figure.unit}".rstrip()
    took = "" if other is None else f"{_number(other)} {figure.unit}".rstrip()
    beside = figure.beside if other is not None else ""
    return f"| `{result.bench}` | {figure.what} | {own} | {beside} | {took} | {value} | {target} | {met} |"


def _growth_line(growth: Growth) -> str:
    sizes = ", ".join(f"{size:,}" for size in growth.costs)
    costs = ", ".join(_number(cost) for cost in growth.costs.values())
    unit = f" {growth.figure.unit}".rstrip()
    name = growth.figure.what.rpartition(": ")[2] if ":" in growth.figure.what else growth.figure.what
    return f"| `{growth.bench}` | {name} | {sizes} {growth.counted} | {costs}{unit} | {growth.exponent:.2f} |"


def _number(value: float) -> str:
    """A number with about three digits."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 1 else f"{value:.3g}"


def document(results: Sequence[Result], growths: Sequence[Growth], missing: Sequence[tuple[str, str]]) -> str:
    """The contents of the tables as JSON."""
    whole = {
        "machine": machine(),
        "rows": [result.document() for result in results],
        "growth": [growth.document() for growth in growths],
        "missing": dict(missing),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def write_readme(table: str, path: Path = README) -> None:
    """Write the tables between the two markers in the README.

    Raises:
        ValueError: the file does not have exactly one pair of markers.
    """
    text, count = _MARKED.subn(lambda found: f"{found[1]}{table}{found[2]}", path.read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError(
            f"{path.name} has {count} places between <!-- benchmarks --> and <!-- /benchmarks -->, not one"
        )
    path.write_text(text, encoding="utf-8")
