"""Several running requests as one: a future for their Dreams."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import dream_nb
from dream_nb.api.errors import DreamError, SweepError, reason_of
from dream_nb.jobs.progress import ENDED_STATES, WAITING_STATES, Progress
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job, Maker
from dream_nb.results.pending import Pending

# The state of the whole is the first of these that any of its jobs is in.
_STATES: Final = ("dreaming", "downloading", *reversed(WAITING_STATES))
# The number of jobs that are cancelled at the same time.
_AT_ONCE: Final = 16


def by_prompt(errors: Iterable[tuple[str, BaseException]]) -> dict[str, BaseException]:
    """Map prompts to errors. Further errors of the same prompt get a number after the prompt.

    Args:
        errors: pairs of a prompt and its error.
    """
    found: dict[str, BaseException] = {}
    counts: dict[str, int] = {}
    for prompt, error in errors:
        counts[prompt] = counts.get(prompt, 0) + 1
        found[prompt if counts[prompt] == 1 else f"{prompt} ({counts[prompt]})"] = error
    return found


def told_of(what: str, errors: Sequence[BaseException], *more: str) -> str:
    """The message of a `SweepError`.

    Args:
        what: the first thing that was not made.
        errors: the reasons, for the first and all others.
        more: further whole sentences to add; empty ones are left out.
    """
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    more = tuple(filter(None, more))
    said = reason_of(errors[0])
    first = f"{what}: {said.removesuffix('.') if others or more else said}{others}"
    return " ".join([f"{first}." if more else first, *more])


def cancel_all(jobs: Iterable[Job]) -> None:
    """Cancel all jobs that have not ended.

    Args:
        jobs: the jobs to cancel, in the order in which they were submitted.

    Raises:
        DreamError: a job cannot be cancelled; all others are cancelled.
    """
    # The last first: if one that is under way were cancelled before those that wait for its slot, the next one would be
    # sent. Several at once, because each waits for its server.
    running = [job for job in jobs if not job.done()][::-1]
    with ThreadPoolExecutor(_AT_ONCE, "dream_nb-cancel") as pool:
        problems = [problem for problem in pool.map(_cancel, running) if problem is not None]
    if problems:
        raise problems[-1]


def _cancel(job: Job) -> DreamError | None:
    """Cancel a job, and return why it cannot be cancelled."""
    try:
        if not job.done():
            job.cancel()
    except DreamError as error:
        return error
    return None


class Sweep(Pending[Dreams]):
    """Several running requests as one: a future for their Dreams.

    It ends when the last job has ended, whether or not the others succeeded.

    Args:
        jobs: the jobs, in the order of their dreams; at least one.
        words: for each job, its value on each axis.
        prompt: the prompt of the whole, with its alternatives.
        note: a remark to show beside the count of finished jobs, such as the cost.

    Attributes:
        jobs: the jobs, in the order of their dreams.
    """

    _goes_on = "the dreams continue"

    def __init__(
        self, jobs: Sequence[Job], words: Sequence[Mapping[str, str]], *, prompt: str | None = None, note: str = ""
    ) -> None:
        super().__init__(jobs[0].title if prompt is None else prompt, replayed=all(job.replayed for job in jobs))
        self.jobs = tuple(jobs)
        self._words = words
        self._note = note
        self._left = len(jobs)
        self._count = threading.Lock()
        for job in jobs:
            job.on_change(self._changed)
            job.on_end(self._ended)

    @property
    def maker(self) -> Maker | None:
        """The session that makes the dreams, or None without a session."""
        return self.jobs[0].maker

    @property
    def words(self) -> list[dict[str, str]]:
        """For each job, its value on each axis."""
        return [dict(word) for word in self._words]

    def grid(self, rows: str | None = None, columns: str | None = None) -> dream_nb.Grid:
        """Return a widget that lays the dreams out on two axes and fills in results as they arrive.

        Args:
            rows: the axis of the rows; by default the second to last axis.
            columns: the axis of the columns; by default the last axis.

        Raises:
            ValueError: an axis is unknown, or there are more than 2,000 dreams.
        """
        # Imported by its public name: widgets depend on results, not the other way round.
        return dream_nb.Grid(self, rows, columns)

    def cancel(self) -> None:
        """Cancel everything that is not finished: the server deletes and refunds it. Finished dreams are kept.

        Raises:
            DreamError: all jobs have ended, or one cannot be cancelled; all others are cancelled.
        """
        if all(job.done() for job in self.jobs):
            raise DreamError("all have already ended, so nothing can be cancelled")
        cancel_all(self.jobs)

    def __len__(self) -> int:
        return len(self.jobs)

    def _changed(self, _: Job) -> None:
        if not self.done():
            self.report(self._whole())

    def _whole(self) -> Progress:
        progresses = [job.progress for job in self.jobs]
        states = {progress.state for progress in progresses}
        done = sum(progress.state in ENDED_STATES for progress in progresses)
        parts = [1.0 if at.state in ENDED_STATES else at.fraction or 0.0 for at in progresses]
        state = next((state for state in _STATES if state in states), "dreaming")
        note = f"{done} of {len(self)} done{self._note and f', {self._note}'}"
        return Progress(state, sum(parts) / len(parts), note)

    def _ended(self, job: Job) -> None:
        job.off_change(self._changed)
        with self._count:
            self._left -= 1
            if self._left:
                return
        made = [(job, words) for job, words in zip(self.jobs, self._words, strict=True) if job.exception() is None]
        dreams = Dreams((job.result() for job, _ in made), words=[words for _, words in made])
        if len(made) == len(self):
            self.finish(dreams, None)
        else:
            self.finish(None, self._error(dreams))

    def _error(self, dreams: Dreams) -> SweepError:
        failed = [(job, error) for job in self.jobs if (error := job.exception()) is not None]
        kept = "The others are in the library, and are not made again." if dreams else ""
        what = f"{len(failed)} of {len(self)} not made: {failed[0][0].title!r}"
        message = told_of(what, [error for _, error in failed], kept)
        return SweepError(message, dreams, by_prompt([(job.title, error) for job, error in failed]))
