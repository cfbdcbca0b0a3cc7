"""Follows all running generations with as few calls as possible."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dream_nb.api.errors import APIError, DreamError, UnreadableAnswerError
from dream_nb.api.models import Generation
from dream_nb.api.pages import Pages
from dream_nb.api.retry import Backoff, is_passing
from dream_nb.backends.backends import Backend
from dream_nb.jobs.looks import Looks
from dream_nb.jobs.pace import Pace

_PAGE: Final = 100
_NOTHING_NEW: Final = 10.0
_SAFETY_SECONDS: Final = 30.0
_OVERDUE: Final = 1.5
_BREATH: Final = 0.02
# The interval between looks while the first preview of a generation is about to appear.
_EAGER: Final = 0.1
_MOST_EARLY: Final = 256
# The largest number of looks per minute at a server without a list, where each look is a separate call.
_MOST_A_MINUTE: Final = 60
_MINUTE: Final = 60.0


@dataclass(eq=False)
class _Followed:
    """A generation that is being followed."""

    id: str
    kind: str
    changed: Callable[[Generation], None]
    done: asyncio.Future[Generation]
    began: float
    is_told: bool
    seen_at: float
    # Set while looks at it are refused.
    backoff: Backoff | None = None
    pause: float = 0.0

    def put_off(self, error: APIError, now: float, first: float) -> None:
        """Look again after a pause, because a look was refused."""
        self.backoff = self.backoff or Backoff(first)
        self.seen_at, self.pause = now, self.backoff.pause(error)


class Watcher:
    """Follows the generations of one session and backend, on the event loop's thread.

    Args:
        backend: the backend.
        looks: decides which refused looks are repeated, and records all successful ones.
        durations: a function that returns how long generations of a kind have taken, in seconds.
        pause: the first pause after a failed look, in seconds.
        callback_url: the URL for the server's callbacks, which cause a call of `ask_now`; or None.
    """

    def __init__(
        self,
        backend: Backend,
        looks: Looks,
        durations: Callable[[str], list[float]],
        pause: float,
        callback_url: str | None = None,
    ) -> None:
        self._backend = backend
        self._looks = looks
        self._durations = durations
        self._pause = pause
        self._callback_url = callback_url
        self._followed: set[_Followed] = set()
        self._paces: dict[str, Pace] = {}
        self._wake = asyncio.Event()
        self._urgent = self._was_urgent = False
        # Assumed until a generation is found to have ended without a callback.
        self._hears = True
        # Reported before they were followed: a server may call before it has answered the create.
        self._early: deque[str] = deque(maxlen=_MOST_EARLY)
        self._task: asyncio.Task[None] | None = None
        self._next = 0.0
        self._single: deque[float] = deque(maxlen=_MOST_A_MINUTE)
        self.calls = 0

    async def follow(
        self, generation: Generation, kind: str, changed: Callable[[Generation], None], age: float = 0.0
    ) -> Generation:
        """Wait until a generation is final.

        Args:
            generation: the generation as it was seen last.
            kind: the kind of result, "video" or "image", which the server need not return.
            changed: a function that is called whenever it was read again.
            age: the seconds since it was made.

        Raises:
            APIError: the server does not know it, or refuses to answer.
        """
        if generation.is_final:
            return generation
        assert generation.id is not None
        loop = asyncio.get_running_loop()
        now = loop.time()
        followed = _Followed(
            generation.id,
            kind,
            changed,
            loop.create_future(),
            began=now - age,
            is_told=self._tells_of(generation),
            seen_at=now,
        )
        self._followed.add(followed)
        if followed.id in self._early:
            self._early.remove(followed.id)
            self.ask_now(followed.id)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        elif self._due(followed) < self._next:
            self._wake.set()
        try:
            return await followed.done
        finally:
            self._followed.discard(followed)
            if not self._followed and self._task is not None:
                self._task.cancel()
                self._task = None

    def ask_now(self, id: str) -> None:  # noqa: A002 - the field's name in the specification
        """Look at once, because a generation is said to have changed."""
        if self._those(id):
            self._hears = self._urgent = True
            self._wake.set()
        elif id not in self._early:
            self._early.append(id)

    def give_up(self, id: str, error: DreamError) -> None:  # noqa: A002 - the field's name in the specification
        """Stop following a generation. Whoever waits for it gets the error."""
        self._fail(self._those(id), error)

    def _those(self, id: str) -> list[_Followed]:  # noqa: A002 - the field's name in the specification
        return [followed for followed in self._followed if followed.id == id]

    async def _run(self) -> None:
        backoff: Backoff | None = None
        while True:
            try:
                await self._until_next_look()
                await self._look()
                backoff = None
                # Callbacks come in bursts, so that one look can serve several.
                await asyncio.sleep(_BREATH)
            except APIError as error:
                # A failed look must not fail a job, which continues on the server.
                backoff = backoff or Backoff(self._pause)
                await asyncio.sleep(backoff.pause(error))
            except Exception as error:  # noqa: BLE001 - re-raised in whoever waits
                self._fail(list(self._followed), DreamError(f"watching stopped: {error}"))

    def _tells_of(self, generation: Generation) -> bool:
        """Whether the server will call this session, and not the URL of a request or of an earlier process."""
        request = generation.request
        return self._callback_url is not None and request is not None and request.callback_url == self._callback_url

    async def _until_next_look(self) -> None:
        """Sleep until the first generation is due. A generation that is added meanwhile may be due earlier."""
        while not self._urgent:
            self._wake.clear()
            now = asyncio.get_running_loop().time()
            due = min((self._due(followed) for followed in self._followed), default=now + _NOTHING_NEW)
            if due <= now:
                break
            self._next = due
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), due - now)
        self._was_urgent, self._urgent = self._urgent, False

    def _due(self, followed: _Followed) -> float:
        pace = self._paces.get(followed.kind)
        if pace is None:
            backend = self._backend
            pace = Pace.learned(self._durations(followed.kind), backend.tightest_seconds, backend.widest_seconds)
            self._paces[followed.kind] = pace
        age = followed.seen_at - followed.began
        if age < self._backend.eager_seconds:
            return followed.seen_at + _EAGER
        if followed.backoff is not None:
            return followed.seen_at + followed.pause
        if followed.is_told and self._hears and (pace.late is None or age < _OVERDUE * pace.late):
            # Even with callbacks it looks from time to time, because one may get lost.
            return followed.seen_at + _SAFETY_SECONDS
        return followed.seen_at + pace.pause(age)

    async def _look_at_due(self) -> None:
        """Look at each generation that is due separately, within the server's limit of calls per minute."""
        loop = asyncio.get_running_loop()
        # The most overdue first.
        due = sorted((self._due(one), one.id) for one in self._followed if self._due(one) <= loop.time())
        for id in dict.fromkeys(id for _, id in due):  # noqa: A001 - the field's name in the specification
            if len(self._single) == _MOST_A_MINUTE and (pause := self._single[0] + _MINUTE - loop.time()) > 0:
                await asyncio.sleep(pause)
            self._single.append(loop.time())
            await self._get(id)

    async def _look(self) -> None:
        if not self._backend.can("list"):
            await self._look_at_due()
            return
        wanted: dict[str, list[_Followed]] = {}
        for followed in self._followed:
            wanted.setdefault(followed.id, []).append(followed)
        if len(wanted) == 1:
            await self._get(*wanted)
            return
        pages = Pages(_PAGE)
        # A page has the newest generations. Older ones are read by their ids, instead of many pages.
        most = 1 + 2 * len(wanted) // _PAGE
        while wanted and not pages.ended and most:
            most -= 1
            self.calls += 1
            try:
                page = pages.new(await self._backend.client.list_generations(limit=_PAGE, offset=pages.offset))
            except APIError as error:
                if is_passing(error) and not isinstance(error, UnreadableAnswerError):
                    raise
                # One generation of the account may spoil the list for all others, or the server may refuse the list:
                # then they are read one by one.
                break
            for generation in page:
                for followed in wanted.pop(generation.id or "", ()):
                    self._saw(followed, generation)
        for left in wanted:
            await self._get(left)

    async def _get(self, id: str) -> None:  # noqa: A002 - the field's name in the specification
        self.calls += 1
        try:
            generation = await self._backend.client.get_generation(id)
        except APIError as error:
            if is_passing(error):
                raise
            if not self._looks.may_pass(error, id):
                self._fail(self._those(id), error)
            for followed in self._those(id):
                followed.put_off(error, asyncio.get_running_loop().time(), self._pause)
        else:
            for followed in self._those(id):
                self._saw(followed, generation)

    def _saw(self, followed: _Followed, generation: Generation) -> None:
        if followed not in self._followed:  # given up while the look was in progress
            return
        self._looks.note(followed.id)
        followed.seen_at, followed.backoff = asyncio.get_running_loop().time(), None
        if generation.is_final:
            if followed.is_told and not self._was_urgent:
                self._hears = False
            if generation.state == "completed":
                # Generations that were requested at the same time will end soon, so their pace is computed again now.
                self._paces.pop(followed.kind, None)
            if not followed.done.done():
                followed.done.set_result(generation)
            return
        try:
            followed.changed(generation)
        except Exception as error:  # noqa: BLE001 - only this generation is affected
            self._fail([followed], error if isinstance(error, DreamError) else DreamError(f"watching stopped: {error}"))

    def _fail(self, those: list[_Followed], error: DreamError) -> None:
        for followed in those:
            self._followed.discard(followed)
            if not followed.done.done():
                followed.done.set_exception(error)
