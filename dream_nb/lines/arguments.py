"""What a `%dream` line or cell requests."""

from __future__ import annotations

import difflib
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from dream_nb.api.canonical import ALL_IMAGE_MODELS, GuidedVideoRequest, StyledImageRequest
from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.request_models import Kind, Request
from dream_nb.lines.edit_options import edit_of
from dream_nb.lines.option_names import FLAGS, WORDS, option_of
from dream_nb.lines.options import DREAM, parse
from dream_nb.lines.prompts import split_prompts
from dream_nb.lines.references import References
from dream_nb.lines.set_option import set_fields
from dream_nb.requests.fields import make_request
from dream_nb.requests.inputs import naming
from dream_nb.requests.plan import Ask, takes_of
from dream_nb.requests.roles import FIELD_OF, FRAMES, PLAIN, ROLES, Role, RolePicture, as_fields, role_picture
from dream_nb.requests.variants import Variant, expand

_ONLY: Final[dict[str, Kind]] = {
    **dict.fromkeys(("loop", "duration", "resolution", "concept", "hdr", "exr_export", "keyframe", *FRAMES), "video"),
    **dict.fromkeys((*ROLES, "format", "style", "web_search"), "image"),
}


@dataclass(frozen=True, slots=True)
class Arguments:
    """The dreams that a line or cell requests.

    Attributes:
        asks: the requests, in order.
        prompt: the prompt as it was typed, for all of them.
        is_single: whether this is one dream, and not a sweep, several prompts or several takes.
        options: the options about how to make the dreams: background, dry_run, name, budget, yes.
    """

    asks: tuple[Ask, ...]
    prompt: str
    is_single: bool
    options: Any


def read_arguments(
    line: str,
    cell: str | None,
    *,
    references: References,
    defaults: Mapping[str, Any],
) -> Arguments:
    """Read a `%dream` line, or a `%%dream` cell whose body is the prompt.

    Args:
        line: the text after the name of the magic.
        cell: the lines below, or None.
        references: finds variables, files and earlier dreams.
        defaults: the defaults of options that the line leaves out, by option name ("aspect_ratio").

    Raises:
        InvalidRequestError: an option or a value is wrong; nothing was sent.
    """
    try:
        prompt, given = parse(DREAM, line)
    except InvalidRequestError as error:
        if cell is not None or error.field != "prompt":
            raise
        raise InvalidRequestError(
            f"{error} To include it in the prompt, put quotation marks around the whole prompt"
        ) from None
    check_options(given)
    if cell is not None:
        if prompt:
            raise InvalidRequestError(
                f"{prompt!r} is on the %%dream line: write the prompt on the lines below, or use %dream"
            )
        # Empty lines around a prompt do not belong to it, unless it is to be used exactly as typed.
        prompt = cell.removesuffix("\n") if given.raw else cell.strip("\n")
    several = cell is not None and not given.raw
    return ask_for(prompt, given, references=references, defaults=defaults, several=several)


def ask_for(
    prompt: str, given: Any, *, references: References, defaults: Mapping[str, Any], several: bool = False
) -> Arguments:
    """Return the requests for a prompt and its options.

    Args:
        prompt: the prompt as it was typed.
        given: the options, as checked by `check_options`.
        references: finds variables, files and earlier dreams.
        defaults: the defaults of options that are not given, by option name ("aspect_ratio").
        several: whether lines of `---` separate prompts.

    Raises:
        InvalidRequestError: an option or a value is wrong; nothing was sent.
    """
    make = edit_of(given, references) or _create_of(given, _fill_in(given, defaults), references)
    prompts = split_prompts(prompt) if several else [prompt]
    variants = [variant for text in prompts for variant in _variants(text, given.raw, references)]
    first = 1 if given.take is None else given.take
    asks = [
        ask
        for variant in variants
        for ask in takes_of(make(variant.prompt), variant.words, given.count, first=first, fresh=given.fresh)
    ]
    is_single = len(asks) == 1 and not asks[0].words and len(prompts) == 1
    return Arguments(tuple(asks), prompt, is_single, given)


