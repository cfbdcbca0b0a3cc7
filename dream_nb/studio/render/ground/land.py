"""Layers of land before they are coloured: their coverage, and the plants and buildings on them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dream_nb.studio.render.figures.pen import press
from dream_nb.studio.render.ground import buildings, plants
from dream_nb.studio.render.ground.ridges import Ridge, crest
from dream_nb.studio.render.noise import F64, U8, fbm1
from dream_nb.studio.render.stage import SceneStage


@dataclass(slots=True)
class Ground:
    """A layer before its colours are put into planes: what stands on it is added here.

    Args:
        left: column that lies on the frame's first one.
        top: row of the frame where it begins.
        rows: of the crest in every column, in rows of the frame.
        alpha: coverage, rows x width.
        growth: kinds of plants and their coverage; each has a colour of its own.
        build: coverage of buildings: dark against the light.
        lamps: strength of their lights.
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
        """Row of the layer on which something stands at a column of the layer."""
        return float(self.rows[int(min(max(column, 0), len(self.rows) - 1))]) - self.top


def ground(stage: SceneStage, ridge: Ridge, index: int, above: float = 0.0) -> Ground:
    """The bare coverage of a layer.

    Args:
        index: of the layer, which gives it its own form.
        above: room over the crest for what will stand on it, in scene units.
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
    """Let plants grow on a layer, many far ones or a few near ones."""
    s, plan, near = stage, stage.plan, land.ridge.near
    kinds = [kind for kind in plan.plants if kind not in plants.SMALL or near > 0.6]
    if (
        land.ridge.ahead
        and plan.ground in ("grass", "moss", "earth")
        and plan.land not in ("deep", "city")
        and "grass" not in kinds
    ):
        kinds.append("grass")
    kinds.sort(key=lambda kind: (kind in plants.SMALL, kind != "grass"))
    steep = land.ridge.shape == "volcano" or (land.ridge.shape == "mountains" and plan.lush < 0.55)
    if not kinds or near < 0.15 or steep:
        return
    framing = land.ridge.ahead and plan.water != "none"
    if framing and not plan.asked_plants and plan.water == "sea":
        return
    rng = plan.chance("plants", index)
    for kind in kinds:
        size = plants.height(kind) * s.unit * (0.10 + 0.90 * near**1.4)
        if kind in plants.SMALL:
            size = plants.height(kind) * s.unit * near
        if size < 2:
            continue
        mask = np.zeros_like(land.alpha)
        forms = plants.grown(kind, rng, size, 5)
        wide = max(2.0, forms[-1].shape[1] * (0.5 if kind in plants.SMALL else 0.62))
        places = len(land.rows) / wide
        dense = max(plan.lush, 0.55 if kind == "grass" else 0.0) * (
            1.0 if kind in plants.SMALL else 0.30 + 0.75 * (1.0 - near)
        )
        thick = fbm1(rng, np.arange(0, 400, dtype=np.float64) * 0.23 + 7, 2)
        for place in range(-2, math.ceil(places) + 2):
            here, jitter, turn, form = rng.random(4)
            if here * 1.2 < dense + 0.55 * thick[place % 400]:
                column = (place + 0.9 * jitter) * wide
                # Before water, large plants stand at the sides and leave the view open.
                if framing and kind not in plants.SMALL and abs((column - land.left) / s.width - 0.5) < 0.27:
                    continue
                # On the slope too, not only along the crest.
                down = 0.0 if framing else float(form * 7 % 1.0) ** 1.5 * max(0.03, 0.45 * land.ridge.high) * s.unit
                foot = land.row_at(column) + 0.03 * size + 2 + down
                press(forms[int(form * 5)], mask, column, foot, bool(turn < 0.5))
        land.growth.append((kind, mask))
        np.maximum(land.alpha, mask, out=land.alpha)


def built(stage: SceneStage, lands: list[Ground]) -> None:
    """Raise the buildings of a plan on the layers that suit them."""
    s, plan = stage, stage.plan
    if plan.land == "city":
        for index, land in enumerate(g for g in lands if g.ridge.shape == "plain" and g.ridge.near <= 0.4):
            street = int(land.ridge.foot) - land.top + 1
            buildings.skyline(
                land.build, land.lamps, street, s.unit, (0.46, 0.36, 0.22)[index % 3], plan.chance("towers", index)
            )
    far = [g for g in lands if not g.ridge.ahead and 0.12 < g.ridge.near < 0.5] or lands
    for number, kind in enumerate(k for k in plan.built if buildings.known(k)):
        rng = plan.chance("building", kind)
        land = far[-1]
        if kind in ("tent", "torii", "pier"):
            land = next((g for g in lands if g.ridge.near > 0.6), far[-1])
        if kind == "bridge" and plan.water != "none":
            land = far[-1]
        scale = 0.62 + 0.5 * land.ridge.near
        side = 0.5 + (0.5 - s.sun_x) * 0.7 if number == 0 else s.sun_x
        torn = land.ridge.shape in ("cliffs", "islands", "ice")
        spread = 1.0 if torn or buildings.many(kind) > 1 else 0.18
        for _ in range(buildings.many(kind)):
            walls, lamps = buildings.raised(kind, rng, buildings.height(kind) * scale * s.unit)
            tries = land.left + s.width * np.clip(side + (rng.random(21) - 0.5) * spread, 0.12, 0.88)
            reach = int(walls.shape[1] * 0.34)

            def lowest(column: float, land: Ground = land, reach: int = reach) -> float:
                rows = land.rows[max(0, int(column) - reach) : int(column) + reach + 1]
                return float(rows.max()) if len(rows) else math.inf

            # Where all of it stands high: islands and cliffs have water between them.
            column = float(min(tries.tolist(), key=lowest)) if torn and kind != "bridge" else float(tries[0])
            foot = min(lowest(column), land.row_at(column) + land.top + 0.06 * s.unit) - land.top + 0.004 * s.unit
            if kind in ("bridge", "pier") and plan.water != "none":
                foot = (float(s.horizon) if kind == "bridge" else land.ridge.foot - 0.05 * s.unit) - land.top
            press(walls, land.build, column, foot)
            press(lamps, land.lamps, column, foot)
