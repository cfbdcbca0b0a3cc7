"""What a request goes on from: files, URLs, and earlier generations, as the API wants them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import Generation, GenerationReference, ImageReference, Keyframe
from dream_nb.files import given_path
from dream_nb.requests.identity import Request, checked_request, data_bytes


class Made(Protocol):
    """What has a generation and its file: a `Dream`."""

    @property
    def generation(self) -> Generation:
        """The server's last answer."""

    @property
    def kind(self) -> Literal["video", "image"]:
        """ "video" or "image"."""

    @property
    def prompt(self) -> str:
        """The prompt as it was typed."""

    @property
    def path(self) -> Path:
        """The file."""


Input = Made | Generation | Path | str

# The first bytes of the formats that the API takes.
_FORMATS: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))
_LARGEST: Final = 20 * 2**20
_SHOWN: Final = 40
_URLS: Final = ("http://", "https://", "data:")


def make_request(prompt: str, *, kind: Literal["video", "image"] = "video", **fields: Any) -> Request:
    """A request of that kind, checked.

    Args:
        prompt: what to dream.
        kind: "video" or "image".
        **fields: the other fields of `GenerationRequest` or `ImageGenerationRequest`; `frame0` and `frame1` stand for
            its keyframes.

    Raises:
        InvalidRequestError: the prompt is empty, a field breaks the specification, or a picture cannot be read.
    """
    return checked_request(prompt, kind=kind, **_as_fields(fields))


def keyframe(value: Input | Keyframe, name: str | None = None) -> Keyframe:
    """A keyframe: of a dream or generation by its id, of a file or URL as a picture.

    Args:
        value: a `Dream`, a `Generation`, the `Path` of a picture, or a URL; any other text is a generation's id.
        name: what errors call it, such as the variable that holds it; by default they quote the value.

    Raises:
        InvalidRequestError: the file is not a supported picture, or the generation has no id.
    """
    if isinstance(value, GenerationReference | ImageReference):
        return value
    if isinstance(value, str) and not is_url(value):
        return GenerationReference(id=value)
    if isinstance(value, Path | str):
        return ImageReference(url=picture(value, name))
    generation = value if isinstance(value, Generation) else _made(value).generation
    if not generation.id:
        raise InvalidRequestError("this generation has no id, so that no keyframe can name it")
    return GenerationReference(id=generation.id)


def picture(value: Input, name: str | None = None) -> str:
    """The URL of a picture: of a file of this machine a `data:` URI.

    Args:
        value: an image's `Dream` or `Generation`, the `Path` of a picture, or a URL.
        name: what errors call it, such as the variable that holds it; by default they quote the value.

    Raises:
        InvalidRequestError: it is not a supported picture, or cannot be read.
    """
    if isinstance(value, Generation):
        url = value.assets.image if value.assets else None
        if url is None:
            shown = repr(name) if name else f"generation {value.id}"
            raise InvalidRequestError(f"{shown} has no picture: give an image, a file or a URL")
        return url
    if isinstance(value, Path):
        return _data_uri(given_path(value), name or str(value))
    if isinstance(value, str):
        return _checked_url(value, name)
    made = _made(value)
    if made.kind != "image":
        raise InvalidRequestError(
            f"{(name or made.prompt)!r} is a video, and a picture is wanted: save one with "
            "dream.image.save('frame.png')"
        )
    return _data_uri(made.path, name or made.path.name)


def _made(value: Any) -> Made:
    if not isinstance(getattr(value, "generation", None), Generation):
        raise InvalidRequestError(
            f"{type(value).__name__} is not what a request can go on from: give a Dream, a Generation, the Path of a "
            "picture, a URL or a generation's id"
        )
    made: Made = value
    return made


def _checked_url(url: str, name: str | None) -> str:
    """The URL, where it holds no picture itself, or one that is supported."""
    if url.startswith("data:"):
        shown = (name or url)[:_SHOWN]
        try:
            data = data_bytes(url)
        except InvalidRequestError:
            raise InvalidRequestError(f"{shown!r} is no data: URI that can be read: give the file itself") from None
        _media_type(data, shown)
    return url


def is_url(text: str) -> bool:
    """Whether it is an address rather than a file's name or an id."""
    return text.lower().startswith(_URLS)


def _data_uri(path: Path, name: str) -> str:
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise InvalidRequestError(f"{name!r} has {size / 2**20:.0f} MB: make it smaller than 20 MB")
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidRequestError(f"{name!r} cannot be read: {reason}") from None
    return f"data:{_media_type(data, name)};base64,{base64.b64encode(data).decode()}"


def _media_type(data: bytes, name: str) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for magic, media_type in _FORMATS:
        if data.startswith(magic):
            return media_type
    raise InvalidRequestError(f"{name!r} is not a supported picture (JPEG, PNG, WebP, GIF)")


def _as_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of a request in which `frame0` and `frame1` stand for its keyframes."""
    given = {name: fields.pop(name, None) for name in ("frame0", "frame1")}
    frames = {name: keyframe(value) for name, value in given.items() if value is not None}
    if not frames:
        return fields
    if fields.get("keyframes") is not None:
        raise InvalidRequestError("keyframes is given, and frame0 or frame1 too: leave out one of them")
    return fields | {"keyframes": frames}
