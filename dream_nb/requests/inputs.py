"""Inputs of a request: keyframes and references as a user gives them, converted to the fields of the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pydantic

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import (
    CharacterRef,
    GenerationReference,
    ImageIdentity,
    ImageRef,
    ImageReference,
    Keyframe,
    Media,
    ModifyImageRef,
)
from dream_nb.requests.names import check_weight, find_file, is_url, split_weight
from dream_nb.requests.roles import ROLE_OF, RolePicture, role_picture
from dream_nb.requests.sources import ended, is_made, named, one_of, picture

if TYPE_CHECKING:
    from dream_nb.requests.sources import Input

_REFERENCES: Final = ImageRef | ModifyImageRef | ImageReference | Media
_CHARACTER: Final = "character_ref"
_MODIFIED: Final = "modify_image_ref"


def keyframe(value: Input) -> ImageReference | GenerationReference:
    """Return a keyframe. Dreams and generations are referred to by id; anything else becomes a picture.

    Args:
        value: a `Dream`, a `Generation`, or a picture: a path, a URL, a Pillow image, an array (height x width, or
            height x width x 3 or 4; `uint8`, or floats from 0 to 1), the bytes of a picture, or an open binary file. A
            string is a URL, a path, or the id of a generation. The API's own models and dictionaries are also accepted,
            and so is a job that is done. Arrays, images and AVIF files become an upright PNG with 8 bits per channel.

    Raises:
        InvalidRequestError: the value is none of these, or contains several; a file is missing or not a supported
            picture; a job is not done yet; or a picture is larger than 20 MB.
        DreamError: the job failed; this is its error.
    """
    return read_keyframe(value)


def reference(value: Input, *, weight: float | None = None) -> ImageRef:
    """Return a picture to follow, for `image_ref` and `style_ref`.

    Args:
        value: a picture as for `keyframe`, but not an id or a video. A string may end with a colon and the weight, as
            in "palette.jpg:0.6".
        weight: how much the picture counts, from 0 to 1; None leaves this to the API.

    Raises:
        InvalidRequestError: as for `keyframe`, or the weight is not from 0 to 1, or is given twice.
        DreamError: the job failed; this is its error.
    """
    return read_reference(value, weight=weight)


def read_keyframe(
    value: Any, name: str | None = None, home: Path = Path(), *, weight: float | None = None
) -> ImageReference | GenerationReference:
    """Return a keyframe as `keyframe` does, with a name for error messages.

    Args:
        value: the value, as for `keyframe`.
        name: the name of the value in error messages, such as that of the variable that holds it; by default they quote
            the value.
        home: the folder that relative paths in a string start from.
        weight: the weight that was given with the value. Keyframes have no weight, so this is an error.

    Raises:
        InvalidRequestError: as for `keyframe`.
        DreamError: as for `keyframe`.
    """
    # A URL here has no place for a weight, so none is split off.
    if not (isinstance(value, str) and is_url(value)):
        value, weight = _weighted(value, weight, name, home)
    if weight is not None:
        raise InvalidRequestError("a keyframe has no weight: leave it out")
    value = one_of(value, name)
    if isinstance(value, Mapping):
        value = _keyframe_model(value, name, home)
    if isinstance(value, str):
        value = named(value, name, home)
    if isinstance(value, GenerationReference):
        return value
    if isinstance(value, _REFERENCES):
        if isinstance(value, ImageReference) and is_url(value.url):
            return value
        if not isinstance(value, ImageReference | Media) and value.weight is not None:
            raise InvalidRequestError("a keyframe has no weight: leave it out")
        return ImageReference(url=read_reference(value, name, home).url or "")
    generation = value if isinstance(value, Generation) else value.generation if is_made(value) else None
    if generation is None:
        return ImageReference(url=picture(value, name, home))
    if not generation.id:
        raise InvalidRequestError(
            f"{repr(name) if name else 'the generation'} has no id on a server: give one of its frames, such as its "
            "last_frame"
        )
    return GenerationReference(id=generation.id)


def read_reference(
    value: Any, name: str | None = None, home: Path = Path(), *, weight: float | None = None
) -> ImageRef:
    """Return a reference as `reference` does, with a name for error messages.

    Args:
        value: the value, as for `reference`.
        name: the name of the value in error messages, such as that of the variable that holds it; by default they quote
            the value.
        home: the folder that relative paths in a string start from.
        weight: how much the picture counts, from 0 to 1; None leaves this to the API.

    Raises:
        InvalidRequestError: as for `reference`.
        DreamError: as for `reference`.
    """
    value, weight = _weighted(value, weight, name, home)
    if isinstance(value, Mapping):
        url = value.get("url")
        value = _validated(ImageRef, {**value, "url": None if url is None else picture(url, name, home)})
    if not isinstance(value, _REFERENCES):
        return ImageRef(url=picture(value, name, home), weight=weight)
    if value.url is None:
        raise InvalidRequestError("the reference has no url")
    own = None if isinstance(value, ImageReference | Media) else value.weight
    # An already converted picture is not decoded again for every prompt of a sweep.
    url = value.url if is_url(value.url) else picture(value.url, name, home)
    return ImageRef(url=url, weight=_one_weight(weight, own))


def read_references(field: str, value: Any) -> list[RolePicture]:
    """Return the pictures that were given for a field of an image request.

    Args:
        field: one of `FIELDS`.
        value: the value that was given: one picture, or several.

    Raises:
        InvalidRequestError: a picture is not supported or cannot be read. The error names the field and the item.
        DreamError: a job failed; this is its error.
    """
    return references_in_items(field, field_items(field, value))


@contextmanager
def naming(place: str, field: str | None) -> Iterator[None]:
    """Add the place of a value to the errors that it causes.

    Args:
        place: where the value was given, such as "style_ref[1]" or "--style-ref".
        field: the field of the request.
    """
    try:
        yield
    except InvalidRequestError as error:
        raise InvalidRequestError(*(f"{place}: {one}" for one in error.problems), field=field) from error.__cause__


def references_in_items(field: str, items: list[tuple[str, Any]]) -> list[RolePicture]:
    """Return pictures as `read_references` does, from items that `field_items` has returned.

    Args:
        field: one of `FIELDS`.
        items: the pictures, each with its place.

    Raises:
        InvalidRequestError: as for `read_references`.
        DreamError: as for `read_references`.
    """
    if field == _MODIFIED and len(items) > 1:
        raise InvalidRequestError(f"{field}: {len(items)} pictures are given, but only one can be changed", field=field)
    found = []
    for place, value in items:
        with naming(place, field):
            found.append(role_picture(ROLE_OF[field], read_reference(value)))
    return found


def field_items(field: str, value: Any) -> list[tuple[str, Any]]:
    """Return the pictures given for a field of an image request, each with its place, such as "style_ref[1]".

    Args:
        field: one of `FIELDS`.
        value: the value that was given: one picture, or several.

    Raises:
        InvalidRequestError: a job is not done yet, or a character has another form than that of the API.
        DreamError: a job failed; this is its error.
    """
    with naming(field, field):
        value = ended(value)
    if field == _CHARACTER:
        value = _images(value)
    is_several = isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)
    # An open file is also an iterator, over its lines.
    is_several |= isinstance(value, Iterator) and not hasattr(value, "read")
    if not is_several or _is_pair(value):
        return [(field, value)]
    return [(f"{field}[{number}]", item) for number, item in enumerate(value)]


def _images(value: Any) -> Any:
    """The pictures of a character in the API's own form, as a list; any other value is returned unchanged."""
    if isinstance(value, CharacterRef | ImageIdentity):
        value = value.wire()
    if not isinstance(value, Mapping) or "url" in value:
        return value
    document = {"identity0": value} if "images" in value else value
    identity = document.get("identity0")
    if isinstance(identity, ImageIdentity):
        identity = identity.wire()
    if document.keys() == {"identity0"} and isinstance(identity, Mapping) and identity.keys() == {"images"}:
        # As models, which are not interpreted again: their strings are always addresses.
        return [ImageRef(url=one) if isinstance(one, str) and is_url(one) else one for one in identity["images"] or []]
    with naming(_CHARACTER, _CHARACTER):
        _validated(CharacterRef, document)
    return []


