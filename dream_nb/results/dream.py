"""A result: the generation, its local file, where it came from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import Generation
from dream_nb.jobs.identity import Request
from dream_nb.jobs.ledger import Record
from dream_nb.jobs.library import Library
from dream_nb.results.maker import Maker
from dream_nb.results.video import VideoFacts, iterate_frames, read_facts

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


class Dream:
    """A finished generation and its file in the library.

    Shown in a notebook it is an inline player (or the picture) with its prompt; printed, one line.

    Args:
        record: the finished row of the ledger.
        library: where its file lies.
        home: the folder of the notebook; previews point to the file from there.
        maker: the session through which it goes on, or None.
    """

    def __init__(self, record: Record, library: Library, home: Path, maker: Maker | None = None) -> None:
        self._record = record
        self._maker = maker
        self._library = library
        self._home = home

    @property
    def request(self) -> Request:
        """The request as it was sent."""
        return self._record.request

    @property
    def generation(self) -> Generation:
        """The server's last answer."""
        assert self._record.generation is not None
        return self._record.generation

    @property
    def prompt(self) -> str:
        """The prompt as it was typed."""
        return self.request.prompt or ""

    @property
    def kind(self) -> str:
        """ "video" or "image"."""
        return self.request.generation_type

    @property
    def state(self) -> str:
        """The generation's state: "completed" for every dream with a file."""
        return self.generation.state or "completed"

    @property
    def backend(self) -> str:
        """Who made it: "studio" or "hosted"."""
        return self._record.backend

    @property
    def take(self) -> int:
        """Which result of the same request it is, from 1."""
        return self._record.take

    @property
    def hash(self) -> str:
        """The sha256 of the canonical request: the same for all takes."""
        return self._record.hash

    @property
    def path(self) -> Path:
        """The file: relative to the working directory where it lies below it, else absolute.

        Raises:
            LibraryError: the file is no longer there.
        """
        path = self._library.path(self._record)
        if path is None:
            raise LibraryError(
                f"{self._record.file!r} is no longer in {self._library.folder.name!r}: run its cell again"
            )
        here = Path.cwd()
        return path.relative_to(here) if path.is_relative_to(here) else path

    @property
    def url(self) -> str:
        """The file's address seen from the notebook, with forward slashes, quoted for HTML."""
        from urllib.parse import quote

        file = self._library.folder / (self._record.file or "")
        return quote(Path(os.path.relpath(file, self._home)).as_posix())

    @cached_property
    def facts(self) -> VideoFacts | None:
        """Size, frames and times of a video; None for an image."""
        return read_facts(self.path) if self.kind == "video" else None

    @cached_property
    def image(self) -> Image:
        """The picture, as a Pillow image in RGB; of a video its first frame."""
        from PIL import Image

        if self.kind == "video":
            return Image.fromarray(next(self.frames()))
        with Image.open(self.path) as image:
            return image.convert("RGB")

    def frames(self) -> Iterator[np.ndarray]:
        """Every frame in order, one in memory at a time: `uint8` arrays, height x width x 3, RGB.

        Raises:
            LibraryError: the file is no longer there.
        """
        if self.kind == "video":
            return iterate_frames(self.path)
        import numpy as np

        return iter([np.asarray(self.image)])

    def __repr__(self) -> str:
        return f"Dream({self.prompt!r}, {self.kind}, {self.url})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from dream_nb.results.preview import preview

        return {"text/plain": repr(self), "text/html": preview(self)}
