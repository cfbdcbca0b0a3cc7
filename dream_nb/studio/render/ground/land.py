"""Layers of land before they are coloured: their coverage, and the plants and buildings on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from dream_nb.studio.render.figures.pen import press
from dream_nb.studio.render.ground import buildings, plants
from dream_nb.studio.render.ground.ridges import Ridge, crest
from dream_nb.studio.render.noise import F64, U8, fbm1
from dream_nb.studio.render.plan import ScenePlan
from dream_nb.studio.render.stage import SceneStage

# The least wind that bends plants, and how far it bends them.
_STORM_WIND: Final = 0.85
_LEAN: Final = 0.45
# How much larger a building is when the prompt is about it alone.
_LONE: Final = 1.7
# How much larger the trees of a forest are.
_FOREST: Final = 1.3
_MEADOWS: Final = frozenset({"grass", "moss", "earth"})
_WITHOUT_MEADOWS: Final = frozenset({"deep", "city"})
_NEAR_BUILDINGS: Final = frozenset({"tent", "torii", "pier"})
_OVER_WATER: Final = frozenset({"bridge", "pier"})
_TORN: Final = frozenset({"cliffs", "islands", "ice"})


@dataclass(slots=True)
class Ground:
    """A layer before it is coloured; what stands on it is added here.

    Args:
        ridge: where the layer lies.
        left: column of the layer that lies on the frame's first column.
        top: row of the frame where the layer begins.
        rows: row of the frame on which the crest lies, for every column.
        alpha: coverage, rows x width.
        growth: kinds of plants and their coverage; each kind has its own colour.
        build: coverage of buildings, which are dark against the light.
        lamps: strength of the lights of buildings.
    """

    ridge: Ridge
    left: int
    top: int
    rows: F64
    alpha: U8
    growth: list[tuple[str, U8]]
    build: U8
    lamps: U8

    def row_at(self, column: float) -> float:
        """The row of the layer on which something stands at a column of the layer."""
        return float(self.rows[int(min(max(column, 0), len(self.rows) - 1))]) - self.top


def ground(stage: SceneStage, ridge: Ridge, index: int, above: float = 0.0) -> Ground:
    """A layer of bare land.

    Args:
        stage: the stage of the scene.
        ridge: where the layer lies.
        index: number of the layer, which seeds its form.
        above: space above the crest for what will stand on it, in scene units.
    """
    s = stage
    side, up = s.margins(ridge.near)
    width = s.width + 2 * side
    x = (np.arange(width, dtype=np.float64) - side + 0.5 - s.width / 2) / s.unit
    rows = ridge.foot - ridge.high * s.unit * crest(ridge.shape, s.plan.chance("crest", index), x)
    first = float(rows.min()) - above * s.unit - 2
    top = max(-up, int(first)) // 2 * 2
    bottom = s.height if ridge.ahead or s.plan.water == "none" else min(s.height, s.horizon + 2)
    tall = max(2, (bottom + up - top + 1) // 2 * 2)
    row = np.arange(tall, dtype=np.float32)[:, None]
    alpha = np.clip((row - (rows - top).astype(np.float32)[None, :] + 1.0) * 255.0, 0, 255).astype(np.uint8)
    return Ground(ridge, side, top, rows, alpha, [], np.zeros_like(alpha), np.zeros_like(alpha))


def planted(stage: SceneStage, land: Ground, index: int) -> None:
    """Add plants to a layer: many to a far one, a few to a near one."""
    s, plan = stage, stage.plan
    kinds = _kinds(plan, land)
    if not kinds or _is_bare(plan, land):
        return
    rng = plan.chance("plants", index)
    for kind in kinds:
        near = land.ridge.near if kind in plants.SMALL else 0.10 + 0.90 * land.ridge.near**1.4
        size = plants.height(kind) * s.unit * near * (_FOREST if _is_forest(plan, kind) else 1.0)
        if size >= 2:
            mask = _sown(s, land, kind, size, rng, plan.chance("plants beyond", index, kind))
            land.growth.append((kind, mask))
            np.maximum(land.alpha, mask, out=land.alpha)


def _kinds(plan: ScenePlan, land: Ground) -> list[str]:
    """The kinds of plants on a layer, in the order in which they are drawn: small ones cover large ones."""
    kinds = [kind for kind in plan.plants if kind not in plants.SMALL or land.ridge.near > 0.6]
    if land.ridge.ahead and plan.ground in _MEADOWS and plan.land not in _WITHOUT_MEADOWS and "grass" not in kinds:
        kinds.append("grass")
    return sorted(kinds, key=lambda kind: (kind in plants.SMALL, kind != "grass"))


def _is_forest(plan: ScenePlan, kind: str) -> bool:
    """Whether trees of a kind stand close together, and not along a shore."""
    return plan.lush >= 1.0 and kind not in plants.SMALL and plan.water == "none"


def _is_bare(plan: ScenePlan, land: Ground) -> bool:
    """Whether nothing grows on a layer: it is too far away, too steep, or a seashore whose prompt names no plants."""
    shape = land.ridge.shape
    steep = shape == "volcano" or (shape == "mountains" and plan.lush < 0.55)
    shore = land.ridge.ahead and plan.water == "sea" and not plan.asked_plants
    return land.ridge.near < 0.15 or steep or shore


def _sown(
    s: SceneStage, land: Ground, kind: str, size: float, rng: np.random.Generator, beyond: np.random.Generator
) -> U8:
    """The coverage of the plants of one kind.

    Args:
        size: about how high the plants are, in pixels.
        rng: generator for the plants in the ordinary width of the layer.
        beyond: generator for the plants that only a wider layer has.
    """
    small = kind in plants.SMALL
    # In front of water, large plants stand at the sides and leave the view open.
    framing = land.ridge.ahead and s.plan.water != "none"
    mask = np.zeros_like(land.alpha)
    forms = plants.grown(kind, rng, size, 5)
    wide = max(2.0, forms[-1].shape[1] * (0.5 if small else 0.52 if _is_forest(s.plan, kind) else 0.62))
    windy = s.plan.wind >= _STORM_WIND
    if windy:
        forms = [plants.bent(form, s.lee * _LEAN) for form in forms]
    lush = max(s.plan.lush, 0.55 if kind == "grass" else 0.0)
    dense = lush * (1.0 if small or _is_forest(s.plan, kind) else 0.30 + 0.75 * (1.0 - land.ridge.near))
    thick = fbm1(rng, np.arange(0, 400, dtype=np.float64) * 0.23 + 7, 2)
    wider = s.wider(land.ridge.near)
    more, last = math.ceil(max(0, wider) / wide), math.ceil((len(land.rows) - 2 * wider) / wide) + 2
    for place in (*range(-2, last), *range(-2 - more, -2), *range(last, last + more)):
        here, jitter, turn, form = (rng if -2 <= place < last else beyond).random(4)
        column = (place + 0.9 * jitter) * wide + wider
        in_view = framing and not small and abs((column - land.left) / s.width - 0.5) < 0.27
        if here * 1.2 < dense + 0.55 * thick[place % 400] and not in_view:
            # On the slope too, not only along the crest.
            down = 0.0 if framing else float(form * 7 % 1.0) ** 1.5 * max(0.03, 0.45 * land.ridge.high) * s.unit
            foot = land.row_at(column) + 0.03 * size + 2 + down
            press(forms[int(form * 5)], mask, column, foot, bool(turn < 0.5) and not windy)
    return mask


def built(stage: SceneStage, lands: list[Ground]) -> None:
    """Place the buildings of a plan on the layers that suit them."""
    plan = stage.plan
    if plan.land == "city":
        _raise_skylines(stage, lands)
    for number, kind in enumerate(kind for kind in plan.built if buildings.known(kind)):
        rng = plan.chance("building", kind)
        land = _site(kind, lands)
        side = 0.5 + (0.5 - stage.sun_x) * 0.7 if number == 0 else stage.sun_x
        for _ in range(buildings.many(kind)):
            _raise(stage, land, kind, side, rng)


def _raise_skylines(s: SceneStage, lands: list[Ground]) -> None:
    for index, land in enumerate(g for g in lands if g.ridge.shape == "plain" and g.ridge.near <= 0.4):
        street = int(land.ridge.foot) - land.top + 1
        high = (0.46, 0.36, 0.22)[index % 3] * s.relief
        wider = s.wider(land.ridge.near)
        buildings.skyline(land.build, land.lamps, street, s.unit, high, s.plan.chance("towers", index), wider)
        if wider > 0:
            beyond = slice(wider - 1, None, -1)
            rng = s.plan.chance("towers beyond", index)
            buildings.skyline(land.build[:, beyond], land.lamps[:, beyond], street, s.unit, high, rng)


def _site(kind: str, lands: list[Ground]) -> Ground:
    """The layer that a building stands on."""
    far = [g for g in lands if not g.ridge.ahead and 0.12 < g.ridge.near < 0.5] or lands
    if kind in _NEAR_BUILDINGS:
        return next((g for g in lands if g.ridge.near > 0.6), far[-1])
    return far[-1]


def _raise(s: SceneStage, land: Ground, kind: str, side: float, rng: np.random.Generator) -> None:
    """Place a building on a layer; `side` is about where, as a fraction of the frame's width."""
    torn = land.ridge.shape in _TORN
    spread = 1.0 if torn or buildings.many(kind) > 1 else 0.18
    scale = (0.62 + 0.5 * land.ridge.near) * (1.0 if land.ridge.ahead else s.relief)
    if s.plan.lone == kind:
        scale *= _LONE
    walls, lamps = buildings.raised(kind, rng, buildings.height(kind) * scale * s.unit)
    tries = land.left + s.width * np.clip(side + (rng.random(21) - 0.5) * spread, 0.12, 0.88)
    reach = int(walls.shape[1] * 0.34)

    def lowest(column: float) -> float:
        rows = land.rows[max(0, int(column) - reach) : int(column) + reach + 1]
        return float(rows.max()) if len(rows) else math.inf

    # Choose a place where the whole building stands high: islands and cliffs have water between them.
    column = float(min(tries.tolist(), key=lowest)) if torn and kind != "bridge" else float(tries[0])
    foot = min(lowest(column), land.row_at(column) + land.top + 0.06 * s.unit) - land.top + 0.004 * s.unit
    if kind in _OVER_WATER and s.plan.water != "none":
        foot = (float(s.horizon) if kind == "bridge" else land.ridge.foot - 0.05 * s.unit) - land.top
    press(walls, land.build, column, foot)
    press(lamps, land.lamps, column, foot)
