"""Draws the scene of an edit's prompt at the size of the source, with its light and its motion."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from dream_nb.studio.render import palette, stage
from dream_nb.studio.render.brief import Brief
from dream_nb.studio.render.edits.source_clip import SourceClip
from dream_nb.studio.render.edits.track import tracked
from dream_nb.studio.render.plan import ScenePlan
from dream_nb.studio.render.planes import Planes, yuv_of
from dream_nb.studio.render.prompt import KnownWords
from dream_nb.studio.render.scene import Scene
from dream_nb.studio.render.stage import SceneStage

_HOURS: Final = ("dawn", "morning", "noon", "golden", "sunset", "dusk", "night")


def staged(brief: Brief, scale: int, samples: list[Planes]) -> SceneStage:
    """Return the stage of an edit's prompt. If the prompt does not set the hour, the light of the source decides.

    Args:
        brief: the brief, with the size, frame rate and length of the result. The scene is always drawn as a loop;
            whether the result loops depends on the source.
        scale: how many pixels of the result one drawn pixel covers, in each direction.
        samples: frames of the source, reduced.
    """
    place = stage.of(replace(brief, loop=True), scale)
    words, plan = KnownWords(brief.prompt), place.plan
    if words.first("hour") is None and plan.land != "deep":
        plan = replace(plan, hour=_hour_of(plan, samples))
    if not words.life():
        # Do not add the random birds of a new drawing to the source.
        plan = replace(plan, life=())
    return replace(place, plan=plan, light=palette.of(plan))


def following(place: SceneStage, source: SourceClip, part: float | None = None) -> SceneStage:
    """Return a stage with a camera that follows the motion of a clip.

    Args:
        place: the stage.
        source: the clip.
        part: how far the camera follows, from 0 to 1; None means completely.
    """
    camera = tracked(source.small, source.seconds)
    if part is not None:
        camera = replace(camera, places=tuple((x * part, y * part) for x, y in camera.places))
    return replace(place, camera=camera)


def bare(place: SceneStage, grain: float = 0.0, discs: bool = False, figures: bool = False) -> Scene:
    """Return the scene of a stage without weather, vignette or paper.

    Args:
        place: the stage.
        grain: the strength of film grain, in levels of brightness.
        discs: whether to draw the sun and the moon.
        figures: whether to draw buildings and living things.
    """
    plan = replace(place.plan, rain=0.0, snow=0.0, storm=0.0, motes=())
    if not figures:
        plan = replace(plan, built=(), life=(), cast=replace(plan.cast, subjects=()))
    style = replace(place.style, grain=grain, vignette=0.0, paper=0.0)
    scene = Scene(replace(place, plan=plan, style=style))
    if not discs:
        scene.discs = []
    return scene


def _hour_of(plan: ScenePlan, samples: list[Planes]) -> str:
    """Return the hour whose sky is closest in brightness and colour to the upper half of some frames."""
    upper = [[float(plane[: len(plane) // 2].mean()) for plane in shot.all] for shot in samples]
    seen = np.mean(upper, axis=0)
    clear = replace(plan, tints=(), rain=0.0, storm=0.0, haze=0.0, cloud=0.3)

    def away(hour: str) -> float:
        light = palette.of(replace(clear, hour=hour))
        sky = np.mean([yuv_of(colour) for colour in (light.zenith, light.middle, light.horizon)], axis=0)
        # Blue has little weight, so that a green sky is not taken for an evening.
        return float(abs(sky[0] - seen[0]) + abs(sky[2] - seen[2]) + 0.2 * abs(sky[1] - seen[1]))

    return min(_HOURS, key=away)
