"""Sends creates: each is sent once, and looked for in the server's list if its answer is lost."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import anyio
import anyio.lowlevel

from dream_nb.api.canonical import request_from
from dream_nb.api.client import operation_of
from dream_nb.api.departure import was_reached
from dream_nb.api.errors import APIError, DreamError, InvalidRequestError, NotFoundError, OutcomeUnknownError
from dream_nb.api.models import Generation
from dream_nb.api.pages import Pages
from dream_nb.api.request_models import GenerationReference, ImageGenerationRequest, Media, Request
from dream_nb.api.retry import Backoff, is_passing, may_be_taken_later, says_not_taken, was_refused
from dream_nb.backends.backends import Backend
from dream_nb.backends.patience import Patience
from dream_nb.jobs.account_files import AccountFiles
from dream_nb.jobs.commits import Commits
from dream_nb.jobs.progress import Progress, Report, spoken
from dream_nb.jobs.uploads import Uploads
from dream_nb.library.folder import Folder
from dream_nb.library.ledger import Ledger
from dream_nb.library.record import Record, utc
from dream_nb.media.video import frame_at, read_facts
from dream_nb.requests.identity import answers, echo_of
from dream_nb.requests.media import references_in, with_addresses
from dream_nb.requests.sources import picture

# A Date header has whole seconds, and is as old as the time that its answer took to arrive.
_CLOCK_SLACK: Final = timedelta(seconds=3)
_NOTE_SECONDS: Final = 2.0
_PAGE: Final = 100
_DAY: Final = timedelta(days=1)
_EVER: Final = datetime.min.replace(tzinfo=UTC)


class Sender:
    """Sends creates to one backend.

    Args:
        backend: the backend.
        ledger: the ledger, which records every create before it is sent.
        commits: commits what the jobs of the session write.
        owner: the name under which this process holds its rows.
        patience: the timeouts.
        callback_url: the URL for the server's callbacks, for requests that have none; or None.
        uploads: uploads the files of a request before it is sent, or None if they are embedded as `data:` URIs.
    """

    def __init__(
        self,
        backend: Backend,
        ledger: Ledger,
        commits: Commits,
        owner: str,
        patience: Patience,
        callback_url: str | None = None,
        uploads: Uploads | AccountFiles | None = None,
    ) -> None:
        self._uploads = uploads
        self._callback_url = callback_url
        self._backend = backend
        self._ledger = ledger
        self._commits = commits
        self._owner = owner
        self._patience = patience
        self._turns: dict[str, _Turn] = {}

    async def send(self, record: Record, report: Report) -> Record:
        """Send an intended request.

        Returns:
            The row, with the generation's id.

        Raises:
            APIError: the server did not accept it.
            OutcomeUnknownError: its answer was lost, and it is not in the server's list.
        """
        request = sent = None
        backoff = Backoff(self._patience.pause)
        give_up = anyio.current_time() + self._patience.trying
        turn = self._turn(record)
        while True:
            if record.sent_at is not None:
                # Without a list, a request that is only intended was certainly not accepted.
                if self._backend.lists(record.request) and (found := await self._look_once(record, turn)):
                    return found
                record = self._ledger.not_taken(record)
                if record.generation is not None:
                    return record
            if request is None:
                # Before the row is marked: nothing that costs money has been sent until here.
                request = await self._with_addresses(record.request)
                sent = request if request is not record.request else None
                if self._uploads is not None:
                    request = await self._uploads.replaced(request, report)
            # Two takes of one request look the same in the list, so none is sent while another is looked for.
            async with turn.shared():
                answer = await self._post_once(record, request, sent, report)
            if isinstance(answer, Record):
                return answer
            record = self._ledger.reread(record)
            if record.state != "intended":
                async with turn.alone():
                    return await self._look(record, report, answer)
            if not may_be_taken_later(answer):
                may_be_there = record.sent_at is not None and self._backend.lists(record.request)
                if may_be_there and (found := await self._look_once(record, turn)):
                    return found
                raise answer
            pause = backoff.pause(answer)
            # A server that answers says how long to wait; one that does not is retried for a while.
            if not answer.reached and anyio.current_time() + pause > give_up:
                raise answer
            if pause >= _NOTE_SECONDS:
                why = "as the server asked" if answer.retry_after else f"{answer.what}"
                report(Progress("waiting", note=f"sent again in {spoken(pause)}: {why}"))
            await anyio.sleep(pause)

    async def look(self, record: Record, report: Report) -> Record:
        """Look for a request that was marked as sending in the server's list, for a while.

        Args:
            record: the ledger row.
            report: a function that is called with the progress.

        Raises:
            APIError: the list cannot be read; another look may find it.
            OutcomeUnknownError: it is not in the list.
        """
        async with self._turn(record).alone():
            return await self._look(record, report, None)

    def _turn(self, record: Record) -> _Turn:
        """The lock of all requests that look the same in the server's list."""
        return self._turns.setdefault(
            echo_of(record.request) if record.request.is_source_in_path else record.hash, _Turn()
        )

    async def _with_addresses(self, request: Request) -> Request:
        """The request for a server that requires a URL where the request refers to a generation.

        Raises:
            InvalidRequestError: the server has no operation for it.
            DreamError: the generation has no file there.
        """
        backend = self._backend
        if not isinstance(request, ImageGenerationRequest) or backend.known_dialect(request) is not None:
            dialect = await self._patience.retried(lambda: backend.dialect(request))
            dialect.check(request)
            if dialect.takes_ids:
                return await self._with_pictures(request)
        source = getattr(request, "media", None)
        if request.is_source_in_path or not isinstance(source, GenerationReference):
            return request
        url = _file_of(await self._generation(source.id, "media"), request.kind, "media")
        return request.model_copy(update={"media": Media(url=url)})

    async def _with_pictures(self, request: Request) -> Request:
        """The request with the addresses of images, for an API whose ids only refer to videos to continue from.

        A video as a guide frame is replaced by its last frame.

        Raises:
            InvalidRequestError: a guide frame is a video whose file is not in the library.
            DreamError: an image has no file there.
        """
        urls: dict[str, str] = {}
        for place, reference in references_in(request).items():
            # The source of a change is referred to by its id, whatever its kind; for layers, the kind is not
            # documented.
            if place == "media" and request.generation_type != "layering":
                continue
            found = await self._generation(reference.id, place)
            if found.kind == "image":
                urls[reference.id] = _file_of(found, "image", place)
            elif place.startswith("guide_frames"):
                urls[reference.id] = await self._last_frame(reference.id, place)
        return request_from(with_addresses(request.wire(), urls)) if urls else request

    async def _last_frame(self, id: str, place: str) -> str:  # noqa: A002 - the API's name
        """The last frame of a video of the library, as a `data:` URI."""
        record = self._ledger.find_id(self._backend.name, id)
        path = Folder(self._ledger.path.parent).path(record) if record is not None else None
        if path is None:
            raise InvalidRequestError(
                f"{place}: generation {id} is a video, and its file is not in the library: give a picture, such as one "
                "of "
                "its frames",
                field="guide_frames",
            )
        return await anyio.to_thread.run_sync(_last_frame_of, path)

    async def _generation(self, id: str, place: str) -> Generation:  # noqa: A002 - the API's name
        """A generation that a request refers to."""
        client = self._backend.client
        try:
            return await self._patience.retried(lambda: client.get_generation(id))
        except NotFoundError:
            raise DreamError(
                f"{place}: generation {id} is no longer on the server: give the file of its dream (dream.path)"
            ) from None

    async def _post_once(
        self, record: Record, request: Request, sent: Request | None, report: Report
    ) -> Record | APIError:
        """Send the request once, and record what is known then.

        Returns:
            The row of an accepted request, or the error. If the error says that nothing was accepted, the row is
            intended again; it keeps its `sent_at` if only the server says so.
        """
        # Stop here if it was cancelled while waiting: from the next line on it may have been sent.
        await anyio.lowlevel.checkpoint()
        report(Progress("sending"))
        # Without a list, only this id lets the provider find a create whose answer was lost.
        request_id = None if self._backend.lists(record.request) else str(uuid.uuid4())
        marked = await self._mark(record, sent, request_id)
        if marked is None:
            record = self._ledger.reread(record)
            if record.generation is None and record.state == "intended":
                raise DreamError("another notebook has taken it over: run the cell again to join it")
            return record if record.generation is not None else await self._look(record, report, None)
        try:
            generation = await self._post(request, marked)
        except APIError as error:
            if was_refused(error) or (says_not_taken(error) and not self._backend.lists(record.request)):
                self._ledger.not_taken(record)
            elif says_not_taken(error) or not is_passing(error):
                self._ledger.not_taken(record, is_certain=False)
            return error
        except InvalidRequestError:
            self._ledger.not_taken(record)
            raise
        except anyio.get_cancelled_exc_class() as cancelled:
            if not was_reached(cancelled):
                self._ledger.not_taken(record)
            raise
        return await self._commits.commit(lambda: self._ledger.answered(marked, generation))

    async def _mark(self, record: Record, sent: Request | None, request_id: str | None) -> Record | None:
        """Commit that the request is sent now, unless a process has sent it before."""
        marked: Record | None = None

        def mark() -> Record | None:
            nonlocal marked
            marked = self._ledger.mark_sending(record, self._owner, sent, request_id)
            return marked

        def unmark(marked: Record | None) -> None:
            if marked is not None:
                self._ledger.unmark(marked)

        try:
            return await self._commits.commit(mark, unmark)
        except anyio.get_cancelled_exc_class():
            if marked is not None:
                self._ledger.not_taken(marked)
            raise

    async def _post(self, request: Request, record: Record) -> Generation:
        headers = self._backend.take_header(record.take)
        if record.request_id is not None:
            headers["X-Request-Id"] = record.request_id
        client = self._backend.client
        if request.callback_url is None and self._callback_url is not None:
            request = request.model_copy(update={"callback_url": self._callback_url})
        if isinstance(request, ImageGenerationRequest) and (request.sync or request.sync_timeout is not None):
            # The generation is followed anyway. An answer that waits for the picture may be lost to a timeout.
            request = request.model_copy(update={"sync": None, "sync_timeout": None})
        return await client.create(request, headers=headers)

    async def _look(self, record: Record, report: Report, error: APIError | None) -> Record:
        if not self._backend.lists(record.request):
            raise OutcomeUnknownError(self._untold(self._ledger.give_up(record), error))
        backoff = Backoff(self._patience.pause)
        now, reconcile = anyio.current_time(), self._patience.reconcile
        # If the answer was just lost, the request may still arrive; another process sent it at that time or never.
        age = 0.0 if error else (datetime.now(UTC) - _sent_at(record)).total_seconds()
        # If the clock was set back, the age is negative: the search still takes no longer than `reconcile`.
        end = now + min(reconcile, max(0.0, reconcile - age))
        give_up = now + reconcile + self._patience.trying
        report(Progress("looking", note="its answer was lost: checking whether the server accepted it"))
        while True:
            is_last = anyio.current_time() >= end
            try:
                found = await self._search(record)
            except APIError as failure:
                pause = backoff.pause(failure)
                if not is_passing(failure) or anyio.current_time() + pause > give_up:
                    raise
            else:
                if found is not None:
                    return found
                record = self._ledger.give_up(record) if is_last else self._ledger.reread(record)
                if record.generation is not None:
                    # Another session has found it.
                    return record
                if is_last:
                    raise OutcomeUnknownError(_unknown(record, error, self._ledger.next_take(record.hash))) from None
                pause = backoff.pause()
            await anyio.sleep(min(pause, max(self._patience.pause, end - anyio.current_time())))

    def _untold(self, record: Record, error: APIError | None) -> str:
        """Why the outcome of a create is unknown at a server without a list, and what to do then."""
        take = self._ledger.next_take(record.hash)
        named = f" (quote the request id {record.request_id} to its support)" if record.request_id else ""
        what = error.what if error else "the answer to the create was lost"
        return (
            f"{self._backend.name}: {what}, so it may have been made and billed, and this API cannot list "
            f"generations{named}. It is not sent again automatically: record its outcome with %dreams lost, or send it "
            f"as another take (take={take})"
        )

    async def _look_once(self, record: Record, turn: _Turn) -> Record | None:
        """Look for a create that the server claims not to have accepted, before it is sent again."""
        async with turn.alone():
            return await self._patience.retried(lambda: self._search(record))

    async def _search(self, record: Record) -> Record | None:
        """Claim the generation in the server's list that is certainly the answer to a create, or return None."""
        # The clock by the last answer before the list, usually that of the create; then by the list.
        clocks = [self._backend.client.clock_ahead]
        listed = await self._listed(record)
        clocks += [self._backend.client.clock_ahead, self._ledger.clock_ahead(self._backend.name)]
        earliest = _sent_at(record) + min((clock for clock in clocks if clock is not None), default=timedelta())
        # As it was sent, whichever process sent it.
        record = self._ledger.reread(record)
        found = [one for one in listed if self._may_be(one, record, earliest - _CLOCK_SLACK)]
        if record.request.is_source_in_path:
            self._check_none(record, found)
            return None
        # The oldest one first, but failed ones last: if another one may be the answer, a failed one is not needed.
        for generation in sorted(found, key=lambda one: (one.has_failed, utc(one.created_at or _EVER))):
            claimed = self._ledger.claim(record, generation)
            if claimed is not None:
                return claimed
        return None

    def _check_none(self, record: Record, found: list[Generation]) -> None:
        """Raise an error if an uncertain answer to a create that cannot name its source may be in the list.

        Raises:
            OutcomeUnknownError: a generation may be the answer to this create, or to an equal one with another source.
        """
        if any(one.id and not self._ledger.is_claimed(record.backend, one.id) for one in found):
            record = self._ledger.give_up(record)
            raise OutcomeUnknownError(
                f"{operation_of(record.request)}: its answer was lost. The server lists a generation that may be the "
                "result, but does not say which video it was made from: check it with %dreams lost. It is not sent "
                "again automatically"
            )

    async def _listed(self, record: Record) -> list[Generation]:
        """The generations in the list that may be as young as a create, whatever the order of the list."""
        listed: list[Generation] = []
        pages = Pages(_PAGE)
        while not pages.ended:
            page = pages.new(await self._backend.client.list_generations(limit=_PAGE, offset=pages.offset))
            listed += page
            times = [utc(one.created_at) for one in page if one.created_at]
            # Only if the list is sorted from new to old can no young generation follow an old one.
            if times == sorted(times, reverse=True) and times and times[0] != times[-1]:
                pages.ended |= times[-1] < _sent_at(record) - _DAY
        return listed

    def _may_be(self, generation: Generation, record: Record, earliest: datetime) -> bool:
        take = (generation.model_extra or {}).get("take")
        if self._backend.take_header(record.take) and take is not None and take != record.take:
            return False
        if not generation.id or not answers(generation, record.as_sent):
            return False
        # An unfinished generation is young, whatever the clocks say, unless it does not name its source: then it may
        # belong to another request.
        is_young = generation.created_at is None or not (generation.is_final or record.request.is_source_in_path)
        return is_young or utc(generation.created_at or _EVER) >= earliest


