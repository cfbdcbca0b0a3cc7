"""Prompts that IPython would change before the magic sees them: those that end with a question mark, for example."""

from __future__ import annotations

import re
from tokenize import TokenInfo
from typing import Final, Self

from IPython.core.inputtransformer2 import HelpEnd, TokenTransformBase

_QUESTION: Final = re.compile(r"(?P<before>\s*(?:[\w.,\s\[\]\"']+=\s*)?)%dream\s+(?P<line>[^\s?].*)", re.DOTALL)

_CELL: Final = re.compile(r"%%(?P<name>dream|storyboard)(?:\s|$)")


class DreamQuestion(TokenTransformBase):
    """`%dream is this a lake?` dreams; `%dream?` still shows the help."""

    # Before HelpEnd, which would look for the help of the last word.
    priority = HelpEnd.priority - 1

    @classmethod
    def find(cls, tokens_by_line: list[list[TokenInfo]]) -> Self | None:
        """The first line that HelpEnd would take and that is a prompt."""
        for tokens in tokens_by_line:
            found = HelpEnd.find([tokens])
            if found is not None and _QUESTION.fullmatch("".join({token.line: None for token in tokens}).rstrip()):
                return cls((found.start_line + 1, found.start_col))
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Write the call that IPython makes of a magic, with the line as it was typed."""
        match = _QUESTION.fullmatch(lines[self.start_line].rstrip())
        if match is None:
            return lines
        call = f"{match['before']}get_ipython().run_line_magic('dream', {match['line']!r})\n"
        return [*lines[: self.start_line], call, *lines[self.start_line + 1 :]]


def keep_body(lines: list[str]) -> list[str]:
    """The call that IPython makes of a cell of ours, before it takes what looks like its own prompts for such.

    Otherwise a body that begins with "... " or ">>> " would lose that, and the same in all of its lines. A cell
    without a body is called too: IPython would refuse it, also where its line asks for the help.
    """
    cell = _CELL.match(lines[0]) if lines else None
    if cell is None:
        return lines
    line, body = lines[0][cell.end("name") :].strip(), "".join(lines[1:]) or "\n"
    return [f"get_ipython().run_cell_magic({cell['name']!r}, {line!r}, {body!r})\n"]
