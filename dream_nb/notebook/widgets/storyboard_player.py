"""The live part of a storyboard's film: controls below the film, and shots that can be clicked."""

from __future__ import annotations

import itertools

import traitlets

from dream_nb.media.sound import has_sound
from dream_nb.notebook.widgets.base import Widget
from dream_nb.notebook.widgets.messages import Film
from dream_nb.storyboard.storyboard import Storyboard


class StoryboardPlayer(Widget):
    """Controls the film in the preview of a storyboard above it, and seeks to the shot that is clicked.

    Args:
        board: the storyboard, all of whose shots are made.

    Raises:
        LibraryError: a shot or the film is missing.
    """

    instead = "Show the storyboard itself, or open the file at its path."
    modules = ("card.css", "storyboard_player.css", "result_player.js", "storyboard_player.js")

    # These never change.
    film = traitlets.Dict().tag(sync=True)
    """The `Film`."""

    begins = traitlets.List(traitlets.Float()).tag(sync=True)
    """The time at which each shot begins in the film, in seconds."""

    def __init__(self, board: Storyboard) -> None:
        shots, path = board.shots, board.path
        film: Film = {
            "kind": "video",
            "url": "",
            "name": path.name,
            "seconds": board.duration,
            "fps": shots[0].fps or 0.0,
            "sound": has_sound(path),
            "studio": shots[0].backend == "studio",
        }
        seconds = [shot.duration or 0.0 for shot in shots]
        super().__init__(film=dict(film), begins=list(itertools.accumulate(seconds[:-1], initial=0.0)))
