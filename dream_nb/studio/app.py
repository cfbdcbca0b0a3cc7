"""The routes of the Dream Machine API v1.1.0."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import math
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from dream_nb import workers
from dream_nb.api.models import GenerationRequest, ImageGenerationRequest
from dream_nb.studio import answers, openapi, rules
from dream_nb.studio.answers import PREFIX
from dream_nb.studio.assets import Assets, new_name
from dream_nb.studio.callbacks import Callbacks
from dream_nb.studio.credits import price, to_cents, to_millicents
from dream_nb.studio.database import Database
from dream_nb.studio.faults import Faults
from dream_nb.studio.fetch import Fetcher
from dream_nb.studio.inputs import Inputs, set_aside
from dream_nb.studio.outbox import Outbox
from dream_nb.studio.presence import Presence
from dream_nb.studio.queue import Queue
from dream_nb.studio.render import CAMERA_MOTIONS
from dream_nb.studio.rules import Refusal
from dream_nb.studio.settings import Settings
from dream_nb.studio.store import Draft, InsufficientCreditsError, Record, Store

Handler = Callable[[Request], Awaitable[Response]]

TAKE_HEADER = "Dream-Take"
_MINUTE = 60.0


class _GenerationId(Convertor[str]):
    """A path segment that is no other route: so that `GET /generations/image` is 405, not an unknown generation."""

    regex = r"(?!(?:image|video|camera_motion)$)[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("generation", _GenerationId())


class Studio:
    """One studio: its store, files and queue, and the answers of its routes."""

    def __init__(
        self,
        folder: Path,
        keys: Mapping[str, str],
        executor: Callable[[], Executor],
        settings: Settings,
        faults: Faults | None,
    ) -> None:
        self._folder = folder
        self._keys = {account: hashlib.sha256(key.encode()).digest() for account, key in keys.items()}
        self._executor = executor
        self._settings = settings
        self._faults = faults
        self._store: Store
        self._assets: Assets
        self._queue: Queue

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Open the folder, draw what is queued, and at the end leave the rest queued."""
        self._assets = Assets(self._folder / "assets")
        # The folder lies in a library that may be under version control; what a studio remembers has no place there.
        (self._folder / ".gitignore").write_text("*\n")
        presence = Presence(self._folder / "studios")
        database = Database(self._folder / "studio.sqlite")
        self._store = Store(database, presence.name, to_millicents(self._settings.balance))
        fetcher = Fetcher(self._settings)
        callbacks = Callbacks(Outbox(database, self._store), fetcher, self._settings)
        self._queue = Queue(
            store=self._store,
            presence=presence,
            assets=self._assets,
            progress=self._folder / "progress",
            inputs=Inputs(self._store, self._assets, fetcher, self._settings),
            executor=self._executor,
            changed=callbacks.wake,
            settings=self._settings,
            faults=self._faults,
        )
        callbacks.start()
        self._queue.start()
        try:
            yield
        finally:
            await self._queue.stop()
            await callbacks.stop()
            await fetcher.aclose()
            database.close()
            presence.close()

    async def create_generation(self, request: Request) -> Response:
        """`createGeneration`."""
        return await self._create(request, GenerationRequest)

    async def generate_image(self, request: Request) -> Response:
        """`generateImage`."""
        return await self._create(request, ImageGenerationRequest)

    async def get_generation(self, request: Request) -> Response:
        """`getGeneration`."""
        record = self._store.find(request.path_params["id"], self._account(request))
        if record is None:
            raise _unknown(request)
        return _json(answers.generation(record, self._base_url(request), self._queue.progress))

    async def list_generations(self, request: Request) -> Response:
        """`listGenerations`."""
        account = self._account(request)
        query = request.query_params
        limit = rules.whole_number("limit", query.get("limit"), 100, 1, rules.MAX_PAGE)
        offset = rules.whole_number("offset", query.get("offset"), 0, 0, rules.MAX_OFFSET)
        records = self._store.page(account, limit + 1, offset)
        base_url = self._base_url(request)
        shown = (answers.generation(record, base_url, self._queue.progress) for record in records[:limit])
        return _json(answers.page(shown, len(records) > limit, limit, offset))

    async def delete_generation(self, request: Request) -> Response:
        """`deleteGeneration`."""
        deleted = self._store.delete(request.path_params["id"], self._account(request))
        if deleted is None:
            raise _unknown(request)
        record, inputs = deleted
        self._queue.cancel(record.id)
        self._assets.remove(record.asset, *inputs)
        return Response(status_code=204)

    async def get_credits(self, request: Request) -> Response:
        """`getCredits`."""
        balance = self._store.balance(self._account(request))
        return _json(to_json({"credit_balance": to_cents(balance)}))

    async def get_camera_motion(self, request: Request) -> Response:
        """`getCameraMotion`."""
        self._account(request)
        return _json(to_json(CAMERA_MOTIONS))

    async def ping(self, request: Request) -> Response:
        """`ping`."""
        self._account(request)
        return _json(b'{"message":"pong"}')

    async def asset(self, request: Request) -> Response:
        """A file, without a key."""
        response = self._assets.response(request.path_params["name"], request)
        if response is None:
            raise Refusal(404, "there is no such asset")
        return response

    async def _create(self, request: Request, schema: type[rules.Request]) -> Response:
        account = self._account(request)
        body = await self._body(request)
        # From here to the answer nothing is awaited: a caller that goes away cannot leave half a create.
        record = self._take_in(request, account, schema, body)
        answer = answers.generation(record, self._base_url(request))
        self._queue.wake()
        return _json(answer, 201)

    def _take_in(self, request: Request, account: str, schema: type[rules.Request], body: bytes) -> Record:
        take = request.headers.get(TAKE_HEADER)
        number = rules.whole_number(TAKE_HEADER, take, 1, 1, rules.MAX_TAKE)

        def state_of(uid: str) -> str | None:
            record = self._store.find(uid, account)
            return record.state if record else None

        asked = rules.read_request(schema, body, state_of)
        self._check_limits(account)
        base_url = self._base_url(request)
        document = asked.wire()
        inputs = set_aside(document, self._assets, base_url)
        suffix = "mp4" if asked.generation_type == "video" else getattr(asked, "format", None) or "jpg"
        draft = Draft(
            id=str(uuid.uuid4()),
            account=account,
            kind=asked.generation_type,
            take=number if take is not None else None,
            digest=rules.digest(asked),
            request=to_json(document).decode(),
            base_url=base_url,
            asset=new_name(suffix),
            price=price(asked, self._settings.prices),
            callback_url=asked.callback_url,
            inputs=tuple(inputs),
        )
        try:
            return self._store.create(draft)
        except InsufficientCreditsError as error:
            self._assets.remove(*inputs)
            cost, left = to_cents(draft.price), to_cents(error.balance)
            raise Refusal(400, f"Insufficient credits: this costs {cost:g} cents, and {left:g} are left") from None

    def _check_limits(self, account: str) -> None:
        most = self._settings.unfinished_limit
        if most is not None and self._store.unfinished(account) >= most:
            raise Refusal(429, f"{most} generations are under way, and no more are allowed", {"retry-after": "5"})
        most = self._settings.creates_per_minute
        if most is not None and (wait := self._store.seconds_until(account, most, _MINUTE)) > 0:
            retry_after = {"retry-after": str(math.ceil(wait))}
            raise Refusal(
                429, f"{most} generations were asked for within a minute, and no more are allowed", retry_after
            )

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._settings.max_body:
                raise Refusal(413, f"the body has more than {self._settings.max_body} bytes", {"connection": "close"})
        return bytes(body)

    def _account(self, request: Request) -> str:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        presented = hashlib.sha256(key.strip().encode("latin-1", "replace")).digest()
        found = None
        for account, known in self._keys.items():
            if hmac.compare_digest(presented, known):
                found = account
        if found is None or scheme.lower() != "bearer":
            detail = "Invalid API key" if key else "A bearer key is missing: send Authorization: Bearer <key>"
            raise Refusal(401, detail, {"www-authenticate": "Bearer"})
        return found

    def _base_url(self, request: Request) -> str:
        if self._settings.public_url:
            return self._settings.public_url.rstrip("/")
        host = request.headers.get("host") or "{}:{}".format(*(request.scope.get("server") or ("localhost", 80)))
        return f"{request.scope['scheme']}://{host}{PREFIX}"


