"""What makes two requests one and the same, and a generation the answer to one."""

from __future__ import annotations

import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import pydantic

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import GENERATION_TYPES, Generation, GenerationRequest, ImageGenerationRequest

Request = GenerationRequest | ImageGenerationRequest

MAX_TAKE: Final = 10_000
"""Of one request."""


def check_take(take: int) -> None:
    """Raise an InvalidRequestError where no request has such a take."""
    if type(take) is not int or not 1 <= take <= MAX_TAKE:
        raise InvalidRequestError(f"take {take!r} is not a number from 1 to {MAX_TAKE:,}")


def request_hash(request: Request, identify: Callable[[str], str] = str) -> str:
    """The sha256 of the canonical request: what makes two requests one and the same.

    Defaults are written out, `callback_url` does not count, `loop=False` is the same as none, and a picture in a
    `data:` URI counts as the sha256 of its bytes.

    Args:
        request: the request.
        identify: gives the lasting name of a generation's id, and of a picture's "sha256:…": hash and take where the
            ledger knows it.
    """
    document = _canonical(request.wire(), identify)
    document.pop("callback_url", None)
    if not document.get("loop"):
        document.pop("loop", None)
    try:
        return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    except UnicodeEncodeError:
        raise InvalidRequestError("the request holds half a character, which no JSON can say") from None


def checked_request(prompt: str, *, kind: Literal["video", "image"] = "video", **fields: Any) -> Request:
    """A request of that kind, checked.

    Args:
        prompt: what to dream.
        kind: "video" or "image".
        **fields: the other fields of `GenerationRequest` or `ImageGenerationRequest`.

    Raises:
        InvalidRequestError: the prompt is empty, there is no such kind, or a field breaks the specification.
    """
    if not prompt.strip():
        raise InvalidRequestError('the prompt is empty: say what to dream, such as "a serene lake at sunset"')
    if kind not in GENERATION_TYPES:
        raise InvalidRequestError(f"kind {kind!r} is not one of {', '.join(GENERATION_TYPES)}")
    schema = ImageGenerationRequest if kind == "image" else GenerationRequest
    try:
        return schema(prompt=prompt, **fields)
    except pydantic.ValidationError as error:
        raise InvalidRequestError.reading(error) from None


def read_request(document: Mapping[str, Any]) -> Request:
    """A request from its document, as it was written or as a server gave it back.

    Raises:
        ValueError: it is no request.
    """
    kind = ImageGenerationRequest if document.get("generation_type") == "image" else GenerationRequest
    return kind.from_answer(document)


def answers(generation: Generation, request: Request) -> bool:
    """Whether a generation may be what the server made of a request.

    Every field that was sent has to be there; what the server added does not count, nor do addresses that it may
    replace: `callback_url`, and pictures that went as `data:` URIs.
    """
    if generation.request is None or generation.kind != request.generation_type:
        return False
    sent = request.wire()
    sent.pop("callback_url", None)
    if not sent.get("loop"):
        sent.pop("loop", None)
    return _holds(generation.request.wire(), sent)


def _holds(given: Any, sent: Any) -> bool:
    if isinstance(sent, dict):
        return isinstance(given, dict) and all(_holds(given.get(key), value) for key, value in sent.items())
    if isinstance(sent, list):
        return isinstance(given, list) and len(given) == len(sent) and all(map(_holds, given, sent))
    if isinstance(sent, str) and sent.startswith("data:"):
        return isinstance(given, str)
    return bool(given == sent)


def _canonical(value: Any, identify: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_canonical(item, identify) for item in value]
    if isinstance(value, str) and value.startswith("data:"):
        return identify("sha256:" + hashlib.sha256(data_bytes(value)).hexdigest())
    if not isinstance(value, dict):
        return value
    if value.get("type") == "generation" and isinstance(value.get("id"), str):
        return value | {"id": identify(value["id"])}
    # A prompt may begin with any word.
    return {key: item if key == "prompt" else _canonical(item, identify) for key, item in value.items()}


def data_bytes(uri: str) -> bytes:
    """What a `data:` URI holds.

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
        raise InvalidRequestError(f"{uri[:40]!r} is no data: URI that can be read: give the file itself") from None