class _Turn:
    """A lock that admits several holders together, or one exclusively."""

    def __init__(self) -> None:
        self._condition = anyio.Condition()
        self._inside = 0
        self._waiting = 0

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        async with self._condition:
            while self._waiting:
                await self._condition.wait()
            self._inside += 1
        try:
            yield
        finally:
            await self._leave()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        self._waiting += 1
        entered = 0
        try:
            async with self._condition:
                while self._inside:
                    await self._condition.wait()
                self._inside = entered = 1
            yield
        finally:
            self._waiting -= 1
            await self._leave(entered)

    async def _leave(self, number: int = 1) -> None:
        # A cancelled waiter leaves too.
        with anyio.CancelScope(shield=True):
            async with self._condition:
                self._inside -= number
                self._condition.notify_all()


def _last_frame_of(path: Path) -> str:
    """The last frame of a video, as a `data:` URI."""
    return picture(frame_at(path, read_facts(path).seconds))


def _file_of(generation: Generation, kind: str, place: str) -> str:
    """The address of the file of a generation that a request refers to."""
    url = generation.assets.of(kind) if generation.assets else None
    if url is None:
        raise DreamError(f"{place}: generation {generation.id} has no {kind} on the server: wait until it is made")
    return url


def _sent_at(record: Record) -> datetime:
    return record.sent_at or record.written_at


def _unknown(record: Record, error: APIError | None, next_take: int) -> str:
    why = f"{operation_of(record.request)}: {error.what if error else 'its answer was lost'}"
    return (
        f"{why}, and the server does not list it. It is not sent again automatically, since it may have been paid for: "
        "run the cell again to check again, see possible matches with %dreams lost, or send it as another take "
        f"(take={next_take})"
    )
