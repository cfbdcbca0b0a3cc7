"""The first picture of a file, whether it is a picture or a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dream_nb.api.errors import UnreadableFileError
from dream_nb.media.animations import read_animation_facts
from dream_nb.media.containers import is_cut_off
from dream_nb.media.formats import NOT_READ, PICTURES, format_of
from dream_nb.media.pictures import picture_size, read_picture
from dream_nb.media.video import check_first_frame, frame_at, read_facts

if TYPE_CHECKING:
    from PIL.Image import Image


def read_poster(file: Path, *, near: int | None = None) -> Image:
    """Return a picture, or the first frame of a video, in RGB, as people see it.

    Args:
        file: the path of the file.
        near: the approximate length of the longer side that is needed, in pixels, so that a large picture is read
            faster; None reads all pixels.

    Raises:
        UnreadableFileError: the file cannot be decoded.
    """
    from PIL import Image

    if _is_picture(file):
        return read_picture(file, near=None if near is None else (near, near))
    return Image.fromarray(frame_at(file, 0.0))


def read_size(file: Path) -> tuple[int, int]:
    """Return the width and height of a picture or video as people see it, in pixels.

    Args:
        file: the path of the file.

    Raises:
        UnreadableFileError: the file cannot be decoded.
    """
    if _is_picture(file):
        return picture_size(file)
    facts = read_facts(file)
    return facts.width, facts.height


def check_whole(file: Path) -> None:
    """Decode a picture with all its frames, or the first frame of a video, and check that the file is complete.

    Args:
        file: the path of the file.

    Raises:
        UnreadableFileError: the file cannot be decoded, or is incomplete.
    """
    if _is_picture(file):
        read_animation_facts(file, file.name)
    else:
        check_first_frame(file)
    if is_cut_off(file):
        raise UnreadableFileError(file.name, "is cut off")


def _is_picture(file: Path) -> bool:
    try:
        found = format_of(file)
    except OSError as error:
        raise UnreadableFileError(file.name, f"cannot be read ({error.strerror or error})") from error
    if found is None:
        raise UnreadableFileError(file.name, NOT_READ)
    return found in PICTURES
