"""The options of a line with their values and help. The magics and the command line share them."""

from __future__ import annotations

import argparse
import re
from argparse import Action
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NoReturn

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.luma_limits import LUMA_RESOLUTIONS
from dream_nb.api.request_models import MODES
from dream_nb.lines.prompts import cut_prompt
from dream_nb.requests.edits import DEFAULT_MODE

_SMALLEST, *_SMALLER = LUMA_RESOLUTIONS
_WRONG_NUMBER: Final = re.compile(
    r"argument (?:\S+/)?(?P<option>\S+): invalid (?P<type>int|float) value: (?P<value>.*)"
)
_NUMBERS: Final = {"int": "a whole number", "float": "a number"}
_RESOLUTIONS: Final = f"{_SMALLEST} (a draft, of ray-3.2), {', '.join(_SMALLER)} or 4k (of ray-2)."


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        names: the short and the long name.
        details: the other arguments of `ArgumentParser.add_argument`.
    """

    names: tuple[str, ...]
    details: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the option's value: "aspect_ratio"."""
        return self.names[-1].lstrip("-").replace("-", "_")

    def __hash__(self) -> int:
        return hash(self.names)


@dataclass(frozen=True, slots=True)
class Group:
    """A heading for the options that follow it.

    Attributes:
        title: the heading.
        description: the text that the help shows below it, or None.
    """

    title: str
    description: str | None = None


Options = tuple[Option | Group, ...]


def argument(*names: str, **details: Any) -> Option:
    """Return an option.

    Args:
        *names: the short and the long name.
        **details: the other arguments of `ArgumentParser.add_argument`.
    """
    return Option(names, details)


# The options that both magics have.
_RATIO: Final = argument(
    "-a", "--aspect-ratio", metavar="W:H", help="1:1, 16:9 (the default), 9:16, 4:3, 3:4, 21:9 or 9:21."
)
_RESOLUTION: Final = argument("-r", "--resolution", metavar="LINES", help=_RESOLUTIONS)
_SOURCES: Final = Group(
    "Starting points and references",
    description="Each takes a URL, a file, a variable (Dream, Generation, path, Pillow image, array), an id, or last.",
)
_DRY_RUN: Final = argument(
    "-D",
    "--dry-run",
    action="store_true",
    help="Show the exact JSON, what is in the library, and the cost. Send nothing.",
)
_BUDGET: Final = argument(
    "--budget", type=float, metavar="CENTS", help="Refuse if it would cost more than this many USD cents."
)
_SET: Final = argument(
    "--set", metavar="FIELD=JSON", action="append", default=[], help="Any other field of the API. Repeatable."
)
HELP: Final[Mapping[str, bool]] = {"-h": False, "--help": False}
"""The options of every magic that show its help, which take no value."""
_HELP: Final = argument(*HELP, action="store_true", help="Show this help.")

DREAM: Final[Options] = (
    Group("Result"),
    argument("-k", "--kind", metavar="KIND", help="video (the default) or image."),
    argument("-i", "--image", action="store_true", help="Make an image: short for --kind image."),
    _RATIO,
    argument("-l", "--loop", action="store_true", help="Make a video that loops without a visible cut."),
    argument(
        "-m",
        "--model",
        metavar="NAME",
        help="The model: photon-1, ray-2, …, or of the Luma API ray-3.2, uni-1, …",
    ),
    argument("-d", "--duration", metavar="SECONDS", help="The length of the video, such as 5s."),
    _RESOLUTION,
    argument(
        "--concept",
        metavar="KEY",
        action="append",
        help="A camera move, such as dolly_zoom; %%dreams concepts lists them. Repeatable.",
    ),
    argument("--hdr", action="store_true", help="Make the video in high dynamic range (ray-3.2)."),
    argument(
        "--exr", dest="exr_export", action="store_true", help="Add an EXR export to the MP4; requires --hdr (ray-3.2)."
    ),
    argument("--style", metavar="STYLE", help="The style of an image: auto or manga (uni-1)."),
    argument("--web-search", action="store_true", help="Let the model search the web for pictures (uni-1)."),
    argument("--format", metavar="EXTENSION", help="The file format of an image: jpg (the default) or png."),
    _SOURCES,
    argument("--frame0", metavar="FROM", help="The first frame of the video, or the video to continue."),
    argument("--frame1", metavar="TO", help="The last frame of the video, or the video to lead up to."),
    argument(
        "--keyframe",
        metavar="IMAGE@TIME",
        action="append",
        help="A picture at a given time of the video, such as hall.jpg@2.5s (ray-3.2). Repeatable.",
    ),
    argument(
        "--image-ref",
        metavar="IMAGE[:WEIGHT]",
        action="append",
        help="A picture for content and composition. Repeatable.",
    ),
    argument(
        "--style-ref", metavar="IMAGE[:WEIGHT]", action="append", help="A picture whose style to follow. Repeatable."
    ),
    argument(
        "--character-ref",
        metavar="IMAGE",
        action="append",
        help="A picture of the character; more of the same one may follow. Repeatable.",
    ),
    argument(
        "--modify-ref", metavar="IMAGE[:WEIGHT]", help="The picture to change; a higher weight keeps it more similar."
    ),
    Group(
        "Editing videos and images",
        description="Each takes the same values; the prompt describes what is new, and may be empty.",
    ),
    argument("--modify", metavar="VIDEO", help="Change the look of a video as the prompt says; its motion is kept."),
    argument(
        "--mode", metavar="MODE", help=f"How much --modify changes, from {MODES[0]} to {MODES[-1]} ({DEFAULT_MODE})."
    ),
    argument(
        "--position", metavar="X,Y,W,H", help="Where --reframe places the video, in fractions of the result (ray-3.2)."
    ),
    argument("--reframe", metavar="WHAT", help="Extend a video or image to the aspect ratio given with -a."),
    argument("--upscale", metavar="VIDEO", help="Raise a video to the resolution given with -r."),
    argument("--audio", metavar="VIDEO", help="Add the sound that the prompt describes to a video."),
    argument("--negative-prompt", metavar="WORDS", help="Sounds to leave out."),
    argument("--first-frame", metavar="IMAGE", help="The new first frame, for --modify and --reframe."),
    Group("Takes"),
    argument("-n", "--count", type=int, default=1, metavar="N", help="How many takes of each prompt (1)."),
    argument(
        "-t",
        "--take",
        type=int,
        metavar="N",
        help="The number of the result of the same request; with -n, of the first one (1).",
    ),
    argument(
        "-f",
        "--fresh",
        action="store_true",
        help="Make a new take on every run, even if there are some in the library.",
    ),
    Group("Running"),
    argument("-b", "--background", action="store_true", help="Return the job at once; its card stays in the cell."),
    _DRY_RUN,
    argument("--name", metavar="VAR", help="Also assign the result to this variable."),
    _BUDGET,
    argument("--yes", action="store_true", help="Pay for a large sweep without asking."),
    argument("--raw", action="store_true", help="Use {a|b}, {{name}} and --- literally."),
    _SET,
    _HELP,
)
"""The options of `%dream` and `%%dream`."""

