"""Measures speed beside the tools that a user would choose otherwise: `python -m tests.benchmarks`.

    python -m tests.benchmarks                     everything, as a Markdown table (in a quarter of an hour)
    python -m tests.benchmarks import ledger       these rows only
    python -m tests.benchmarks --growth            also how cost grows, at a tenth, one and ten times the size
    python -m tests.benchmarks --json table.json   also writes the figures as JSON
    python -m tests.benchmarks --readme            everything, growth included, into the README beside this file

Nothing here is a test: no time is asserted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import table
from tests.benchmarks.bench import Bench, Growth, Result, SkipBenchError, grow, run, sizes_of
from tests.benchmarks.benches import BENCHES
from tests.environment import force_studio, keep_bytecode

_GROWTH_REPEATS = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks that the arguments choose. Returns the exit status: 1 if a row could not be measured."""
    arguments = _arguments(argv)
    force_studio()
    keep_bytecode()
    chosen = [BENCHES[name] for name in arguments.names] or [one for one in BENCHES.values() if not one.is_long]
    results: list[Result] = []
    growths: list[Growth] = []
    missing: list[tuple[str, str]] = []
    began = time.monotonic()
    has_failed = False
    for bench in chosen:
        try:
            repeats = arguments.repeats or (1 if arguments.tiny else bench.repeats)
            results += run(bench, bench.tiny if arguments.tiny else bench.size, repeats, _tell)
            if bench.grows and (arguments.growth or arguments.readme):
                growths += grow(bench, _sizes(bench, tiny=arguments.tiny), _GROWTH_REPEATS, _tell)
        except SkipBenchError as error:
            missing.append((bench.name, str(error)))
        except Exception as error:  # noqa: BLE001 - one row that fails must not stop the others
            missing.append((bench.name, f"{type(error).__name__}: {error}"))
            has_failed = True
            _tell(f"{bench.name} failed: {error}")
    _tell(f"all in {time.monotonic() - began:.0f} s")
    shown = table.markdown(results, growths, missing)
    print(shown)
    if arguments.json:
        arguments.json.write_text(table.document(results, growths, missing), encoding="utf-8")
    if arguments.readme and not has_failed:
        table.write_readme(shown)
    return int(has_failed)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Speed, beside what else there is.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which rows: {', '.join(BENCHES)}")
    parser.add_argument("--growth", action="store_true", help="also at a tenth and at ten times the size")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON too")
    parser.add_argument("--readme", action="store_true", help="everything, growth included, into README.md here")
    parser.add_argument("--repeats", type=int, metavar="N", help="measure each so often")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes: whether it runs, not how fast")
    arguments = parser.parse_args(argv)
    if unknown := [name for name in arguments.names if name not in BENCHES]:
        parser.error(f"no row {unknown[0]!r}: there are {', '.join(BENCHES)}")
    if arguments.readme and (arguments.names or arguments.tiny):
        parser.error("--readme takes the whole table: leave out names and --tiny")
    return arguments


def _sizes(bench: Bench, *, tiny: bool) -> list[int]:
    return [bench.tiny, 2 * bench.tiny] if tiny else sizes_of(bench.size)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
