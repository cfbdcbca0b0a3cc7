"""Shows a picture between the lines of a terminal that supports it: kitty, iTerm2, or sixel."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from dream_nb.api.errors import ConfigurationError

if TYPE_CHECKING:
    from PIL.Image import Image

Protocol = Literal["kitty", "sixel"]

VARIABLE: Final = "DREAM_NB_TERMINAL"
"""The environment variable that says what the terminal can show, if detection fails."""

_PLAIN: Final = "plain"
_COLUMNS: Final = 64
_LINES: Final = 18
# The approximate height of a terminal's characters, relative to their width.
_LETTER: Final = 2
# Programs that identify themselves, and support sixel.
_SIXEL_PROGRAMS: Final = frozenset({"iTerm.app", "WezTerm", "mintty", "vscode"})

_stdout_lock = threading.Lock()


def show_picture(picture: Callable[[], bytes | None], *, through_kernel: bool = False) -> bool:
    """Show a picture on standard output.

    Args:
        picture: a function that returns the bytes, or None if there is no picture; it is called only if the terminal
            supports pictures.
        through_kernel: whether another program, which started this kernel, writes the output to its terminal.

    Returns:
        Whether the picture was shown.

    Raises:
        ConfigurationError: the environment variable has an unknown value.
    """
    protocol = _of_environment(os.environ) if through_kernel else _of_terminal()
    data = picture() if protocol is not None else None
    if protocol is None or data is None:
        return False
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as image:
        image.load()
        text = _captured(image, protocol) if through_kernel else _rendered(image, protocol)
    sys.stdout.write(text)
    sys.stdout.flush()
    return True


def chosen_protocol(environment: Mapping[str, str] = os.environ) -> Protocol | Literal["plain"] | None:
    """Return the protocol that the user has set; None if nothing is set.

    Args:
        environment: the environment variables.

    Raises:
        ConfigurationError: the value is unknown.
    """
    text = environment.get(VARIABLE)
    if not text:
        return None
    known = (*get_args(Protocol), _PLAIN)
    if text not in known:
        raise ConfigurationError(f"{VARIABLE} {text!r} is not one of {', '.join(known)}")
    return text  # type: ignore[return-value]


def _of_environment(environment: Mapping[str, str]) -> Protocol | None:
    """The protocol of a terminal, according to the variables that it sets for its programs."""
    if (chosen := chosen_protocol(environment)) is not None:
        return None if chosen == _PLAIN else chosen
    if environment.get("KITTY_WINDOW_ID") or environment.get("TERM") == "xterm-kitty":
        return "kitty"
    if environment.get("TERM_PROGRAM") in _SIXEL_PROGRAMS or environment.get("WT_SESSION"):
        return "sixel"
    return None


def _of_terminal() -> Protocol | None:
    """The protocol of this process's terminal, which is asked once."""
    chosen = chosen_protocol()
    if chosen == _PLAIN or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return None
    if chosen is not None:
        return chosen
    streams = (sys.__stdin__, sys.__stdout__)
    if not all(stream is not None and stream.isatty() for stream in streams):
        return None
    return _answered()


@cache
def _answered() -> Protocol | None:
    """The terminal's own answer about its protocols."""
    try:
        # At its import, it asks the terminal, and waits a tenth of a second for each answer.
        from textual_image import renderable
    except Exception:  # noqa: BLE001 - whatever a terminal answers or refuses, the path can be shown instead
        return None
    if renderable.Image is renderable.SixelImage:
        return "sixel"
    return "kitty" if renderable.Image is renderable.TGPImage else None


def _rendered(image: Image, protocol: Protocol) -> str:
    """The characters that show a picture."""
    from rich.console import Console
    from textual_image.renderable.sixel import Image as Sixel
    from textual_image.renderable.tgp import Image as Kitty

    written = io.StringIO()
    console = Console(
        file=written,
        force_terminal=True,
        force_jupyter=False,
        # Kitty identifies the picture by the colour of the characters in its place.
        color_system="truecolor",
        no_color=False,
        legacy_windows=False,
    )
    shown: Any = Kitty if protocol == "kitty" else Sixel
    # If the terminal does not report the size of its characters it is assumed, without a warning.
    logging.getLogger("textual_image").setLevel(logging.ERROR)
    console.print(shown(image, width=_width(image, console.width), height="auto"))
    return written.getvalue()


def _width(image: Image, columns: int) -> int:
    """The number of columns for a picture, so that it is neither too wide nor too high for a terminal."""
    lines_a_column = image.height / image.width / _LETTER
    return max(1, min(_COLUMNS, columns - 1, round(_LINES / lines_a_column)))


def _captured(image: Image, protocol: Protocol) -> str:
    """As `_rendered`, including what the library writes to the standard output of the process."""
    with _stdout_lock, _stdout_kept() as kept:
        text = _rendered(image, protocol)
    return kept.getvalue() + text


@contextlib.contextmanager
def _stdout_kept() -> Iterator[io.StringIO]:
    original, kept = sys.__stdout__, io.StringIO()
    sys.__stdout__ = kept  # type: ignore[assignment,misc]
    try:
        yield kept
    finally:
        sys.__stdout__ = original  # type: ignore[misc]
