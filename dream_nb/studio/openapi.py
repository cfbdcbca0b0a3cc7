"""The studio's description of itself, as an OpenAPI document."""

from __future__ import annotations

import functools
from typing import Any, Final

from dream_nb.api.models import STATES
from dream_nb.api.request_models import (
    ASPECT_RATIOS,
    CONCEPTS,
    DURATIONS,
    EDITING_MODELS,
    IMAGE_FORMATS,
    IMAGE_MODELS,
    MODES,
    REQUESTS,
    RESOLUTIONS,
    VIDEO_MODELS,
)
from dream_nb.studio.openapi_parts import BY_ID, ERROR, TAKE, Json, chosen, object_of, operation, ref, written
from dream_nb.studio.rules import (
    DATA_URL,
    DURATION,
    HTTP_URL,
    MAX_OFFSET,
    MAX_PAGE,
    MAX_PLACE,
    MAX_REFERENCES,
    MAX_SYNC,
    MAX_URL,
    PLACES,
    PROMPT_LENGTH,
)

_PROMPT: Final[Json] = {
    "type": "string",
    "minLength": PROMPT_LENGTH[0],
    "maxLength": PROMPT_LENGTH[1],
    "description": "What is to be seen.",
}
_WORDS: Final[Json] = {
    "type": "string",
    "anyOf": [{"maxLength": 0}, {"minLength": PROMPT_LENGTH[0], "maxLength": PROMPT_LENGTH[1]}],
}
_RATIO: Final[Json] = {
    "type": "string",
    "enum": list(ASPECT_RATIOS),
    "default": "16:9",
    "description": "Width to height.",
}
_CALLBACK: Final[Json] = {
    "type": "string",
    "maxLength": MAX_URL,
    "pattern": HTTP_URL,
    "description": "Where to POST the generation whenever it begins to dream, completes or fails.",
}
_WEIGHT: Final[Json] = {"type": "number", "minimum": 0, "maximum": 1, "description": "How much it counts."}
_MEDIA_URL: Final[Json] = {
    "type": "string",
    "anyOf": [{"maxLength": MAX_URL, "pattern": HTTP_URL}, {"pattern": DATA_URL}],
    "description": "A file: where it is, or itself in base64.",
}
_IMAGE_URL: Final[Json] = _MEDIA_URL | {"description": "A picture: where it is, or itself in base64."}
_PLACING: Final[Json] = {
    field: {"type": "integer", "minimum": lowest, "maximum": MAX_PLACE} for field, lowest in PLACES.items()
}
_EDITED: Final[Json] = {
    "prompt": _WORDS | {"description": "What is to be seen; without it the words of the source count."},
    "media": ref("Media"),
    "callback_url": _CALLBACK,
}
_ID: Final[Json] = {"type": "string", "format": "uuid", "description": "Names a generation."}

_PICTURE: Final = object_of({"type": {"type": "string", "enum": ["image"]}}, required=("type",))
_GENERATION: Final = object_of({"type": {"type": "string", "enum": ["generation"]}}, required=("type",))


def _loop_of(keyframes: Json) -> Json:
    return {"required": ["loop", "keyframes"], "properties": {"loop": {"enum": [True]}, "keyframes": keyframes}}


_LOOP_OF_TWO_PICTURES: Final = _loop_of(
    object_of({"frame0": _PICTURE, "frame1": _PICTURE}, required=("frame0", "frame1"))
)
_LOOP_TO_A_VIDEO: Final = _loop_of(object_of({"frame1": _GENERATION}, required=("frame1",)))
_VIDEO: Final[Json] = {
    "generation_type": {"type": "string", "enum": ["video"], "default": "video"},
    "prompt": _PROMPT,
    "aspect_ratio": _RATIO,
    "loop": {"type": "boolean", "description": "Whether the end leads back to the beginning."},
    "keyframes": ref("Keyframes"),
    "callback_url": _CALLBACK,
}
_SAYS_WHAT: Final[Json] = {
    "anyOf": [
        {"required": ["prompt"]},
        {
            "required": ["keyframes"],
            "properties": {"keyframes": {"anyOf": [{"required": ["frame0"]}, {"required": ["frame1"]}]}},
        },
    ]
}

