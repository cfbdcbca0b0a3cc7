"""The type of the things that subjects can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Habitat = Literal["ground", "air", "water", "table"]
Body = Literal["plain", "whole", "person", "seated", "robot"]


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun that can be drawn.

    Args:
        code: the code of its drawing.
        body: how to complete the drawing. "plain" leaves it as it is; "whole" is a person from head to foot, whose
            skin and clothes are coloured; the others add a body below a bust ("person"), a face ("seated") or a head
            ("robot").
        habitat: where it belongs.
        high: its height, relative to a subject of normal size.
        gait: how it moves if the prompt does not say.
        still: whether it stays in its place, as a tower does.
        dress: whether a person's clothes are long.
        tail: the kind of tail of a seated animal.
        belly, limbs, coat: colours that differ from the drawing's own.
        holds: the word for a thing that it always holds, such as a fishing pole, or an empty string.
    """

    code: str
    body: Body = "plain"
    habitat: Habitat = "ground"
    high: float = 1.0
    gait: str = "breathe"
    still: bool = False
    dress: bool = False
    tail: str = ""
    belly: str | None = None
    limbs: str | None = None
    coat: str | None = None
    holds: str = ""
