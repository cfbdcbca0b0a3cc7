"""Where land lies in a scene: its layers from far to near, and the line of each crest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dream_nb.studio.render.noise import F64, fbm1, pick
from dream_nb.studio.render.stage import SceneStage


@dataclass(slots=True)
class Ridge:
    """One layer of land.

    Args:
        near: how near it is, 0 (far) to 1 (near).
        shape: name of the form of its crest, as for `crest`.
        foot: row of the frame on which it stands.
        high: height of its crest above the foot, in scene units.
        ahead: whether it lies in front of the water.
    """

    near: float
    shape: str
    foot: float
    high: float
    ahead: bool = False


def ridges(stage: SceneStage) -> list[Ridge]:
    """The layers of a scene's land, from far to near."""
    s, plan = stage, stage.plan
    land, h, hz = plan.land, s.height, s.horizon
    rng = plan.chance("ridges")
    wet = plan.water != "none"
    found: list[Ridge] = []
    back = {
        "mountains": [("mountains", 0.10, 0.40), ("mountains", 0.20, 0.27), ("hills", 0.32, 0.14)],
        "volcano": [("mountains", 0.08, 0.12), ("volcano", 0.16, 0.46), ("hills", 0.30, 0.10)],
        "hills": [("mountains", 0.08, 0.15), ("hills", 0.18, 0.17), ("hills", 0.32, 0.12)],
        "dunes": [("dunes", 0.10, 0.10), ("dunes", 0.20, 0.17), ("dunes", 0.32, 0.15)],
        "mesa": [("mesa", 0.08, 0.17), ("mesa", 0.20, 0.27)],
        "cliffs": [("hills", 0.07, 0.07), ("cliffs", 0.18, 0.30), ("cliffs", 0.36, 0.24)],
        "islands": [("islands", 0.08, 0.12), ("islands", 0.20, 0.15)],
        "ice": [("mountains", 0.08, 0.15), ("ice", 0.20, 0.18), ("ice", 0.36, 0.16)],
        "plain": [("hills", 0.08, 0.06)],
        "city": [("hills", 0.05, 0.07), ("plain", 0.14, 0.01), ("plain", 0.26, 0.01), ("plain", 0.40, 0.012)],
        "deep": [("deep", 0.15, 0.30), ("deep", 0.35, 0.30)],
    }[land]
    for shape, near, high in back:
        found.append(Ridge(near, shape, float(hz), high * s.relief * pick(rng, 0.85, 1.15)))
    if land == "deep":
        found = [Ridge(r.near, r.shape, hz * (0.86 + 0.1 * at), r.high) for at, r in enumerate(found)]
        found.append(Ridge(0.75, "deep", hz * 1.02, 0.16, ahead=True))
        return found
    front = {"dunes": "dunes", "mesa": "plain", "city": "plain", "plain": "plain"}.get(land, "hills")
    if plan.ground == "roof":
        found.append(Ridge(0.92, "roof", h * 1.0, 0.36, ahead=True))
        return found
    if plan.style == "synthwave":  # it draws its own floor
        return found
    if wet:
        on_land = any(subject.thing.habitat == "ground" for subject in plan.cast.subjects)
        often = 0.3 if plan.water == "sea" else 0.75
        if rng.random() < often or on_land or plan.asked_plants or plan.lush > 0.6:
            found.append(Ridge(0.92, "bank", h * 1.0, 0.24 if plan.ground == "sand" or on_land else 0.12, ahead=True))
    else:
        found.append(Ridge(0.46, front, hz + (h - hz) * 0.22, 0.08))
        higher = 2.0 if front == "dunes" else 1.0
        found.append(Ridge(0.66, front, hz + (h - hz) * 0.52, 0.09 * higher))
        found.append(Ridge(0.92, front, hz + (h - hz) * 0.90, 0.10 * higher, ahead=True))
    return found


def crest(shape: str, rng: np.random.Generator, x: F64) -> F64:
    """Height of a crest along x (scene units from the middle), about 0 to 1; negative below the foot."""
    if shape == "mountains":
        peak = pick(rng, 0.12, 0.5) * (1 if rng.random() < 0.5 else -1)
        high = pick(rng, 0.35, 0.62)
        jagged = 0.5 + 0.5 * fbm1(rng, x * 1.5, 7, 0.5, ridged=True)
        massif = np.exp(-(((x - peak) / 0.42) ** 2))
        return 0.30 + jagged * (0.22 + high * massif) + 0.05 * fbm1(rng, x * 14, 3)
    if shape == "volcano":
        away = np.abs(x - pick(rng, -0.25, 0.25))
        cone = 1.02 * np.exp(-away * 3.1) + 0.06 * fbm1(rng, x * 5, 4)
        return np.minimum(cone, 0.80 + 0.03 * fbm1(rng, x * 18, 2) - 0.5 * np.maximum(0.0, 0.045 - away))
    if shape == "dunes":
        # Long windward slopes, steep lee sides, sharp crests between them.
        swing = x * pick(rng, 0.75, 1.05) + 0.22 * fbm1(rng, x * 0.9, 2) + float(rng.random())
        part = swing - np.floor(swing)
        lee = 0.68
        wave = np.where(part < lee, part / lee, (1.0 - part) / (1.0 - lee))
        return 0.10 + 0.85 * wave**1.25 * (0.65 + 0.35 * fbm1(rng, x * 0.6, 2)) + 0.03 * fbm1(rng, x * 4, 2)
    if shape == "mesa":
        rise = fbm1(rng, x * 1.4, 3, 0.4)
        step = _step(rise, 0.02, 0.05) * 0.55 + _step(rise, 0.24, 0.03) * 0.35
        return 0.12 + step + 0.04 * fbm1(rng, x * 6, 4)
    if shape == "cliffs":
        side = 1.0 if rng.random() < 0.5 else -1.0
        edge = pick(rng, 0.05, 0.45)
        wall = _step(side * x - edge + 0.16 * fbm1(rng, x * 2.2, 4, 0.6), 0.10, 0.07)
        return wall * (0.78 + 0.14 * fbm1(rng, x * 1.6, 4)) - 0.12
    if shape == "islands":
        return 0.95 * fbm1(rng, x * 1.1, 5, 0.45) + 0.02
    if shape == "ice":
        rise = fbm1(rng, x * 2.0, 2, 0.5)
        return (0.3 + 0.6 * fbm1(rng, x * 2.6, 3, 0.45, ridged=True)) * _step(rise, -0.05, 0.10) - 0.05
    if shape == "deep":
        return 0.35 + 0.45 * fbm1(rng, x * 1.7, 5, 0.55) + 0.12 * fbm1(rng, x * 8, 3, ridged=True)
    if shape == "plain":
        return 0.45 + 0.22 * fbm1(rng, x * 0.8, 3, 0.4)
    if shape == "bank":
        side = 1.0 if rng.random() < 0.5 else -1.0
        return 0.42 + 0.75 * np.maximum(0.0, side * x * 0.75) ** 1.3 + 0.18 * fbm1(rng, x * 1.6, 4, 0.4)
    if shape == "roof":
        # Flat, with the top of the stairs as a box on one side.
        side = 1.0 if rng.random() < 0.5 else -1.0
        return 0.46 + 0.9 * _step(side * x - pick(rng, 0.45, 0.6), 0.0, 0.004)
    return 0.55 + 0.45 * fbm1(rng, x * 0.95, 4, 0.36)


def _step(value: F64, at: float, soft: float) -> F64:
    t = np.clip((value - at) / soft + 0.5, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