_SCHEMAS: Final[Json] = {
    "Error": ERROR,
    "Credits": object_of(
        {"credit_balance": {"type": "number", "description": "Play money that is left, in USD cents."}},
        required=("credit_balance",),
    ),
    "Pong": object_of({"message": {"type": "string", "enum": ["pong"]}}, required=("message",)),
    "ImageReference": object_of(
        {"type": {"type": "string", "enum": ["image"]}, "url": _IMAGE_URL}, required=("type", "url")
    ),
    "GenerationReference": object_of(
        {"type": {"type": "string", "enum": ["generation"]}, "id": _ID},
        required=("type", "id"),
        description="A completed generation of the same account.",
    ),
    "Keyframe": {
        "oneOf": [ref("ImageReference"), ref("GenerationReference")],
        "discriminator": {
            "propertyName": "type",
            "mapping": {
                "image": "#/components/schemas/ImageReference",
                "generation": "#/components/schemas/GenerationReference",
            },
        },
    },
    "Keyframes": object_of(
        {"frame0": ref("Keyframe"), "frame1": ref("Keyframe")}, description="How a video begins and ends."
    ),
    "ImageRef": object_of({"url": _IMAGE_URL, "weight": _WEIGHT}, description="A picture to follow."),
    "ImageIdentity": object_of(
        {"images": {"type": "array", "maxItems": MAX_REFERENCES, "items": _IMAGE_URL}},
        description="One character, seen several times.",
    ),
    "GenerationRequest": object_of(
        {
            **_VIDEO,
            "model": {"type": "string", "nullable": True, "description": "Kept; names with flash are drawn faster."},
            "duration": {"type": "string", "nullable": True, "pattern": DURATION},
            "resolution": {"type": "string", "nullable": True, "enum": [*RESOLUTIONS, None]},
            "concepts": {"type": "array", "nullable": True, "items": {"type": "object"}},
        },
        **_SAYS_WHAT,
        description="A video, as in 2024. Without keyframes it needs a prompt; with two pictures it cannot loop.",
    )
    | {"not": _LOOP_OF_TWO_PICTURES},
    "VideoRequest": object_of(
        {
            **_VIDEO,
            "model": {"type": "string", "enum": list(VIDEO_MODELS)},
            "duration": {"type": "string", "enum": list(DURATIONS)},
            "resolution": {"type": "string", "enum": list(RESOLUTIONS)},
            "concepts": {"type": "array", "items": ref("Concept")},
        },
        required=("model",),
        additionalProperties=False,
        **_SAYS_WHAT,
        description="A video, as in 2025. What leads to an earlier video (frame1) cannot loop.",
    )
    | {"not": {"anyOf": [_LOOP_OF_TWO_PICTURES, _LOOP_TO_A_VIDEO]}},
    "Concept": object_of(
        {"key": {"type": "string", "enum": list(CONCEPTS)}},
        required=("key",),
        additionalProperties=False,
        description="What the camera does.",
    ),
    "Media": object_of(
        {"url": _MEDIA_URL}, required=("url",), additionalProperties=False, description="A video or a picture."
    ),
    "ModifyVideoRequest": object_of(
        {
            **_EDITED,
            "generation_type": {"type": "string", "enum": ["modify_video"]},
            "first_frame": ref("Media"),
            "model": {"type": "string", "enum": list(EDITING_MODELS)},
            "mode": {"type": "string", "enum": list(MODES), "description": "How far it goes from the video."},
        },
        required=("generation_type", "media", "model", "mode"),
        additionalProperties=False,
        description="A video with another look.",
    ),
    "ReframeVideoRequest": object_of(
        {
            **_EDITED,
            **_PLACING,
            "generation_type": {"type": "string", "enum": ["reframe_video"]},
            "first_frame": ref("Media"),
            "model": {"type": "string", "enum": list(EDITING_MODELS)},
            "aspect_ratio": _RATIO,
        },
        required=("generation_type", "media", "model", "aspect_ratio"),
        additionalProperties=False,
        description="A video in another ratio. The ends of what is shown of the source come after its starts.",
    ),
    "ReframeImageRequest": object_of(
        {
            **_EDITED,
            **_PLACING,
            "generation_type": {"type": "string", "enum": ["reframe_image"]},
            "model": {"type": "string", "enum": list(IMAGE_MODELS)},
            "aspect_ratio": _RATIO,
            "format": {"type": "string", "enum": list(IMAGE_FORMATS)},
        },
        required=("generation_type", "media", "model", "aspect_ratio"),
        additionalProperties=False,
        description="An image in another ratio. The ends of what is shown of the source come after its starts.",
    ),
    "UpscaleVideoGenerationRequest": object_of(
        {
            "generation_type": {"type": "string", "enum": ["upscale_video"], "default": "upscale_video"},
            "resolution": {"type": "string", "enum": list(RESOLUTIONS)},
            "callback_url": _CALLBACK,
        },
        additionalProperties=False,
        description="A video in a higher resolution; without one, in the next.",
    ),
    "AudioGenerationRequest": object_of(
        {
            "generation_type": {"type": "string", "enum": ["add_audio"], "default": "add_audio"},
            "prompt": _WORDS | {"description": "What is to be heard; without it the words of the video count."},
            "negative_prompt": _WORDS | {"description": "What is not to be heard."},
            "callback_url": _CALLBACK,
        },
        additionalProperties=False,
        description="A video with sound.",
    ),
    "ImageGenerationRequest": object_of(
        {
            "generation_type": {"type": "string", "enum": ["image"], "default": "image"},
            "prompt": _PROMPT,
            "aspect_ratio": _RATIO,
            "callback_url": _CALLBACK,
            "model": {"type": "string", "enum": list(IMAGE_MODELS), "default": IMAGE_MODELS[0]},
            "format": {"type": "string", "enum": list(IMAGE_FORMATS)},
            "sync": {"type": "boolean", "description": "Whether the answer waits for the picture."},
            "sync_timeout": {
                "type": "number",
                "minimum": 0,
                "maximum": MAX_SYNC,
                "default": 60,
                "description": "Seconds that the answer waits at most.",
            },
            "image_ref": {"type": "array", "maxItems": MAX_REFERENCES, "items": ref("ImageRef")},
            "style_ref": {"type": "array", "maxItems": MAX_REFERENCES, "items": ref("ImageRef")},
            "character_ref": object_of({"identity0": ref("ImageIdentity")}),
            "modify_image_ref": ref("ImageRef"),
        },
        required=("prompt",),
        anyOf=[
            {"required": ["model"]},
            {"not": {"anyOf": [{"required": [field]} for field in ("format", "sync", "sync_timeout")]}},
        ],
        description="An image. With a field of 2025 (format, sync) it needs a model.",
    ),
    "Generation": object_of(
        {
            "id": _ID,
            "generation_type": {"type": "string", "enum": ["video", "image"]},
            "state": {"type": "string", "enum": list(STATES)},
            "failure_reason": {"type": "string", "description": "Why it failed."},
            "created_at": {"type": "string", "format": "date-time"},
            "assets": object_of(
                {
                    "video": {"type": "string", "format": "uri"},
                    "image": {"type": "string", "format": "uri"},
                    "thumbnail": {
                        "type": "string",
                        "format": "uri",
                        "description": "The first frame of a video, small, while it is drawn.",
                    },
                }
            ),
            "take": {"type": "integer", "minimum": 1, "description": "The n-th result of this same request."},
            "progress": {"type": "number", "minimum": 0, "maximum": 1, "description": "The part that is drawn."},
            "stalled": {"type": "string", "description": "Why nothing that is queued is drawn at the moment."},
            "note": {"type": "string", "description": "Why it takes its time."},
            "model": {"type": "string", "description": "Which model was asked for."},
            "request": {
                "type": "object",
                "properties": {"generation_type": {"type": "string", "enum": list(REQUESTS)}},
                "required": ["generation_type"],
                "description": "What was asked for.",
            },
        },
        required=("id", "generation_type", "state", "created_at", "take", "model", "request"),
        description="A request and what became of it. What is not yet known is left out.",
    ),
    "ListGenerationResponse": object_of(
        {
            "generations": {"type": "array", "items": ref("Generation")},
            "count": {"type": "integer", "description": "Generations in this page."},
            "has_more": {"type": "boolean", "description": "Whether there are older ones."},
            "limit": {"type": "integer"},
            "offset": {"type": "integer"},
        },
        required=("generations", "count", "has_more", "limit", "offset"),
    ),
    "CameraMotions": {"type": "array", "items": {"type": "string"}},
    "Concepts": {"type": "array", "items": {"type": "string", "enum": list(CONCEPTS)}},
}

