"""Prints the cost of a table of many dreams as Markdown: `python -m tests.benchmarks.tables`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dream_nb.api.models import Generation
from dream_nb.library.library import Library
from dream_nb.library.record import Record
from dream_nb.requests.fields import make_request
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams

COUNT = 10_000
ROUNDS = 5


def many(library: Library) -> Dreams:
    """Dreams of a sweep, with tags, costs and measures."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    record = Record(
        "0" * 64, 1, "dream-machine", make_request("a lake"), began, state="taken", charge=32.0, tags=("calm",)
    )
    dreams, words, measures = [], [], []
    for number in range(COUNT):
        generation = Generation(id=f"{number:032x}", state="completed", created_at=began + timedelta(minutes=number))
        request = make_request(f"a lake, number {number}")
        row = replace(record, hash=f"{number:064x}", request=request, generation=generation, seconds=number % 60)
        dreams.append(Dream(row, library, library.folder))
        words.append({"time": ("dawn", "noon", "dusk")[number % 3]})
        measures.append({"sharpness": number / 3, "colours": ["#102030", "#405060"]})
    return Dreams(dreams, words=words, measures=measures)


def fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest of several rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        dreams = many(library)
        dreams[:10].to_pandas()
        dreams[:10].to_polars()
        print("| what | measured | limit |\n|---|---|---|")
        print(f"| {COUNT:,} dreams as a pandas table | {fastest(dreams.to_pandas):.2f} s | 0.5 s |")
        print(f"| {COUNT:,} dreams as a polars table | {fastest(dreams.to_polars):.2f} s | 0.5 s |")
        library.close()


if __name__ == "__main__":
    main()
