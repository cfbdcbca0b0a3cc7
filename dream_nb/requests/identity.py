"""Decides whether two requests are the same, and whether a generation is the answer to a request."""

from __future__ import annotations

import binascii
import hashlib
import json
import mimetypes
import re
import unicodedata
from collections.abc import Callable
from math import isclose
from typing import Any, Final, Literal

import pydantic

from dream_nb.api.canonical import LUMA_ONLY, schema_of
from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import (
    DELIVERY,
    KINDS,
    Create,
    Request,
    UnknownRequest,
)
from dream_nb.requests.media import replace_media

_MOST_SHOWN: Final = 80
# An answer with one of these fields belongs to another request, unless the field was sent.
_ADDITIONS: Final = (
    *("loop", "keyframes", "concepts", "image_ref", "style_ref", "character_ref", "modify_image_ref", "first_frame"),
    *("prompt", "negative_prompt", "grid_position_x", "grid_position_y", "x_start", "x_end", "y_start", "y_end"),
    *("resized_width", "resized_height"),
)
_UPLOAD_DIGITS: Final = 24
_UPLOADED: Final = re.compile(r"/([0-9a-f]{24})\.[a-z]{3,4}$")
MAX_TAKE: Final = 10_000
"""The highest number of a take."""


def check_take(take: int) -> None:
    """Raise an InvalidRequestError if the number of a take is not allowed."""
    if type(take) is not int or not 1 <= take <= MAX_TAKE:
        raise InvalidRequestError(f"take {take!r} is not a number from 1 to {MAX_TAKE:,}", field="take")


def request_hash(request: Request, identify: Callable[[str], str] = str) -> str:
    """Return the sha256 of the canonical request. Requests with the same hash are the same.

    Defaults are written out, `callback_url` does not count, `loop=False` is the same as no value, and a picture in a
    `data:` URI counts as the sha256 of its bytes.

    Args:
        request: the request.
        identify: a function that returns the permanent name for a generation's id or a picture's "sha256:…": hash and
            take, if the ledger knows it.
    """
    document = replace_media(
        request.wire(), lambda uri: identify("sha256:" + hashlib.sha256(data_bytes(uri)).hexdigest()), identify
    )
    for name in DELIVERY:
        document.pop(name, None)
    if not document.get("loop"):
        document.pop("loop", None)
    try:
        return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    except UnicodeEncodeError:
        raise InvalidRequestError("the request contains an unpaired surrogate: remove that character") from None


def echo_of(request: Request) -> str:
    """Return what identifies a request in the answers of its server: equal values for requests that look equal there.

    Args:
        request: the request as it was sent.
    """
    document = request.wire()
    if request.is_source_in_path:
        document.pop("media", None)
    for name in DELIVERY:
        document.pop(name, None)
    return json.dumps(document, sort_keys=True)


def is_same_request(one: Request, other: Request) -> bool:
    """Return whether two requests ask for the same, ignoring the names of the generations and pictures that they use.

    Args:
        one: a request.
        other: another request.
    """
    try:
        return one == other or request_hash(one, lambda _: "") == request_hash(other, lambda _: "")
    except InvalidRequestError:  # one of them has a damaged picture
        return False


def is_hash_of(digest: str, request: Request) -> bool:
    """Return whether a request hash can be that of a request.

    A generation or picture that it uses is identified by the request that made it, which is not known here.

    Args:
        digest: the request hash.
        request: the request.
    """
    goes_on_from: list[str] = []

    def identify(name: str) -> str:
        goes_on_from.append(name)
        return name

    return request_hash(request, identify) == digest or bool(goes_on_from)


def checked_request(prompt: str, *, kind: Literal["video", "image"] = "video", **fields: Any) -> Create:
    """Return a checked request.

    Args:
        prompt: the prompt.
        kind: the kind of result: "video" or "image".
        **fields: other fields of `GenerationRequest` or `ImageGenerationRequest`.

    Raises:
        InvalidRequestError: the prompt is empty, the kind is unknown, or a field violates the specification.
    """
    if not prompt.strip():
        raise InvalidRequestError(
            'the prompt is empty: describe what to dream, such as "a serene lake at sunset"', field="prompt"
        )
    if kind not in KINDS:
        raise InvalidRequestError(f"kind {kind!r} is not one of {', '.join(KINDS)}", field="kind")
    # Fields that are not given do not change the kind of request.
    named = {name: value for name, value in fields.items() if value is not None or name not in LUMA_ONLY[kind]}
    try:
        request: Create = schema_of(kind, named)(prompt=prompt, **named)
    except pydantic.ValidationError as error:
        raise InvalidRequestError.reading(error) from None
    return request


