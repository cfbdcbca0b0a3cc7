"""What a log may contain of a request: enough to recognise it, but nothing secret or long."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

MAX_TEXT: Final = 40
"""The number of characters of a prompt, or of any other text, that are shown."""

_DATA = re.compile(r"data:([\w.+-]{1,40}/[\w.+-]{1,40})?[^\s,]*,\S*", re.IGNORECASE)
# A path may be as secret as a query, for example that of a webhook.
_ADDRESS = re.compile(r"(https?://)(?:[^/\s?#@]*@)?([^/\s?#@]*)\S*", re.IGNORECASE)


def redacted(document: Mapping[str, Any]) -> str:
    """Return a request's document as JSON, with shortened texts, `data:` URIs by type and length, and hosts only."""
    return json.dumps(_short(document), ensure_ascii=False)


def _short(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    return _shown(value) if isinstance(value, str) else value


def _shown(text: str) -> str:
    if _DATA.match(text):
        return _DATA.sub(lambda found: f"data:{found[1] or ''}… ({len(found[0])} characters)", text, count=1)[:120]
    text = _ADDRESS.sub(r"\1\2/…", _DATA.sub("data:…", text))
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"
