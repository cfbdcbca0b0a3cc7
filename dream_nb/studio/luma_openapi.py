"""The studio's description of the Luma API, as an OpenAPI document: one schema for each type of request."""

from __future__ import annotations

import functools
from typing import Any, Final

from dream_nb.api.luma_limits import (
    LUMA_DURATIONS,
    LUMA_IMAGE_MODELS,
    LUMA_MODELS,
    LUMA_RESOLUTIONS,
    LUMA_TYPES,
    LUMA_VIDEO_MODELS,
    MANGA_RATIOS,
    MAX_FILE_BYTES,
    MAX_KEYFRAMES,
    MAX_LAYERING_PROMPT,
    MAX_PROMPT,
    MAX_REFERENCES,
    PURPOSES,
    RATIOS_OF,
    STRENGTHS,
)
from dream_nb.api.luma_models import FAILURE_ADVICE, FILE_STATES, LUMA_STATES
from dream_nb.studio.luma_rules import MIME, UUID
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
from dream_nb.studio.rules import HTTP_URL, MAX_URL

_BASE64: Final = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_SUBTYPE: Final = MIME.partition("/")[2]
_NULL: Final[Json] = {"nullable": True, "enum": [None]}
_OFF: Final[Json] = {"type": "boolean", "nullable": True, "enum": [False, None]}
_FALSE: Final[Json] = {"type": "boolean", "enum": [False]}
_ON: Final[Json] = {"type": "boolean", "enum": [True]}


def _nullable(schema: Json) -> Json:
    more = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, **more, "nullable": True}


def _enum(*values: str) -> Json:
    return {"type": "string", "enum": list(values)}


_FLAG: Final = _nullable({"type": "boolean"})
_PART: Final = _nullable({"type": "number", "minimum": 0, "maximum": 1})
_USER: Final = _nullable(
    {"type": "string", "description": "Your own name for the user who sends the request. It is not shown."}
)
_PROMPT: Final[Json] = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_PROMPT,
    "pattern": r"\S",
    "description": "What to show.",
}


def _reference(kind: str, *, generations: bool = True) -> Json:
    """The schema of a picture or video that is named in exactly one of the possible ways."""
    texts: Json = {
        "url": {"type": "string", "maxLength": MAX_URL, "pattern": HTTP_URL},
        "data": {"type": "string", "minLength": 1, "pattern": _BASE64},
        "media_type": {"type": "string", "pattern": f"^{kind}/{_SUBTYPE}"},
        "generation_id": {"type": "string", "pattern": UUID},
        "file_id": {"type": "string", "pattern": UUID},
    }
    ways = [name for name in texts if name != "media_type" and (generations or name != "generation_id")]
    variants = []
    for way in ways:
        properties = {name: _nullable(schema) if name == "media_type" else _NULL for name, schema in texts.items()}
        is_typed = way == "data" or (way == "url" and kind == "video")
        properties |= {name: texts[name] for name in (way, "media_type") if name == way or is_typed}
        required = (way, "media_type") if is_typed else (way,)
        variants.append(object_of(properties, required=required, additionalProperties=False))
    return {"anyOf": variants}


def _options(**own: Json) -> Json:
    """The schema of the options of a video: duration, resolution and `own`. All others must be off or left out."""
    properties: Json = {
        "duration": _nullable(_enum(*LUMA_DURATIONS)),
        "resolution": _nullable(_enum(*LUMA_RESOLUTIONS)),
        **dict.fromkeys(("loop", "hdr", "exr_export"), _OFF),
        **dict.fromkeys(
            ("start_frame", "end_frame", "keyframes", "keyframe_indexes", "edit", "source_position"), _NULL
        ),
    }
    required = tuple(name for name, schema in own.items() if not schema.get("nullable"))
    return object_of(properties | own, required=required, additionalProperties=False)


def _guides(last: int | None) -> Json:
    """The schemas of guide frames and their indexes. Both must have the same length, which a schema cannot express."""
    index: Json = {"type": "integer", "minimum": 0} | ({} if last is None else {"maximum": last})
    bounds = {"minItems": 1, "maxItems": MAX_KEYFRAMES}
    return {
        "keyframes": {"type": "array", "items": ref("Picture"), **bounds},
        "keyframe_indexes": {"type": "array", "items": index, "uniqueItems": True, **bounds},
    }


