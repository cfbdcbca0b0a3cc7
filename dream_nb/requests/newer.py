"""Values that this version does not know. They may be newer, and are sent unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from dream_nb.api.canonical import ALL_EDITING_MODELS, ALL_IMAGE_MODELS, ALL_RESOLUTIONS, ALL_VIDEO_MODELS
from dream_nb.api.luma_limits import LUMA_RATIOS
from dream_nb.api.request_models import ASPECT_RATIOS, CONCEPTS, IMAGE_MODELS, Request

_MODELS: Final[Mapping[str, tuple[str, ...]]] = {
    "video": ALL_VIDEO_MODELS,
    "image": ALL_IMAGE_MODELS,
    "modify_video": ALL_EDITING_MODELS,
    "reframe_video": ALL_EDITING_MODELS,
    "reframe_image": IMAGE_MODELS,
}


def newer_values(request: Request) -> list[str]:
    """Return the values of a request that this version does not know, each as "model 'ray-4'".

    Args:
        request: the request.
    """
    known = {
        "model": _MODELS.get(request.generation_type, ()),
        "aspect_ratio": (*ASPECT_RATIOS, *LUMA_RATIOS),
        "resolution": ALL_RESOLUTIONS,
    }
    given = {name: getattr(request, name, None) for name in known}
    found = [
        f"{name.replace('_', ' ')} {value!r}" for name, value in given.items() if value and value not in known[name]
    ]
    concepts = (one.get("key") for one in getattr(request, "concepts", None) or ())
    return found + [f"concept {key!r}" for key in concepts if key not in CONCEPTS]


def newer_note(requests: Iterable[Request]) -> str:
    """Return one line about the values that this version does not know; empty if it knows all.

    Args:
        requests: the requests.
    """
    found = dict.fromkeys(value for request in requests for value in newer_values(request))
    if not found:
        return ""
    return f"this version does not know {', '.join(found)}: it is sent unchanged, and the server may refuse it"
