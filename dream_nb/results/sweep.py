"""Several requests under way as one: a future for their Dreams."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import dream_nb
from dream_nb.api.errors import DreamError, SweepError, reason_of
from dream_nb.jobs.progress import Progress
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job, Maker
from dream_nb.results.pending import Pending

# What is said of the whole: the first of these in which any of them is.
_STATES: Final = ("dreaming", "downloading", "queued", "looking", "sending", "waiting")


def by_prompt(errors: Iterable[tuple[str, BaseException]]) -> dict[str, BaseException]:
    """Errors by their prompts; of several with one prompt the later have their number behind it.

    Args:
        errors: each with its prompt.
    """
    found: dict[str, BaseException] = {}
    counts: dict[str, int] = {}
    for prompt, error in errors:
        counts[prompt] = counts.get(prompt, 0) + 1
        found[prompt if counts[prompt] == 1 else f"{prompt} ({counts[prompt]})"] = error
    return found


def told_of(what: str, errors: Sequence[BaseException], *more: str) -> str:
    """What a `SweepError` says.

    Args:
        what: what was not made first.
        errors: why, of that and of all others.
        more: what else there is to say, in whole sentences; empty ones are left out.
    """
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    more = tuple(filter(None, more))
    said = reason_of(errors[0])
    first = f"{what}: {said.removesuffix('.') if others or more else said}{others}"
    return " ".join([f"{first}." if more else first, *more])


def cancel_all(jobs: Iterable[Job]) -> None:
    """Cancel those that have not ended.

    Args:
        jobs: the jobs.

    Raises:
        DreamError: one cannot be cancelled; the others are.
    """
    problems: list[DreamError] = []
    for job in jobs:
        try:
            if not job.done():
                job.cancel()
        except DreamError as error:
            problems.append(error)
    if problems:
        raise problems[0]


class Sweep(Pending[Dreams]):
    """Several requests under way as one: a future for their Dreams.

    It ends when the last of them has ended, whatever became of the others.

    Args:
        jobs: at least one, in the order of the dreams.
        words: for each the word that it has on each axis.
        prompt: what stands for the whole: the prompt with its special forms.
        note: what is said of it besides how many are done, such as what it costs.

    Attributes:
        jobs: the jobs.
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
        """The session that makes them, or None where no session does."""
        return self.jobs[0].maker

    @property
    def words(self) -> list[dict[str, str]]:
        """For each job the word that it has on each axis."""
        return [dict(word) for word in self._words]

    def grid(self, rows: str | None = None, columns: str | None = None) -> dream_nb.Grid:
        """A widget that lays it out on two axes, and fills as the results come.

        Args:
            rows: the axis whose words head the rows; by default the last but one.
            columns: the axis whose words head the columns; by default the last.

        Raises:
            ValueError: there is no such axis, or there are more than 2,000.
        """
        # By its public name: widgets are built on results, and not the other way round.
        return dream_nb.Grid(self, rows, columns)

    def cancel(self) -> None:
        """Have the server delete what is not made yet, which refunds it. What is made stays.

        Raises:
            DreamError: all have ended, or one cannot be cancelled; the others are.
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
        done = sum(progress.state in ("completed", "failed") for progress in progresses)
        parts = [1.0 if at.state in ("completed", "failed") else at.fraction or 0.0 for at in progresses]
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
