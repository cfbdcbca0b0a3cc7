"""The routes of both APIs: the Dream Machine API, of 2024 and of 2025, and the Luma API."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from dream_nb import workers
from dream_nb.files import given_path
from dream_nb.studio import answers, luma_openapi, openapi
from dream_nb.studio.access import Access
from dream_nb.studio.alive import Presence
from dream_nb.studio.answers import LUMA_PREFIX, PREFIX
from dream_nb.studio.assets import AssetFiles
from dream_nb.studio.callbacks import CallbackSender
from dream_nb.studio.create_batches import CreateBatches
from dream_nb.studio.credits import to_millicents
from dream_nb.studio.database import Database
from dream_nb.studio.faults import Faults
from dream_nb.studio.fetch import Fetcher
from dream_nb.studio.inputs import Inputs
from dream_nb.studio.limits import RateLimits
from dream_nb.studio.luma_answers import API_VERSION
from dream_nb.studio.luma_files import UploadedFiles
from dream_nb.studio.luma_inputs import LumaInputs
from dream_nb.studio.luma_operations import LumaOperations
from dream_nb.studio.luma_uploads import LumaUploads
from dream_nb.studio.operations import Operations, json_response
from dream_nb.studio.pending_callbacks import PendingCallbacks
from dream_nb.studio.queue import Queue
from dream_nb.studio.record import DREAM_MACHINE, LUMA
from dream_nb.studio.rules import Refusal
from dream_nb.studio.settings import Settings
from dream_nb.studio.source_files import SourceFiles
from dream_nb.studio.store import Store

logger = logging.getLogger("dream_nb.studio")
_FOLDERS = ("assets", "progress", "studios")
_OWN = (".gitignore", *_FOLDERS, *(f"studio.sqlite{suffix}" for suffix in ("", "-wal", "-shm", "-journal")))
_ROW_BESIDES_REQUEST = 2**17
_IDS: Final = re.compile(r"[\x20-\x7e]{1,128}")
Handler = Callable[[Operations, Request], Awaitable[Response]]
LumaHandler = Callable[[LumaOperations, Request], Awaitable[Response]]
UploadHandler = Callable[[LumaUploads, Request], Awaitable[Response]]


class _GenerationId(Convertor[str]):
    """A path segment that is not another route, so that `GET /generations/image` is answered 405."""

    regex = r"(?!(?:image|video|camera_motion|concepts)(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("generation", _GenerationId())


def _lifespan(
    folder: Path,
    keys: Mapping[str, str],
    executor: Callable[[], Executor],
    settings: Settings,
    faults: Faults | None,
) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        """Open the folder and draw what is queued; at the end, leave the rest queued."""
        async with contextlib.AsyncExitStack() as stack:
            _refuse_links(folder)
            _remove_links(folder)
            assets = AssetFiles(folder / "assets")
            # The library may be under version control, and the studio's folder must not be committed.
            with contextlib.suppress(FileExistsError), (folder / ".gitignore").open("x") as ignored:
                ignored.write("*\n")
            largest = settings.max_request + _ROW_BESIDES_REQUEST
            presence = stack.enter_context(contextlib.closing(Presence(folder / "studios")))
            database = stack.enter_context(contextlib.closing(Database(folder / "studio.sqlite", largest)))
            store = Store(database, presence.name, to_millicents(settings.balance))
            fetcher = await stack.enter_async_context(contextlib.aclosing(Fetcher(settings)))
            uploads = UploadedFiles(database, assets)
            files = SourceFiles(store, uploads, assets, fetcher)
            callbacks = CallbackSender(PendingCallbacks(database, store), fetcher, settings)
            queue = Queue(
                store=store,
                presence=presence,
                assets=assets,
                progress=folder / "progress",
                inputs={DREAM_MACHINE: Inputs(store, files), LUMA: LumaInputs(files)},
                executor=executor,
                changed=callbacks.wake,
                settings=settings,
                faults=faults,
            )
            access, creates = Access(keys, settings), CreateBatches(store, RateLimits(store, settings).check)
            operations = app.state.operations = Operations(access, store, assets, queue, creates, settings)
            app.state.luma = LumaOperations(access, store, uploads, assets, queue, creates, settings)
            app.state.luma_uploads = LumaUploads(access, uploads, assets, settings, faults)
            stack.push_async_callback(app.state.luma_uploads.stop)
            app.state.luma_uploads.start()
            stack.push_async_callback(callbacks.stop)
            callbacks.start()
            stack.push_async_callback(queue.stop)
            queue.start()
            stack.callback(operations.stop_waiting)
            yield

    return lifespan


def _refuse_links(folder: Path) -> None:
    """Refuse symbolic links: a folder may come with a repository, and no file in it may lead elsewhere."""
    for path in (folder, *(folder / name for name in _OWN)):
        if path.is_symlink():
            raise RuntimeError(
                f"{path.name!r} of the studio's folder is a link: remove it, and the studio makes its own"
            )


def _remove_links(folder: Path) -> None:
    """Remove symbolic links: a studio reads, serves and overwrites files by name, so none may lead elsewhere."""
    removed = 0
    for name in _FOLDERS:
        with contextlib.suppress(FileNotFoundError), os.scandir(folder / name) as entries:
            for entry in entries:
                if entry.is_symlink():
                    Path(entry).unlink()
                    removed += 1
    if removed:
        logger.warning("%s: %d links were removed: a studio does not create links", folder, removed)


def _route(path: str, **methods: Handler) -> Route:
    return _route_to("operations", PREFIX + path, methods)


def _luma_route(path: str, **methods: LumaHandler) -> Route:
    return _route_to("luma", LUMA_PREFIX + path, methods)


def _upload_route(path: str, **methods: UploadHandler) -> Route:
    return _route_to("luma_uploads", LUMA_PREFIX + path, methods)


def _route_to(name: str, path: str, methods: Mapping[str, Callable[[Any, Request], Awaitable[Response]]]) -> Route:
    """Return a route to the operations that are stored in the application's state under `name`."""

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method](getattr(request.app.state, name), request)

    return Route(path, answer, methods=list(methods))


