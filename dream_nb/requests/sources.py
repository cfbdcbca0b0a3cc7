"""Converts everything that can be given as a picture (dreams, files, URLs, bytes, pixels) to the URL for the API."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, runtime_checkable

from dream_nb.api.errors import InvalidRequestError, UnreadableFileError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import GenerationReference, ImageRef, ImageReference, ModifyImageRef
from dream_nb.files import given_path
from dream_nb.media.formats import AVIF, PICTURES, VIDEOS, format_of
from dream_nb.media.formats import named as formats_named
from dream_nb.media.pictures import read_picture
from dream_nb.requests.identity import data_bytes
from dream_nb.requests.names import explain, explain_missing, find_file, find_named
from dream_nb.requests.png import LARGEST, array_png, image_png, is_array, is_image

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


class Made(Protocol):
    """The interface of a generation with its file: a `Dream`."""

    @property
    def generation(self) -> Generation:
        """The server's last answer."""

    @property
    def kind(self) -> Literal["video", "image"]:
        """The kind of result: "video" or "image"."""

    @property
    def title(self) -> str:
        """The title: the prompt, and what was changed since."""

    @property
    def path(self) -> Path:
        """The path of the file."""


@runtime_checkable
class Waiting(Protocol):
    """The interface of something that has a result once it is done: a `Job`."""

    def done(self) -> bool:
        """Whether it has ended."""

    def result(self) -> Any:
        """Return the result."""


class Readable(Protocol):
    """The interface of an open binary file."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the bytes."""


if TYPE_CHECKING:
    Input = (
        Made
        | Generation
        | Waiting
        | Sequence[Made]
        | os.PathLike[str]
        | str
        | bytes
        | bytearray
        | memoryview
        | Readable
        | Image
        | np.ndarray[Any, Any]
        | ImageRef
        | ModifyImageRef
        | ImageReference
        | GenerationReference
        | Mapping[str, Any]
        | tuple[Any, float]
    )

_GIVABLE: Final = (
    "a Dream, a Generation, the path of a picture, a URL, an id, a Pillow image, an array (height x width x 3, uint8), "
    "or a picture's bytes"
)
_BYTES: Final = (bytes, bytearray, memoryview)
_SHOWN: Final = 40


def picture(value: Any, name: str | None = None, home: Path = Path()) -> str:
    """Return the URL of a picture, which is a `data:` URI for anything on this machine.

    Args:
        value: a picture as for `reference`, but without a weight.
        name: the name of the value in error messages, such as that of the variable that holds it; by default they quote
            the value.
        home: the folder that relative paths in a string start from; by default the working directory.

    Raises:
        InvalidRequestError: it is not a supported picture, or cannot be read.
    """
    value = one_of(value, name)
    if isinstance(value, str):
        value = named(value, name, home)
    if isinstance(value, str):
        return _checked_url(value, name)
    if isinstance(value, GenerationReference):
        raise InvalidRequestError(
            f"{(name or value.id)!r} is the id of a generation, but a picture is needed: give its Dream or file"
        )
    if isinstance(value, Generation):
        url = value.assets.image if value.assets else None
        if url is None:
            shown = repr(name) if name else f"generation {value.id}"
            raise InvalidRequestError(f"{shown} has no picture: give an image, a file or a URL")
        return url
    if is_made(value):
        if value.kind != "image":
            raise InvalidRequestError(
                f"{(name or value.title)!r} is a video, but a picture is needed: give one of its frames, such as its "
                "last_frame"
            )
        value, name = value.path, name or value.path.name
    if isinstance(value, os.PathLike):
        shown = name or os.fsdecode(value)
        return _data_uri(_file_bytes(given_path(os.fsdecode(value)), shown), shown)
    return _picture_of_bytes(value, name)


def video(value: Any, name: str | None = None) -> str | None:
    """Return the `data:` URI of a local video, or None if the value is something else.

    Args:
        value: a path, bytes, or anything else.
        name: the name of the value in error messages; by default its path.

    Raises:
        InvalidRequestError: the file cannot be read, or is too large.
    """
    if isinstance(value, os.PathLike):
        shown = name or os.fsdecode(value)
        value, name = _file_bytes(given_path(os.fsdecode(value)), shown), shown
    if not isinstance(value, _BYTES):
        return None
    data = bytes(value)
    found = format_of(data)
    if found is None or found not in VIDEOS:
        return None
    if len(data) > LARGEST:
        raise _too_large(len(data), name or f"a video of {len(data):,} bytes")
    return _uri(data, found.media_type)


def _picture_of_bytes(value: Any, name: str | None) -> str:
    """The URL of a picture in memory or in an open file."""
    if isinstance(value, _BYTES):
        data = bytes(value)
        return _data_uri(data, name or f"a picture of {len(data):,} bytes")
    if is_image(value):
        return _uri(image_png(value), "image/png")
    if is_array(value):
        return _uri(array_png(value), "image/png")
    if hasattr(value, "read"):
        return _data_uri(_read(value), name or str(getattr(value, "name", None) or "the open file"))
    raise unusable(value, name)


def unusable(value: object, name: str | None) -> InvalidRequestError:
    """Return the error for a value that a request cannot use.

    Args:
        value: any value. It is not quoted, because it may be a secret.
        name: the variable that holds it, or None.
    """
    kind = "None" if value is None else f"of the type {type(value).__name__}"
    return InvalidRequestError(f"{f'the variable {name!r}' if name else 'the value'} is {kind}: give {_GIVABLE}")


