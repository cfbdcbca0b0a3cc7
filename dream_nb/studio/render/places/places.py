"""The place that a stage asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dream_nb.studio.render.places import abstract, backdrop, interior, macro_ground, space, street, table_top
from dream_nb.studio.render.places.place import ScenePlace
from dream_nb.studio.render.stage import SceneStage

_PLACES: Final[dict[str, Callable[[SceneStage], ScenePlace]]] = {
    "abstract": abstract.place,
    "backdrop": backdrop.place,
    "interior": interior.place,
    "macro": macro_ground.place,
    "space": space.place,
    "street": street.place,
    "table": table_top.place,
}


def built(s: SceneStage) -> ScenePlace | None:
    """The place of a stage, built once for all frames; None for a landscape."""
    make = _PLACES.get(s.plan.place)
    return None if make is None else make(s)
