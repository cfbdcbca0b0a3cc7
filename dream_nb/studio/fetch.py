"""What the studio gets from elsewhere."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes


def read_data_url(url: str) -> tuple[str, bytes]:
    """The media type and the bytes of a `data:` URL. Raises ValueError."""
    head, comma, payload = url[5:].partition(",")
    if not comma:
        raise ValueError("a data: URL needs a comma before its data")
    media_type, *options = [part.strip().lower() for part in head.split(";")]
    data = unquote_to_bytes(payload)
    if "base64" in options:
        try:
            data = base64.b64decode(data, validate=True)
        except binascii.Error:
            raise ValueError("the data of this data: URL is not base64") from None
    return media_type or "text/plain", data
