"""Declares the options of a magic, so that `?` and `--help` list them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from IPython.core.magic_arguments import argument, argument_group, magic_arguments

from dream_nb.lines.options import Option, Options

Magic = TypeVar("Magic", bound=Callable[..., Any])


def takes(options: Options) -> Callable[[Magic], Magic]:
    """Declare the options of a magic, so that its help lists them.

    Args:
        options: `DREAM` or `STORYBOARD`.
    """

    def declare(magic: Magic) -> Magic:
        for one in reversed(options):
            if isinstance(one, Option):
                magic = argument(*one.names, **one.details)(magic)
            else:
                magic = argument_group(one.title, description=one.description)(magic)
        declared: Magic = magic_arguments()(magic)
        return declared

    return declare
