"""Metadata inside a file that says where it comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, Final

from dream_nb.api.canonical import request_from
from dream_nb.api.errors import UnreadableFileError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import Request
from dream_nb.files import sha256_of
from dream_nb.library.record import Record
from dream_nb.media.tags import read_tag, write_tag
from dream_nb.requests.identity import MAX_TAKE
from dream_nb.requests.media import replace_media
from dream_nb.version import __version__

KEY: Final = "dream_nb"


def describe(record: Record) -> dict[str, Any]:
    """Return the metadata of a file: its request, id, time and the library's version, but neither key nor account.

    Args:
        record: the record of its request.
    """
    request = record.request.wire()
    # Without the callback URL, which only its server may know, and embedded pictures, which are of no use there.
    request.pop("callback_url", None)
    generation = record.generation
    created = (generation.created_at if generation else None) or record.written_at
    return {
        "version": __version__,
        "prompt": record.request.label,
        "request": replace_media(request, _digest),
        "id": generation.id if generation else None,
        "created_at": created.replace(tzinfo=created.tzinfo or UTC).isoformat(),
        "backend": record.backend,
        "hash": record.hash,
        "take": record.take,
    }


def tell_shots(records: Sequence[Record]) -> dict[str, str]:
    """Return the tags of an MP4 that is joined from others, which `read_film` can read.

    Args:
        records: the records of its videos in order; at least one.
    """
    shots = [describe(record) | {"sha256": record.sha256} for record in records]
    return {"title": records[0].request.label, KEY: json.dumps({"shots": shots}, ensure_ascii=False)}


def inscribe(path: Path, record: Record) -> None:
    """Write metadata into a file, and check that it is complete. If this fails, the file is unchanged.

    Args:
        path: the path of the file, under a name that nobody reads yet.
        record: the record of its request.

    Raises:
        ValueError: the format cannot contain metadata, or the file is damaged.
        UnreadableFileError: the file cannot be decoded.
        OSError: there is not enough space.
    """
    document = describe(record)
    write_tag(path, KEY, json.dumps(document, ensure_ascii=False), document["prompt"])


def read_inscription(path: Path) -> Record | None:
    """Return the record in a file's metadata, or None if there is none.

    Args:
        path: the path of a video or picture. Its metadata is not trusted: only well-formed parts are used.
    """
    try:
        document = _document(path)
        take = document["take"]
        if type(take) is not int or not 1 <= take <= MAX_TAKE:
            return None
        request = request_from(document["request"])
        generation = Generation.from_answer(
            {"id": document.get("id"), "state": "completed", "created_at": document["created_at"]}
            | {"generation_type": request.generation_type}
        )
        created = generation.created_at
        if created is None:
            return None
        return Record(
            hash=str(document["hash"]),
            take=take,
            backend=str(document["backend"]),
            request=request,
            written_at=created,
            state="taken",
            generation=generation,
            file=path.name,
            sha256=sha256_of(path),
        )
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, UnreadableFileError):
        return None


def read_film(path: Path) -> Request | None:
    """Return a request with the prompts of all shots of a storyboard's film, or None for other files.

    Args:
        path: the path of a video. Its metadata is not trusted.
    """
    try:
        prompts = [shot["prompt"] for shot in _document(path)["shots"] if shot["prompt"]]
        return request_from({"prompt": " · ".join(prompts)}) if prompts else None
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, UnreadableFileError):
        return None


def _document(path: Path) -> Any:
    """The decoded metadata under our key."""
    text = read_tag(path, KEY)
    if text is None:
        raise LookupError(KEY)
    document = json.loads(text)
    # An unpaired surrogate can be written in JSON, and nowhere else.
    json.dumps(document, ensure_ascii=False).encode()
    return document


def _digest(uri: str) -> str:
    return "sha256:" + hashlib.sha256(uri.encode()).hexdigest()
