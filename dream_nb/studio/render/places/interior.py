"""A room: its walls, its floor, and the light of its window and its lamps."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from PIL import Image

from dream_nb.studio.render.noise import F32, U8, pick
from dream_nb.studio.render.palette import mix
from dream_nb.studio.render.places import rooms, surfaces
from dream_nb.studio.render.places.board import Board, Laid, field, hexed
from dream_nb.studio.render.places.cutout import Cutout
from dream_nb.studio.render.places.lights import Light, Lights
from dream_nb.studio.render.places.perspective import Perspective, toned
from dream_nb.studio.render.places.place import Drawable, ScenePlace
from dream_nb.studio.render.places.room import Room
from dream_nb.studio.render.places.shapes import area
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.sky import weather
from dream_nb.studio.render.sky.weather import Motes
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.vocabulary import RGB

_EYE: Final = 1.3
_WALL, _NEARER, _FRONT = 0.15, 0.40, 0.85
_STONE_FLOORS: Final = ("kitchen", "cafe")
_MOST_PANES: Final = 12


def place(s: SceneStage) -> ScenePlace:
    """The room that a prompt names, or a living room."""
    room = _empty(s)
    rooms.furnish(room, s.plan.room)
    behind: list[Drawable] = [_walls(room)]
    behind += _weather(room)
    behind.append(_furniture(room))
    behind.append(_lamps(room))
    behind.append(Motes(s, "room air", 46, 0.0024, -0.08, 0.05, (1.0, 0.92, 0.76), 0.16 + 0.3 * room.day, blink=True))
    return ScenePlace(tuple(behind), (_foreground(room),), foot=0.93, size=0.80, reflects=0.08)


def _foreground(room: Room) -> Cutout:
    """A plant in a lower corner, so near that it is out of focus."""
    s = room.stage
    rng = s.plan.chance("foreground")
    side = 1.0 if rng.random() < 0.5 else -1.0
    board = Board(s, _FRONT, "foreground", top=0.45 * s.height)
    foot = (s.width * (0.5 + 0.52 * side), 1.08 * s.height)
    leaves = []
    for _ in range(11):
        turn = math.pi / 2 + side * pick(rng, -0.35, 1.25)
        long = pick(rng, 0.24, 0.50) * s.unit
        x, y = foot[0] + long * math.cos(turn), foot[1] - long * math.sin(turn)
        wide = 0.10 * long
        bend = (0.5 * (foot[0] + x) + wide * side, 0.5 * (foot[1] + y) - wide)
        tone = hexed(toned((0.17, 0.26, 0.14), pick(rng, 0.5, 1.2)))
        there = f"Q{bend[0] - wide:.1f},{bend[1]:.1f} {x:.1f},{y:.1f}"
        start = f"{foot[0]:.1f},{foot[1]:.1f}"
        leaves.append(area(f"M{start}{there}Q{bend[0] + wide:.1f},{bend[1] + wide:.1f} {start}z", tone))
    forms = board.hazy("".join(leaves), 0.008)
    dim = mix(toned(s.light.lit, 0.25 + 0.35 * room.day), (0.42, 0.32, 0.24), 0.5 * (1.0 - room.day))
    forms[..., :3] = np.clip(forms[..., :3] * field(dim) * np.float32(1.3), 0, 255)
    return Cutout(s, _FRONT, forms, -board.left, board.top)


def _empty(s: SceneStage) -> Room:
    rng = s.plan.chance("room")
    kinds = rooms.COLOURS[s.plan.room]
    wall, trim = kinds[int(rng.random() * len(kinds))]
    if s.plan.tints:
        wall = mix(wall, mix(s.plan.tints[0], (0.5, 0.5, 0.5), 0.25), 0.6)
    k = 0.205 * s.unit
    high = s.height / s.width > 1.0
    x = s.width * (0.5 + 0.16 * (float(rng.random()) - 0.5))
    y = s.height * (0.50 if high else 0.46)
    half = 0.37 * s.width / k
    return Room(s, Perspective(x, y, k, _EYE), half, _EYE + (y - 0.10 * s.height) / k, rng, wall, trim)


def _shell(room: Room, reach: float) -> str:
    """The back wall, the side walls and the ceiling, with their skirting boards."""
    view, half, top = room.view, room.half, room.ceiling
    near = 0.12
    wide = reach / view.k
    parts = [view.front(-wide, wide, 0.0, top, 1.0, hexed(room.wall))]
    for side in (-1, 1):
        x = side * half
        corners = ((x, 0.0, 1.0), (x, top, 1.0), (x, top, near), (x, 0.0, near))
        parts.append(view.face(corners, hexed(toned(room.wall, 0.80 if side < 0 else 0.88))))
        board = ((x, 0.0, 1.0), (x, 0.12, 1.0), (x, 0.12, near), (x, 0.0, near))
        parts.append(view.face(board, hexed(toned(mix(room.trim, room.wall, 0.4), 0.8))))
    ceiling = ((-half, top, 1.0), (half, top, 1.0), (half, top, near), (-half, top, near))
    parts.append(view.face(ceiling, hexed(mix(room.wall, (0.82, 0.80, 0.76), 0.5))))
    parts.append(view.front(-half, half, 0.0, 0.12, 1.0, hexed(toned(mix(room.trim, room.wall, 0.4), 0.9))))
    return "".join(parts)


def _walls(room: Room) -> Laid:
    board = Board(room.stage, _WALL, "room")
    forms = board.svg(_shell(room, board.width) + "".join(room.forms))
    under = _floor(room, board)
    picture = np.array(Image.alpha_composite(Image.fromarray(under), Image.fromarray(forms)))
    light, glow = _light(room, board, "".join(room.bright))
    return board.lit(picture, light, glow, board.noise("plaster", 0.012, 2, fine=True) * np.float32(0.035))


def _floor(room: Room, board: Board) -> U8:
    s, view = room.stage, room.view
    line = view.at((0.0, 0.0, 1.0))[1]
    lower = Board(s, _WALL, "floor", top=line - 2)
    rng = s.plan.chance("floor")
    if s.plan.room in _STONE_FLOORS and rng.random() < 0.7:
        texture = surfaces.tiles(rng, (0.66, 0.62, 0.56), (0.36, 0.32, 0.30), 4)
    else:
        texture = surfaces.wood(rng)
    # A texture is two metres wide.
    size = 2.0 * (s.height - view.y) / view.eye
    seen = surfaces.in_perspective(lower, texture, view.y, view.x, size)
    out = np.zeros((board.height, board.width, 4), np.uint8)
    out[..., 3] = 255
    out[lower.top - board.top :] = seen
    return out


def _light(room: Room, board: Board, bright: str) -> tuple[F32, F32]:
    """Light to multiply the surfaces by, and glow to add to them."""
    s, view, day = room.stage, room.view, room.day
    sky = mix(s.light.horizon, s.light.lit, 0.5)
    shade = board.soft("".join(room.shade), 0.03)[..., 3]
    low: RGB = (0.36, 0.28, 0.26)
    base = mix(mix((0.20, 0.20, 0.28), low, 0.6), toned(sky, 0.74), day)
    light = np.ones((board.high, board.wide, 1), np.float32) * field(base)
    glow = np.zeros((board.high, board.wide, 3), np.float32)
    # Darker towards the near ends of the walls, the ceiling and the floor.
    across, down = (board.x - view.x) / np.float32(s.width), (board.y - view.y) / np.float32(s.height)
    away = np.hypot(across, down)
    light *= (1.10 - 0.85 * np.clip(away, 0.0, 0.9))[..., None]
    if room.panes:
        light, glow = _daylight(room, board, sky, light, glow)
    # Without a window, lamps are on by day too.
    dark = 1.0 - (0.75 if room.panes else 0.30) * day
    for lamp in room.lamps:
        power = lamp.strength * (dark if not lamp.flame else 0.35 + 0.65 * dark)
        fall = board.glow(lamp.x, lamp.y, lamp.reach * 0.70 * s.unit, 1.9)
        light = light + field(lamp.colour) * (fall * np.float32(1.8 * power))[..., None]
        halo = board.glow(lamp.x, lamp.y, 0.10 * s.unit, 2.4)
        glow = glow + field(lamp.colour) * (halo * np.float32(0.26 * power))[..., None]
    light *= (1.0 - 0.72 * shade)[..., None]
    shining = board.soft(bright, 0.002)[..., 3:]
    own = 0.85 + 0.25 * day
    light = light + shining * (np.float32(own) - light)
    glow = glow + _mirrored(room, board, bright) * field((1.0, 0.86, 0.66) if day < 0.4 else sky)
    glow = glow * (1.0 - 0.7 * shining)
    return light.astype(np.float32), glow.astype(np.float32)


def _daylight(room: Room, board: Board, sky: RGB, light: F32, glow: F32) -> tuple[F32, F32]:
    """`light` and `glow` with that of the window added: around it, as a beam, and as a bright patch on the floor."""
    s, view, day = room.stage, room.view, room.day
    left, top = min(p[0] for p in room.panes), min(p[1] for p in room.panes)
    right, foot = max(p[2] for p in room.panes), max(p[3] for p in room.panes)
    near = board.glow((left + right) / 2, (top + foot) / 2, 0.55 * s.unit, 1.7)
    light = light + field(sky) * (near * np.float32(0.75 * day))[..., None]
    slant = (1.0 if s.sun_x < 0.5 else -1.0) * 0.30 * s.unit
    line = view.at((0.0, 0.0, 1.0))[1]
    pool, beam = [], []
    for a, b, c, d in room.panes[:_MOST_PANES]:
        y0, y1 = line + 0.10 * s.unit + 0.30 * (foot - d), line + 0.12 * s.unit + 0.30 * (foot - b)
        x0, x1 = view.x + (a - view.x) * 1.35 + slant, view.x + (c - view.x) * 1.35 + slant
        pool.append(f'<polygon points="{x0},{y0} {x1},{y0} {x1 + slant / 3},{y1} {x0 + slant / 3},{y1}" fill="#fff"/>')
        beam.append(f'<polygon points="{a},{b} {c},{b} {x1 + slant / 3},{y1} {x0},{y0}" fill="#fff" opacity=".13"/>')
    clear = 1.0 - max(s.plan.rain, s.plan.storm, 0.8 * max(0.0, s.plan.cloud - 0.5))
    sun: F32 = field(s.light.sun) * np.float32(day * clear)
    light = light + board.soft("".join(pool), 0.010)[..., 3:] * (sun * np.float32(1.1))
    glow = glow + board.soft("".join(beam), 0.03)[..., 3:] * (sun * np.float32(0.42))
    bloom = board.glow((left + right) / 2, (top + foot) / 2, 0.22 * s.unit, 2.4)
    return light, glow + field(sky) * (bloom * np.float32(0.16 * day))[..., None]


def _mirrored(room: Room, board: Board, bright: str) -> F32:
    """The reflection of the bright forms in the floor."""
    line = room.view.at((0.0, 0.0, 1.0))[1]
    below = board.soft(f'<g transform="matrix(1 0 0 -1 0 {2 * line:.1f})">{bright}</g>', 0.025)[..., 3:]
    fade = np.clip(1.0 - (board.y - np.float32(line)) / np.float32(0.5 * room.stage.unit), 0.0, 1.0)
    mirrored: F32 = below * (fade * (board.y > line))[..., None] * np.float32(0.13)
    return mirrored


def _furniture(room: Room) -> Laid:
    """The layer of the furniture in front of the walls."""
    board = Board(room.stage, _NEARER, "furniture")
    forms = board.svg("".join(room.nearer))
    light, glow = _light(room, board, "".join(room.bright_nearer))
    shaded = board.shaded(forms, light * np.float32(0.96), glow * np.float32(0.6))
    return board.finished(shaded, forms[..., 3])


def _lamps(room: Room) -> Lights:
    """The halos of lamps, which hardly flicker, and of fires, which do."""
    s = room.stage
    dark = 1.0 - 0.7 * room.day
    return Lights(
        s,
        "room",
        [
            Light(
                x=lamp.x,
                y=lamp.y,
                near=lamp.near,
                radius=(0.11 if lamp.flame else 0.07) * s.unit,
                colour=mix(lamp.colour, (1.0, 0.95, 0.85), 0.25),
                strength=(0.55 if lamp.flame else 0.42) * lamp.strength * (dark if not lamp.flame else 1.0),
                unrest=0.55 if lamp.flame else 0.06,
                seconds=0.9 if lamp.flame else 3.0,
                flame=lamp.flame,
            )
            for lamp in room.lamps
        ],
    )


class _Pane:
    """Rain or snow outside, seen through one pane of a window."""

    def __init__(self, stage: SceneStage, box: tuple[float, float, float, float]) -> None:
        self.stage = stage
        left, top, right, foot = (2 * round(side / 2) for side in box)
        self.left, self.top = left, top
        self.width, self.height = max(2, right - left), max(2, foot - top)
        plan = replace(stage.plan, place="", motes=(), rain=0.45 if stage.plan.rain > 0.25 else 0.0)
        self.falling = weather.falling(replace(stage, width=self.width, height=self.height, plan=plan))

    def draw(self, canvas: Planes, frame: int) -> None:
        """Draw the rain or snow into a frame."""
        dx, dy = self.stage.shift(frame, _WALL)
        left, top = self.left + 2 * round(dx / 2), self.top + 2 * round(dy / 2)
        if left < 0 or top < 0 or left + self.width > canvas.width or top + self.height > canvas.height:
            return
        parts = [
            plane[top // half : (top + self.height) // half, left // half : (left + self.width) // half]
            for plane, half in zip(canvas.all, (1, 2, 2), strict=True)
        ]
        seen = Planes(*(part.copy() for part in parts))
        for motes in self.falling:
            motes.draw(seen, frame)
        for part, new in zip(parts, seen.all, strict=True):
            part[:] = new


def _weather(room: Room) -> list[Drawable]:
    plan = room.stage.plan
    if plan.rain <= 0.25 and not plan.snow:
        return []
    return [_Pane(room.stage, pane) for pane in room.panes[:_MOST_PANES]]
