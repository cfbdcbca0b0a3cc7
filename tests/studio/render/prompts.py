"""Twenty-four prompts like those that people write; the studio has to show the subject of each."""

from __future__ import annotations

from typing import Final

TYPICAL: Final = (
    "a cat with sunglasses at a pool",
    "a panda drinking coffee in a Paris café",
    "an astronaut riding a horse on Mars",
    "a puppy running through a field of daisies",
    "portrait of an old fisherman, dramatic light",
    "a woman in a red dress walking in the rain in Tokyo at night",
    "a neon street at night",
    "aerial view of a river through a forest",
    "a waterfall falling into a turquoise pool",
    "northern lights over a frozen lake",
    "sunflowers in the rain",
    "macro shot of a cheeseburger",
    "a perfume bottle on marble",
    "a dewdrop on a leaf, macro",
    "a sports car driving at sunset",
    "a giant robot in a city",
    "a dragon flying over a castle",
    "an anime girl on a rooftop",
    "liquid gold flowing",
    "a coral reef with fish",
    "the interior of an old library",
    "hot air balloons over Cappadocia at sunrise",
    "the Eiffel Tower with cherry blossoms",
    "a spaceship landing on an alien planet",
)
"""Prompts such as a new user may write."""
