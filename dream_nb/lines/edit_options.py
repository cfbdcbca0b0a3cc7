"""The options that change another dream: `--modify`, `--reframe`, `--upscale`, `--audio`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dream_nb.api.canonical import ControlledModifyRequest, PlacedReframeRequest
from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.request_models import (
    AudioGenerationRequest,
    Edit,
    Kind,
    ReframeImageRequest,
    UpscaleVideoGenerationRequest,
)
from dream_nb.lines.option_names import EDITS, FLAGS, option_of
from dream_nb.lines.references import References
from dream_nb.lines.set_option import set_fields
from dream_nb.requests.edits import (
    DEFAULT_MODE,
    Origin,
    audio_request,
    modify_request,
    read_origin,
    reframe_request,
    upscale_request,
)
from dream_nb.requests.inputs import naming
from dream_nb.requests.roles import FRAMES, ROLES

_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "modify": frozenset({"mode", "model", "first_frame", "resolution", "keyframe", "hdr", "exr_export"}),
    "reframe": frozenset({"aspect_ratio", "model", "first_frame", "format", "image", "kind", "resolution", "position"}),
    "upscale": frozenset({"resolution"}),
    "audio": frozenset({"negative_prompt"}),
}
"""By the option that requests a change, the other options that are valid with it."""

EDIT_OPTIONS: Final = tuple(EDITS.values())
"""The options that request a change and name its source."""

_EDGES: Final = 4
_OF_EDITS: Final = {
    "mode": "--modify",
    "position": "--reframe",
    "negative_prompt": "--audio",
    "first_frame": "--modify or --reframe",
}
_OTHERS: Final = (
    "kind",
    "image",
    "aspect_ratio",
    "loop",
    "model",
    "duration",
    "resolution",
    "concept",
    "format",
    "hdr",
    "exr_export",
    "style",
    "web_search",
    "keyframe",
    *FRAMES,
    *ROLES,
    *_OF_EDITS,
)


def edit_of(given: Any, references: References) -> Callable[[str], Edit] | None:
    """Return the function that makes the request for a change from a prompt; None if the line makes something new.

    Args:
        given: the options.
        references: finds variables, files and earlier dreams.

    Raises:
        InvalidRequestError: an option is not valid here, or the thing that it names cannot be used.
    """
    asked = [name for name in EDIT_OPTIONS if getattr(given, name) is not None]
    if not asked:
        for name, owner in _OF_EDITS.items():
            if getattr(given, name) is not None:
                raise InvalidRequestError(f"{option_of(name)} requires {owner}: add it, such as {owner} last")
        return None
    if len(asked) > 1:
        raise InvalidRequestError(
            f"{option_of(asked[0])} and {option_of(asked[1])} are separate requests: use one at a time"
        )
    (edit,) = asked
    for name in _OTHERS:
        if getattr(given, name) and name not in _OPTIONS[edit]:
            raise InvalidRequestError(
                f"{option_of(name)} cannot be combined with {option_of(edit)}: leave out one of them"
            )
    with naming(option_of(edit), "media"):
        text = getattr(given, edit)
        origin = read_origin(references.source(text), text, references.home)
    return _MAKERS[edit](origin, given, references)


def _modify(origin: Origin, given: Any, references: References) -> Callable[[str], Edit]:
    fields = _common(given, references) | set_fields(given.set, ControlledModifyRequest)
    if given.keyframe:
        fields["guide_frames"] = references.guide_frames(given.keyframe)
    fields |= {name: True for name in FLAGS if getattr(given, name)}
    mode = _chosen(given.mode, fields, "mode") or DEFAULT_MODE
    return lambda prompt: modify_request(origin, prompt, mode=mode, **fields)


def _reframe(origin: Origin, given: Any, references: References) -> Callable[[str], Edit]:
    kind: Kind | None = "image" if given.image else given.kind
    if kind is None and origin.kind is None:
        raise InvalidRequestError(
            f"--reframe: {origin.label} may be a video or an image: add --kind video or --kind image"
        )
    schema = ReframeImageRequest if (kind or origin.kind) == "image" else PlacedReframeRequest
    fields = _common(given, references) | set_fields(given.set, schema)
    ratio = _chosen(given.aspect_ratio, fields, "aspect_ratio")
    if ratio is None:
        raise InvalidRequestError("--reframe needs the new ratio: add -a, such as -a 9:16", field="aspect_ratio")
    if given.format is not None:
        fields["format"] = given.format
    if given.position is not None:
        fields["position"] = _position(given.position)
    return lambda prompt: reframe_request(origin, ratio, prompt, kind=kind, **fields)


def _position(text: str) -> list[float]:
    try:
        fractions = [float(one) for one in text.split(",")]
    except ValueError:
        fractions = []
    if len(fractions) != _EDGES:
        raise InvalidRequestError(
            f"--position {text!r} is not X,Y,W,H: give the left edge, top edge, width and height in fractions of the "
            "result, such as 0,0.25,1,0.5",
            field="source_position",
        )
    return fractions


def _upscale(origin: Origin, given: Any, _references: References) -> Callable[[str], Edit]:
    fields = set_fields(given.set, UpscaleVideoGenerationRequest)
    resolution = _chosen(given.resolution, fields, "resolution")
    if resolution is None:
        raise InvalidRequestError("--upscale needs the new resolution: add -r, such as -r 4k", field="resolution")

    def make(prompt: str) -> Edit:
        if prompt.strip():
            raise InvalidRequestError(f"--upscale takes no prompt: leave out {prompt.strip()!r}", field="prompt")
        return upscale_request(origin, resolution, **fields)

    return make


def _audio(origin: Origin, given: Any, _references: References) -> Callable[[str], Edit]:
    fields = set_fields(given.set, AudioGenerationRequest)
    unwanted = _chosen(given.negative_prompt, fields, "negative_prompt")
    return lambda prompt: audio_request(origin, prompt, negative_prompt=unwanted, **fields)


_MAKERS: Final = {"modify": _modify, "reframe": _reframe, "upscale": _upscale, "audio": _audio}


def _chosen(option: str | None, fields: dict[str, Any], name: str) -> Any:
    """The value of an option, or of `--set`, which is removed from the fields."""
    if option is not None and name in fields:
        raise InvalidRequestError(
            f"{option_of(name)} and --set {name} are the same field: leave out one of them", field=name
        )
    return fields.pop(name, None) if option is None else option


def _common(given: Any, references: References) -> dict[str, Any]:
    fields = {name: value for name in ("model", "resolution") if (value := getattr(given, name)) is not None}
    if given.first_frame is not None:
        with naming(option_of("first_frame"), "first_frame"):
            fields["first_frame"] = references.reference(given.first_frame)
    return fields
