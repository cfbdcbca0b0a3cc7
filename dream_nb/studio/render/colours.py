"""The colours of a prompt, without its scene."""

from __future__ import annotations

from dream_nb.studio.render import palette
from dream_nb.studio.render.brief import Brief
from dream_nb.studio.render.palette import GROUNDS, mix
from dream_nb.studio.render.plan import read
from dream_nb.studio.render.vocabulary import RGB


def sky_colours(prompt: str) -> tuple[RGB, RGB, RGB, RGB]:
    """Return four colours: the sky's from top to horizon, and that of the water or ground below it.

    Args:
        prompt: any text.
    """
    plan = read(Brief("image", prompt))
    light = palette.of(plan)
    below = light.water if plan.water != "none" else mix(GROUNDS.get(plan.ground, light.shade), light.shade, 0.5)
    return tuple(_within(c) for c in (light.zenith, light.middle, light.horizon, below))  # type: ignore[return-value]


def _within(colour: RGB) -> RGB:
    red, green, blue = (min(1.0, max(0.0, part)) for part in colour)
    return red, green, blue