def is_made(value: object) -> bool:
    """Return whether a value has a generation and its file, like a `Dream`."""
    return isinstance(getattr(value, "generation", None), Generation)


def ended(value: Any, name: str | None = None) -> Any:
    """Return the result of a job that is done; any other value is returned unchanged.

    Args:
        value: any value.
        name: the name of the value in error messages.

    Raises:
        InvalidRequestError: the job is still under way.
        DreamError: the job failed; this is its error.
    """
    if not isinstance(value, Waiting):
        return value
    if not value.done():
        shown = repr(name or getattr(value, "title", None) or type(value).__name__)
        raise InvalidRequestError(f"{shown} is still under way: wait for it, and give its result()")
    return value.result()


def one_of(value: Any, name: str | None = None) -> Any:
    """Return the value that a request continues from: the result of a job, or the only dream of a sequence.

    Args:
        value: any value.
        name: the name of the value in error messages.

    Raises:
        InvalidRequestError: a job is still under way, or there are several dreams, or none.
        DreamError: a job failed; this is its error.
    """
    value = ended(value, name)
    is_film = isinstance(getattr(value, "shots", None), Sequence)
    several = value.shots if is_film else value
    if isinstance(several, str | bytes | bytearray | memoryview) or not isinstance(several, Sequence):
        return value
    if len(several) == 1:
        return ended(several[0], name)
    shown = f"the variable {name!r}" if name else f"the {type(value).__name__}"
    if not several:
        raise InvalidRequestError(f"{shown} is empty, but one dream or picture is needed")
    raise InvalidRequestError(
        f"{shown} holds {len(several):,} items, but one dream or picture is needed: choose one, such as "
        f"{name or ('film.shots' if is_film else 'dreams')}[0]"
    )


def named(text: str, name: str | None, home: Path) -> str | Path | GenerationReference:
    """Return what a text in Python names: a URL, a file, or a generation by its id.

    Args:
        text: the text.
        name: the variable that holds it, whose text is not quoted; None quotes the text.
        home: the folder that relative paths start from.

    Raises:
        InvalidRequestError: it is none of these.
    """
    found = find_named(text, lambda path: find_file(path, home))
    if found is not None:
        return found
    if name:
        raise InvalidRequestError(
            f"the text in the variable {name!r} is not a URL, a file or an id: set it to one of these, or to a Dream"
        )
    raise InvalidRequestError(explain(text, home, "URL, file or id", "give one of these, or the Dream itself"))


def _checked_url(url: str, name: str | None) -> str:
    """Return a URL unchanged, unless it is a `data:` URI: then check its picture, and return it in a supported form."""
    if url[:5].lower() != "data:":
        return url
    shown = (name or url)[:_SHOWN]
    try:
        data = data_bytes(url)
    except InvalidRequestError:
        raise InvalidRequestError(f"{shown!r} is not a valid data: URI: give the file itself") from None
    made = _data_uri(data, shown)
    # Only an AVIF is rewritten: for other formats, another spelling of the same picture is not worth a change.
    return made if format_of(data) is AVIF else "data:" + url[5:]


def _data_uri(data: bytes, name: str) -> str:
    """The bytes of a picture as a `data:` URI. An AVIF, which the API does not accept, becomes a PNG."""
    if len(data) > LARGEST:
        raise _too_large(len(data), name)
    found = format_of(data)
    try:
        if found is None or found not in PICTURES:
            raise UnreadableFileError(name, f"is not a picture that can be read ({formats_named(PICTURES)})")
        return _uri(_avif_png(data, name), "image/png") if found is AVIF else _uri(data, found.media_type)
    except UnreadableFileError as error:
        raise InvalidRequestError(f"{name!r} {error.reason}: give another picture") from error


def _uri(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _file_bytes(path: Path, name: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise _too_large(size, name)
        return path.read_bytes()
    except FileNotFoundError:
        is_own = given_path(name) == path
        message = explain_missing(name, Path()) if is_own else f"the file in the variable {name!r} does not exist"
        raise InvalidRequestError(message) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidRequestError(f"{name!r} cannot be read: {reason}") from None
    except ValueError as error:
        raise InvalidRequestError(f"{name!r} is not a path: {error}") from None


def _read(file: Any) -> bytes:
    """All bytes of an open file, from its beginning. Its position is restored."""
    shown = getattr(file, "name", None) or "the open file"
    try:
        place = file.tell() if file.seekable() else None
        if place is not None:
            file.seek(0)
        data = file.read(LARGEST + 1)
        if place is not None:
            file.seek(place)
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise InvalidRequestError(f"{str(shown)!r} cannot be read: {str(error).lower()}") from error
    if not isinstance(data, bytes):
        raise InvalidRequestError(f"{str(shown)!r} is open in text mode: open it with the mode 'rb'")
    return data


def _too_large(size: int, name: str) -> InvalidRequestError:
    return InvalidRequestError(f"{name!r} has {size / 2**20:.0f} MB: make it smaller than 20 MB")


def _avif_png(data: bytes, name: str) -> bytes:
    try:
        return image_png(read_picture(data, name))
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{name!r}: {error}") from error
