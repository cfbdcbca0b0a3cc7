"""The queue places of the cards that wait, and when they will probably be done."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from dream_nb.jobs.progress import WAITING_STATES
from dream_nb.notebook.widgets.card import Card
from dream_nb.results.job import Job

# A smaller fraction says too little about the remaining time.
_TELLING: Final = 0.15


@dataclass(frozen=True, slots=True)
class _Shown:
    job: Job
    card: Card


class Turns:
    """Updates the queue places of cards, oldest first. Can be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: list[_Shown] = []
        self._stands: tuple[list[str], bool] = ([], False)
        self._began: float | None = None
        self._ended = 0

    def add(self, job: Job, card: Card) -> None:
        """Show the place of a job in its card until it has ended.

        Args:
            job: the running job; one that has ended gets no place.
            card: the card that shows it.
        """
        if job.done():
            return
        with self._lock:
            self._shown.append(_Shown(job, card))
        job.on_change(self._look)
        job.on_end(self._leave)

    def _leave(self, job: Job) -> None:
        job.off_change(self._look)
        with self._lock:
            self._shown = [one for one in self._shown if one.job is not job]
            self._ended += 1
            if not self._shown:
                # Later jobs form another queue.
                self._began, self._ended = None, 0
        self._look(job)

    def _look(self, _: Job) -> None:
        with self._lock:
            states = [one.job.progress.state for one in self._shown]
            waiting = [one for one, state in zip(self._shown, states, strict=True) if state in WAITING_STATES]
            made = [one.job for one, state in zip(self._shown, states, strict=True) if state not in WAITING_STATES]
            each = _seconds_of_each([one.job for one in self._shown], made)
            # A job often reports its fraction done, which does not change the queue.
            if (stands := (states, each is not None)) == self._stands:
                return
            self._stands = stands
            if made and self._began is None:
                self._began = time.monotonic()
            places: list[tuple[Card, int, float | None]] = [(one.card, 0, None) for one in self._shown]
            if len(self._shown) > 1 or self._ended:
                places = [(one.card, 0, None) for one in self._shown if one not in waiting]
                places += [(one.card, at, self._rest(at, made, each)) for at, one in enumerate(waiting, 1)]
        for card, place, rest in places:
            card.stand(place, rest)

    def _rest(self, place: int, made: list[Job], each: float | None) -> float | None:
        """The seconds until the job at a place is probably done; None if nothing is known."""
        if self._began is not None and self._ended:
            pace = (time.monotonic() - self._began) / self._ended
            # Those that are being made are half done on average.
            return pace * (place + len(made) / 2)
        if each is None:
            return None
        first = max((job.seconds for job in made), default=each)
        rounds = (place - 1) // max(1, len(made)) + 1
        return max(0.0, each - first) + rounds * each


def _seconds_of_each(jobs: list[Job], made: list[Job]) -> float | None:
    """The seconds that one job takes: as such requests took before, or as estimated from the running ones."""
    if known := [job.expected for job in jobs if job.expected is not None]:
        return max(known)
    told = [job.seconds / done for job in made if (done := job.progress.fraction or 0.0) > _TELLING]
    return max(told, default=None)