STORYBOARD: Final[Options] = (
    Group("Result"),
    _RATIO,
    argument("-m", "--model", metavar="NAME", help="The model: ray-2, …"),
    argument("-d", "--duration", metavar="SECONDS", help="The length of each shot, such as 5s."),
    _RESOLUTION,
    argument(
        "--sound", metavar="WORDS", help="The sound of each shot; at the end of a shot's line, of that shot only."
    ),
    _SOURCES,
    argument("--frame0", metavar="FROM", help="The first frame of the first shot, or the video to continue."),
    argument("--frame1", metavar="TO", help="The last frame of the last shot, or the video to lead up to."),
    Group("Takes"),
    argument("-t", "--take", type=int, metavar="N", help="The number of the result of each shot (1)."),
    argument(
        "-f", "--fresh", action="store_true", help="Make new takes on every run, even if there are some in the library."
    ),
    Group("Running"),
    argument("-b", "--background", action="store_true", help="Return a future at once; its card stays in the cell."),
    _DRY_RUN,
    argument("--name", metavar="VAR", help="Also assign the storyboard to this variable."),
    _BUDGET,
    argument("--yes", action="store_true", help="Pay for many shots without asking."),
    argument("--raw", action="store_true", help="Use {a|b} and {{name}} literally."),
    _SET,
    _HELP,
)
"""The options of `%%storyboard`."""


def actions(options: Options) -> Mapping[str, Action]:
    """Return what the parser does with each option, by its long and its short name.

    Args:
        options: `DREAM` or `STORYBOARD`.
    """
    return {name: action for action in _parser(options)._actions for name in action.option_strings}


def names(options: Options) -> Mapping[str, bool]:
    """Return every option, long and short, with whether it takes a value.

    Args:
        options: `DREAM` or `STORYBOARD`.
    """
    return {name: action.nargs != 0 for name, action in actions(options).items()}


def parse(options: Options, line: str) -> tuple[str, Any]:
    """Return the prompt of a line, and its options by their names.

    Args:
        options: `DREAM` or `STORYBOARD`.
        line: the text after the name of the magic.

    Raises:
        InvalidRequestError: an option is unknown, or its value is wrong.
    """
    prompt, words = cut_prompt(line, names(options))
    return prompt, _parser(options).parse_args(words)


def asks_for_help(line: str, options: Mapping[str, bool]) -> bool:
    """Return whether the options of a line include `--help` or `-h`. In quotes and after `--` they are prompt.

    Args:
        line: the text after the name of the magic.
        options: the other options of the magic, with whether each takes a value.

    """
    if not any(name in line for name in HELP):
        return False
    try:
        _, words = cut_prompt(line, {**options, **HELP})
    except InvalidRequestError:
        # It is raised again when the line is read, with advice.
        return False
    return not HELP.keys().isdisjoint(words)


class OptionParser(argparse.ArgumentParser):
    """Reads options, and raises an error if one is wrong instead of ending the program.

    Args:
        options: the known options.
        **settings: the other arguments of `argparse.ArgumentParser`.
    """

    def __init__(self, options: Options, **settings: Any) -> None:
        super().__init__(add_help=False, allow_abbrev=False, **settings)
        group: Any = self
        for one in options:
            if isinstance(one, Option):
                group.add_argument(*one.names, **one.details)
            else:
                group = self.add_argument_group(one.title, one.description)

    def error(self, message: str) -> NoReturn:
        """Raise an error with this message.

        Raises:
            InvalidRequestError: always.
        """
        if wrong := _WRONG_NUMBER.fullmatch(message):
            message = f"{wrong['option']} {wrong['value']} is not {_NUMBERS[wrong['type']]}"
        raise InvalidRequestError(message)


@cache
def _parser(options: Options) -> OptionParser:
    return OptionParser(options)
