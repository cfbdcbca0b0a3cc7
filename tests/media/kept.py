"""A file as a library keeps it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import anyio

from dream_nb.library.library import Library
from dream_nb.requests.fields import make_request


def kept(file: Path, folder: Path, prompt: str = "a lake") -> Path:
    """The file after a download, under the name that the library gives it."""
    with contextlib.closing(Library(folder)) as library:
        record = library.ledger.intend(make_request(prompt), 1, "dream-machine")
        data = file.read_bytes()

        async def fill(target: Any) -> None:
            target.write(data)

        async def store() -> str:
            return (await library.store(record, fill)).name

        return folder / anyio.run(store)
