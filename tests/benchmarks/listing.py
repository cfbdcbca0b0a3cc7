"""All generations of an account in a table. `python -m tests.benchmarks.listing WHO` is measured."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.bench import Bench, Figure, Once, Pair
from tests.benchmarks.process import python, serving
from tests.benchmarks.server import PREFIX

_PAGE = 100


def main() -> None:
    """List the generations, and print how long it took without imports."""
    import pandas

    client, listed = {"own": own, "checked": checked, "lumaai": lumaai}[sys.argv[1]]()
    # Loading and connecting at the first call are not part of the measurement.
    client()
    wall, cpu = time.perf_counter(), time.process_time()
    frame = pandas.DataFrame(listed())
    print(
        json.dumps(
            {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "rows": len(frame)}
            | {"newest": str(frame["id"][0]), "prompt": frame["request"][0]["prompt"]}
        )
    )


def own() -> tuple[Any, Any]:
    """`DreamMachine`, listing the JSON of its pages."""
    from dream_nb import DreamMachine

    machine = DreamMachine()
    return machine.get_credits, lambda: list(machine.iter_documents(page=_PAGE))


def checked() -> tuple[Any, Any]:
    """`DreamMachine`, listing validated objects."""
    from dream_nb import DreamMachine

    machine = DreamMachine()
    return machine.get_credits, lambda: [generation.wire() for generation in machine.iter_generations(page=_PAGE)]


def lumaai() -> tuple[Any, Any]:
    """`LumaAI`, listing page by page."""
    from lumaai import LumaAI

    client = LumaAI()

    def listed() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            page = client.generations.list(limit=_PAGE, offset=len(rows))
            rows += [generation.to_dict() for generation in page.generations]
            if not page.has_more:
                return rows

    return client.credits.get, listed


@contextmanager
def prepare(folder: Path, size: int) -> Iterator[Once]:
    """Measure against a server with that many generations."""
    with serving("tests.benchmarks.server", "--generations", str(size), cwd=folder) as (origin, _):
        variables = {"LUMAAI_API_KEY": "key-of-a-benchmark", "LUMAAI_BASE_URL": origin + PREFIX}

        def listed(who: str) -> Any:
            output = python("-m", "tests.benchmarks.listing", who, cwd=folder, variables=variables).output
            assert output["rows"] == size, output
            return output

        def once(*, beside: bool) -> Mapping[str, Pair]:
            mine = listed("own")
            pairs: dict[str, Pair] = {name: (mine[name], None) for name in ("wall", "cpu")}
            if beside:
                other = listed("lumaai")
                pairs = {name: (mine[name], other[name]) for name in pairs}
                pairs["checked"] = (listed("checked")["wall"], other["wall"])
            return pairs

        yield once


LIST = Bench(
    name="list",
    figures={
        "wall": Figure("10,000 generations listed into a DataFrame: wall", "lumaai, page by page", "s", 0.25),
        "cpu": Figure("the same: CPU", "lumaai, page by page", "s"),
        "checked": Figure("the same by way of `Generation` objects: wall", "lumaai, page by page", "s"),
    },
    prepare=prepare,
    size=10_000,
    tiny=120,
    repeats=5,
    grows=("wall", "cpu"),
    counted="generations",
)

if __name__ == "__main__":
    main()