async def _describe(request: Request) -> Response:
    return json_response(
        openapi.document(f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}{PREFIX}")
    )


async def _describe_luma(request: Request) -> Response:
    host = request.headers.get("host", "localhost")
    return json_response(luma_openapi.luma_document(f"{request.scope['scheme']}://{host}{LUMA_PREFIX}"))


async def _refuse(_request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return json_response(answers.error(refusal.detail), refusal.status, refusal.headers)


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return json_response(answers.error(error.detail), error.status_code, error.headers)


async def _defect(request: Request, error: Exception) -> Response:
    logger.error("%s %s: internal error of the studio", request.method, request.url.path, exc_info=error)
    return json_response(answers.error("internal error of the studio; see its log"), 500)


class _LumaHeaders:
    """Adds the headers of all answers of the Luma API: its version, and the request id that the client chose.

    Args:
        scope: the request.
        send: the function that sends an answer. It also gives faults access to the connection.
    """

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self.transport = getattr(getattr(send, "__self__", None), "transport", None)
        self._headers = [(b"x-api-version", API_VERSION.encode())]
        asked = dict(scope["headers"]).get(b"x-request-id", b"")
        if _IDS.fullmatch(asked.decode("latin-1")):
            self._headers.append((b"x-request-id", asked))

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *self._headers]}
        await self._send(message)


class StudioApp(Starlette):
    """The ASGI application of a studio. Its faults wrap everything else."""

    faults: Faults | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, normally or as a fault says."""
        if scope["type"] == "http" and scope["path"].startswith(f"{LUMA_PREFIX}/"):
            send = _LumaHeaders(scope, send).send
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
    """Return a studio as an ASGI application. It opens the folder and begins to draw only when its lifespan starts.

    Args:
        folder: the folder of its database and files, which is created if missing. Several studios may share one.
        keys: the bearer key of each account. Generations belong to the account, even if its key changes.
        executor: a function that returns the executor for drawings; it is called repeatedly, because the executor may
            be a new one after its workers died.
        settings: the settings: prices, limits, sizes. By default they follow the environment, as in a notebook.
        faults: the faults to inject, for practice and for tests; by default none.
    """
    routes = [
        # The most frequent requests come first.
        _route("/generations/{id:generation}", GET=Operations.get_generation, DELETE=Operations.delete_generation),
        _route("/generations", GET=Operations.list_generations, POST=Operations.create_generation),
        _route("/generations/video", POST=Operations.create_video),
        _route("/generations/image", POST=Operations.generate_image),
        _route("/generations/video/modify", POST=Operations.modify_video),
        _route("/generations/video/reframe", POST=Operations.reframe_video),
        _route("/generations/image/reframe", POST=Operations.reframe_image),
        _route("/generations/{id:generation}/upscale", POST=Operations.upscale),
        _route("/generations/{id:generation}/audio", POST=Operations.add_audio),
        _route("/generations/concepts/list", GET=Operations.get_concepts),
        _route("/generations/camera_motion/list", GET=Operations.get_camera_motion),
        _route("/credits", GET=Operations.get_credits),
        _route("/ping", GET=Operations.ping),
        _route("/assets/{name}", GET=Operations.asset),
        _luma_route("/generations", POST=LumaOperations.create),
        _luma_route("/generations/{id}", GET=LumaOperations.get),
        _upload_route("/files", POST=LumaUploads.create, GET=LumaUploads.list),
        _upload_route("/files/{id}", GET=LumaUploads.get, DELETE=LumaUploads.delete),
        _upload_route("/files/{id}/complete", POST=LumaUploads.complete),
        _upload_route("/store/{id}", PUT=LumaUploads.put),
        _luma_route("/assets/{name}", GET=LumaOperations.asset),
        Route(f"{LUMA_PREFIX}/openapi.json", _describe_luma, methods=["GET"]),
        Route(f"{PREFIX}/openapi.json", _describe, methods=["GET"]),
        Route("/openapi.json", _describe, methods=["GET"]),
    ]
    handlers: dict[Any, Any] = {Refusal: _refuse, HTTPException: _http_error, Exception: _defect}
    app = StudioApp(
        routes=routes,
        exception_handlers=handlers,
        lifespan=_lifespan(given_path(folder), keys, executor, settings or Settings(follows_environment=True), faults),
    )
    # A trailing slash is an unknown path, not a redirect that a client would have to follow with its key.
    app.router.redirect_slashes = False
    app.faults = faults
    return app
