"""The Dream Machine API of October 2024: videos are created at `/generations`, and need no model."""

from typing import Final

from dream_nb.api.dream_machine_dialect import DreamMachineDialect

DREAM_MACHINE_2024: Final = DreamMachineDialect(
    api="2024",
    paths={"video": "/generations", "image": "/generations/image"},
    models={},
    billed={},
    lists="camera motions",
)
"""The dialect of the older API, which the studio serves too."""
