"""The static picture of a storyboard: the film, and below it a strip of its shots with their times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dream_nb.api.errors import GenerationFailedError, LibraryError
from dream_nb.html.page import picture_uri, template
from dream_nb.media.pictures import jpeg
from dream_nb.results.made_file import address, film_addresses, linked

if TYPE_CHECKING:
    from dream_nb.results.dream import Dream
    from dream_nb.storyboard.storyboard import Storyboard

# A notebook stays small: shots beyond this number are only counted.
_MOST: Final = 24
_SIDE: Final = 160
_POSTER_SIDE: Final = 480


@dataclass(frozen=True, slots=True)
class _Tile:
    """One shot: its picture or why there is none, when it begins, and whether it continues the shot before."""

    number: int
    prompt: str
    goes_on: bool
    url: str = ""
    picture: str = ""
    begins: float | None = None
    problem: str = ""


def film_strip(board: Storyboard) -> str:
    """Return a storyboard as HTML: a player of the film if it is joined, and a strip of the first 24 shots.

    The HTML is the same for new and replayed shots, except for the bytes of the pictures.

    Args:
        board: the storyboard.
    """
    made = {int(words["shot"]): dream for dream, words in zip(board.shots, board.shots.words, strict=True)}
    begins: float | None = 0.0
    tiles = []
    goes_on = {number for scene in board.scenes for number in scene[1:]}
    for number, prompt in enumerate(board.prompts, 1):
        tile, seconds = _tile(board, number, prompt, made.get(number), number in goes_on, begins)
        begins = None if begins is None or seconds is None else begins + seconds
        tiles.append(tile)
    first = made.get(1)
    film, poster, size = _film(board, first)
    return template("storyboard.html").render(
        tiles=tiles[:_MOST],
        rest=len(tiles) - len(tiles[:_MOST]),
        film=film,
        poster=poster,
        size=size,
        seconds=begins,
        side=_SIDE,
        is_studio=any(dream.backend == "studio" for dream in made.values()),
    )


def _tile(
    board: Storyboard, number: int, prompt: str, dream: Dream | None, goes_on: bool, begins: float | None
) -> tuple[_Tile, float | None]:
    """The tile of a shot, and the playing time of the shot in seconds."""
    if dream is None:
        error = board.errors.get(number)
        waits = f"waits for {number - 1}" if goes_on else "not made yet"
        return _Tile(number, prompt, goes_on, problem=_said(error) if error is not None else waits), None
    try:
        seconds = dream.duration
        picture = middle(dream, _SIDE)
    except LibraryError as error:
        return _Tile(number, prompt, goes_on, problem=str(error)), None
    return _Tile(number, prompt, goes_on, linked(dream.url), picture, begins), seconds


def middle(dream: Dream, side: int) -> str:
    """The middle frame of a shot as a `data:` URI. The first frame would repeat the last one of the shot before.

    Args:
        dream: the shot.
        side: the largest length of its longer side, in pixels.

    Raises:
        LibraryError: the file is missing, or cannot be decoded.
    """
    from PIL import Image

    return picture_uri(jpeg(Image.fromarray(dream.frame_at((dream.duration or 0.0) / 2, size=side))))


def _said(error: BaseException) -> str:
    """The reason why a shot is not made, without the generation's id, which differs every time."""
    if isinstance(error, GenerationFailedError):
        return ". ".join(filter(None, [error.reason.rstrip("."), error.advice]))
    return str(error)


def _film(board: Storyboard, first: Dream | None) -> tuple[str, str, tuple[int, int]]:
    """The address, poster and size of the film; empty if it is not joined, or cannot be."""
    if first is None:
        return "", "", (16, 9)
    try:
        path = board.path
        _, source = film_addresses(address(path.absolute(), first._home), path)
        return source, picture_uri(first._jpeg(_POSTER_SIDE)), first.size
    except (LibraryError, OSError):
        return "", "", (16, 9)
