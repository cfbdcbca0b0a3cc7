"""The pictures and generations that a request refers to, in any of its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dream_nb.api.canonical import guide_frames_of
from dream_nb.api.request_models import GenerationReference, Request


def references_in(request: Request) -> dict[str, GenerationReference]:
    """Return the generations that a request refers to, by the places of the references.

    Args:
        request: the request.
    """
    keyframes = getattr(request, "keyframes", None)
    named = {"frame0": keyframes.frame0, "frame1": keyframes.frame1} if keyframes else {}
    named["media"] = getattr(request, "media", None)
    named |= {f"guide_frames[{number}]": one.frame for number, one in enumerate(guide_frames_of(request))}
    return {place: one for place, one in named.items() if isinstance(one, GenerationReference)}


def source_ids(request: Request) -> list[str]:
    """Return the ids of the generations that a request refers to, each once.

    Args:
        request: the request.
    """
    return list(dict.fromkeys(one.id for one in references_in(request).values()))


def replace_media(
    document: Any, picture: Callable[[str], str] | None = None, generation: Callable[[str], str] | None = None
) -> Any:
    """Return a request's document with other names for its local pictures and its generations.

    Args:
        document: the document that is sent, or a part of it.
        picture: a function that returns another text for a `data:` URI; None leaves these unchanged.
        generation: a function that returns another id for a generation's id; None leaves these unchanged.
    """

    def renamed(reference: dict[str, Any]) -> dict[str, Any] | None:
        return reference | {"id": generation(reference["id"])} if generation else None

    return _replaced(document, picture or (lambda uri: uri), renamed)


def with_addresses(document: Any, urls: Mapping[str, str]) -> Any:
    """Return a request's document in which some generations are replaced by pictures, by the addresses of their files.

    Args:
        document: the document that is sent, or a part of it.
        urls: the addresses by the ids of the generations.
    """

    def addressed(reference: dict[str, Any]) -> dict[str, Any] | None:
        url = urls.get(reference["id"])
        return {"type": "image", "url": url} if url is not None else None

    return _replaced(document, lambda uri: uri, addressed)


def _replaced(
    document: Any, picture: Callable[[str], str], generation: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> Any:
    """A request's document with other local pictures, and other references to generations where there are any."""
    if isinstance(document, list):
        return [_replaced(item, picture, generation) for item in document]
    if isinstance(document, str):
        return picture(document) if document.startswith("data:") else document
    if not isinstance(document, dict):
        return document
    if document.get("type") == "generation" and isinstance(document.get("id"), str):
        other = generation(document)
        if other is not None:
            return other
    # A prompt is left unchanged, even if it begins with "data:".
    return {name: item if name == "prompt" else _replaced(item, picture, generation) for name, item in document.items()}


def pictures_of(document: Any) -> list[str]:
    """Return the `data:` URIs in a request's document, each once.

    Args:
        document: the document that is sent, or a part of it.
    """
    found: dict[str, None] = {}

    def note(uri: str) -> str:
        found[uri] = None
        return uri

    replace_media(document, note)
    return list(found)