def _keyframe_model(value: Mapping[str, Any], name: str | None, home: Path) -> Any:
    """Return a keyframe given as a dictionary. If it has no type, its other field decides which kind it is."""
    document = {"type": "generation" if "id" in value else "image", **value}
    if document.get("url") is not None:
        document["url"] = picture(document["url"], name, home)
    return _validated(Keyframe, document)


def _weighted(value: Any, weight: float | None, name: str | None, home: Path) -> tuple[Any, float | None]:
    """Separate a value from its weight, which comes from a string, a tuple, or the argument."""
    own = None
    if _is_pair(value):
        value, own = value
    if isinstance(value, str):
        value, behind = split_weight(value, lambda text: find_file(text, home), name)
        own = _one_weight(own, behind)
    return value, _one_weight(weight, own)


def _one_weight(one: float | None, other: float | None) -> float | None:
    if one is not None and other is not None:
        raise InvalidRequestError("the weight is given twice: leave out one of them")
    weight = one if other is None else other
    if weight is None:
        return None
    if not isinstance(weight, Real) or isinstance(weight, bool):
        raise InvalidRequestError(f"the weight has the type {type(weight).__name__}: give a number from 0 to 1")
    return check_weight(float(weight), f"the weight {weight}")


def _is_pair(value: Any) -> bool:
    """Whether a value is a tuple of a picture and its weight."""
    is_tuple = isinstance(value, tuple) and len(value) == 2
    return is_tuple and isinstance(value[1], Real) and not isinstance(value[1], bool)


def _validated(model: Any, document: Mapping[str, Any]) -> Any:
    try:
        return pydantic.TypeAdapter(model).validate_python(document)
    except pydantic.ValidationError as error:
        raise InvalidRequestError.reading(error) from None
