"""What the ledger knows of a dream."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import Generation
from dream_nb.library.folder import Folder
from dream_nb.library.record import Record, is_sane
from dream_nb.requests.identity import Request
from dream_nb.results.maker import Maker


class Entry:
    """A row of the ledger with its file: the facts of a `Dream`.

    Args:
        record: its row of the ledger.
        library: where its file lies.
        home: the folder in which the notebook's output is saved; previews point to the file from there.
        maker: the session through which it goes on, or None.
    """

    def __init__(self, record: Record, library: Folder, home: Path, maker: Maker | None = None) -> None:
        self._record: Record = record
        self._maker = maker
        self._library = library
        self._home = home

    @property
    def request(self) -> Request:
        """The request as it was sent."""
        return self._record.request

    @property
    def generation(self) -> Generation:
        """The server's last answer; empty where it never answered."""
        return self._record.generation or Generation()

    @property
    def prompt(self) -> str:
        """The prompt as it was typed."""
        return self.request.prompt or ""

    @property
    def kind(self) -> Literal["video", "image"]:
        """ "video" or "image"."""
        return self.request.generation_type

    @property
    def state(self) -> str:
        """The generation's state: "completed" for every dream with a file, "failed", or where it stands."""
        return self.generation.state or ("completed" if self._record.is_finished else self._record.state)

    @property
    def failure_reason(self) -> str | None:
        """Why it could not be made, in the server's words; None where it was."""
        return self.generation.failure_reason

    @property
    def created(self) -> datetime:
        """When the server took it, else when it was asked for (UTC)."""
        created = self.generation.created_at
        return created if created is not None and is_sane(created) else self._record.written_at

    @property
    def cost(self) -> float | None:
        """USD cents that it cost, or None where that is not known."""
        return self._record.charge

    @property
    def seconds(self) -> float | None:
        """From the create until it was seen to be completed, or None where that was not seen."""
        return self._record.seconds

    @property
    def seconds_queued(self) -> float | None:
        """How long of that it waited for its turn, or None where that was not seen."""
        return self._record.queued

    @property
    def seconds_dreaming(self) -> float | None:
        """How long of that it was dreamt, or None where that was not seen."""
        if self.seconds is None or self._record.queued is None:
            return None
        return max(0.0, self.seconds - self._record.queued)

    @property
    def backend(self) -> str:
        """Who made it: "studio" or "hosted"; empty for a foreign file."""
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
    def sha256(self) -> str | None:
        """The sha256 of the file as it came, in hexadecimal digits; None where there is none."""
        return self._record.sha256

    @property
    def stars(self) -> int:
        """What its user thinks of it, from 0 to 5."""
        return self._record.stars

    @property
    def note(self) -> str:
        """What its user says of it."""
        return self._record.note

    @property
    def tags(self) -> tuple[str, ...]:
        """What its user files it under."""
        return self._record.tags

    def mark(self, *, stars: int | None = None, note: str | None = None, tags: Sequence[str] | None = None) -> Self:
        """Keep what you think of it, in the library.

        Args:
            stars: from 0 to 5; None leaves them as they are.
            note: a text; None leaves it as it is.
            tags: what it is filed under; None leaves them as they are.

        Returns:
            The same dream.

        Raises:
            ValueError: a value is none of these; nothing has changed.
            LibraryError: there is no library that can be written.
        """
        from dream_nb.results.origin import library_of

        self._record = library_of(self).mark(self._record, stars=stars, note=note, tags=tags)
        return self

    @property
    def path(self) -> Path:
        """The file: relative to the working directory where it lies below it, else absolute.

        Raises:
            LibraryError: there is none, or none any more.
        """
        path = self._library.path(self._record)
        if path is None:
            raise LibraryError(self._why_no_file())
        here = Path.cwd()
        return path.relative_to(here) if path.is_relative_to(here) else path

    def _why_no_file(self) -> str:
        if self._record.file is not None:
            return f"{self._record.file!r} is no longer in {self._library.folder.name!r}: run its cell again"
        if self.state == "failed":
            return f"{self.prompt!r} was not made ({self.failure_reason or 'no reason given'}): it has no file"
        return f"{self.prompt!r} is {self.state} and has no file yet: wait for its job"

    @property
    def url(self) -> str:
        """The file's address seen from where the output is saved, quoted for HTML; empty without a file."""
        from urllib.parse import quote

        if self._record.file is None:
            return ""
        file = self._library.folder / self._record.file
        try:
            return quote(Path(os.path.relpath(file, self._home)).as_posix())
        except ValueError:
            # On another drive of Windows.
            return file.as_uri()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[object, ...]:
        return self.hash, self.take, self.backend, self.sha256

    def __reduce__(self) -> tuple[Any, ...]:
        from dream_nb.results.origin import reopened

        return reopened, (self._record, self._library.folder, self._home)
