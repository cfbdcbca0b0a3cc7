"""Flat facets that cover the frame and change in brightness: triangles, cubes, the bands of a fractal."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dream_nb.studio.render.noise import F32, U8, pick
from dream_nb.studio.render.places.board import Board, field
from dream_nb.studio.render.plane_scaler import PlaneScaler
from dream_nb.studio.render.planes import Planes, yuv
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

_NEAR = 0.20
_MOST = 4000


class Mosaic:
    """A mosaic of facets with visible edges, over which a wave of light runs.

    Args:
        stage: the stage of the scene.
        colours: at least two colours, from dark to light.
        kind: "triangles" or "cubes".
    """

    def __init__(self, stage: SceneStage, colours: tuple[RGB, ...], kind: str) -> None:
        s = self.stage = stage
        self.board = board = Board(s, _NEAR, "mosaic")
        rng = s.plan.chance("mosaic", kind)
        facets = (_cubes if kind == "cubes" else _triangles)(board, rng)[:_MOST]
        corners = [" ".join(f"{x:.1f},{y:.1f}" for x, y in points) for points, _ in facets]
        painted = "".join(
            f'<polygon points="{points}" fill="#{at + 1:06x}" shape-rendering="crispEdges"/>'
            for at, points in enumerate(corners)
        )
        ids = board.svg(painted).astype(np.int64)
        self.ids: NDArray[np.int64] = (ids[..., 0] << 16) + (ids[..., 1] << 8) + ids[..., 2]
        np.clip(self.ids, 0, len(facets), out=self.ids)
        lines = "".join(f'<polygon points="{points}"/>' for points in corners)
        edge = max(0.7, 0.0022 * s.unit)
        strokes = board.svg(f'<g fill="none" stroke="#fff" stroke-width="{edge:.2f}">{lines}</g>')[..., 3]
        self.inside = (256 - strokes.astype(np.int16) // 2).astype(np.uint16)
        middles = np.asarray([np.mean(points, axis=0) for points, _ in facets], np.float64)
        self.middles = middles / s.unit
        self.faces = np.asarray([face for _, face in facets], np.float64)
        self.ramp = np.stack([field(colour) for colour in colours])
        self.hues = rng.random(len(facets))
        self.phases = rng.random(4) * 2 * math.pi
        self.lean = pick(rng, -1.0, 1.0)

    def draw(self, canvas: Planes, frame: int) -> None:
        """Fill a frame."""
        s, board = self.stage, self.board
        dx, dy = s.shift(frame, _NEAR)
        left, top = board.left - 2 * round(dx / 2), -board.top - 2 * round(dy / 2)
        left, top = min(max(left, 0), board.width - s.width), min(max(top, 0), board.height - s.height)
        ids = self.ids[top : top + s.height, left : left + s.width]
        inside = self.inside[top : top + s.height, left : left + s.width]
        tables = yuv(s.style.grade(self._lit(frame)))
        for plane, table, half in zip(canvas.all, tables, (1, 2, 2), strict=True):
            values = np.clip(np.rint(table), 16, 240).astype(np.uint8)
            seen = values.take(ids if half == 1 else ids[::2, ::2], mode="clip")
            if half == 1:
                wide = seen * inside
                wide >>= 8
                np.copyto(plane, wide, casting="unsafe")
            else:
                plane[:] = seen

    def _lit(self, frame: int) -> F32:
        """The colour of each facet in a frame; the first is for pixels that no facet covers."""
        s = self.stage
        turn = s.turn(frame)
        x, y = self.middles.T
        wave = np.sin(2.6 * (x + self.lean * y) + self.phases[0] - s.cycles(5.0) * turn)
        wave = 0.6 * wave + 0.4 * np.sin(3.7 * (y - 0.6 * x) + self.phases[1] + s.cycles(7.0) * turn)
        glint = np.sin(2 * math.pi * self.hues + s.cycles(4.0) * turn)
        tone = np.clip(0.46 + 0.24 * wave + 0.10 * glint + 0.26 * (self.faces - 0.5), 0.0, 0.999)
        at = tone * (len(self.ramp) - 1)
        whole = at.astype(np.int64)
        part = (at - whole)[:, None]
        colours = self.ramp[whole] * (1.0 - part) + self.ramp[whole + 1] * part
        lit = colours * (0.62 + 0.62 * self.faces + 0.12 * glint)[:, None]
        shown: F32 = np.clip(np.concatenate([self.ramp[:1], lit]), 0.0, 1.1).astype(np.float32)
        return shown


Facet = tuple[list[tuple[float, float]], float]


def _triangles(board: Board, rng: np.random.Generator) -> list[Facet]:
    """A sheet of paper crumpled into triangles; the number of each is how much light falls on it, 0 to 1."""
    s = board.stage
    step = pick(rng, 0.10, 0.16) * s.unit
    # The same number for every camera, so that the facets are the same; those outside the frame are never seen.
    columns, rows = math.ceil(2.0 * s.width / step) + 2, math.ceil(1.6 * s.height / step) + 2
    jitter = (rng.random((rows + 1, columns + 1, 3)) - 0.5) * (0.62, 0.62, 1.0)
    at = np.empty((rows + 1, columns + 1, 3))
    at[..., 0] = -0.5 * s.width + step * (np.arange(columns + 1)[None, :] + jitter[..., 0])
    at[..., 1] = -0.3 * s.height + step * (np.arange(rows + 1)[:, None] + jitter[..., 1])
    at[..., 2] = jitter[..., 2] * step * 0.9
    found: list[Facet] = []
    for row in range(rows):
        for column in range(columns):
            a, b, c, d = at[row, column], at[row, column + 1], at[row + 1, column + 1], at[row + 1, column]
            for corners in ((a, b, c), (a, c, d)) if (row + column) % 2 else ((a, b, d), (b, c, d)):
                normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
                normal = normal / np.linalg.norm(normal)
                face = float(np.clip(0.5 + 0.62 * (normal @ (-0.5, -0.65, 0.57) - 0.57), 0.0, 1.0))
                found.append(([(float(p[0]), float(p[1])) for p in corners], face))
    return found


def _cubes(board: Board, rng: np.random.Generator) -> list[Facet]:
    """Stacked cubes, seen from a corner."""
    s = board.stage
    side = pick(rng, 0.07, 0.11) * s.unit
    wide, high = side * math.sqrt(3.0), side * 1.5
    found: list[Facet] = []
    for row in range(-math.ceil(0.4 * s.height / high), math.ceil(1.4 * s.height / high) + 1):
        for column in range(-math.ceil(0.5 * s.width / wide), math.ceil(1.5 * s.width / wide) + 1):
            x, y = (column + 0.5 * (row % 2)) * wide, row * high
            corner = [(x + side * math.sin(t * math.pi / 3), y - side * math.cos(t * math.pi / 3)) for t in range(6)]
            middle = (x, y)
            found.append(([corner[5], corner[0], corner[1], middle], 1.0))
            found.append(([corner[1], corner[2], corner[3], middle], 0.15))
            found.append(([corner[3], corner[4], corner[5], middle], 0.55))
    return found


class Fractal:
    """A Julia set whose bands of colour run outwards.

    Args:
        stage: the stage of the scene.
        ramp: 256 colours, 0 to 1; the last is the same as the first.
    """

    def __init__(self, stage: SceneStage, ramp: F32) -> None:
        s = self.stage = stage
        rng = s.plan.chance("fractal")
        self.left, self.up = s.margins(_NEAR)
        self.part = 2 if min(s.width, s.height) > 200 else 1
        wide, high = (
            (side + 2 * more) // self.part // 2 * 2 for side, more in ((s.width, self.left), (s.height, self.up))
        )
        self.bands = _julia(s, rng, wide, high, self.part)
        planes = yuv(s.style.grade(np.clip(ramp, 0.0, 1.1)))
        self.tables = [np.clip(np.rint(plane), 16, 240).astype(np.uint8) for plane in planes]
        self.scalers = (PlaneScaler(), PlaneScaler())

    def draw(self, canvas: Planes, frame: int) -> None:
        """Fill a frame."""
        s = self.stage
        dx, dy = s.shift(frame, _NEAR)
        wide, high = canvas.width // self.part // 2 * 2, canvas.height // self.part // 2 * 2
        left, top = (round((more - way) / self.part / 2) * 2 for more, way in ((self.left, dx), (self.up, dy)))
        left, top = min(max(left, 0), self.bands.shape[1] - wide), min(max(top, 0), self.bands.shape[0] - high)
        gone = np.uint8(round(256 * s.cycles(6.0) * frame / s.frames) % 256)
        at = (self.bands[top : top + high, left : left + wide] - gone).astype(np.int64)
        for plane, table, half in zip(canvas.all, self.tables, (1, 2, 2), strict=True):
            seen: U8 = table.take(at if half == 1 else at[::2, ::2], mode="clip")
            plane[:] = self.scalers[half - 1].scaled(seen, (plane.shape[1], plane.shape[0]))


_SEEDS = (-0.8 + 0.156j, 0.285 + 0.01j, -0.7269 + 0.1889j, -0.4 + 0.6j, 0.355 + 0.355j, -0.835 - 0.2321j)


def _julia(s: SceneStage, rng: np.random.Generator, wide: int, high: int, part: int) -> U8:
    """How fast each point escapes, as numbers of bands from 0 to 255 that wrap around."""
    seed = _SEEDS[int(rng.random() * len(_SEEDS))]
    turn = 2 * math.pi * float(rng.random())
    zoom = pick(rng, 0.9, 1.5) / s.unit * part
    cos, sin = math.cos(turn) * zoom, math.sin(turn) * zoom
    across, down = np.arange(wide) - wide / 2, (np.arange(high) - high / 2)[:, None]
    x, y = (across * cos - down * sin).reshape(-1), (across * sin + down * cos).reshape(-1)
    steps = np.full(x.shape, 70.0, np.float32)
    alive = np.arange(x.size)
    for step in range(70):
        # Not complex numbers: the last bits of their products differ between processors, and the differences grow
        # with every step.
        xx, yy = x * x, y * y
        x, y = xx - yy + seed.real, 2.0 * (x * y) + seed.imag
        size = x * x + y * y
        gone = size > 256.0
        if gone.any():
            late = np.log2(np.log2(np.maximum(size[gone], 4.0)) / 8.0)
            steps[alive[gone]] = step + 1.0 - late
            keep = ~gone
            alive, x, y = alive[keep], x[keep], y[keep]
        if not len(alive):
            break
    bands = np.sqrt(np.maximum(steps, 0.0)) * np.float32(62.0)
    return (bands.astype(np.int64) % 256).astype(np.uint8).reshape(high, wide)
