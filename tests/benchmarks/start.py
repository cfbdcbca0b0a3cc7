"""The time until a new process can do something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.bench import Bench, Figure, Once, Pair
from tests.benchmarks.ledgers import fill
from tests.benchmarks.process import python

_TRIES = 3


@contextmanager
def prepare_import(folder: Path, size: int) -> Iterator[Once]:
    """Measure `import dream_nb` in a folder with a library of that many rows."""
    fill(folder / "dreams", size)

    def fastest(source: str) -> float:
        return min(python("-c", source, cwd=folder).wall for _ in range(_TRIES))

    def once(*, beside: bool) -> Mapping[str, Pair]:
        bare = fastest("pass")
        own = fastest("import dream_nb") - bare
        return {"import": (1000 * own, 1000 * (fastest("import lumaai") - bare) if beside else None)}

    yield once


@contextmanager
def prepare_load(folder: Path, size: int) -> Iterator[Once]:
    """Measure `%load_ext dream_nb` and the first dry run in a folder with a library of that many rows."""
    fill(folder / "dreams", size)

    def fastest(who: str) -> float:
        # Run the script by its path: `-m` would first import what this package needs.
        script = Path(__file__).with_name("first_line.py")
        return min(1000 * float(python(script, who, cwd=folder).output["seconds"]) for _ in range(_TRIES))

    def once(*, beside: bool) -> Mapping[str, Pair]:
        return {"load": (fastest("own"), fastest("lumaai") if beside else None)}

    yield once


IMPORT = Bench(
    name="import",
    figures={"import": Figure("`import dream_nb`, over bare Python", "`import lumaai`", "ms", 0.25)},
    prepare=prepare_import,
    size=100,
    tiny=1,
    repeats=7,
    grows=("import",),
    counted="rows of the library beside it",
)
LOAD = Bench(
    name="load",
    figures={"load": Figure("`%load_ext dream_nb` to the first `--dry-run`", "`import lumaai` + client", "ms", 1.5)},
    prepare=prepare_load,
    size=100,
    tiny=1,
    repeats=7,
    grows=("load",),
    counted="rows of the library",
)
