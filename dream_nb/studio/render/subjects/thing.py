"""What a subject can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Habitat = Literal["ground", "air", "water", "table"]
Body = Literal["plain", "whole", "person", "seated", "robot"]


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun that can be drawn.

    Args:
        code: of its drawing.
        body: what is drawn below it: nothing, or a whole body below a bust or a face. "whole" has a skin of its own.
        habitat: where it belongs.
        high: its height against that of a usual subject.
        gait: how it moves when the prompt does not say.
        still: whether it stays where it is, such as a tower.
        dress: whether a person's clothes are long.
        tail: of an animal that sits.
        belly, limbs, coat: colours that differ from the drawing's own.
        holds: what makes it what it is, such as a fishing pole.
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