_WHY: Final = {
    400: "The request breaks a rule; the detail names the field.",
    401: "No valid key.",
    404: "This account has no such generation.",
    405: "The path knows other methods.",
    413: "The body is too long.",
    429: "A limit of this studio is reached; try again after Retry-After seconds.",
}


def _operation(
    name: str, summary: str, status: int, schema: str | None, refusals: tuple[int, ...], **more: Any
) -> Json:
    return operation(name, summary, status, schema, chosen(_WHY, (401, 405, *refusals)), **more)


def _create(name: str, summary: str, schema: str, status: int = 201, **more: Any) -> Json:
    body = {"required": True, "content": {"application/json": {"schema": ref(schema)}}}
    refusals = (400, 413, 429, *((404,) if more else ()))
    parameters = [TAKE, *more.get("parameters", ())]
    return _operation(name, summary, status, "Generation", refusals, requestBody=body, parameters=parameters)


def _query(name: str, default: int, lowest: int, highest: int, description: str) -> Json:
    schema = {"type": "integer", "default": default, "minimum": lowest, "maximum": highest}
    return {"name": name, "in": "query", "description": description, "schema": schema}


_PATHS: Final[Json] = {
    "/generations": {
        "get": _operation(
            "listGenerations",
            "Generations of this account, the newest first",
            200,
            "ListGenerationResponse",
            (400,),
            parameters=[
                _query("limit", 100, 1, MAX_PAGE, "Length of a page."),
                _query("offset", 0, 0, MAX_OFFSET, "How many to pass over."),
            ],
        ),
        "post": _create("createGeneration", "Ask for a video, as in 2024", "GenerationRequest"),
    },
    "/generations/video": {"post": _create("createVideo", "Ask for a video, as in 2025", "VideoRequest")},
    "/generations/video/modify": {"post": _create("modifyVideo", "Give a video another look", "ModifyVideoRequest")},
    "/generations/video/reframe": {
        "post": _create("reframeVideo", "Give a video another ratio", "ReframeVideoRequest")
    },
    "/generations/image/reframe": {
        "post": _create("reframeImage", "Give an image another ratio", "ReframeImageRequest")
    },
    "/generations/{id}/upscale": {
        "post": _create(
            "upscaleGeneration",
            "Ask for a higher resolution of a video",
            "UpscaleVideoGenerationRequest",
            200,
            parameters=BY_ID,
        )
    },
    "/generations/{id}/audio": {
        "post": _create("addAudioToGeneration", "Give a video sound", "AudioGenerationRequest", 200, parameters=BY_ID)
    },
    "/generations/concepts/list": {
        "get": _operation("getConcepts", "What a request can ask of the camera", 200, "Concepts", ())
    },
    "/generations/image": {"post": _create("generateImage", "Ask for an image", "ImageGenerationRequest")},
    "/generations/camera_motion/list": {
        "get": _operation("getCameraMotion", "Words for the camera that a prompt can hold", 200, "CameraMotions", ())
    },
    "/generations/{id}": {
        "get": _operation("getGeneration", "One generation", 200, "Generation", (404,), parameters=BY_ID),
        "delete": _operation(
            "deleteGeneration",
            "Forget a generation and its files; one that is not finished is refunded",
            204,
            None,
            (404,),
            parameters=BY_ID,
        ),
    },
    "/credits": {"get": _operation("getCredits", "What the account has left", 200, "Credits", ())},
    "/ping": {"get": _operation("ping", "Whether anybody is there", 200, "Pong", ())},
}


@functools.lru_cache(maxsize=8)
def document(base_url: str) -> bytes:
    """Return the OpenAPI 3.0 document of a studio with the address `base_url`, as JSON."""
    description = "A local stand-in for the Dream Machine. It draws by rule; no model is behind it."
    return written("dream_nb studio", "1.1.0", description, base_url, _PATHS, _SCHEMAS)
