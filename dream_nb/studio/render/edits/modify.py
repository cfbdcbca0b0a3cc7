"""Gives a video a new look: it keeps motion and layout; the prompt sets colours, style, weather and fine forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from dream_nb.studio.render.brief import Brief, Keyframe, Modify
from dream_nb.studio.render.edits.blend import Blend, Weights
from dream_nb.studio.render.edits.drawing import bare, following, staged
from dream_nb.studio.render.edits.source_clip import SourceClip
from dream_nb.studio.render.finish.grain import Grain
from dream_nb.studio.render.frames import coarseness, enlarged
from dream_nb.studio.render.given.keyframes import GivenFrames
from dream_nb.studio.render.given.references import ColourTransfer
from dream_nb.studio.render.noise import F32, resized, smoothstep
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.prompt import KnownWords
from dream_nb.studio.render.sky import weather
from dream_nb.studio.render.stage import SceneStage

# The side of the frame in cells of the coarse maps: forms larger than a cell count as coarse.
_CELLS: Final = 40
# The strength up to which no fine forms of the drawn scene are visible.
_DRAWN_FROM: Final = 0.2
# The default strength for a source that does not move.
_FREELY: Final = 0.6
_SEVERAL: Final = 2


class ModifiedClip:
    """A source with the look of a prompt.

    Args:
        brief: the brief, with the size of the result, and the frame rate and length of the source.
        edit: the edit to make.
        source: the clip.

    Raises:
        RenderError: the picture of the first frame cannot be read.
    """

    def __init__(self, brief: Brief, edit: Modify, source: SourceClip) -> None:
        strength = _by_motion(source) if edit.strength is None else edit.strength
        self.brief, self.source, self.strength = brief, source, min(1.0, max(0.0, strength))
        self.controls = edit.controls
        self.asked = bool(brief.prompt.strip())
        self.scale = coarseness(brief) if self.asked else 1
        place = following(staged(brief, self.scale, source.samples), source, edit.controls.trajectory)
        named = KnownWords(brief.prompt).first("hour") is not None
        self.scene = bare(place, discs=named, figures=True) if self.asked else None
        self.given: GivenFrames | None = None
        first = None
        if edit.first_frame is not None or edit.guides:
            frame0 = None if edit.first_frame is None else Keyframe(edit.first_frame)
            self.given = GivenFrames(replace(brief, frame0=frame0, frame1=None, anchors=edit.guides))
            first = self.given.colours
        own = _beside(source.samples)
        goal = first or (self.scene.frame(0) if self.scene is not None else _graded(own))
        self.recolour = Recolour(own, goal, 0.3 + 0.7 * self.strength)
        self.weather = _weather(place, self.strength) if self.asked else []
        self.film = Grain(_filmed(place, self.strength, self.asked))
        self.ink = place.style.ink * (0.4 + 0.6 * self.strength) if self.asked else 0.0
        self.blend = Blend(place.width, place.height, (place.width * place.height) ** 0.5 / _CELLS)

    def frames(self) -> Iterator[Planes]:
        """Yield the frames of the result."""
        size = (self.scene.stage.width, self.scene.stage.height) if self.scene is not None else self.brief.size
        for number, shot in enumerate(self.source.frames(size)):
            made = enlarged(self._changed(shot, number), self.scale, self.brief)
            yield self.given.laid(made, number) if self.given is not None else made

    def _changed(self, shot: Planes, number: int) -> Planes:
        made = self.recolour.applied(shot)
        if self.scene is not None:
            made = self.blend.mixed(made, self.scene.frame(number), self._weights(made, shot, number))
        if self.ink:
            _inked(made, shot, self.ink)
        for light in self.weather:
            light.draw(made, number)
        return self.film.applied(made, number)

    def _weights(self, made: Planes, shot: Planes, number: int) -> Weights:
        """Return the weights of the scene in a frame.

        The scene appears first where the source has little detail; with more strength, it appears everywhere.
        """
        part = max(0.0, (self.strength - _DRAWN_FROM) / (1.0 - _DRAWN_FROM))
        busy = self._busy(made)
        open_to_it = smoothstep(np.float32(1.25 * part) + np.float32(0.25) - busy * np.float32(1.0 - 0.45 * part))
        fine = open_to_it * np.float32(min(1.0, 6.0 * part) * (0.25 + 0.5 * part))
        coarse = np.full_like(fine, 0.1 + 0.45 * self.strength)
        free = self._freed(shot, number)
        fine = np.minimum(fine * free * _freedom(self.controls.normals), np.float32(1.0))
        coarse = np.minimum(coarse * free * _freedom(self.controls.depth), np.float32(1.0))
        return Weights(lost=fine * np.float32(0.75), fine=fine, coarse=coarse)

    def _freed(self, shot: Planes, number: int) -> F32:
        """Return a factor for how much of the scene to mix in at each place, by how much of poses and faces to keep."""
        free = np.ones((self.blend.high, self.blend.wide), np.float32)
        if self.controls.pose is not None:
            small = self.source.small
            before, after = small[max(0, number - 1)], small[min(len(small) - 1, number + 1)]
            moving = np.abs(after.astype(np.float32) - before)
            free += self._kept(moving / np.float32(24.0), self.controls.pose)
        if self.controls.face is not None:
            # Skin of every tone has about this hue, with more or less saturation.
            warm = np.abs(self.blend.coarse(shot.v) - np.float32(152.0))
            cool = np.abs(self.blend.coarse(shot.u) - np.float32(112.0))
            free += self._kept(np.float32(1.6) - (warm + cool) / np.float32(16.0), self.controls.face)
        return np.maximum(free, np.float32(0.0))

    def _kept(self, where: F32, amount: float) -> F32:
        wide, high = self.blend.wide, self.blend.high
        there = smoothstep(resized(where, wide, high))
        return there * np.float32(_freedom(amount) - 1.0)

    def _busy(self, shot: Planes) -> F32:
        """Return how much detail a frame has at each place, from 0 to 1."""
        fine = self.blend.means(shot.y, 4).reshape(self.blend.high, 4, self.blend.wide, 4)
        low = fine.mean(axis=(1, 3), dtype=np.float32, keepdims=True)
        spread = np.abs(fine - low).mean(axis=(1, 3), dtype=np.float32)
        busy: F32 = np.minimum(spread / np.float32(9.0), np.float32(1.0))
        return busy


def _by_motion(source: SourceClip) -> float:
    """Return the default strength for a source: the more the source moves, the lower."""
    if len(source.small) < _SEVERAL:
        return _FREELY
    moved = float(np.abs(np.diff(source.small.astype(np.int16), axis=0)).mean())
    return _FREELY - 0.35 * min(1.0, moved / 8.0)


def _freedom(kept: float | None) -> float:
    """Return a factor for how much of the scene to mix in, from 1.7 (keep nothing of the source) to 0 (keep all).

    Args:
        kept: how much of the source to keep, from 0 to 1, or None if the user did not say.
    """
    return 1.0 if kept is None else 1.7 - 1.7 * kept


class Recolour(ColourTransfer):
    """A transfer of colours with limited contrast, so that it does not turn smooth areas into visible steps.

    Args:
        own: a frame with the colours of the source.
        goal: a frame with the colours to transfer.
        amount: how far to change the colours, from 0 to 1.
    """

    def __init__(self, own: Planes, goal: Planes, amount: float) -> None:
        super().__init__(own, [(goal, 1.0)])
        for at, (table, plane) in enumerate(zip(self.tables, own.all, strict=True)):
            middle = int(np.median(plane))
            steps = np.clip(np.diff(np.asarray(table, np.float64)), 0.15, 2.2 if at == 0 else 1.8)
            gentle = np.concatenate([[0.0], np.cumsum(steps)])
            gentle += table[middle] - gentle[middle]
            mixed = np.arange(256.0) * (1.0 - amount) + gentle * amount
            self.tables[at] = np.clip(np.rint(mixed), 16, 240).astype(int).tolist()


def _beside(samples: list[Planes]) -> Planes:
    """Join several frames into one, so that their colours are counted together."""
    return Planes(*(np.concatenate(planes) for planes in zip(*(one.all for one in samples), strict=True)))


def _graded(own: Planes) -> Planes:
    """Return a frame in the colours of an edit without a prompt: with more contrast, stronger and warmer."""
    y = own.y.astype(np.float32) - np.float32(126.0)
    u, v = (plane.astype(np.float32) - np.float32(128.0) for plane in (own.u, own.v))
    planes = (y * np.float32(1.22) + 124, u * np.float32(1.4) + 121, v * np.float32(1.4) + 133)
    return Planes(*(np.clip(np.rint(plane), 16, 240).astype(np.uint8) for plane in planes))


def _filmed(place: SceneStage, strength: float, asked: bool) -> SceneStage:
    """Return the stage with its grain, vignette and paper reduced according to the strength.

    Args:
        place: the stage.
        strength: the strength of the edit, from 0 to 1.
        asked: whether the edit has a prompt.
    """
    part = 0.35 + 0.65 * strength if asked else 0.3 * strength
    style = place.style
    style = replace(style, grain=style.grain * part, vignette=style.vignette * part, paper=style.paper * part)
    return replace(place, style=style)


def _weather(
    place: SceneStage, strength: float
) -> list[weather.Lightning | weather.Fireworks | weather.Motes | weather.Rain]:
    """Return the weather to draw over the source: everything that falls, floats or flashes."""
    part = 0.6 + 0.4 * strength
    plan = place.plan
    # Rain is drawn only above 0.25, so weaker strengths must not push it below that.
    rain = max(plan.rain * part, 0.26) if plan.rain > 0.25 else 0.0
    thinner = replace(place, plan=replace(plan, rain=rain, snow=plan.snow * part))
    return [*weather.aloft(thinner), *weather.falling(thinner)]


def _inked(made: Planes, shot: Planes, strength: float) -> None:
    """Draw dark lines over the edges of the source.

    Args:
        made: the frame to draw on, in place.
        shot: the frame of the source.
        strength: the strength of the lines, from 0 to 1.
    """
    y = shot.y.astype(np.int16)
    edge = np.abs(y[:, 1:] - y[:, :-1])[1:]
    edge = np.maximum(edge, np.abs(y[1:] - y[:-1])[:, 1:])
    edge -= 7
    np.clip(edge, 0, 24, out=edge)
    edge *= round(5 * strength)
    part = made.y[1:, 1:]
    np.copyto(part, np.maximum(part - edge, 24), casting="unsafe")
