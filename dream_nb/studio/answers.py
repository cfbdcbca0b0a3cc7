"""The studio's answers: the JSON documents of the specification. Nulls are left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from pydantic_core import from_json, to_json

from dream_nb.api.models import FINAL_STATES
from dream_nb.studio.record import StoredGeneration
from dream_nb.studio.render.understood import understood

PREFIX: Final = "/dream-machine/v1"
LUMA_PREFIX: Final = "/luma/v1"
_MOST_FINISHED: Final = 4096

_finished: defaultdict[str, dict[str, bytes]] = defaultdict(dict)


def asset_url(base_url: str, name: str) -> str:
    """Return the absolute URL of a file."""
    return f"{base_url}/assets/{name}"


class Drawing(Protocol):
    """The progress of drawings, and the reasons why none may be under way."""

    def progress(self, uid: str) -> float | None:
        """Return the fraction done, from 0 to 1, by the id of the generation; None if it is unknown."""

    def thumbnail(self, asset: str) -> str | None:
        """Return the name of the file with the first frame, by the name of the future asset; None before it exists."""

    def stalled(self) -> str | None:
        """Return why no queued generation is being drawn, as a clause; None otherwise."""

    def note(self) -> str | None:
        """Return why nothing is being drawn now although it may start at any time, as a clause; None otherwise."""


def generation(record: StoredGeneration, base_url: str, drawing: Drawing | None = None) -> bytes:
    """Return the `Generation` of the specification, with additional fields of the studio.

    These are `take`; while it is queued and nothing can be drawn, `stalled`, which says why; before it is done, `note`,
    which says why it takes longer, if there is a reason; while it dreams, `progress` (0 to 1) and `assets.thumbnail`;
    when it is done, `drawn` and `unknown`: the words of the prompt that were drawn, and those that are unknown.

    Args:
        record: the stored generation.
        base_url: the base URL of its assets.
        drawing: the state of running drawings.
    """
    if record.state not in FINAL_STATES:
        return _written(record, base_url, drawing)
    written = finished(base_url).get(record.id)
    if written is None:
        if sum(map(len, _finished.values())) >= _MOST_FINISHED:
            _finished.clear()
        written = _finished[base_url][record.id] = _written(record, base_url, None)
    return written


def finished(base_url: str) -> Mapping[str, bytes]:
    """Return the cached documents of finished generations, which no longer change, by id."""
    return _finished.get(base_url, {})


def _written(record: StoredGeneration, base_url: str, drawing: Drawing | None) -> bytes:
    document: dict[str, object] = {
        "id": record.id,
        "generation_type": record.kind,
        "state": record.state,
        "created_at": record.created,
        "take": record.take,
        "model": record.model,
    }
    if record.failure_reason is not None:
        document["failure_reason"] = record.failure_reason
    if record.state == "completed":
        document["assets"] = {record.kind: asset_url(base_url, record.asset)}
        document |= understood_words(record)
    if drawing and record.state == "dreaming":
        if (fraction := drawing.progress(record.id)) is not None:
            document["progress"] = fraction
        if (thumbnail := drawing.thumbnail(record.asset)) is not None:
            document["assets"] = {"thumbnail": asset_url(base_url, thumbnail)}
    if drawing:
        document |= remarks(record, drawing)
    # The request is stored as JSON and inserted as it is: parsing and serialising it again would take most of the time.
    return to_json(document)[:-1] + b',"request":' + record.request.encode() + b"}"


def remarks(record: StoredGeneration, drawing: Drawing) -> dict[str, str]:
    """Return the fields that say why a generation is delayed; empty if it is not."""
    if record.state == "queued" and (why := drawing.stalled()):
        return {"stalled": why}
    if record.state not in FINAL_STATES and (why := drawing.note()):
        return {"note": why}
    return {}


def understood_words(record: StoredGeneration) -> dict[str, tuple[str, ...]]:
    """Return the prompt's words by field: `drawn` and `unknown`. Empty if the pictures come from another generation."""
    prompt = from_json(record.request).get("prompt")
    if record.source is not None or not isinstance(prompt, str):
        return {}
    found = understood(prompt)
    return {name: words for name, words in (("drawn", found.drawn), ("unknown", found.unknown)) if words}


def page(generations: Sequence[bytes], has_more: bool, limit: int, offset: int) -> bytes:
    """Return the `ListGenerationResponse` of the specification."""
    numbers = to_json({"count": len(generations), "has_more": has_more, "limit": limit, "offset": offset})
    return b'{"generations":[%b],%b' % (b",".join(generations), numbers[1:])


def error(detail: str) -> bytes:
    """Return the `Error` of the specification."""
    return to_json({"detail": detail})
