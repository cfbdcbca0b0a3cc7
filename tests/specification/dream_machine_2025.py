"""The specification of the Dream Machine API of June 2025, as differences from the API of 2024."""

from __future__ import annotations

from typing import Final

from tests.specification.dream_machine_2024 import COMMON, DREAM_MACHINE_2024, GENERATION, SCHEMAS, WORDS
from tests.specification.shapes import (
    INTEGER,
    TEXT,
    URI,
    Either,
    Listed,
    Object,
    Operation,
    Plain,
    Ref,
    Shape,
    Specification,
    Suggested,
    one_of,
)


def _more(name: str, fields: dict[str, Shape], *required: str) -> Object:
    """An object of 2024 with additional fields."""
    earlier = DREAM_MACHINE_2024.objects()[name]
    return Object({**earlier.fields, **fields}, earlier.required | set(required))


PROMPT: Final = Plain("string", default="")
REFRAMED: Final = frozenset({"generation_type", "media", "model", "aspect_ratio"})
CROP: Final = dict.fromkeys(
    (
        "grid_position_x",
        "grid_position_y",
        "x_start",
        "x_end",
        "y_start",
        "y_end",
        "resized_width",
        "resized_height",
    ),
    INTEGER,
)

_NEW: Final[dict[str, Shape]] = {
    "VideoModel": one_of("ray-1-6", "ray-2", "ray-flash-2", default="ray-1-6"),
    "VideoModelOutputResolution": Suggested(("540p", "720p", "1080p", "4k")),
    "VideoModelOutputDuration": Suggested(("5s", "9s")),
    "ImageFormat": one_of("jpg", "png", default="jpg"),
    "ReframeImageModels": one_of("photon-1", "photon-flash-1"),
    "ReframeVideoModels": one_of("ray-2", "ray-flash-2"),
    "ModifyVideoModel": one_of("ray-2"),
    "ModifyVideoMode": one_of(*(f"{mode}_{n}" for mode in ("adhere", "flex", "reimagine") for n in (1, 2, 3))),
    "Concept": Object({"key": TEXT}, frozenset({"key"})),
    "Media": Object({"url": URI}, frozenset({"url"})),
    "ReframeImageRequest": Object(
        {
            "generation_type": one_of("reframe_image", default="reframe_image"),
            "media": Ref("Media"),
            "model": Ref("ReframeImageModels"),
            "prompt": PROMPT,
            "aspect_ratio": Ref("AspectRatio"),
            **CROP,
            "format": Ref("ImageFormat"),
            "callback_url": URI,
        },
        REFRAMED,
    ),
    "ReframeVideoRequest": Object(
        {
            "generation_type": one_of("reframe_video", default="reframe_video"),
            "media": Ref("Media"),
            "first_frame": Ref("Media"),
            "model": Ref("ReframeVideoModels"),
            "prompt": PROMPT,
            "aspect_ratio": Ref("AspectRatio"),
            **CROP,
            "callback_url": URI,
        },
        REFRAMED,
    ),
    "ModifyVideoRequest": Object(
        {
            "generation_type": one_of("modify_video", default="modify_video"),
            "media": Ref("Media"),
            "first_frame": Ref("Media"),
            "model": Ref("ModifyVideoModel"),
            "mode": Ref("ModifyVideoMode"),
            "prompt": TEXT,
            "callback_url": URI,
        },
        frozenset({"generation_type", "media", "model", "mode"}),
    ),
    "UpscaleVideoGenerationRequest": Object(
        {
            "generation_type": one_of("upscale_video", default="upscale_video"),
            "resolution": Ref("VideoModelOutputResolution"),
            "callback_url": URI,
        }
    ),
    "AudioGenerationRequest": Object(
        {
            "generation_type": one_of("add_audio", default="add_audio"),
            "prompt": TEXT,
            "negative_prompt": TEXT,
            "callback_url": URI,
        }
    ),
}

_CHANGED: Final[dict[str, Shape]] = {
    "Assets": _more("Assets", {"progress_video": URI}),
    "Generation": _more(
        "Generation",
        {
            "request": Either(
                (
                    "GenerationRequest",
                    "ImageGenerationRequest",
                    "UpscaleVideoGenerationRequest",
                    "AudioGenerationRequest",
                    "ReframeImageRequest",
                    "ReframeVideoRequest",
                    "ModifyVideoRequest",
                )
            )
        },
    ),
    "GenerationRequest": _more(
        "GenerationRequest",
        {
            "model": Ref("VideoModel"),
            "resolution": Ref("VideoModelOutputResolution"),
            "duration": Ref("VideoModelOutputDuration"),
            "concepts": Listed(Ref("Concept")),
        },
        "model",
    ),
    "ImageGenerationRequest": _more(
        "ImageGenerationRequest",
        {
            "format": Ref("ImageFormat", default="jpg"),
            "sync": Plain("boolean", default=False),
            "sync_timeout": Plain("number", default=60),
        },
        "model",
    ),
}

DREAM_MACHINE_2025: Final = Specification(
    openapi="3.1.0",
    server=DREAM_MACHINE_2024.server,
    operations=(
        *COMMON,
        Operation("POST", "/generations/video", "createGeneration", 201, GENERATION, "GenerationRequest"),
        Operation(
            "POST", "/generations/{id}/upscale", "upscaleGeneration", 200, GENERATION, "UpscaleVideoGenerationRequest"
        ),
        Operation("POST", "/generations/{id}/audio", "addAudioToGeneration", 200, GENERATION, "AudioGenerationRequest"),
        Operation("POST", "/generations/image/reframe", "reframeImage", 201, GENERATION, "ReframeImageRequest"),
        Operation("POST", "/generations/video/reframe", "reframeVideo", 201, GENERATION, "ReframeVideoRequest"),
        Operation("POST", "/generations/video/modify", "modifyVideo", 201, GENERATION, "ModifyVideoRequest"),
        Operation("GET", "/generations/concepts/list", "getConcepts", 200, WORDS),
    ),
    schemas={**SCHEMAS, **_CHANGED, **_NEW},
)
