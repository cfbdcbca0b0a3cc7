"""Reads values that servers write in another form than that of the specification, if their meaning is clear."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import to_json

ADDRESS: Final = "url"
"""The field of an asset that holds its address, and the name for assets that do not state their kind."""

_KINDS: Final = frozenset({"video", "image"})
# These accompany a result, and are not the result.
_BESIDES: Final = frozenset({"thumbnail", "poster", "preview", "cover", "audio", "mask", "log"})
# The fields of an object that are most informative, in order.
_TELLING: Final = ("message", "detail", "reason", "error")
_MOST_CHARACTERS: Final = 500


def assets_in(value: Any) -> dict[str, str]:
    """Return the addresses of assets by their kinds.

    Args:
        value: an address, an object or a list of either, such as `[{"type": "video", "url": "https://…"}]`.

    Returns:
        The first address of each kind; a single address without a kind is "url".
    """
    if isinstance(value, Mapping):
        return {name: url for name, held in value.items() if (url := address_in(held))}
    found: dict[str, list[str]] = {}
    for item in value if isinstance(value, list) else [value]:
        if url := address_in(item):
            found.setdefault(asset_kind(item, url), []).append(url)
    # If there are several without a kind, each may be the result.
    return {kind: urls[0] for kind, urls in found.items() if kind != ADDRESS or len(urls) == 1}


def address_in(value: Any) -> str | None:
    """Return the single address in a value, or None.

    Args:
        value: the address itself, an object with a `url`, or a list of one of them.
    """
    if isinstance(value, list) and len(value) == 1:
        return address_in(value[0])
    if isinstance(value, Mapping):
        value = value.get(ADDRESS)
    return value if isinstance(value, str) and value.strip() else None


def asset_kind(item: Any, url: str) -> str:
    """Return the kind of an asset: from its item's type, or else from the suffix of its address; "url" if unknown.

    Args:
        item: the item that contains the address.
        url: the address.
    """
    told = item.get("type") if isinstance(item, Mapping) else None
    if isinstance(told, str):
        what = told.partition("/")[0].strip().lower()
        if what in _KINDS or what in _BESIDES:
            return what
    kind = (mimetypes.guess_type(url.partition("?")[0])[0] or "").partition("/")[0]
    return kind if kind in _KINDS else ADDRESS


def words_in(value: Any) -> str:
    """Return the message of an object or a list, as text of limited length.

    Args:
        value: a JSON value. If no field of an object is known to be its message, it is returned as compact JSON.
    """
    words = _words_in(value)
    return words if len(words) <= _MOST_CHARACTERS else words[:_MOST_CHARACTERS] + "…"


def _words_in(value: Any) -> str:
    if not value:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words_in, value)))
    if isinstance(value, Mapping):
        told = next(filter(None, (_words_in(value.get(name)) for name in _TELLING)), "")
        code = value.get("code")
        return told or (f"code {code}" if isinstance(code, str | int) else to_json(value).decode())
    return to_json(value).decode()
