"""Writes the guide's tables of options from the help texts of the options: `python -m tests.option_table`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dream_nb.command_line import OPTIONS as COMMAND_LINE
from dream_nb.lines.options import DREAM, STORYBOARD, Group, Option, Options
from tests.pages import GUIDE, read

EXAMPLES: Final[Mapping[str, str]] = {
    "--kind": "--kind image",
    "--image": "-i",
    "--aspect-ratio": "-a 9:16",
    "--loop": "-l",
    "--model": "-m ray-flash-2",
    "--duration": "-d 9s",
    "--resolution": "-r 1080p",
    "--concept": "--concept dolly_zoom",
    "--format": "-i --format png",
    "--hdr": "-m ray-3.2 --hdr",
    "--exr": "-m ray-3.2 --hdr --exr",
    "--style": "-i -m uni-1 --style manga",
    "--web-search": "-i -m uni-1 --web-search",
    "--keyframe": "--keyframe hall.jpg@0 --keyframe garden.jpg@5s",
    "--frame0": "--frame0 day.jpg",
    "--frame1": "--frame1 last",
    "--image-ref": "--image-ref sketch.png:0.8",
    "--style-ref": "--style-ref palette.jpg:0.6",
    "--character-ref": "--character-ref ada.jpg",
    "--modify-ref": "--modify-ref photo:0.9",
    "--modify": "in deep snow --modify d",
    "--mode": "in deep snow --modify d --mode flex_1",
    "--position": "--reframe d -a 9:16 --position 0,0.25,1,0.5",
    "--reframe": "--reframe d -a 9:16",
    "--upscale": "--upscale d -r 4k",
    "--audio": "waves, gulls --audio d",
    "--negative-prompt": "waves --audio d --negative-prompt music",
    "--first-frame": "in snow --modify d --first-frame snow.jpg",
    "--count": "-n 4",
    "--take": "-t 2",
    "--fresh": "-f",
    "--background": "-b",
    "--dry-run": "-D",
    "--name": "--name lake",
    "--budget": "--budget 100",
    "--yes": "--yes",
    "--raw": "--raw",
    "--set": "--set loop=false",
    "--help": "-h",
    "--sound": "--sound waves",
    "--output": "-o lake.mp4",
    "--json": "--json",
    "--library": "--library dreams",
    "--backend": "--backend studio",
    "--tutorials": "--tutorials mine",
    "--version": "--version",
}
"""An example of each option, by its long name."""

_OWN: Final = {one.names for one in DREAM if isinstance(one, Option)}
TABLES: Final[Mapping[str, Options]] = {
    "%dream": DREAM,
    "%%storyboard": STORYBOARD,
    "python -m dream_nb": tuple(one for one in COMMAND_LINE if isinstance(one, Option) and one.names not in _OWN),
}
"""The options of each table, by the command that takes them. The command line's has only what `%dream` lacks."""


def table(options: Options) -> str:
    """The options in Markdown: one table for each group, below the group's title.

    Args:
        options: one of `TABLES`.
    """
    lines = [] if isinstance(options[0], Group) else _HEAD[:]
    for one in options:
        if isinstance(one, Group):
            about = f" {_text(one.description)}" if one.description else ""
            lines += ["", f"*{_text(one.title)}.*{about}", "", *_HEAD]
        else:
            names = ", ".join(f"`{name}`" for name in one.names)
            lines.append(f"| {names} | {_text(one.details['help'])} | `{EXAMPLES[one.names[-1]]}` |")
    return "\n" + "\n".join(lines).strip("\n") + "\n\n"


def marked(name: str) -> re.Pattern[str]:
    """The pattern that finds a table in the guide, between its two markers.

    Args:
        name: the command that takes the options: a key of `TABLES`.
    """
    return re.compile(rf"(<!-- options of {re.escape(name)}[^\n]*-->\n)(.*?)(?=<!-- end of options -->)", re.DOTALL)


_HEAD: Final = ["| option | meaning | example |", "| --- | --- | --- |"]


def _text(help_text: str) -> str:
    """A help text as argparse prints it, with Markdown's special characters escaped."""
    return re.sub(r"([|<*`])", r"\\\1", help_text.replace("%%", "%"))


def main() -> None:
    """Write the tables into the guide."""
    text = read(GUIDE)
    for name, options in TABLES.items():
        found = marked(name).search(text)
        assert found is not None, f"{GUIDE} has no markers for the options of {name}"
        text = text[: found.start(2)] + table(options) + text[found.end(2) :]
    GUIDE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
