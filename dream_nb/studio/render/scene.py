"""A scene: everything drawn once, and the frames composed of it."""

from __future__ import annotations

from dream_nb.studio.render import heavens, land, weather
from dream_nb.studio.render.film import Film
from dream_nb.studio.render.planes import Planes
from dream_nb.studio.render.setting import Setting
from dream_nb.studio.render.sheet import Layer
from dream_nb.studio.render.sky import Sky
from dream_nb.studio.render.water import Water


class Scene:
    """The drawing of a setting."""

    def __init__(self, setting: Setting, character: Layer | None = None) -> None:
        s = self.setting = setting
        self.sky = Sky(s)
        self.stars = heavens.Stars(s)
        self.discs = heavens.discs(s)
        self.behind, self.ahead = [], []
        for index, ridge in enumerate(land.ridges(s)):
            ground = land.ground(s, ridge, index, above=0.5 if s.plan.plants else 0.0)
            land.planted(s, ground, index)
            (self.ahead if ridge.ahead else self.behind).append(land.coloured(s, ground, index))
        self.water = Water(s) if s.plan.water != "none" else None
        self.character = character
        self.falling = weather.falling(s)
        self.film = Film(s)

    def frame(self, frame: int) -> Planes:
        """One frame, counted from 0."""
        s = self.setting
        canvas = Planes.empty(s.width, s.height)
        self.sky.draw(canvas, frame)
        self.stars.draw(canvas, self.sky, frame)
        for disc in self.discs:
            disc.draw(canvas, self.sky, frame)
        for layer in self.behind:
            layer.draw(canvas, *s.shift(frame, layer.near))
        if self.water is not None:
            self.water.draw(canvas, frame)
        for layer in self.ahead:
            layer.draw(canvas, *s.shift(frame, layer.near))
        if self.character is not None:
            self.character.draw(canvas, *s.shift(frame, self.character.near))
        for motes in self.falling:
            motes.draw(canvas, frame)
        return self.film.developed(canvas, frame)