def _route(path: str, **methods: Handler) -> Route:
    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method](request)

    return Route(PREFIX + path, answer, methods=list(methods))


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, headers, "application/json")


def _unknown(request: Request) -> Refusal:
    return Refusal(404, f"there is no generation {request.path_params['id'][:80]!r}")


async def _describe(request: Request) -> Response:
    return _json(openapi.document(f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}{PREFIX}"))


async def _refuse(_request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 - what Starlette gives to this handler
    return _json(answers.error(refusal.detail), refusal.status, refusal.headers)


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what Starlette gives to this handler
    return _json(answers.error(error.detail), error.status_code, error.headers)


async def _defect(_request: Request, _error: Exception) -> Response:
    return _json(answers.error("the studio has a defect; its log says more"), 500)


class StudioApp(Starlette):
    """A studio as an ASGI application, with its faults around everything else."""

    faults: Faults | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self.faults is None:
            await super().__call__(scope, receive, send)
        else:
            await self.faults.around(super().__call__, scope, receive, send)


def create_app(
    folder: Path,
    *,
    keys: Mapping[str, str],
    executor: Callable[[], Executor] = workers.pool,
    settings: Settings | None = None,
    faults: Faults | None = None,
) -> Starlette:
    """A studio as an ASGI application. Its lifespan opens the folder and draws; nothing happens before.

    Args:
        folder: where it keeps its database and files; made when missing. Several studios may share one.
        keys: the bearer key of each account. Generations belong to the account, whatever its key is.
        executor: gives the executor that draws; asked again after its workers died.
        settings: prices, limits, sizes.
        faults: what goes wrong on purpose, for learning and for tests; nothing does by default.
    """
    studio = Studio(Path(folder), keys, executor, settings or Settings(), faults)
    routes = [
        # First what is asked for most.
        _route("/generations/{id:generation}", GET=studio.get_generation, DELETE=studio.delete_generation),
        _route("/generations", GET=studio.list_generations, POST=studio.create_generation),
        _route("/generations/video", POST=studio.create_generation),
        _route("/generations/image", POST=studio.generate_image),
        _route("/generations/camera_motion/list", GET=studio.get_camera_motion),
        _route("/credits", GET=studio.get_credits),
        _route("/ping", GET=studio.ping),
        _route("/assets/{name}", GET=studio.asset),
        _route("/openapi.json", GET=_describe),
        Route("/openapi.json", _describe, methods=["GET"]),
    ]
    handlers: dict[Any, Any] = {Refusal: _refuse, HTTPException: _http_error, Exception: _defect}
    app = StudioApp(routes=routes, exception_handlers=handlers, lifespan=studio.lifespan)
    # A slash too many is an unknown path, not a redirect that a client would have to follow with its key.
    app.router.redirect_slashes = False
    app.faults = faults
    return app
