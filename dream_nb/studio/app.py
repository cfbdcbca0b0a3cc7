"""The routes of the Dream Machine API v1.1.0."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
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

from dream_nb import workers
from dream_nb.api.models import GenerationRequest, ImageGenerationRequest
from dream_nb.studio import answers, rules
from dream_nb.studio.answers import PREFIX
from dream_nb.studio.assets import Assets, new_name
from dream_nb.studio.credits import price, to_cents, to_millicents
from dream_nb.studio.queue import Queue
from dream_nb.studio.render import CAMERA_MOTIONS
from dream_nb.studio.rules import Refusal
from dream_nb.studio.settings import Settings
from dream_nb.studio.store import Draft, InsufficientCreditsError, Record, Store

Handler = Callable[[Request], Awaitable[Response]]

TAKE_HEADER = "Dream-Take"


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
        self, folder: Path, keys: Mapping[str, str], executor: Callable[[], Executor], settings: Settings
    ) -> None:
        self._folder = folder
        self._keys = {account: hashlib.sha256(key.encode()).digest() for account, key in keys.items()}
        self._executor = executor
        self._settings = settings
        self._store: Store
        self._assets: Assets
        self._queue: Queue

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Open the folder, draw what is queued, and at the end leave the rest queued."""
        self._assets = Assets(self._folder / "assets")
        (self._folder / ".gitignore").write_text("*\n")
        owner = secrets.token_hex(8)
        self._store = Store(self._folder / "studio.sqlite", owner, to_millicents(self._settings.balance))
        self._queue = Queue(self._store, self._assets, self._folder / "progress", self._executor, self._settings)
        self._queue.start()
        try:
            yield
        finally:
            await self._queue.stop()
            self._store.close()

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
        suffix = "mp4" if asked.generation_type == "video" else getattr(asked, "format", None) or "jpg"
        draft = Draft(
            id=str(uuid.uuid4()),
            account=account,
            kind=asked.generation_type,
            take=number if take is not None else None,
            digest=rules.digest(asked),
            request=to_json(asked.wire()).decode(),
            base_url=self._base_url(request),
            asset=new_name(suffix),
            price=price(asked, self._settings.prices),
            callback_url=asked.callback_url,
        )
        try:
            return self._store.create(draft)
        except InsufficientCreditsError as error:
            cost, left = to_cents(draft.price), to_cents(error.balance)
            raise Refusal(400, f"Insufficient credits: this costs {cost:g} cents, and {left:g} are left") from None

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


async def _refuse(_request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101 - what Starlette gives to this handler
    return _json(answers.error(refusal.detail), refusal.status, refusal.headers)


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what Starlette gives to this handler
    return _json(answers.error(error.detail), error.status_code, error.headers)


async def _defect(_request: Request, _error: Exception) -> Response:
    return _json(answers.error("the studio has a defect; its log says more"), 500)


def create_app(
    folder: Path,
    *,
    keys: Mapping[str, str],
    executor: Callable[[], Executor] = workers.pool,
    settings: Settings | None = None,
) -> Starlette:
    """A studio as an ASGI application. Its lifespan opens the folder and draws; nothing happens before.

    Args:
        folder: where it keeps its database and files; made when missing. Several studios may share one.
        keys: the bearer key of each account. Generations belong to the account, whatever its key is.
        executor: gives the executor that draws; asked again after its workers died.
        settings: prices, limits, sizes.
    """
    studio = Studio(Path(folder), keys, executor, settings or Settings())
    routes = [
        _route("/generations/{id:generation}", GET=studio.get_generation, DELETE=studio.delete_generation),
        _route("/generations", GET=studio.list_generations, POST=studio.create_generation),
        _route("/generations/video", POST=studio.create_generation),
        _route("/generations/image", POST=studio.generate_image),
        _route("/generations/camera_motion/list", GET=studio.get_camera_motion),
        _route("/credits", GET=studio.get_credits),
        _route("/ping", GET=studio.ping),
        _route("/assets/{name}", GET=studio.asset),
    ]
    handlers: dict[Any, Any] = {Refusal: _refuse, HTTPException: _http_error, Exception: _defect}
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=studio.lifespan)
    app.router.redirect_slashes = False
    return app
