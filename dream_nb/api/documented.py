"""The documented values of the Dream Machine API of 2025, where its schemas accept any text."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dream_nb.api.request_models import (
    CONCEPTS,
    DURATIONS,
    EDITING_MODELS,
    IMAGE_MODELS,
    RESOLUTIONS,
    VIDEO_MODELS,
    GenerationReference,
    GenerationRequest,
    ModifyVideoRequest,
    ReframeImageRequest,
    ReframeVideoRequest,
    Request,
    UpscaleVideoGenerationRequest,
)

_SHOWN = 40


def undocumented(request: Request) -> Iterator[tuple[str, str]]:
    """Return the undocumented values of a request, each as a field and why its value is refused.

    Args:
        request: the request.
    """
    if isinstance(request, GenerationRequest):
        yield from _unknown("model", request.model, VIDEO_MODELS)
        yield from _unknown("duration", request.duration, DURATIONS)
        yield from _unknown("resolution", request.resolution, RESOLUTIONS)
        for index, concept in enumerate(request.concepts or ()):
            field, key = f"concepts.{index}.key", concept.get("key")
            if not isinstance(key, str):
                yield field, "is required, and has to be a string"
            else:
                yield from _unknown(field, key, CONCEPTS)
        frames = request.keyframes
        if request.loop and frames is not None and isinstance(frames.frame1, GenerationReference):
            yield "loop", "cannot be true if frame1 is a generation: a video that leads up to another does not loop"
    elif isinstance(request, ModifyVideoRequest | ReframeVideoRequest):
        yield from _unknown("model", request.model, EDITING_MODELS)
    elif isinstance(request, ReframeImageRequest):
        yield from _unknown("model", request.model, IMAGE_MODELS)
    elif isinstance(request, UpscaleVideoGenerationRequest):
        yield from _unknown("resolution", request.resolution, RESOLUTIONS)


def _unknown(field: str, value: str | None, known: Collection[str]) -> Iterator[tuple[str, str]]:
    if value is not None and value not in known:
        yield field, f"{value[:_SHOWN]!r} is not one of {', '.join(known)}"
