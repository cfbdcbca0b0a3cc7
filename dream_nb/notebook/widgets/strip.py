"""The strip, which shows the shots of a storyboard while they are made."""

from __future__ import annotations

import threading
from typing import Final, Self

import traitlets

from dream_nb.api.errors import LibraryError
from dream_nb.api.models import FINAL_STATES
from dream_nb.notebook.widgets.awaited import AwaitedWidget
from dream_nb.notebook.widgets.messages import ShotTile
from dream_nb.storyboard.film_strip import middle
from dream_nb.storyboard.shooting import Shooting

_SIDE: Final = 190


class Strip(AwaitedWidget):
    """One tile per shot: its picture when it is done, before that its progress or what it waits for."""

    instead = "Show the storyboard itself, or open the file at its path."
    modules = ("strip.css", "orphan.js", "long_wait.js", "strip.js")

    # The page cannot change these.
    shots = traitlets.List(traitlets.Dict()).tag(sync=True)
    """A `ShotTile` for each shot, in the order of the storyboard."""

    title = traitlets.Unicode().tag(sync=True)
    """The first prompt. It never changes."""

    seconds = traitlets.Float(0.0).tag(sync=True)
    """The elapsed time in seconds when it was last sent. The page counts on from there."""

    ended = traitlets.Bool(False).tag(sync=True)
    """Whether it is done, or failed."""

    width = traitlets.Int(16).tag(sync=True)
    """The width of the aspect ratio."""

    height = traitlets.Int(9).tag(sync=True)
    """The height of the aspect ratio."""

    @classmethod
    def of(cls, shooting: Shooting) -> Self:
        """Return a strip that follows the storyboard."""
        width, height = (int(side) for side in shooting.board.aspect_ratio.split(":"))
        strip = cls(width=width, height=height, title=shooting.board.prompts[0])
        strip._pictures = {}
        strip._lock = threading.Lock()
        strip._drawn = "drawn procedurally by the studio" if shooting.backend == "studio" else ""
        strip._shooting = shooting
        shooting.on_change(strip.follow)
        return strip

    def close(self) -> None:
        """Stop following the storyboard, and remove the strip from the page."""
        if self._shooting is not None:
            self._shooting.off_change(self.follow)
            self._shooting = None
        super().close()

    _pictures: dict[int, str]
    _lock: threading.Lock
    _drawn: str
    _shooting: Shooting | None = None

    def follow(self, shooting: Shooting) -> None:
        """Show the current state of the shots."""
        if self.comm is None:
            return
        goes_on = {number for scene in shooting.board.scenes for number in scene[1:]}
        # Scenes report from their own threads.
        with self._lock, self.hold_sync():
            self._take_pictures(shooting)
            shots: list[ShotTile] = [
                {
                    "prompt": prompt,
                    "goes_on": number in goes_on,
                    "state": progress.state,
                    "note": progress.note,
                    "fraction": progress.fraction,
                    "picture": self._pictures.get(number, ""),
                }
                for number, (prompt, progress) in enumerate(zip(shooting.board.prompts, shooting.shots, strict=True), 1)
            ]
            self.shots = [dict(shot) for shot in shots]
            self.note = " · ".join(filter(None, [shooting.progress.note, self._drawn]))
            self.seconds = shooting.seconds
            self.ended = shooting.progress.state in FINAL_STATES
            self.outcome = shooting.outcome or ""
            self.cancels = not self.ended
            self.waits = self.waits and not self.ended

    def under_way(self) -> Shooting | None:
        """The storyboard, while it is being made; otherwise None."""
        return None if self._shooting is None or self._shooting.done() else self._shooting

    def _take_pictures(self, shooting: Shooting) -> None:
        for dream, words in zip(shooting.board.shots, shooting.board.shots.words, strict=True):
            number = int(words["shot"])
            if number not in self._pictures:
                try:
                    self._pictures[number] = middle(dream, _SIDE)
                except LibraryError:
                    self._pictures[number] = ""
