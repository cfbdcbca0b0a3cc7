"""The sidecar beside each file, which has the ledger's data as JSON, so that a lost ledger can be rebuilt."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from dream_nb.api.canonical import request_from
from dream_nb.api.models import Generation
from dream_nb.backends.backends import is_backend
from dream_nb.files import replacing
from dream_nb.library.record import Record, further_from, moment
from dream_nb.requests.identity import MAX_TAKE, is_hash_of
from dream_nb.version import __version__

SUFFIX: Final = ".json"
_VERSION: Final = 1
_MAX_BYTES: Final = 64 * 2**20
MAX_STARS: Final = 5
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

logger = logging.getLogger("dream_nb.library")


def write_sidecar(folder: Path, record: Record) -> None:
    """Write the sidecar of a finished record, in one step."""
    document = {
        "version": _VERSION,
        "dream_nb": __version__,
        "hash": record.hash,
        "take": record.take,
        "backend": record.backend,
        "request": record.request.wire(),
        "generation": record.generation.wire() if record.generation else None,
        "written_at": record.written_at.isoformat(),
        "sent_at": record.sent_at.isoformat() if record.sent_at else None,
        "seconds": record.seconds,
        "queued": record.queued,
        "charge": record.charge,
        "sha256": record.sha256,
        "further": [asdict(one) for one in record.further],
        "stars": record.stars,
        "note": record.note,
        "tags": list(record.tags),
    }
    with replacing(folder / f"{record.file}{SUFFIX}") as partial, partial.open("x", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)


def described(names: Iterable[str]) -> list[str]:
    """Return the files that sidecars may describe, by name.

    Args:
        names: the names of everything in a folder.
    """
    files = (name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX))
    return [file for file in files if "." in file]


def read_sidecars(folder: Path, files: Iterable[str]) -> list[Record]:
    """Return the records in the sidecars of files.

    They may come with a repository: anything but a plain sidecar beside a plain file is ignored, with a line in the
    log.

    Args:
        folder: the path of the folder.
        files: the names of the files, as `described` returns them.
    """
    records = []
    for file in sorted(files):
        if not (folder / file).exists():
            continue
        path = folder / f"{file}{SUFFIX}"
        try:
            records.append(_read(path, file))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
            name = path.name.encode(errors="backslashreplace").decode()
            logger.warning("%s is ignored: it is not the sidecar of a dream (%s)", name, type(error).__name__)
    return records


def _read(path: Path, file: str) -> Record:
    if path.is_symlink() or (path.parent / file).is_symlink() or path.stat().st_size > _MAX_BYTES:
        raise ValueError("it is a link, or too large")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    # An unpaired surrogate can be written in JSON and in the name of a file, and nowhere else.
    json.dumps([file, document], ensure_ascii=False).encode()
    take, sha256 = document["take"], document["sha256"]
    is_plain = (
        document["version"] == _VERSION
        and type(take) is int
        and 1 <= take <= MAX_TAKE
        and is_backend(document["backend"])
        and _SHA256.fullmatch(document["hash"])
        and _SHA256.fullmatch(sha256)
    )
    if not is_plain:
        raise ValueError("it has an unknown field")
    request = request_from(document["request"])
    if not is_hash_of(document["hash"], request):
        raise ValueError("its hash is that of another request")
    sent_at, generation = document.get("sent_at"), document.get("generation")
    return Record(
        hash=document["hash"],
        take=take,
        backend=document["backend"],
        request=request,
        written_at=moment(document["written_at"]),
        state="taken",
        sent_at=moment(sent_at) if sent_at else None,
        generation=Generation.from_answer(generation) if generation else None,
        seconds=_number(document.get("seconds")),
        queued=_number(document.get("queued")),
        charge=_number(document.get("charge")),
        file=file,
        sha256=sha256,
        further=further_from(document.get("further", [])),
        **check_marks(document.get("stars", 0), document.get("note", ""), document.get("tags", [])),
    )


def check_marks(stars: object, note: object, tags: object) -> dict[str, Any]:
    """Return a user's rating, note and tags as fields of the record.

    Raises:
        ValueError: stars are not a whole number from 0 to 5, the note is not text, or the tags are not strings.
    """
    if type(stars) is not int or not 0 <= stars <= MAX_STARS:
        raise ValueError(f"stars must be a whole number from 0 to {MAX_STARS}, not {stars!r}")
    if not isinstance(note, str):
        raise ValueError(f"note {note!r} is not text")
    if isinstance(tags, str) or not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError(f"tags {tags!r} are not a list of strings")
    return {"stars": stars, "note": note, "tags": tuple(dict.fromkeys(tags))}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
