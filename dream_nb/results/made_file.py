"""A file that was derived from dreams: a path that a notebook shows as a player or a picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from dream_nb.api.errors import LibraryError
from dream_nb.front_ends import front_end
from dream_nb.html.page import picture_uri, video_uri
from dream_nb.html.preview import FilePreview, file_preview
from dream_nb.marimo_kernel import served
from dream_nb.media.encoding import encode_small
from dream_nb.media.pictures import jpeg, reduced
from dream_nb.media.posters import read_poster, read_size
from dream_nb.media.video import read_facts
from dream_nb.place import find_place

_SIDE: Final = 480
_PICTURES: Final = (".gif", ".png", ".webp")
_VIDEO: Final = ".mp4"
# A notebook must stay small.
_MOST_BYTES: Final = 4 << 20

if TYPE_CHECKING:
    _Path = Path
else:
    # The class that `Path()` creates on this system: until Python 3.12, `Path` itself cannot be subclassed.
    _Path = type(Path())


class MadeFile(_Path):
    """The path of a file that was derived from dreams. A notebook shows the film or the picture in the file.

    Otherwise it is an ordinary `Path`.
    """

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            return {"text/plain": repr(self), "text/html": file_preview(_preview(Path(self)))}
        except (LibraryError, OSError):
            # It was removed since, or is a folder: paths derived from this one have the same class.
            return {"text/plain": repr(self)}


def _preview(path: Path) -> FilePreview:
    """The preview of a file.

    Raises:
        LibraryError: the file has no preview, or cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in (*_PICTURES, _VIDEO):
        raise LibraryError(f"{path.name!r} is not a picture or video")
    url = address(path, find_place().output)
    facts = read_facts(path) if suffix == _VIDEO else None
    poster = picture_uri(jpeg(reduced(read_poster(path), _SIDE))) if facts else ""
    source, link = url, linked(url)
    if facts:
        link, source = film_addresses(url, path)
    elif is_apart(url, path):
        if path.stat().st_size <= _MOST_BYTES:
            source = picture_uri(path.read_bytes(), suffix[1:])
        else:
            source = picture_uri(jpeg(reduced(read_poster(path), _SIDE)))
    return FilePreview(
        name=path.name,
        url=link,
        source=source,
        is_copy=source.startswith("data:"),
        poster=poster,
        size=read_size(path),
        seconds=facts.seconds if facts else None,
    )


def address(file: Path, home: Path) -> str:
    """Return the address of a file for a page, quoted for HTML.

    Args:
        file: the path of the file.
        home: the folder of the page.
    """
    try:
        return quote(Path(os.path.relpath(file, home)).as_posix())
    except ValueError:
        # On another Windows drive.
        return file.absolute().as_uri()


def film_addresses(url: str, video: Path) -> tuple[str, str]:
    """Return the addresses at which a page finds a video: one for links, and one for its player.

    Args:
        url: the address of the video, as returned by `address`.
        video: the path of the video.

    Returns:
        The address for links: that of the file, or of the page's own copy, or empty if the page can reach neither; and
        the address for a player, which may also be a coarse copy as a `data:` URI.

    Raises:
        LibraryError: the video cannot be decoded, or this machine cannot encode H.264.
    """
    if not is_apart(url, video):
        return url, url
    if copied := served(video):
        return copied, copied
    return linked(url), copy_of(video) or url


def linked(url: str) -> str:
    """Return the address for a link to a file; empty if no page can reach it.

    Args:
        url: the address of the file, as returned by `address`.
    """
    return url if front_end().has_files else ""


def copy_of(video: Path) -> str:
    """Return a coarse copy of a video as a `data:` URI; empty if even that is too large.

    Args:
        video: the path of the video.

    Raises:
        LibraryError: the video cannot be decoded, or this machine cannot encode H.264.
    """
    copy = encode_small(video, read_facts(video))
    return video_uri(copy) if copy else ""


def is_apart(url: str, file: Path) -> bool:
    """Return whether a page may be unable to reach a file.

    Some front ends cannot open files, and Jupyter serves only files below its root that are not in hidden folders.

    Args:
        url: the address of the file, as returned by `address`.
        file: the path of the file.
    """
    parts = url.split("/")
    if not front_end().has_files or ":" in url or any(part.startswith(".") and part != ".." for part in parts):
        return True
    # A file beside the notebook is shown from there, even if the output is written elsewhere.
    path = Path(os.path.abspath(file))  # noqa: PTH100 - links stay as they are
    return ".." in parts and not path.is_relative_to(find_place().folder)