_SHORT: Final = _nullable(_enum("5s"))
_LONG: Final = _enum("10s")
_FINE: Final = _nullable(_enum("720p", "1080p"))
_HDR: Final[Json] = {"hdr": _ON, "exr_export": _FLAG}
_FIRST: Final = {"nullable": True, "allOf": [ref("PictureOrVideo")]}
_VIDEO_OPTIONS: Final = [
    _options(),
    _options(**_HDR, resolution=_FINE),
    _options(duration=_SHORT, loop=_FLAG, start_frame=_FIRST),
    _options(duration=_SHORT, start_frame=_FIRST, end_frame=ref("PictureOrVideo")),
    *(
        _options(duration=duration, **_guides(last), **more)
        for duration, last in ((_SHORT, 120), (_LONG, 240))
        for more in ({}, {**_HDR, "resolution": _FINE})
    ),
]


def _edit(**own: Json) -> Json:
    names = ("auto_controls", "strength", "controls", "keyframes", "keyframe_indexes")
    properties = dict.fromkeys(names, _NULL)
    required = tuple(name for name, schema in own.items() if not schema.get("nullable"))
    return object_of(properties | own, required=required, additionalProperties=False)


_MANUAL: Final[Json] = {
    "auto_controls": _OFF,
    "strength": _nullable(_enum(*STRENGTHS)),
    "controls": {"nullable": True, "allOf": [ref("Controls")]},
}
_PLAIN_EDIT: Final = {"nullable": True, "anyOf": [_edit(auto_controls=_ON), _edit(**_MANUAL)]}
_GUIDED_EDIT: Final = {"anyOf": [_edit(auto_controls=_ON, **_guides(None)), _edit(**_MANUAL, **_guides(None))]}
_START: Final = {"nullable": True, "allOf": [ref("Picture")]}
_EDIT_OPTIONS: Final = [
    _options(**more, **frames)
    for more in ({}, _HDR)
    for frames in ({"start_frame": _START, "edit": _PLAIN_EDIT}, {"edit": _GUIDED_EDIT})
]


def _control(**own: Json) -> Json:
    return {**object_of({"enabled": _FLAG, **own}, additionalProperties=False), "nullable": True}


def _request(kind: str, model: tuple[str, ...], ratios: tuple[str, ...], description: str, **own: Json) -> Json:
    """The schema of the requests of one type: the common fields and `own`. All others must be null or left out."""
    properties: Json = {
        "prompt": _PROMPT,
        "type": _enum(kind),
        "model": _enum(*model),
        "aspect_ratio": _nullable(_enum(*ratios)),
        "user_id": _USER,
        "web_search": _FALSE,
        **dict.fromkeys(("source", "layering", "video", "output_format"), _NULL),
    }
    # The defaults of type and model are those of images, so other requests must give them.
    required = ["prompt", *(["type"] if kind != "image" else []), *(["model"] if "ray-3.2" in model else [])]
    required += ["source"] if kind not in ("image", "video") else []
    return object_of(properties | own, required=tuple(required), additionalProperties=False, description=description)


def _drawn(kind: str) -> Json:
    return {
        "image_ref": {
            "type": "array",
            "maxItems": MAX_REFERENCES[kind],
            "items": ref("Guide"),
            "description": "Pictures to follow.",
        },
        "output_format": _nullable(_enum("png", "jpeg")),
        "style": _enum("auto", "manga"),
        "web_search": {"type": "boolean", "description": "Accepted; nothing is searched."},
    }


_IMAGE_RATIOS: Final = RATIOS_OF[LUMA_IMAGE_MODELS[0]]
_VIDEO_RATIOS: Final = RATIOS_OF[LUMA_VIDEO_MODELS[0]]
_LANDSCAPE_MANGA: Final = object_of(
    {
        "style": _enum("manga"),
        "aspect_ratio": _enum(*(ratio for ratio in _IMAGE_RATIOS if ratio not in MANGA_RATIOS)),
    },
    required=("style", "aspect_ratio"),
)
_VIDEO_SOURCE: Final[Json] = {"source": ref("Video")}