def _create_of(given: Any, kind: Kind, references: References) -> Callable[[str], Request]:
    """Return the function that makes the request for something new from a prompt."""
    fields = fields_of(given, kind, references)
    return lambda prompt: make_request(prompt, kind=kind, **fields)


def check_options(given: Any) -> None:
    """Check options whose values the parser does not check.

    Args:
        given: the options.

    Raises:
        InvalidRequestError: a value is wrong, or two options exclude each other.
    """
    if given.fresh and given.take is not None:
        raise InvalidRequestError("--fresh makes the next new take: leave out --take or --fresh")
    name = getattr(given, "name", None)
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise InvalidRequestError(f"--name {name!r} is not a valid Python name: use letters, digits and _")
    if given.budget is not None and not given.budget >= 0:
        raise InvalidRequestError(f"--budget {given.budget:g} is not a number of USD cents, 0 or more")
    kind = getattr(given, "kind", None)
    if kind is not None and kind not in get_args(Kind):
        near = difflib.get_close_matches(kind, get_args(Kind), n=1)
        hint = f": did you mean {near[0]}?" if near else ""
        raise InvalidRequestError(f"--kind {kind!r} is not one of {', '.join(get_args(Kind))}{hint}")


def _fill_in(given: Any, defaults: Mapping[str, Any]) -> Kind:
    """Fill in the defaults of options that the line leaves out, if they fit its kind. Returns that kind."""
    kind = _kind(given) or defaults.get("kind") or "video"
    for name, value in defaults.items():
        fits = _ONLY.get(name, kind) == kind and (name != "model" or (value in ALL_IMAGE_MODELS) == (kind == "image"))
        if name != "kind" and not getattr(given, name, None) and fits:
            setattr(given, name, value)
    return kind


def _kind(given: Any) -> Kind | None:
    """The kind that the line states or that its options imply; None if both are possible."""
    reasons: dict[Kind, str] = {}
    for name, kind in _ONLY.items():
        if getattr(given, name):
            reasons.setdefault(kind, option_of(name))
    if given.model in ALL_IMAGE_MODELS:
        reasons.setdefault("image", f"--model {given.model}")
    if given.image:
        reasons["image"] = "--image"
    if given.kind:
        reasons[given.kind] = f"--kind {given.kind}"
    if len(reasons) > 1:
        raise InvalidRequestError(
            f"{reasons['video']} is for videos, and {reasons['image']} for images: leave out one of them"
        )
    return next(iter(reasons), None)


def _variants(prompt: str, raw: bool, references: References) -> list[Variant]:
    return [Variant(prompt, {})] if raw else expand(prompt, references.variables)


def fields_of(given: Any, kind: Kind, references: References) -> dict[str, Any]:
    """Return the fields of a request that the options set.

    Args:
        given: the options. Those that a magic does not have are ignored.
        kind: the kind of the request.
        references: finds variables, files and earlier dreams.

    Raises:
        InvalidRequestError: a value is wrong.
    """
    fields = {name: value for name in PLAIN if (value := getattr(given, name)) is not None}
    if (duration := fields.get("duration")) and duration.isdecimal():
        fields["duration"] = f"{duration}s"
    for name in FLAGS:
        if getattr(given, name, False):
            fields[name] = True
    for name in WORDS:
        if (value := getattr(given, name, None)) is not None:
            fields[name] = value
    if guides := getattr(given, "keyframe", None):
        fields["guide_frames"] = references.guide_frames(guides)
    if concepts := getattr(given, "concept", None):
        fields["concepts"] = [{"key": key} for key in concepts]
    for name in FRAMES:
        if (text := getattr(given, name)) is not None:
            with naming(option_of(name), name):
                fields[name] = references.keyframe(text)
    fields |= as_fields(_reference(role, text, references) for role in ROLES for text in _texts(given, role))
    return fields | set_fields(given.set, GuidedVideoRequest if kind == "video" else StyledImageRequest)


def _texts(given: Any, role: Role) -> Sequence[str]:
    """The values of an option, which may be given several times, once, or not at all."""
    value = getattr(given, role, None)
    return [] if value is None else [value] if isinstance(value, str) else value


def _reference(role: Role, text: str, references: References) -> RolePicture:
    with naming(option_of(role), FIELD_OF[role]):
        return role_picture(role, references.reference(text))
