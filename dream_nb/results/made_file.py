"""A file that was made of dreams: a path that a notebook shows with what is in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from dream_nb.api.errors import LibraryError
from dream_nb.front_ends import front_end
from dream_nb.html.page import picture_uri, video_uri
from dream_nb.html.preview import FilePreview, file_preview
from dream_nb.media.encoding import encode_small
from dream_nb.media.pictures import jpeg, reduced
from dream_nb.media.posters import read_poster, read_size
from dream_nb.media.video import read_facts
from dream_nb.place import find_place

_SIDE: Final = 480
_PICTURES: Final = (".gif", ".png", ".webp")
_VIDEO: Final = ".mp4"
# A notebook stays small.
_MOST_BYTES: Final = 4 << 20

if TYPE_CHECKING:
    _Path = Path
else:
    # What `Path()` makes on this system: until Python 3.12 `Path` itself has no subclasses.
    _Path = type(Path())


class MadeFile(_Path):
    """The path of a file that was made of dreams. In a notebook it shows the film or the picture that is there.

    It is a `Path` in all else, and adds nothing to one but how it is shown.
    """

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            return {"text/plain": repr(self), "text/html": file_preview(_preview(Path(self)))}
        except (LibraryError, OSError):
            # It was removed since, or is a folder: paths that are made of this one are of its type.
            return {"text/plain": repr(self)}


def _preview(path: Path) -> FilePreview:
    """What is shown of a file.

    Raises:
        LibraryError: it is not one that is shown, or cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in (*_PICTURES, _VIDEO):
        raise LibraryError(f"{path.name!r} is not a picture or video")
    url = address(path, find_place().output)
    facts = read_facts(path) if suffix == _VIDEO else None
    poster = picture_uri(jpeg(reduced(read_poster(path), _SIDE))) if facts else ""
    source = url
    if is_apart(url, path):
        if facts:
            source = copy_of(path) or url
        elif path.stat().st_size <= _MOST_BYTES:
            source = picture_uri(path.read_bytes(), suffix[1:])
        else:
            source = picture_uri(jpeg(reduced(read_poster(path), _SIDE)))
    return FilePreview(
        name=path.name,
        url=url if front_end().has_files else "",
        source=source,
        is_copy=source != url,
        poster=poster,
        size=read_size(path),
        seconds=facts.seconds if facts else None,
    )


def address(file: Path, home: Path) -> str:
    """The address of a file in a page, quoted for HTML.

    Args:
        file: its path.
        home: the folder of the page.
    """
    try:
        return quote(Path(os.path.relpath(file, home)).as_posix())
    except ValueError:
        # On another drive of Windows.
        return file.absolute().as_uri()


def playable(url: str, video: Path) -> str:
    """What a player plays: the address of a video where its page reaches it, else a coarse copy as a `data:` URI.

    Args:
        url: its address, as `address` gives it.
        video: its path.

    Raises:
        LibraryError: it does not decode, or H.264 cannot be encoded on this machine.
    """
    return (copy_of(video) if is_apart(url, video) else "") or url


def copy_of(video: Path) -> str:
    """A coarse copy of a video as a `data:` URI; empty where even that is too large.

    Args:
        video: its path.

    Raises:
        LibraryError: it does not decode, or H.264 cannot be encoded on this machine.
    """
    copy = encode_small(video, read_facts(video))
    return video_uri(copy) if copy else ""


def is_apart(url: str, file: Path) -> bool:
    """Whether a page may not reach a file.

    Some front ends open none, and Jupyter serves what lies below its root, and no hidden folder.

    Args:
        url: its address, as `address` gives it.
        file: its path.
    """
    parts = url.split("/")
    if not front_end().has_files or ":" in url or any(part.startswith(".") and part != ".." for part in parts):
        return True
    # What lies beside the notebook is shown from there, also where its output is written elsewhere.
    path = Path(os.path.abspath(file))  # noqa: PTH100 - links stay as they are
    return ".." in parts and not path.is_relative_to(find_place().folder)
