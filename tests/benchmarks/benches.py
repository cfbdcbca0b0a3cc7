"""All benchmarks, in the order of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.clips import CLIP, PIXELS
from tests.benchmarks.drawing import MEMORY, MODIFY, PICTURES, REFRAME, SOUND
from tests.benchmarks.fetching import FETCH
from tests.benchmarks.following import CALLBACKS, CREATES, JOBS
from tests.benchmarks.galleries import GALLERY
from tests.benchmarks.ledgers import LEDGER
from tests.benchmarks.listing import LIST
from tests.benchmarks.measuring import MEASURE
from tests.benchmarks.notebooks import FIRST, KERNEL, WEIGHT
from tests.benchmarks.serving import SERVE
from tests.benchmarks.start import IMPORT, LOAD

BENCHES: Final[Mapping[str, Bench]] = {
    bench.name: bench
    for bench in (
        *(IMPORT, LOAD, CREATES, JOBS, CALLBACKS, LIST, FETCH, CLIP, PIXELS, MODIFY, REFRAME, SOUND, SERVE),
        *(WEIGHT, GALLERY, KERNEL, FIRST, LEDGER, MEASURE, PICTURES, MEMORY),
    )
}
