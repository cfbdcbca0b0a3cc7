"""A scene, whose parts are drawn once and then composed into frames."""

from __future__ import annotations

from typing import Final

from dream_nb.studio.render.figures import actors
from dream_nb.studio.render.figures.actors import Actor
from dream_nb.studio.render.finish import foregrounds, views
from dream_nb.studio.render.finish.grain import Grain
from dream_nb.studio.render.finish.lens import Lens
from dream_nb.studio.render.ground import land, plants, relief, ridges
from dream_nb.studio.render.ground.from_above import FromAbove
from dream_nb.studio.render.ground.neon_floor import NeonFloor
from dream_nb.studio.render.ground.water import Water
from dream_nb.studio.render.ground.waterfall import Waterfall
from dream_nb.studio.render.layers import Layer
from dream_nb.studio.render.places import places
from dream_nb.studio.render.places.place import Drawable, ScenePlace
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.sky import bodies, surf, weather
from dream_nb.studio.render.sky.sky import Sky
from dream_nb.studio.render.stage import SceneStage
from dream_nb.studio.render.subjects import subjects

# Figures in the sky are never nearer than this, and figures on land are never farther away.
_HIGHEST: Final = 0.36


class Scene:
    """All parts of a drawing, drawn once; `frame` composes them into a frame.

    Args:
        stage: the stage of the drawing.
        character: a layer with the given character, or None.
    """

    def __init__(self, stage: SceneStage, character: Layer | None = None) -> None:
        s = self.stage = stage
        self.place = places.built(s)
        if self.place is None:
            self._set_up_land()
        footing = subjects.Footing()
        self.nearest: tuple[Drawable, ...] = ()
        if self.place is not None:
            footing = subjects.Footing(self.place.foot, self.place.size, self.place.reflects)
            self.nearest = self.place.ahead
        self.puppets = subjects.puppets(s, s.plan.cast, footing)
        self.character = character
        self.falling = weather.falling(s)
        self.vertigo = views.Vertigo(s) if "vertigo" in s.effects else None
        self.lens = Lens()
        self.views = [*views.views(s), *foregrounds.foregrounds(s)]
        self.grain = Grain(s)

    def _set_up_land(self) -> None:
        s = self.stage
        self.sky = Sky(s)
        self.stars = bodies.Stars(s)
        self.discs = bodies.discs(s)
        grounds = [land.ground(s, ridge, index, _room(s, ridge)) for index, ridge in enumerate(ridges.ridges(s))]
        land.built(s, grounds)
        parts: list[tuple[float, bool, Layer | Actor]] = []
        for index, ground in enumerate(grounds):
            land.planted(s, ground, index)
            parts.append((ground.ridge.near, ground.ridge.ahead, relief.coloured(s, ground, index)))
        parts += actors.actors(s)
        parts.sort(key=lambda part: part[0])
        self.behind = [part for _, ahead, part in parts if not ahead]
        self.ahead = [part for _, ahead, part in parts if ahead]
        cliffs = [ground for ground in grounds if not ground.ridge.ahead]
        self.waterfall = (
            Waterfall(s, max(cliffs, key=lambda ground: ground.ridge.near)) if s.plan.falls and cliffs else None
        )
        self.water = Water(s) if s.plan.water != "none" else None
        rough = self.water is not None and s.plan.water == "sea" and s.plan.waves >= surf.ROUGH
        self.surf = surf.Surf(s) if rough else None
        self.neon_floor = NeonFloor(s) if s.plan.style == "synthwave" and s.plan.land != "deep" else None
        self.aloft = weather.aloft(s)
        self.map = FromAbove(s) if "from above" in s.effects else None

    def frame(self, frame: int) -> Planes:
        """Return one frame.

        Args:
            frame: the number of the frame, counted from 0.
        """
        s = self.stage
        if self.place is not None:
            canvas = self._in_place(self.place, frame)
        elif self.map is not None:
            canvas = self._from_above(self.map, frame)
        else:
            canvas = self._from_the_side(frame)
        for part in (*self.puppets, *self.nearest):
            part.draw(canvas, frame)
        for motes in self.falling:
            motes.draw(canvas, frame)
        if s.camera.turns:
            canvas = self.lens.seen(canvas, *s.camera.lens(frame))
        for view in self.views:
            view.apply(canvas, frame)
        return self.grain.applied(canvas, frame)

    def _in_place(self, place: ScenePlace, frame: int) -> Planes:
        s = self.stage
        canvas = Planes.empty(s.width, s.height)
        for part in place.behind:
            part.draw(canvas, frame)
        if self.vertigo is not None:
            self.vertigo.apply(canvas, frame)
        if self.character is not None:
            self.character.draw(canvas, *s.shift(frame, self.character.near))
        return canvas

    def _from_above(self, ground: FromAbove, frame: int) -> Planes:
        """Draw the land as seen from above, and the figures that fly over it."""
        canvas = ground.drawn(frame)
        dry = self.stage.plan.land != "deep"
        for part in self.behind if dry else self.behind + self.ahead:
            if isinstance(part, Actor) and not part.reflected and part.near < (_HIGHEST if dry else 1.0):
                part.draw(canvas, frame)
        return canvas

    def _from_the_side(self, frame: int) -> Planes:
        s = self.stage
        canvas = Planes.empty(s.width, s.height)
        self.sky.draw(canvas, frame)
        self.stars.draw(canvas, self.sky, frame)
        for disc in self.discs:
            disc.draw(canvas, self.sky, frame)
        for light in self.aloft:
            light.draw(canvas, frame)
        for part in self.behind:
            self._lay(part, canvas, frame)
        if self.waterfall is not None:
            self.waterfall.draw(canvas, frame)
        if self.water is not None:
            self.water.draw(canvas, frame)
        if self.surf is not None:
            self.surf.draw(canvas, frame)
        if self.neon_floor is not None:
            self.neon_floor.draw(canvas, frame)
        if self.vertigo is not None:
            self.vertigo.apply(canvas, frame)
        for part in self.ahead:
            self._lay(part, canvas, frame)
        if self.character is not None:
            self.character.draw(canvas, *s.shift(frame, self.character.near))
        return canvas

    def _lay(self, part: Layer | Actor, canvas: Planes, frame: int) -> None:
        if isinstance(part, Actor):
            part.draw(canvas, frame)
        else:
            part.draw(canvas, *self.stage.shift(frame, part.near))


def _room(s: SceneStage, ridge: ridges.Ridge) -> float:
    """Return the height above a crest that plants and buildings may need, in scene units."""
    plan = s.plan
    room: float = max((plants.height(kind) for kind in plan.plants), default=0.0) * (0.1 + 0.9 * ridge.near**1.4) * 1.2
    if plan.built and (ridge.near < 0.5 or ridge.ahead):
        room = max(room, 0.75 if plan.lone else 0.42)
    return max(room, 0.5) if plan.land == "city" and ridge.near <= 0.4 else room
