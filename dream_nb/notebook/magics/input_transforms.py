"""Protects prompts that IPython would change before the magic sees them, such as those that end with "?"."""

from __future__ import annotations

import re
from tokenize import TokenInfo
from typing import Final, Self

from IPython.core.inputtransformer2 import HelpEnd, TokenTransformBase

_QUESTION: Final = re.compile(r"(?P<before>\s*(?:[\w.,\s\[\]\"']+=\s*)?)%dream\s+(?P<line>[^\s?].*)", re.DOTALL)

_CELL: Final = re.compile(r"%%(?P<name>dream|storyboard)(?:\s|$)")


class DreamQuestion(TokenTransformBase):
    """Makes `%dream is this a lake?` a dream, while `%dream?` still shows the help."""

    # Before HelpEnd, which would show the help of the last word.
    priority = HelpEnd.priority - 1

    @classmethod
    def find(cls, tokens_by_line: list[list[TokenInfo]]) -> Self | None:
        """Find the first line that HelpEnd would transform although it is a prompt."""
        for tokens in tokens_by_line:
            found = HelpEnd.find([tokens])
            if found is not None and _QUESTION.fullmatch("".join({token.line: None for token in tokens}).rstrip()):
                return cls((found.start_line + 1, found.start_col))
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Write the call that IPython makes for a magic, with the line as it was typed."""
        match = _QUESTION.fullmatch(lines[self.start_line].rstrip())
        if match is None:
            return lines
        call = f"{match['before']}get_ipython().run_line_magic('dream', {match['line']!r})\n"
        return [*lines[: self.start_line], call, *lines[self.start_line + 1 :]]


def keep_body(lines: list[str]) -> list[str]:
    """Write the call for one of our cells before IPython removes what looks like its own prompts.

    Otherwise a body that begins with "... " or ">>> " would lose these characters in all of its lines. Cells without a
    body are called too, because IPython would refuse them even if the line asks for help.
    """
    cell = _CELL.match(lines[0]) if lines else None
    if cell is None:
        return lines
    line, body = lines[0][cell.end("name") :].strip(), "".join(lines[1:]) or "\n"
    return [f"get_ipython().run_cell_magic({cell['name']!r}, {line!r}, {body!r})\n"]
