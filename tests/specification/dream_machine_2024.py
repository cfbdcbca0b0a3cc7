"""The specification of the Dream Machine API of October 2024: its operations, requests and answers."""

from __future__ import annotations

from typing import Final

from tests.specification.shapes import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    TIME,
    URI,
    UUID,
    Either,
    Listed,
    Object,
    Operation,
    Plain,
    Ref,
    Shape,
    Specification,
    Told,
    one_of,
)

PICTURES: Final = Listed(Ref("ImageRef"))

SCHEMAS: Final[dict[str, Shape]] = {
    "AspectRatio": one_of("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21", default="16:9"),
    "Assets": Object({"video": URI, "image": URI}),
    "Credits": Object({"credit_balance": Plain("number", "float")}, frozenset({"credit_balance"})),
    "Error": Object({"detail": TEXT}),
    "Generation": Object(
        {
            "id": UUID,
            "generation_type": Ref("GenerationType", default="video"),
            "state": Ref("State"),
            "failure_reason": TEXT,
            "created_at": TIME,
            "assets": Ref("Assets"),
            "model": TEXT,
            "request": Either(("GenerationRequest", "ImageGenerationRequest")),
        }
    ),
    "GenerationReference": Object(
        {"type": one_of("generation", default="generation"), "id": UUID}, frozenset({"type", "id"})
    ),
    "GenerationRequest": Object(
        {
            "generation_type": one_of("video", default="video"),
            "prompt": TEXT,
            "aspect_ratio": Ref("AspectRatio"),
            "loop": BOOLEAN,
            "keyframes": Ref("Keyframes"),
            "callback_url": URI,
        }
    ),
    "GenerationType": one_of("video", "image"),
    "ImageGenerationRequest": Object(
        {
            "generation_type": one_of("image", default="image"),
            "model": Ref("ImageModel"),
            "prompt": TEXT,
            "aspect_ratio": Ref("AspectRatio"),
            "callback_url": URI,
            "image_ref": PICTURES,
            "style_ref": PICTURES,
            "character_ref": Object({"identity0": Ref("ImageIdentity")}),
            "modify_image_ref": Ref("ModifyImageRef"),
        }
    ),
    "ImageIdentity": Object({"images": Listed(URI)}),
    "ImageModel": one_of("photon-1", "photon-flash-1", default="photon-1"),
    "ImageRef": Object({"url": URI, "weight": NUMBER}),
    "ImageReference": Object({"type": one_of("image", default="image"), "url": URI}, frozenset({"type", "url"})),
    "Keyframe": Told("type", {"generation": "GenerationReference", "image": "ImageReference"}),
    "Keyframes": Object({"frame0": Ref("Keyframe"), "frame1": Ref("Keyframe")}),
    "ListGenerationResponse": Object(
        {
            "generations": Listed(Ref("Generation")),
            "count": INTEGER,
            "has_more": BOOLEAN,
            "limit": INTEGER,
            "offset": INTEGER,
        },
        frozenset({"generations"}),
    ),
    "ModifyImageRef": Object({"url": URI, "weight": NUMBER}),
    "State": one_of("queued", "dreaming", "completed", "failed"),
}

GENERATION: Final = Ref("Generation")
PAGE: Final = {"limit": Plain("integer", default=100), "offset": Plain("integer", default=0)}
WORDS: Final = Listed(TEXT)

COMMON: Final = (
    Operation("GET", "/ping", "ping", 200, Object({"message": TEXT}), errors=False),
    Operation("GET", "/credits", "getCredits", 200, Ref("Credits")),
    Operation("GET", "/generations", "listGenerations", 200, Ref("ListGenerationResponse"), query=PAGE),
    Operation("GET", "/generations/{id}", "getGeneration", 200, GENERATION),
    Operation("DELETE", "/generations/{id}", "deleteGeneration", 204, None),
    Operation("POST", "/generations/image", "generateImage", 201, GENERATION, "ImageGenerationRequest"),
)
"""The operations that both APIs have."""

DREAM_MACHINE_2024: Final = Specification(
    openapi="3.0.3",
    server="https://api.lumalabs.ai/dream-machine/v1",
    operations=(
        *COMMON,
        Operation("POST", "/generations", "createGeneration", 201, GENERATION, "GenerationRequest"),
        Operation("GET", "/generations/camera_motion/list", "getCameraMotion", 200, WORDS),
    ),
    schemas=SCHEMAS,
)
