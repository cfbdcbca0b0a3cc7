"""Where a dream comes from and what came of it, through keyframes that are generations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import GenerationReference
from dream_nb.library.folder import Folder
from dream_nb.library.library import Library
from dream_nb.library.record import Record
from dream_nb.requests.identity import Request

if TYPE_CHECKING:
    from dream_nb.results.dream import Dream
    from dream_nb.results.dreams import Dreams
    from dream_nb.results.entry import Entry


def library_of(dream: Entry) -> Library:
    """The library of a dream, with its ledger.

    Args:
        dream: which.

    Raises:
        LibraryError: it is of a plain folder, without a ledger.
    """
    library = dream._library
    if isinstance(library, Library):
        return library
    if (library.folder / "ledger.sqlite").is_file():
        return _opened(library.folder)
    raise LibraryError(f"the folder {library.folder.name!r} has no ledger: open it with Session(library=…)")


@cache
def _opened(folder: Path) -> Library:
    # For dreams that were pickled: one a process, open to its end.
    return Library(folder)


def reopened(record: Record, folder: Path, home: Path) -> Dream:
    """A dream that was pickled. Its library is opened when it is first asked for more than the file.

    Args:
        record: its row, as it was.
        folder: of the library.
        home: the folder of the notebook.
    """
    from dream_nb.results.dream import Dream

    return Dream(record, Folder(folder), home)


def ancestors(dream: Dream) -> Dreams:
    """See `Dream.ancestors`.

    Args:
        dream: whose.
    """
    ledger = library_of(dream).ledger

    def parents(record: Record) -> Iterable[Record | None]:
        return (ledger.find_id(record.backend, named) for named in keyframe_ids(record.request))

    return _walk(dream, parents)


def descendants(dream: Dream) -> Dreams:
    """See `Dream.descendants`.

    Args:
        dream: whose.
    """
    ledger = library_of(dream).ledger

    def children(record: Record) -> Iterable[Record]:
        id = record.generation.id if record.generation else None  # noqa: A001 - the field's name in the specification
        named = ledger.naming(record.backend, id) if id else []
        return (child for child in named if id in keyframe_ids(child.request))

    return _walk(dream, children)


def keyframe_ids(request: Request) -> list[str]:
    """The ids of the generations that a request goes on from.

    Args:
        request: which.
    """
    keyframes = getattr(request, "keyframes", None)
    frames = (keyframes.frame0, keyframes.frame1) if keyframes else ()
    return list(dict.fromkeys(frame.id for frame in frames if isinstance(frame, GenerationReference)))


def _walk(dream: Dream, near: Callable[[Record], Iterable[Record | None]]) -> Dreams:
    from dream_nb.results.dream import Dream
    from dream_nb.results.dreams import Dreams

    found: dict[tuple[str, int, str], Record] = {}
    wave = [dream._record]
    # A ledger may come with a repository, and hold a circle.
    seen = {_key(dream._record)}
    while wave:
        nearest = [other for record in wave for other in near(record) if other is not None]
        wave = []
        for record in nearest:
            if _key(record) not in seen:
                seen.add(_key(record))
                found[_key(record)] = record
                wave.append(record)
    return Dreams(Dream(record, dream._library, dream._home, dream._maker) for record in found.values())


def _key(record: Record) -> tuple[str, int, str]:
    return record.hash, record.take, record.backend
