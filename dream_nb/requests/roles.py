"""Names of options as fields of a request, and the pictures that an image follows, each with its role."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple, get_args

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.request_models import CharacterRef, ImageIdentity, ImageRef, ModifyImageRef, Request

Role = Literal["image_ref", "style_ref", "character_ref", "modify_ref"]
"""A role of a reference picture, under the name of its option of `%dream`."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)
PLAIN: Final = ("aspect_ratio", "model", "duration", "resolution")
"""The fields that have one word as their value. Options and requests use the same names."""

FRAMES: Final = ("frame0", "frame1")
"""The keyframes. Options and requests use the same names."""

FIELDS: Final = ("image_ref", "style_ref", "character_ref", "modify_image_ref")
"""The fields of a request that hold such pictures, in the order of the roles."""

FIELD_OF: Final = dict(zip(ROLES, FIELDS, strict=True))
"""The field of each role."""

ROLE_OF: Final = {field: role for role, field in FIELD_OF.items()}
"""The role of each field."""


class RolePicture(NamedTuple):
    """A picture with a role.

    Attributes:
        role: what is taken from the picture.
        url: the address of the picture, or the picture itself as a `data:` URI.
        weight: how much it counts, from 0 to 1; None leaves this to the API.
    """

    role: Role
    url: str
    weight: float | None = None


def role_picture(role: Role, picture: ImageRef) -> RolePicture:
    """Return a picture with its role.

    Args:
        role: what is taken from it.
        picture: the picture.

    Raises:
        InvalidRequestError: it is a picture of a character, and has a weight.
    """
    return RolePicture(role, picture.url or "", checked_weight(role, picture.weight))


def checked_weight(role: Role, weight: float | None) -> float | None:
    """Return the weight of a picture with that role.

    Args:
        role: what is taken from the picture.
        weight: how much it counts, or None.

    Raises:
        InvalidRequestError: it is a picture of a character, and has a weight.
    """
    if role == "character_ref" and weight is not None:
        raise InvalidRequestError("references to a character have no weight: leave it out")
    return weight


def as_fields(references: Iterable[RolePicture]) -> dict[str, Any]:
    """Return the fields of a request for pictures with roles.

    Args:
        references: the pictures in order. Weights of characters' pictures are ignored.

    Raises:
        InvalidRequestError: there are several pictures to modify.
    """
    fields: dict[str, Any] = {}
    character: list[str] = []
    for role, url, weight in references:
        if role == "character_ref":
            character.append(url)
            fields["character_ref"] = CharacterRef(identity0=ImageIdentity(images=character))
        elif role == "modify_ref":
            if "modify_image_ref" in fields:
                raise InvalidRequestError("only one picture can be changed: remove the other", field=role)
            fields["modify_image_ref"] = ModifyImageRef(url=url, weight=weight)
        else:
            fields.setdefault(role, []).append(ImageRef(url=url, weight=weight))
    return fields


def references_of(request: Request) -> list[RolePicture]:
    """Return the pictures that a request follows, with their roles.

    Args:
        request: the request. Those for videos have none.
    """
    found: list[RolePicture] = []
    plain: tuple[Role, ...] = ("image_ref", "style_ref")
    for role in plain:
        found += [RolePicture(role, one.url or "", one.weight) for one in getattr(request, role, None) or ()]
    character = getattr(request, "character_ref", None)
    identity = character.identity0 if character else None
    found += [RolePicture("character_ref", url) for url in (identity and identity.images) or ()]
    modified = getattr(request, "modify_image_ref", None)
    return [*found, RolePicture("modify_ref", modified.url or "", modified.weight)] if modified is not None else found