_REQUESTS: Final[Json] = {
    "ImageRequest": _request(
        "image",
        LUMA_IMAGE_MODELS,
        _IMAGE_RATIOS,
        "An image. The style manga requires an upright aspect ratio.",
        **_drawn("image"),
    )
    | {"not": _LANDSCAPE_MANGA},
    "ImageEditRequest": _request(
        "image_edit",
        LUMA_IMAGE_MODELS,
        _IMAGE_RATIOS,
        "A changed version of an image.",
        source=ref("Picture"),
        **_drawn("image_edit"),
    ),
    "LayeringRequest": _request(
        "layering",
        LUMA_IMAGE_MODELS[:1],
        _IMAGE_RATIOS,
        "The layers of an image.",
        prompt={"type": "string", "maxLength": MAX_LAYERING_PROMPT, "description": "What the foreground is."},
        source=ref("Guide"),
        layering={**object_of({"resolution": _enum("1k", "2k")}, additionalProperties=False), "nullable": True},
        output_format=_nullable(_enum("png")),
    ),
    "VideoRequest": _request(
        "video",
        LUMA_VIDEO_MODELS,
        _VIDEO_RATIOS,
        "A video. keyframe_indexes and keyframes have the same length.",
        video={"nullable": True, "anyOf": _VIDEO_OPTIONS},
    ),
    "VideoEditRequest": _request(
        "video_edit",
        LUMA_VIDEO_MODELS,
        _VIDEO_RATIOS,
        "A video whose look is changed. keyframe_indexes and keyframes have the same length.",
        video={"nullable": True, "anyOf": _EDIT_OPTIONS},
        **_VIDEO_SOURCE,
    ),
    "VideoReframeRequest": _request(
        "video_reframe",
        LUMA_VIDEO_MODELS,
        _VIDEO_RATIOS,
        "A video in another aspect ratio.",
        video={
            "nullable": True,
            "anyOf": [_options(source_position={"nullable": True, "allOf": [ref("SourcePosition")]})],
        },
        **_VIDEO_SOURCE,
    ),
}
_MOMENT: Final[Json] = {"type": "string", "format": "date-time"}
_TEXT: Final = _nullable({"type": "string"})
_NAME: Final = _nullable({"type": "string", "maxLength": 1024})
_SIDE: Final[Json] = {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 2}
_FILE_FIELDS: Final[Json] = {
    "purpose": {**_enum(*PURPOSES), "default": PURPOSES[0]},
    "filename": _NAME,
    "user_id": _NAME,
}

_SCHEMAS: Final[Json] = {
    "Error": ERROR,
    "Picture": _reference("image"),
    "PictureOrVideo": _reference("image"),
    "Guide": _reference("image", generations=False),
    "Video": _reference("video"),
    "Controls": object_of(
        {
            "pose": _control(strength=_nullable(_enum("precise", "coarse"))),
            "depth": _control(blur=_PART),
            "normals": _control(augmentation=_PART),
            "trajectory": _control(sparsity=_PART),
            "face": _control(),
        },
        additionalProperties=False,
        description="What an edit keeps of its source.",
    ),
    "SourcePosition": object_of(
        {"x_norm": {"type": "number"}, "y_norm": {"type": "number"}, "w_norm": _SIDE, "h_norm": _SIDE},
        required=("x_norm", "y_norm", "w_norm", "h_norm"),
        additionalProperties=False,
        description="The position of the source, in fractions of the canvas.",
    ),
    **_REQUESTS,
    "GenerationRequest": {"anyOf": [ref(name) for name in _REQUESTS]},
    "Output": object_of(
        {
            "type": _enum("image", "video", "exr"),
            "url": {"type": "string", "format": "uri", "description": "The address of the file, valid for one hour."},
            "layer": {
                **object_of(
                    {
                        "index": {"type": "integer", "description": "The position of the layer, from front to back."},
                        "label": {"type": "string"},
                        "description": {"type": "string"},
                        "alpha_hint": _enum("soft", "hard", "none"),
                    },
                    required=("index", "label", "description", "alpha_hint"),
                ),
                "nullable": True,
            },
        },
        required=("type", "url", "layer"),
    ),
    "Generation": object_of(
        {
            "id": {"type": "string", "format": "uuid"},
            "created_at": _MOMENT,
            "model": _enum(*LUMA_MODELS),
            "state": _enum(*LUMA_STATES),
            "type": _enum(*LUMA_TYPES),
            "failure_code": _nullable(_enum(*FAILURE_ADVICE)),
            "failure_reason": _TEXT,
            "output": _nullable({"type": "array", "items": ref("Output")}),
            **OWN_FIELDS,
            "thumbnail": {"type": "string", "format": "uri", "description": "The first frame, while it is drawn."},
            "drawn": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The words of the prompt that are drawn.",
            },
            "unknown": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The words of the prompt that the studio does not know.",
            },
        },
        required=("id", "created_at", "model", "state", "type", "failure_code", "failure_reason", "output", "take"),
    ),
    "FileRequest": object_of(
        {
            "mime_type": {"type": "string", "pattern": MIME},
            "size_bytes": {"type": "integer", "minimum": 1, "maximum": MAX_FILE_BYTES},
            "expires_at": _nullable(_MOMENT),
            **_FILE_FIELDS,
        },
        required=("mime_type", "size_bytes"),
        additionalProperties=False,
    ),
    "File": object_of(
        {
            "id": {"type": "string", "format": "uuid"},
            "created_at": _MOMENT,
            "mime_type": {"type": "string"},
            "size_bytes": {"type": "integer"},
            "purpose": _enum(*PURPOSES),
            "state": _enum(*FILE_STATES),
            "failure_reason": _TEXT,
            "filename": _TEXT,
            "user_id": _TEXT,
            "expires_at": _nullable(_MOMENT),
            "deleted_at": _nullable(_MOMENT),
        },
        required=("id", "created_at", "mime_type", "size_bytes", "purpose", "state"),
    ),
    "CreatedFile": object_of(
        {
            "id": {"type": "string", "format": "uuid"},
            "state": _enum(*FILE_STATES),
            "file": ref("File"),
            "upload": {
                **object_of(
                    {
                        "url": {"type": "string", "format": "uri"},
                        "method": _enum("PUT"),
                        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                        "expires_at": _MOMENT,
                    },
                    required=("url", "method", "headers", "expires_at"),
                ),
                "nullable": True,
            },
        },
        required=("id", "state", "file", "upload"),
    ),
    "FilePage": object_of(
        {"data": {"type": "array", "items": ref("File")}, "has_more": {"type": "boolean"}, "next_cursor": _TEXT},
        required=("data", "has_more", "next_cursor"),
    ),
}

