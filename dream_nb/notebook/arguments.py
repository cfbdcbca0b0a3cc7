"""The options of `%dream`, and the request that a line asks for."""

from __future__ import annotations

from argparse import Action
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from dream_nb.api.errors import InvalidRequestError
from dream_nb.jobs.identity import Request
from dream_nb.notebook.prompts import cut_prompt
from dream_nb.session import make_request

if TYPE_CHECKING:
    from IPython.core.magic_arguments import MagicArgumentParser


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a line or cell asks for: a request, and which take of it, or a fresh one."""

    request: Request
    take: int
    fresh: bool


def read_arguments(parser: MagicArgumentParser, line: str, cell: str | None) -> Arguments:
    """Read a `%dream` line, or a `%%dream` cell whose body is the prompt.

    Raises:
        InvalidRequestError: an option or a value is wrong; nothing was sent.
    """
    prompt, words = cut_prompt(line, _options(parser))
    if cell is not None:
        if prompt:
            raise InvalidRequestError(
                f"{prompt!r} stands on the %%dream line: the prompt goes into the lines below, or use %dream"
            )
        prompt = cell.strip("\n")
    try:
        given = parser.parse_args(words)
    except UsageError as error:
        raise InvalidRequestError(str(error)) from None
    if given.fresh and given.take is not None:
        raise InvalidRequestError("--fresh is the next take that is not there: leave out --take or --fresh")
    return Arguments(_request(prompt, given), 1 if given.take is None else given.take, given.fresh)


def _request(prompt: str, given: Any) -> Request:
    fields: dict[str, Any] = {}
    if given.aspect_ratio is not None:
        fields["aspect_ratio"] = given.aspect_ratio
    if given.loop:
        if given.image:
            raise InvalidRequestError("--loop is for videos: leave out --image or --loop")
        fields["loop"] = True
    return make_request(prompt, kind="image" if given.image else "video", **fields)


def _options(parser: MagicArgumentParser) -> dict[str, bool]:
    actions: list[Action] = parser._actions
    return {option: action.nargs != 0 for action in actions for option in action.option_strings}
