"""A storyboard that is being made: a future for its film."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from dream_nb.api.errors import DreamCancelledError, DreamError, SweepError
from dream_nb.jobs.progress import ENDED_STATES, Progress
from dream_nb.results.dream import Dream
from dream_nb.results.job import CANCELLED_UNSENT, Job, Maker
from dream_nb.results.pending import Pending
from dream_nb.results.sweep import by_prompt, cancel_all, told_of

if TYPE_CHECKING:
    from dream_nb.storyboard.storyboard import Storyboard

_MOST_AT_ONCE: Final = 16

Asked = TypeVar("Asked", Job, Job | None)


class Shooting(Pending["Storyboard"]):
    """A `Storyboard` that is being made: a future for it.

    It ends when all its jobs have ended and the film is joined.

    Args:
        board: the storyboard that is made.
        backend: the name of the backend that makes it.
        replayed: whether the library has all of it.

    Attributes:
        board: the storyboard that is made; its `shots` are those that are finished so far.
        backend: the name of the backend that makes it.
        title: the prompts, one per line.
    """

    _goes_on = "the storyboard continues"

    def __init__(self, board: Storyboard, backend: str, *, replayed: bool = False) -> None:
        super().__init__("\n".join(board.prompts), replayed=replayed)
        self.board = board
        self.backend = backend
        self._shots = {number: _waiting(before) for scene in board.scenes for before, number in _pairs(scene)}
        self._jobs: dict[int, Job] = {}
        self._sounds: dict[int, Job] = {}
        self._scenes = list(board.scenes)
        self._left = len(self._scenes)
        self._is_cancelled = False
        self._guard = threading.Lock()
        self.report(self._whole())

    @property
    def shots(self) -> list[Progress]:
        """The progress of each shot."""
        return [progress for _, progress in sorted(self._shots.items())]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that were submitted so far: the shots, then their sounds."""
        return (*self._jobs.values(), *self._sounds.values())

    @property
    def maker(self) -> Maker:
        """The session that makes it."""
        return self.board._maker()

    def cancel(self) -> None:
        """Submit nothing more, and cancel what is not finished: the server refunds it. Finished shots are kept.

        Raises:
            DreamError: all jobs have ended, or one cannot be cancelled; all others are cancelled.
        """
        if self.done() or all(shot.state in ENDED_STATES for shot in self.shots):
            raise DreamError("all have already ended, so nothing can be cancelled")
        self._is_cancelled = True
        cancel_all(self.jobs)

    def begin(self) -> None:
        """Begin with the first shot of each scene. Called by the storyboard."""
        # Use threads: a shot is submitted when the one before is done, and jobs end on the loop that all others need.
        for _ in range(min(_MOST_AT_ONCE, len(self._scenes))):
            threading.Thread(target=self._make_scenes, name="dream_nb-scene", daemon=True).start()

    def _make_scenes(self) -> None:
        while True:
            with self._guard:
                if not self._scenes:
                    return
                scene = self._scenes.pop(0)
            self._make(scene)
            with self._guard:
                self._left -= 1
                is_last = not self._left
            if is_last:
                try:
                    self._end()
                except BaseException as error:  # noqa: BLE001 - re-raised in whoever waits for the storyboard
                    self.finish(None, error)

    def _make(self, scene: Sequence[int]) -> None:
        before: Dream | None = None
        sounds: dict[int, Job] = {}
        for number in scene:
            try:
                before = self._make_shot(number, before)
            except BaseException as error:  # noqa: BLE001 - re-raised in whoever waits for the storyboard
                self.board._made.pop(number, None)
                self._fail(number, error)
                break
            try:
                # The next shot continues from the picture, and does not wait for the sound.
                sound = self._ask(self._sounds, number, partial(self.board._submit_sound, number, before))
            except BaseException as error:  # noqa: BLE001 - as above
                self._fail(number, error)
                continue
            if sound is None:
                self._stand(number, Progress("completed", 1.0))
            else:
                sounds[number] = sound
                self._stand(number, Progress("dreaming", None, "its sound"))
        for number, job in sounds.items():
            try:
                self.board._heard[number] = job.result()
                self._stand(number, Progress("completed", 1.0))
            except BaseException as error:  # noqa: BLE001 - as above
                self._fail(number, error)

    def _fail(self, number: int, error: BaseException) -> None:
        self.board._errors[number] = error
        self._stand(number, Progress("failed", None, str(error)))

    def _make_shot(self, number: int, before: Dream | None) -> Dream:
        self._stand(number, Progress("sending"))
        job = self._ask(self._jobs, number, partial(self.board._submit, number, before))

        def stand(job: Job) -> None:
            if not job.done() and job.progress.state != "completed":
                self._stand(number, job.progress)

        job.on_change(stand)
        try:
            made = job.result()
        finally:
            job.off_change(stand)
        self.board._made[number] = made
        return made

    def _ask(self, jobs: dict[int, Job], number: int, submit: Callable[[], Asked]) -> Asked:
        """Submit a shot or its sound, unless the storyboard was cancelled."""
        if self._is_cancelled:
            raise DreamCancelledError(CANCELLED_UNSENT)
        job = submit()
        if job is not None:
            jobs[number] = job
            if self._is_cancelled:
                # Cancelled during the submission, when `cancel` did not know the job. A job that cannot be cancelled
                # continues.
                with contextlib.suppress(DreamError):
                    cancel_all([job])
        return job

    def _stand(self, number: int, progress: Progress) -> None:
        self._shots[number] = progress
        self.report(self._whole())

    def _whole(self) -> Progress:
        shots = self.shots
        done = sum(shot.state == "completed" for shot in shots)
        parts = [1.0 if shot.state == "completed" else shot.fraction or 0.0 for shot in shots]
        state = next((shot.state for shot in shots if shot.state not in (*ENDED_STATES, "waiting")), "waiting")
        return Progress(state, sum(parts) / len(parts), f"{done} of {len(shots)} shots done")

    def _end(self) -> None:
        if self.board._errors:
            self.finish(None, self._error())
            return
        # If they cannot be joined, the shots are still available, and `path` raises the reason.
        with contextlib.suppress(Exception):
            self.board.join()
        self.replayed = all(job.replayed for job in self.jobs)
        self.finish(self.board, None)

    def _error(self) -> SweepError:
        errors = sorted(self.board._errors.items())
        number = errors[0][0]
        prompts, dreams = self.board.prompts, self.board.shots
        left = [
            str(at) for at in range(1, len(prompts) + 1) if at not in self.board._made and at not in self.board._errors
        ]
        later = (
            f"Not started, because they follow it: shot{'s' if len(left) > 1 else ''} {', '.join(left)}."
            if left
            else ""
        )
        kept = "The others are in the library, and are not made again." if dreams else ""
        what = f"shot {number} of {len(prompts)} not made: {prompts[number - 1]!r}"
        message = told_of(what, [error for _, error in errors], later, kept)
        return SweepError(message, dreams, by_prompt([(prompts[at - 1], error) for at, error in errors]))


def _pairs(scene: Sequence[int]) -> list[tuple[int | None, int]]:
    return list(zip([None, *scene], scene, strict=False))


def _waiting(before: int | None) -> Progress:
    return Progress("waiting", None, f"waits for {before}" if before is not None else "")