def answers(generation: Generation, request: Request) -> bool:
    """Return whether a generation's request certainly equals the request that was sent; see `differences`."""
    return not differences(generation, request)


def differences(generation: Generation, request: Request) -> list[str]:
    """Return how a generation's request differs from the request that was sent, in a few words each.

    Every field that was sent must be present. Differences that servers make are ignored: white space and the Unicode
    form of texts, the query of a URL that names a file (a signature), the precision of numbers, missing defaults,
    additional fields (except pictures and concepts), `callback_url`, and the addresses of pictures that were sent as
    `data:` URIs, unless they have the name of another upload.

    Args:
        generation: the generation as the server knows it.
        request: the request that was sent.
    """
    if generation.request is None:
        return ["its request is missing"]
    if type(generation.request) is not type(request):
        return [f"it is {_asked(generation.request)}"]
    sent, given = request.wire(), generation.request.wire()
    if request.is_source_in_path:
        # The answer does not repeat the source.
        sent.pop("media", None)
    for document in (sent, given):
        for name in DELIVERY:
            document.pop(name, None)
        if not document.get("loop"):
            document.pop("loop", None)
    words = [
        f"its {name} is {_shown(given.get(name))}"
        for name, value in sent.items()
        if not (name in given or _is_default(request, name, value))
        or (
            name in given
            and not (_plain(given[name]) == _plain(value) if name == "prompt" else _holds(given[name], value))
        )
    ]
    return words + [f"it has {name}" for name in _ADDITIONS if given.get(name) and name not in sent]


def _asked(request: Request) -> str:
    """The value that was sent, in a few words."""
    if isinstance(request, UnknownRequest):
        return "of an unknown kind"
    return request.generation_type.replace("_", " ")


def _is_default(request: Request, name: str, value: Any) -> bool:
    field = type(request).model_fields.get(name)
    return field is not None and field.default == value


def _shown(value: Any) -> str:
    text = "missing" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"


def _holds(given: Any, sent: Any) -> bool:
    if isinstance(sent, dict):
        # A field that is added to a picture may be a default; another picture cannot be.
        return (
            isinstance(given, dict)
            and all(_holds(given.get(key), value) for key, value in sent.items())
            and not any(isinstance(value, dict | list) and value for key, value in given.items() if key not in sent)
        )
    if isinstance(sent, list):
        return isinstance(given, list) and len(given) == len(sent) and all(map(_holds, given, sent))
    if isinstance(sent, float | int) and not isinstance(sent, bool):
        return isinstance(given, float | int) and not isinstance(given, bool) and isclose(given, sent, rel_tol=1e-6)
    if isinstance(sent, str):
        if not isinstance(given, str):
            return False
        return _may_be_upload(given, sent) if sent.startswith("data:") else _address(given) == _address(sent)
    return bool(given == sent)


def _may_be_upload(address: str, uri: str) -> bool:
    """Whether an address may be that of an uploaded picture. An uploader may use its own names."""
    if address.startswith("data:"):
        try:
            return data_bytes(address) == data_bytes(uri)
        except InvalidRequestError:  # shortened, or damaged
            return False
    named = _UPLOADED.search(address.partition("?")[0])
    return named is None or named[1] == upload_name(data_bytes(uri))


def upload_name(data: bytes) -> str:
    """Return the name under which a picture is uploaded, without its suffix.

    Args:
        data: the bytes of the picture.
    """
    return hashlib.sha256(data).hexdigest()[:_UPLOAD_DIGITS]


def _plain(text: str) -> str:
    """A text without the changes that servers make."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _address(text: str) -> str:
    """A URL without the signature of its file; any other text as returned by `_plain`."""
    if not text.startswith(("http://", "https://")):
        return _plain(text)
    whole = text.partition("#")[0]
    path = whole.partition("?")[0]
    kind = mimetypes.guess_type(path, strict=False)[0] or ""
    # If the path names no file, the query may say which picture it is.
    return path if kind.startswith(("image/", "video/")) or kind == "application/octet-stream" else whole


def data_bytes(uri: str) -> bytes:
    """Return the bytes of a `data:` URI.

    Raises:
        InvalidRequestError: it is damaged.
    """
    import base64
    from urllib.parse import unquote_to_bytes

    head, _, body = uri.partition(",")
    raw = unquote_to_bytes(body)
    try:
        return base64.b64decode(raw) if head.endswith(";base64") else raw
    except binascii.Error:
        raise InvalidRequestError(f"{uri[:40]!r} is not a valid data: URI: give the file itself") from None
