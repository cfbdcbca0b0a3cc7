"""The studio's answers in the Luma API: its documents, with additional fields of the studio."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic_core import from_json, to_json

from dream_nb import installation
from dream_nb.studio.answers import Drawing, asset_url, remarks, understood_words
from dream_nb.studio.record import Output, StoredGeneration

API_VERSION: Final = "2026-04-01"
"""The version that the API reports in the header `X-API-Version`."""
_STATES: Final[Mapping[str, str]] = {"dreaming": "processing"}
_SIGNED: Final = 32


def signed_url(url: str, seconds: float) -> str:
    """Return an address that is valid for a limited time.

    Args:
        url: the address, without a query.
        seconds: the time for which it is valid, in seconds.
    """
    expires = int(time.time() + seconds)
    return f"{url}?expires={expires}&signature={_signature(url, expires)}"


def is_current(path: str, query: Mapping[str, str]) -> bool:
    """Return whether this installation made an address, and it is still valid.

    Args:
        path: the path of the address, or the address without its query.
        query: the query of the address.
    """
    expires = query.get("expires", "")
    if not expires.isdecimal() or len(expires) > _SIGNED or int(expires) < time.time():
        return False
    return hmac.compare_digest(query.get("signature", "").encode(), _signature(path, int(expires)).encode())


def _signature(url: str, expires: int) -> str:
    # Only the name, so that the address is valid by whatever host the studio is reached.
    name = url.rpartition("/")[2]
    return installation.seal(f"studio address {name} {expires}")[:_SIGNED]


def luma_generation(
    record: StoredGeneration, base_url: str, seconds: float, outputs: Iterable[Output], drawing: Drawing | None = None
) -> bytes:
    """Return the `Generation` of the API, with additional fields of the studio.

    These are `take`; while it is queued and nothing can be drawn, `stalled`, which says why; before it is done, `note`,
    which says why it takes longer, if there is a reason; while it is drawn, `progress` (0 to 1) and `thumbnail`; when
    it is done, `drawn` and `unknown`: the words of the prompt that were drawn, and those that are unknown.

    Args:
        record: the stored generation.
        base_url: the base URL of its assets.
        seconds: the time for which their addresses are valid, in seconds.
        outputs: its files, if there are several.
        drawing: the state of running drawings.
    """

    def address(name: str) -> str:
        return signed_url(asset_url(base_url, name), seconds)

    document: dict[str, object] = {
        "id": record.id,
        "created_at": record.created,
        "model": record.model,
        "state": _STATES.get(record.state, record.state),
        "type": from_json(record.request).get("type"),
        "failure_code": record.failure_code,
        "failure_reason": record.failure_reason,
        "output": None,
        "take": record.take,
    }
    if record.state == "completed":
        files = list(outputs) or [Output(record.asset, record.kind, None)]
        document["output"] = [
            {"type": one.type, "url": address(one.asset), "layer": from_json(one.layer) if one.layer else None}
            for one in files
        ]
        document |= understood_words(record)
    if drawing and record.state == "dreaming":
        if (fraction := drawing.progress(record.id)) is not None:
            document["progress"] = fraction
        if (thumbnail := drawing.thumbnail(record.asset)) is not None:
            document["thumbnail"] = address(thumbnail)
    if drawing:
        document |= remarks(record, drawing)
    return to_json(document)
