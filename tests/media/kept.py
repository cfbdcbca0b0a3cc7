"""A file as a library stores it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import anyio

from dream_nb.library.library import Library
from dream_nb.requests.fields import make_request


def kept(file: Path, folder: Path, prompt: str = "a lake") -> Path:
    """Store the file in a library in the folder as a download would; returns its path there."""
    with contextlib.closing(Library(folder)) as library:
        record = library.ledger.intend(make_request(prompt), 1, "dream-machine")
        data = file.read_bytes()

        async def fill(target: Any) -> None:
            target.write(data)

        async def store() -> str:
            return (await library.store(record, fill)).name

        return folder / anyio.run(store)