_WHY: Final = {
    400: "The request is malformed.",
    401: "No valid key.",
    402: "The balance does not cover the price.",
    404: "This account has no such generation or file.",
    405: "The path supports other methods.",
    413: "The body, or something in it, is too large.",
    422: "The fields cannot be combined, or something that they refer to does not exist.",
    429: "A limit of this studio is reached; try again after Retry-After seconds.",
}


def _operation(name: str, summary: str, status: int, schema: str | None, *refusals: int, **more: Any) -> Json:
    return operation(name, summary, status, schema, chosen(_WHY, (401, 405, *refusals)), **more)


def _body(schema: str) -> Json:
    return {"required": True, "content": {"application/json": {"schema": ref(schema)}}}


def _query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "schema": schema}


_LIST: Final = [
    _query("limit", {"type": "integer", "default": 25, "minimum": 1, "maximum": 100}),
    _query("cursor", {"type": "string", "description": "The next_cursor of the previous page."}),
    _query("purpose", _enum(*PURPOSES)),
    _query("state", _enum(*FILE_STATES)),
]
_PATHS: Final[Json] = {
    "/generations": {
        "post": _operation(
            "createGeneration",
            "Create an image, a video, an edit or layers",
            201,
            "Generation",
            *(400, 402, 413, 422, 429),
            requestBody=_body("GenerationRequest"),
            parameters=[TAKE],
        )
    },
    "/generations/{id}": {
        "get": _operation("getGeneration", "One generation", 200, "Generation", 404, parameters=BY_ID)
    },
    "/files": {
        "get": _operation("listFiles", "List the files, newest first", 200, "FilePage", 400, parameters=_LIST),
        "post": _operation(
            "createFile",
            "Create a file; multipart/form-data contains its bytes in the field file",
            201,
            "CreatedFile",
            *(400, 413),
            requestBody=_body("FileRequest"),
        ),
    },
    "/files/{id}": {
        "get": _operation("getFile", "One file", 200, "File", 404, parameters=BY_ID),
        "delete": _operation("deleteFile", "Delete the bytes of a file", 204, None, 404, parameters=BY_ID),
    },
    "/files/{id}/complete": {
        "post": _operation(
            "completeFile", "Complete a file whose bytes were uploaded", 200, "File", 404, 422, parameters=BY_ID
        )
    },
}


@functools.lru_cache(maxsize=8)
def luma_document(base_url: str) -> bytes:
    """Return the OpenAPI 3.0 document of the Luma API of a studio with the address `base_url`, as JSON."""
    description = "A local stand-in for the Luma API. It draws by rule; no model is behind it."
    return written("dream_nb studio: the Luma API", "1.0.0", description, base_url, _PATHS, _SCHEMAS)
