"""The options of a line with their values and help. The magics and the command line share them."""

from __future__ import annotations

import argparse
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
    "What it goes on from",
    description="Each takes a URL, a file, a variable (Dream, Generation, path, Pillow image, array), an id, or last.",
)
_DRY_RUN: Final = argument(
    "-D", "--dry-run", action="store_true", help="Show the exact JSON, what is there, and the cost. Send none."
)
_BUDGET: Final = argument("--budget", type=float, metavar="CENTS", help="Refuse where it would cost more USD cents.")
_SET: Final = argument(
    "--set", metavar="FIELD=JSON", action="append", default=[], help="Any other field of the API. Repeatable."
)
HELP: Final[Mapping[str, bool]] = {"-h": False, "--help": False}
"""The options of every magic that show its help, which take no value."""
_HELP: Final = argument(*HELP, action="store_true", help="Show this help.")

DREAM: Final[Options] = (
    Group("What is made"),
    argument("-k", "--kind", metavar="KIND", help="video (the default) or image."),
    argument("-i", "--image", action="store_true", help="Make an image: short for --kind image."),
    _RATIO,
    argument("-l", "--loop", action="store_true", help="Make a video whose end meets its beginning."),
    argument(
        "-m",
        "--model",
        metavar="NAME",
        help="Which model: photon-1, ray-2, …, or of the Luma API ray-3.2, uni-1, …",
    ),
    argument("-d", "--duration", metavar="SECONDS", help="How long the video is, such as 5s."),
    _RESOLUTION,
    argument(
        "--concept",
        metavar="KEY",
        action="append",
        help="What the camera does, such as dolly_zoom: %%dreams concepts lists them. Repeatable.",
    ),
    argument("--hdr", action="store_true", help="Make it with high dynamic range (ray-3.2)."),
    argument(
        "--exr", dest="exr_export", action="store_true", help="Have EXR come beside the MP4; needs --hdr (ray-3.2)."
    ),
    argument("--style", metavar="STYLE", help="auto or manga, of an image (uni-1)."),
    argument("--web-search", action="store_true", help="Let the model look for pictures on the web (uni-1)."),
    argument("--format", metavar="EXTENSION", help="The file of an image: jpg (the default) or png."),
    _SOURCES,
    argument("--frame0", metavar="FROM", help="What the video begins with."),
    argument("--frame1", metavar="TO", help="What the video ends with."),
    argument(
        "--keyframe",
        metavar="IMAGE@TIME",
        action="append",
        help="A picture anywhere in the video, such as hall.jpg@2.5s (ray-3.2). Repeatable.",
    ),
    argument("--image-ref", metavar="IMAGE[:WEIGHT]", action="append", help="A picture to follow. Repeatable."),
    argument("--style-ref", metavar="IMAGE[:WEIGHT]", action="append", help="Whose style to follow. Repeatable."),
    argument("--character-ref", metavar="IMAGE", action="append", help="One and the same character. Repeatable."),
    argument("--modify-ref", metavar="IMAGE[:WEIGHT]", help="The picture to change; a high weight stays near to it."),
    Group(
        "Another version of something",
        description="Each takes the same; the prompt says what is new, and may be empty.",
    ),
    argument("--modify", metavar="VIDEO", help="Change how it looks, as the prompt says. Its motion stays."),
    argument("--mode", metavar="MODE", help=f"How far --modify goes, from {MODES[0]} to {MODES[-1]} ({DEFAULT_MODE})."),
    argument(
        "--position", metavar="X,Y,W,H", help="Where --reframe puts the video, in fractions of the result (ray-3.2)."
    ),
    argument("--reframe", metavar="WHAT", help="Paint a video or image on, in the ratio that -a says."),
    argument("--upscale", metavar="VIDEO", help="Make it in the resolution that -r says."),
    argument("--audio", metavar="VIDEO", help="Give it the sound that the prompt says."),
    argument("--negative-prompt", metavar="WORDS", help="What is not to be heard."),
    argument("--first-frame", metavar="IMAGE", help="How the first frame is to look, of --modify and --reframe."),
    Group("Which, and how many"),
    argument("-n", "--count", type=int, default=1, metavar="N", help="How many takes of each prompt (1)."),
    argument("-t", "--take", type=int, metavar="N", help="Which result of the same request, the first of several (1)."),
    argument("-f", "--fresh", action="store_true", help="Make another take at every run, whatever is there."),
    Group("How"),
    argument("-b", "--background", action="store_true", help="Give back the job at once; its card stays in the cell."),
    _DRY_RUN,
    argument("--name", metavar="VAR", help="Give what is made this name too."),
    _BUDGET,
    argument("--yes", action="store_true", help="Pay for a large sweep."),
    argument("--raw", action="store_true", help="Take {a|b}, {{name}} and --- as they are."),
    _SET,
    _HELP,
)
"""Of `%dream` and `%%dream`."""

STORYBOARD: Final[Options] = (
    Group("What is made"),
    _RATIO,
    argument("-m", "--model", metavar="NAME", help="Which model of the API: ray-2, …"),
    argument("-d", "--duration", metavar="SECONDS", help="How long each shot is, such as 5s."),
    _RESOLUTION,
    argument("--sound", metavar="WORDS", help="What is heard in each shot; behind a shot's own line, in that shot."),
    _SOURCES,
    argument("--frame0", metavar="FROM", help="What the first shot begins with."),
    argument("--frame1", metavar="TO", help="What the last shot ends with."),
    Group("Which"),
    argument("-t", "--take", type=int, metavar="N", help="Which result of each shot (1)."),
    argument("-f", "--fresh", action="store_true", help="Make other takes at every run, whatever is there."),
    Group("How"),
    argument("-b", "--background", action="store_true", help="Give back a future at once; its card stays in the cell."),
    _DRY_RUN,
    argument("--name", metavar="VAR", help="Give the storyboard this name too."),
    _BUDGET,
    argument("--yes", action="store_true", help="Pay for many shots."),
    argument("--raw", action="store_true", help="Take {a|b} and {{name}} as they are."),
    _SET,
    _HELP,
)
"""Of `%%storyboard`."""


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

    Raises:
        InvalidRequestError: an option is unknown, or has no value.
    """
    if not any(name in line for name in HELP):
        return False
    _, words = cut_prompt(line, {**options, **HELP})
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
        raise InvalidRequestError(message)


@cache
def _parser(options: Options) -> OptionParser:
    return OptionParser(options)
