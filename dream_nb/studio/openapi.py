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
from dream_nb.studio.openapi_parts import (
    BY_ID,
    ERROR,
    OWN_FIELDS,
    TAKE,
    Json,
    chosen,
    object_of,
    operation,
    ref,
    written,
)
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
    "description": "What to show.",
}
_WORDS: Final[Json] = {
    "type": "string",
    "anyOf": [{"maxLength": 0}, {"minLength": PROMPT_LENGTH[0], "maxLength": PROMPT_LENGTH[1]}],
}
_RATIO: Final[Json] = {
    "type": "string",
    "enum": list(ASPECT_RATIOS),
    "default": "16:9",
    "description": "The aspect ratio, width to height.",
}
_CALLBACK: Final[Json] = {
    "type": "string",
    "maxLength": MAX_URL,
    "pattern": HTTP_URL,
    "description": "The URL to which the generation is sent by POST when it starts dreaming, completes or fails.",
}
_WEIGHT: Final[Json] = {"type": "number", "minimum": 0, "maximum": 1, "description": "How much the picture counts."}
_MEDIA_URL: Final[Json] = {
    "type": "string",
    "anyOf": [{"maxLength": MAX_URL, "pattern": HTTP_URL}, {"pattern": DATA_URL}],
    "description": "The URL of a file, or a data: URL that contains it.",
}
_IMAGE_URL: Final[Json] = _MEDIA_URL | {"description": "The URL of a picture, or a data: URL that contains it."}
_PLACING: Final[Json] = {
    field: {"type": "integer", "minimum": lowest, "maximum": MAX_PLACE} for field, lowest in PLACES.items()
}
_EDITED: Final[Json] = {
    "prompt": _WORDS | {"description": "What to show; by default the prompt of the source is used."},
    "media": ref("Media"),
    "callback_url": _CALLBACK,
}
_ID: Final[Json] = {"type": "string", "format": "uuid", "description": "The id of a generation."}

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
    "loop": {
        "type": "boolean",
        "description": "Whether the video ends as it begins, so that it repeats without a cut.",
    },
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
        {"credit_balance": {"type": "number", "description": "The remaining play money in USD cents."}},
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
        {"frame0": ref("Keyframe"), "frame1": ref("Keyframe")}, description="The first and the last frame of a video."
    ),
    "ImageRef": object_of({"url": _IMAGE_URL, "weight": _WEIGHT}, description="A picture to follow."),
    "ImageIdentity": object_of(
        {"images": {"type": "array", "maxItems": MAX_REFERENCES, "items": _IMAGE_URL}},
        description="Several pictures of one character.",
    ),
    "GenerationRequest": object_of(
        {
            **_VIDEO,
            "model": {"type": "string", "nullable": True, "description": "Stored; names with flash are drawn faster."},
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
        description="A video, as in 2025. It cannot loop if frame1 is a generation.",
    )
    | {"not": {"anyOf": [_LOOP_OF_TWO_PICTURES, _LOOP_TO_A_VIDEO]}},
    "Concept": object_of(
        {"key": {"type": "string", "enum": list(CONCEPTS)}},
        required=("key",),
        additionalProperties=False,
        description="A camera move.",
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
            "mode": {"type": "string", "enum": list(MODES), "description": "How much of the video is changed."},
        },
        required=("generation_type", "media", "model", "mode"),
        additionalProperties=False,
        description="A video whose look is changed.",
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
        description="A video in another aspect ratio. x_end and y_end are greater than x_start and y_start.",
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
        description="An image in another aspect ratio. x_end and y_end are greater than x_start and y_start.",
    ),
    "UpscaleVideoGenerationRequest": object_of(
        {
            "generation_type": {"type": "string", "enum": ["upscale_video"], "default": "upscale_video"},
            "resolution": {"type": "string", "enum": list(RESOLUTIONS)},
            "callback_url": _CALLBACK,
        },
        additionalProperties=False,
        description="A video in a higher resolution; by default the next one.",
    ),
    "AudioGenerationRequest": object_of(
        {
            "generation_type": {"type": "string", "enum": ["add_audio"], "default": "add_audio"},
            "prompt": _WORDS | {"description": "What the sound is; by default the prompt of the video is used."},
            "negative_prompt": _WORDS | {"description": "Sounds to leave out."},
            "callback_url": _CALLBACK,
        },
        additionalProperties=False,
        description="A video to which sound is added.",
    ),
    "ImageGenerationRequest": object_of(
        {
            "generation_type": {"type": "string", "enum": ["image"], "default": "image"},
            "prompt": _PROMPT,
            "aspect_ratio": _RATIO,
            "callback_url": _CALLBACK,
            "model": {"type": "string", "enum": list(IMAGE_MODELS), "default": IMAGE_MODELS[0]},
            "format": {"type": "string", "enum": list(IMAGE_FORMATS)},
            "sync": {
                "type": "boolean",
                "description": "Whether the answer is sent only when the picture is completed.",
            },
            "sync_timeout": {
                "type": "number",
                "minimum": 0,
                "maximum": MAX_SYNC,
                "default": 60,
                "description": "The longest time in seconds before the answer is sent.",
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
        description="An image. With a field of 2025 (format, sync), model is required.",
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
                        "description": "The reduced first frame of a video, while it is drawn.",
                    },
                }
            ),
            **OWN_FIELDS,
            "model": {"type": "string", "description": "The model of the request."},
            "request": {
                "type": "object",
                "properties": {"generation_type": {"type": "string", "enum": list(REQUESTS)}},
                "required": ["generation_type"],
                "description": "The request.",
            },
        },
        required=("id", "generation_type", "state", "created_at", "take", "model", "request"),
        description="A request and its state. Fields that are not known yet are left out.",
    ),
    "ListGenerationResponse": object_of(
        {
            "generations": {"type": "array", "items": ref("Generation")},
            "count": {"type": "integer", "description": "The number of generations in this page."},
            "has_more": {"type": "boolean", "description": "Whether older ones follow on the next page."},
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
    405: "The path supports other methods.",
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
            "List the generations of this account, newest first",
            200,
            "ListGenerationResponse",
            (400,),
            parameters=[
                _query("limit", 100, 1, MAX_PAGE, "The largest number of generations in the page."),
                _query("offset", 0, 0, MAX_OFFSET, "The number of generations to skip."),
            ],
        ),
        "post": _create("createGeneration", "Create a video, as in 2024", "GenerationRequest"),
    },
    "/generations/video": {"post": _create("createVideo", "Create a video, as in 2025", "VideoRequest")},
    "/generations/video/modify": {"post": _create("modifyVideo", "Change the look of a video", "ModifyVideoRequest")},
    "/generations/video/reframe": {
        "post": _create("reframeVideo", "Change the aspect ratio of a video", "ReframeVideoRequest")
    },
    "/generations/image/reframe": {
        "post": _create("reframeImage", "Change the aspect ratio of an image", "ReframeImageRequest")
    },
    "/generations/{id}/upscale": {
        "post": _create(
            "upscaleGeneration",
            "Raise the resolution of a video",
            "UpscaleVideoGenerationRequest",
            200,
            parameters=BY_ID,
        )
    },
    "/generations/{id}/audio": {
        "post": _create("addAudioToGeneration", "Add sound to a video", "AudioGenerationRequest", 200, parameters=BY_ID)
    },
    "/generations/concepts/list": {
        "get": _operation("getConcepts", "List the camera moves that a request can have", 200, "Concepts", ())
    },
    "/generations/image": {"post": _create("generateImage", "Create an image", "ImageGenerationRequest")},
    "/generations/camera_motion/list": {
        "get": _operation(
            "getCameraMotion", "List the camera motions that a prompt can contain", 200, "CameraMotions", ()
        )
    },
    "/generations/{id}": {
        "get": _operation("getGeneration", "One generation", 200, "Generation", (404,), parameters=BY_ID),
        "delete": _operation(
            "deleteGeneration",
            "Delete a generation and its files; an unfinished one is refunded",
            204,
            None,
            (404,),
            parameters=BY_ID,
        ),
    },
    "/credits": {"get": _operation("getCredits", "Get the balance of the account", 200, "Credits", ())},
    "/ping": {"get": _operation("ping", "Check that the server answers", 200, "Pong", ())},
}


@functools.lru_cache(maxsize=8)
def document(base_url: str) -> bytes:
    """Return the OpenAPI 3.0 document of a studio with the address `base_url`, as JSON."""
    description = "A local stand-in for the Dream Machine. It draws by rule; no model is behind it."
    return written("dream_nb studio", "1.1.0", description, base_url, _PATHS, _SCHEMAS)
