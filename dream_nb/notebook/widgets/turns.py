"""The cards of what waits for its turn: their places in the queue, and when they are probably done."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from dream_nb.notebook.widgets.card import Card
from dream_nb.results.job import Job

_WAITING: Final = frozenset({"waiting", "sending", "looking", "queued"})


@dataclass(frozen=True, slots=True)
class _Shown:
    job: Job
    card: Card


class Turns:
    """Keeps the places of cards up to date, oldest first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: list[_Shown] = []
        self._stands: list[str] = []
        self._began: float | None = None
        self._ended = 0

    def add(self, job: Job, card: Card) -> None:
        """Show the place of a job in its card until it has ended.

        Args:
            job: what is under way; what has ended already has no place.
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
                # What is asked for later is another queue.
                self._began, self._ended = None, 0
        self._look(job)

    def _look(self, _: Job) -> None:
        with self._lock:
            stands = [one.job.progress.state for one in self._shown]
            # A job tells often how much of it is done, which moves nobody in the queue.
            if stands == self._stands:
                return
            self._stands = stands
            waiting = [one for one, state in zip(self._shown, stands, strict=True) if state in _WAITING]
            made = [one for one, state in zip(self._shown, stands, strict=True) if state not in _WAITING]
            if made and self._began is None:
                self._began = time.monotonic()
            places: list[tuple[Card, int, float | None]] = [(one.card, 0, None) for one in made]
            if len(self._shown) > 1 or self._ended:
                places += [(one.card, at, self._rest(one.job, at, made)) for at, one in enumerate(waiting, 1)]
        for card, place, rest in places:
            card.stand(place, rest)

    def _rest(self, job: Job, place: int, made: list[_Shown]) -> float | None:
        """In how many seconds what has a place is probably done; None where nothing is known."""
        if self._began is not None and self._ended:
            pace = (time.monotonic() - self._began) / self._ended
            # Those that are being made are half done on average.
            return pace * (place + len(made) / 2)
        if job.expected is None:
            return None
        first = max((one.job.seconds for one in made), default=job.expected)
        rounds = (place - 1) // max(1, len(made)) + 1
        return max(0.0, job.expected - first) + rounds * job.expected
