"""Converts a request to the `%dream` line or `%%dream` cell that makes it again."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final

from dream_nb.api.canonical import guide_frames_of
from dream_nb.api.errors import InvalidRequestError, LibraryError
from dream_nb.api.request_models import (
    GenerationReference,
    GenerationRequest,
    ImageReference,
    LayeringRequest,
    Request,
    UnknownRequest,
)
from dream_nb.files import replacing
from dream_nb.library.library import Library
from dream_nb.lines.option_names import EDITS, FLAGS, WORDS, option_of
from dream_nb.lines.options import DREAM, names
from dream_nb.lines.prompts import cut_prompt, split_prompts
from dream_nb.media.formats import format_of
from dream_nb.requests.code import METHODS
from dream_nb.requests.identity import data_bytes
from dream_nb.requests.roles import FIELDS, FRAMES, PLAIN, references_of
from dream_nb.requests.variants import expand

_EDITS: Final = {generation_type: EDITS[method] for generation_type, (method, _) in METHODS.items() if method in EDITS}
_TEXTS: Final = (*PLAIN, "mode", "negative_prompt", *WORDS)
# Fields without an option of the same name, or whose option has another form.
_OWN: Final = {
    *("prompt", "generation_type", "callback_url", "extra", "keyframes", "media", "first_frame"),
    *("guide_frames", "source_position"),
    *FLAGS,
    *_TEXTS,
}
_PICTURES: Final = "pictures"


def to_line(
    request: Request, library: Library, home: Path, *, take: int = 1, count: int = 1, special: bool = False
) -> str:
    """Return the line that makes a request again.

    Args:
        request: the request.
        library: the library that stores pictures that are part of the request, so that the line can refer to them.
        home: the folder of the notebook, which paths in the line are relative to.
        take: the number of the result of this request, from 1.
        count: the number of takes.
        special: whether `{a|b}` in the prompt is a sweep, and not literal text.

    Raises:
        InvalidRequestError: a value cannot be written on one line.
    """
    words = _words(request, library, home)
    words += [f"-n {count}"] if count > 1 else []
    words += [f"--take {take}"] if take > 1 else []
    return with_prompt(request.prompt or "", words, special=special)


def with_prompt(prompt: str, words: list[str], *, special: bool = False) -> str:
    """Return a prompt with its options, on one line if possible, otherwise as a cell.

    Args:
        prompt: the prompt as the API should receive it.
        words: the options.
        special: whether `{a|b}` in the prompt is a sweep, and not literal text.
    """
    if not special and not (_is_plain(prompt) and prompt == prompt.strip("\n")):
        words = [*words, "--raw"]
    options = " ".join(words)
    if not prompt:
        return f"%dream {options}"
    for text in (prompt, f'"{prompt}"', f"'{prompt}'"):
        line = f"{text} {options}".rstrip()
        # IPython ends lines at more characters than a newline, and what follows would run as Python.
        if len(prompt.splitlines()) == 1 and _reads(line, prompt):
            return f"%dream {line}"
    if len(split_prompts(prompt)) > 1 and "--raw" not in words:
        options += " --raw"
    return f"%%dream {options}".rstrip() + f"\n{prompt}"


def _is_plain(prompt: str) -> bool:
    try:
        variants = expand(prompt, {})
    except InvalidRequestError:
        return False
    return [variant.prompt for variant in variants] == [prompt]


def _reads(line: str, prompt: str) -> bool:
    """Whether `%dream` reads exactly this prompt from a line, without showing its help or cutting it."""
    try:
        return cut_prompt(line, names(DREAM))[0] == prompt
    except InvalidRequestError:
        return False


def _edit_words(request: Request, library: Library, home: Path) -> list[str]:
    """The options for a change of another dream."""
    edit, source = _EDITS[request.generation_type], getattr(request, "media", None)
    if source is None:
        raise InvalidRequestError("the server does not say what it was made from, so it cannot be written as a line")
    words = [
        _option(edit, source.id if isinstance(source, GenerationReference) else address_of(source.url, library, home))
    ]
    if edit == "reframe":
        words.append(f"--kind {request.kind}")
    if (first := getattr(request, "first_frame", None)) is not None:
        words.append(_option("first_frame", address_of(first.url, library, home)))
    return words


def _words(request: Request, library: Library, home: Path) -> list[str]:
    if isinstance(request, LayeringRequest):
        raise InvalidRequestError("layers cannot be written as a line: use dream.layers() in Python")
    if isinstance(request, UnknownRequest):
        raise InvalidRequestError("a request of an unknown kind cannot be written as a line")
    is_edit = request.generation_type in _EDITS
    words = [] if is_edit or isinstance(request, GenerationRequest) else ["--image"]
    words += _edit_words(request, library, home) if is_edit else []
    for name in _TEXTS:
        value, default = getattr(request, name, None), type(request).model_fields.get(name)
        if value is not None and default is not None and value != default.default:
            words.append(_option(name, str(value)))
    words += [_option("concept", key) for key in _concepts(request) or ()]
    words += [option_of(name) for name in FLAGS if getattr(request, name, None)]
    for guide in guide_frames_of(request):
        words.append(_option("keyframe", f"{_named(guide.frame, library, home)}@{guide.at}"))
    if (position := getattr(request, "source_position", None)) is not None:
        words.append(_option("position", ",".join(f"{one:g}" for one in position)))
    keyframes = getattr(request, "keyframes", None)
    for name in FRAMES:
        frame = getattr(keyframes, name, None)
        if frame is not None:
            words.append(_option(name, _named(frame, library, home)))
    for role, url, weight in references_of(request):
        words.append(_option(role, address_of(url, library, home) + ("" if weight is None else f":{weight:g}")))
    own = {*_OWN, *FIELDS} | ({"concepts"} if _concepts(request) is not None else set())
    others = {name: value for name, value in request.wire().items() if name not in own}
    return words + [_option("set", f"{name}={_as_json(value)}") for name, value in sorted(others.items())]


def _named(frame: ImageReference | GenerationReference, library: Library, home: Path) -> str:
    """A keyframe as the value of an option."""
    return address_of(frame.url, library, home) if isinstance(frame, ImageReference) else frame.id


def _concepts(request: Request) -> list[str] | None:
    """The keys of concepts that options can express; None if `--set` is needed."""
    concepts = getattr(request, "concepts", None) or ()
    keys = [one.get("key") for one in concepts]
    is_plain = all(isinstance(key, str) and one.keys() == {"key"} for key, one in zip(keys, concepts, strict=True))
    return [key for key in keys if isinstance(key, str)] if is_plain else None


def _as_json(value: Any) -> str:
    # Single quotes will enclose it.
    return json.dumps(value).replace("'", "\\u0027")


def _option(name: str, value: str) -> str:
    # It may come from a library that somebody else made: a second line would run as Python.
    if len(value.splitlines()) > 1 or {'"', "'"} <= set(value):
        raise InvalidRequestError(
            f"{name} {value!r} has a line break or both kinds of quotation marks, so it cannot be written on one line"
        )
    quoted = value if re.fullmatch(r"[^\s\"']+", value) else f'"{value}"' if '"' not in value else f"'{value}'"
    return f"{option_of(name)} {quoted}"


def address_of(url: str, library: Library, home: Path) -> str:
    """Return a URL unchanged; for an embedded picture, write it to a file and return its path.

    Args:
        url: the URL.
        library: the library that stores the picture.
        home: the folder of the notebook, which the path is relative to.

    Raises:
        LibraryError: the file cannot be written.
    """
    if not url.startswith("data:"):
        return url
    return name_from(keep_picture(data_bytes(url), library), home)


def keep_picture(data: bytes, library: Library) -> Path:
    """Write an embedded picture to a file in the library's folder, named by the sha256 of its bytes.

    Args:
        data: the bytes of the picture.
        library: the library in whose folder `pictures` it is stored.

    Raises:
        LibraryError: the folder cannot be written, or is a link, which may lead anywhere.
    """
    folder = library.folder / _PICTURES
    found = format_of(data)
    path = folder / f"{hashlib.sha256(data).hexdigest()[:12]}{found.suffix if found else '.png'}"
    try:
        # The folder may come with a repository.
        if folder.is_symlink():
            raise LibraryError(
                f"{_PICTURES!r} in the library {library.folder.name!r} is a link: replace it with a folder"
            )
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or not path.is_file() or path.read_bytes() != data:
            # Whatever has that name, such as a link, is replaced instead of written through.
            with replacing(path) as partial, partial.open("xb") as file:
                file.write(data)
    except OSError as error:
        raise LibraryError(
            f"{_PICTURES!r} in the library {library.folder.name!r} cannot be written ({error.strerror or error})"
        ) from error
    return path


def name_from(path: Path, home: Path) -> str:
    """The path of a file relative to the notebook's folder, if it is below it."""
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else path.as_posix()
