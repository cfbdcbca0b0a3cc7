"""Resolves the text of a reference: a URL, a file, or a generation, and the weight after it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.request_models import GenerationReference
from dream_nb.files import given_path
from dream_nb.media.formats import PICTURES

SUFFIXES: Final = frozenset({".jpeg", *(one.suffix for one in PICTURES)})
"""The suffixes of the pictures that a request can take."""

# Texts with these suffixes are meant as files, whether or not the file exists.
_OTHER_SUFFIXES: Final = frozenset({".bmp", ".heic", ".heif", ".jfif", ".mp4", ".svg", ".tif", ".tiff"})
_URLS: Final = ("http://", "https://", "data:")
_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WEIGHT: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_ORIGIN: Final = re.compile(r"[a-z]+://[^/]*", re.IGNORECASE)
_OTHER_URL: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_MOST_SHOWN: Final = 200


def is_url(text: str) -> bool:
    """Return whether it is an address, and not the name of a file or an id."""
    return text.lower().startswith(_URLS)


def split_weight(text: str, file: Callable[[str], Path | None], name: str | None = None) -> tuple[str, float | None]:
    """Split a reference into its text and its weight: "palette.jpg:0.6" is "palette.jpg" and 0.6.

    The port of a URL, and the end of an existing file's name, are not weights.

    Args:
        text: the text of the reference.
        file: a function that returns the file of a name, or None if there is none.
        name: the variable that holds the text, which is then not quoted; None quotes it.

    Raises:
        InvalidRequestError: the weight is not from 0 to 1.
    """
    what, _, weight = text.rpartition(":")
    if text[:5].lower() == "data:" or not _WEIGHT.fullmatch(weight) or not what.strip(":/") or _ORIGIN.fullmatch(text):
        return text, None
    if not is_url(text) and file(text) is not None:
        return text, None
    shown = f"the weight in the variable {name!r}" if name else f"the weight {weight} of {what!r}"
    return what, check_weight(float(weight), shown)


def check_weight(weight: float, shown: str) -> float:
    """Return a weight if it is valid.

    Args:
        weight: how much a picture counts.
        shown: the name of the weight in error messages.

    Raises:
        InvalidRequestError: it is not from 0 to 1.
    """
    if not 0 <= weight <= 1:
        raise InvalidRequestError(f"{shown} is not from 0 to 1")
    return weight


def find_file(text: str, home: Path = Path(), within: Path | None = None) -> Path | None:
    """Return the file that a text names, or None if there is none.

    Args:
        text: the path.
        home: the folder that relative paths start from; by default the working directory.
        within: the only folder whose files may be named; files outside are not even checked for existence. By default
            every file may be named.
    """
    # Some texts are not valid paths: they are too long, or name an unknown user's home folder.
    with suppress(OSError, ValueError):
        path = home / given_path(text)
        if within is not None and not path.resolve().is_relative_to(within.resolve()):
            return None
        if path.is_file():
            return path
    return None


def find_named(text: str, file: Callable[[str], Path | None]) -> str | Path | GenerationReference | None:
    """Resolve a text as a URL, a file, or a generation's id, in this order; None if it is none of these.

    Args:
        text: the text of the reference.
        file: a function that returns the file of a name, or None if there is none.
    """
    if is_url(text):
        return text
    return file(text) or (GenerationReference(id=text) if _ID.fullmatch(text) else None)


def explain(text: str, home: Path, kinds: str, advice: str, candidates: Iterable[str] = ()) -> str:
    """Return the reason why a text names nothing, and what to do.

    Args:
        text: the text of the reference.
        home: the folder that relative paths start from.
        kinds: what it could have been, such as "URL, file or id".
        advice: what to do if no other name is similar.
        candidates: other names besides those of the existing files.
    """
    if other := _OTHER_URL.match(text):
        return (
            f"{_shortened(text)}: the API cannot download from {other['scheme']}:// addresses: give an http:// or "
            "https:// address"
        )
    if "/" in text or "\\" in text or Path(text).suffix.lower() in SUFFIXES | _OTHER_SUFFIXES:
        return explain_missing(text, home, candidates)
    return f"{_shortened(text)} is not a {kinds}: {_near(text, home, candidates) or advice}"


def explain_missing(text: str, home: Path, candidates: Iterable[str] = ()) -> str:
    """Return the reason why a path names no file, and what to do.

    Args:
        text: the path.
        home: the folder that relative paths start from.
        candidates: other names besides those of the existing files.
    """
    advice = "check its name and the folder that it is relative to"
    return f"{_shortened(text)} does not exist: {_near(text, home, candidates) or advice}"


def _near(text: str, home: Path, candidates: Iterable[str]) -> str:
    """The names that are similar to a text, as a question; empty if there are none."""
    names = [*candidates]
    with suppress(OSError, ValueError):
        names += [path.name for path in (home / given_path(text)).parent.iterdir() if path.is_file()]
    near = difflib.get_close_matches(Path(text).name, names, n=2)
    return f"did you mean {' or '.join(near)}?" if near else ""


def _shortened(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")
