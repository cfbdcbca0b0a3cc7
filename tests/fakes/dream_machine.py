"""A strict fake of the hosted Dream Machine on loopback that records what it received, accepted and charged.

It shares no code with the studio, so that the two cannot make the same mistake.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any, Final, Literal

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.fakes.schemas import REQUESTS
from tests.studio.machine import PREFIX, served

Document = dict[str, Any]
KEY: Final = "luma-test-key-0123456789"
CONCEPTS: Final = ["dolly_zoom", "handheld", "orbit_left"]
MOTIONS: Final = ["camera orbit left", "camera push in"]
MODELS: Final = {"video": "ray-1-6", "image": "photon-1"}
"""The model used for a request that names none, by kind."""
EDITS: Final = {
    "/video/modify": "modify_video",
    "/video/reframe": "reframe_video",
    "/image/reframe": "reframe_image",
    "/{id}/upscale": "upscale_video",
    "/{id}/audio": "add_audio",
}
"""The operations of 2025, by their paths below /generations."""
_WORDS: Final = frozenset({"/generations/concepts/list", "/generations/camera_motion/list"})


@dataclass(frozen=True, slots=True)
class Reply:
    """What happens to one create instead of its normal answer.

    Attributes:
        status: the status of the answer, or None to drop the connection.
        taken: whether the server accepts the request nevertheless.
        body: the body of the answer.
        headers: the headers of the answer.
    """

    status: int | None = None
    taken: bool = False
    body: str = '{"detail": "on purpose"}'
    headers: Mapping[str, str] | None = None


def cheap(request: Document) -> float:
    """The price of a create in USD cents: 32 for a video, 1.5 for an image."""
    return 1.5 if "image" in request.get("generation_type", "") else 32.0


@cache
def picture() -> bytes:
    """A small JPEG."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16), (200, 90, 30)).save(file, "JPEG")
    return file.getvalue()


@cache
def clip() -> bytes:
    """A short MP4 of a few tiny frames."""
    import av
    import numpy as np

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        for shade in range(0, 240, 60):
            frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), shade, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


class FakeDreamMachine:
    """The server. Its attributes may be changed while it runs; accepted requests are in `taken`, oldest first.

    Attributes:
        api: "2024" takes videos at `/generations`, "2025" at `/generations/video` with a model.
        price: returns the price of a create in USD cents.
        balance: the balance in USD cents.
        no_balance: the answer to requests for the balance instead of the normal one, or None.
        billing: whether a create is charged when it is accepted or when it is completed.
        refunds: whether a failure is refunded automatically; otherwise call `refund`.
        holds: while True, generations stay queued.
        fail: returns the reason why a request fails, or None.
        echo: returns the request that answers show.
        clock: how far the times in `created_at` are ahead of this machine's clock.
        date: how far the `Date` header is ahead of this machine's clock.
        order: reorders the list, which is newest first.
        hides: the number of requests for the list that do not show a new generation.
        replies: what happens to the next creates, in order; None stands for the normal answer.
        word_replies: like `replies`, for requests for concepts and camera motions.
        look_replies: like `replies`, for requests for a generation or the list.
        every_look: the answer to every request for a generation or the list instead of the normal one, or None.
        shows: returns what answers show of a generation.
        asset: returns the answer to a request for a file, given the normal answer.
        posts: the bodies of all creates received, accepted or not.
        taken: the accepted generations.
        calls: method and path of every request.
        keys: the bearer keys received.
        cost: USD cents charged and not refunded.
    """

    def __init__(self, api: Literal["2024", "2025"] = "2025") -> None:
        self.api = api
        self.price: Callable[[Document], float] = cheap
        self.balance = 1_000_000.0
        self.no_balance: Reply | None = None
        self.billing: Literal["create", "completion"] = "create"
        self.refunds = True
        self.holds = False
        self.fail: Callable[[Document], str | None] = lambda _: None
        self.echo: Callable[[Document], Document | None] = lambda request: request
        self.clock = timedelta()
        self.date = timedelta()
        self.order: Callable[[list[Document]], list[Document]] = list
        self.hides = 0
        self.replies: deque[Reply | None] = deque()
        self.word_replies: deque[Reply | None] = deque()
        self.look_replies: deque[Reply | None] = deque()
        self.every_look: Reply | None = None
        self.shows: Callable[[Document], Document] = lambda document: document
        self.asset: Callable[[Request, Response], Response] = lambda _, response: response
        self.posts: list[Document] = []
        self.taken: list[Document] = []
        self.calls: list[tuple[str, str]] = []
        self.keys: list[str] = []
        self.cost = 0.0
        self.base_url = ""
        self._lock = threading.RLock()
        self._number = itertools.count(1)
        self._charges: dict[str, float] = {}
        self._hidden: dict[str, int] = {}
        self._charged: set[str] = set()

    def count(self, method: str, path: str = "") -> int:
        """The number of requests with this method and a path that begins like this."""
        with self._lock:
            return sum(asked == method and where.startswith(path) for asked, where in self.calls)

    def prompts(self) -> list[str]:
        """The prompts of the accepted requests, oldest first."""
        return [document["_request"].get("prompt", "") for document in self.taken]

    def spend(self, cents: float) -> None:
        """Spend from the account as another user of it would."""
        with self._lock:
            self.balance -= cents

    def refund(self) -> None:
        """Refund failed generations."""
        with self._lock:
            for document in self.taken:
                if document["state"] == "failed":
                    self._give_back(document["id"])

    def app(self) -> Starlette:
        """The ASGI application."""
        at = PREFIX + "/generations"
        video = at if self.api == "2024" else f"{at}/video"
        lists = ("camera_motion", MOTIONS) if self.api == "2024" else ("concepts", CONCEPTS)

        edits = {} if self.api == "2024" else EDITS

        async def listed(_request: Request) -> Response:
            return JSONResponse(lists[1])

        async def credits_(_request: Request) -> Response:
            if self.no_balance is not None:
                return replied(self.no_balance)
            return JSONResponse({"credit_balance": self.balance})

        return Starlette(
            routes=[
                Route(f"{at}/{lists[0]}/list", listed),
                Route(video, self._creator("video"), methods=["POST"]),
                Route(f"{at}/image", self._creator("image"), methods=["POST"]),
                *(Route(at + path, self._creator(asked), methods=["POST"]) for path, asked in edits.items()),
                Route(at, self._list, methods=["GET"]),
                Route(f"{at}/{{id}}", self._one, methods=["GET", "DELETE"]),
                Route(f"{PREFIX}/credits", credits_),
                Route(f"{PREFIX}/ping", self._ping),
                Route("/assets/{name}", self._asset),
            ],
            exception_handlers={HTTPException: _refused},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record a request and answer it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        path = scope["path"].removeprefix(PREFIX)
        # ASGI cannot end a connection; the transport is reached through uvicorn's `send`.
        scope["dream_nb.transport"] = getattr(send, "__self__").transport  # noqa: B009 - not in its type
        with self._lock:
            self.calls.append((scope["method"], path))
        if not path.startswith("/assets/"):
            given = dict(scope["headers"]).get(b"authorization", b"").decode()
            self.keys.append(given.removeprefix("Bearer "))
            if given != f"Bearer {KEY}":
                await self._refuse(403, "Not authenticated")(scope, receive, send)
                return
        reply = self.word_replies.popleft() if path in _WORDS and self.word_replies else None
        if scope["method"] == "GET" and path.startswith("/generations") and path not in _WORDS:
            reply = self.look_replies.popleft() if self.look_replies else self.every_look
        if reply is not None:
            await replied(reply)(scope, receive, send)
            return

        async def dated(message: Any) -> None:
            if message["type"] == "http.response.start":
                moment = format_datetime(datetime.now(UTC) + self.date, usegmt=True).encode()
                message = message | {"headers": [*message["headers"], (b"date", moment)]}
            await send(message)

        await self._inner(scope, receive, dated)

    async def _ping(self, _request: Request) -> Response:
        return JSONResponse({"message": "pong"})

    def _creator(self, asked: str) -> Callable[[Request], Awaitable[Response]]:
        async def create(request: Request) -> Response:
            return await self._create(request, asked)

        return create

    async def _create(self, request: Request, asked: str) -> Response:
        try:
            body = json.loads(await request.body(), parse_constant=_no_constant)
        except ValueError as error:
            return self._refuse(422, f"not JSON: {error}")
        self.posts.append(body)
        reply = self.replies.popleft() if self.replies else None
        if problem := REQUESTS[self.api, asked](body, "") or self._problem(request, body, asked):
            return self._refuse(422, problem)
        source = request.path_params.get("id")
        if source is not None and self._find(source) is None:
            return self._refuse(404, "Generation not found")
        document = self._take(body, asked, source) if reply is None or reply.taken else None
        if reply is None:
            return JSONResponse(self._shown(document or {}), 200 if source else 201)
        return replied(reply)

    def _problem(self, request: Request, body: Document, asked: str) -> str | None:
        """What is wrong with a request beyond its schema, or None."""
        source = self._find(request.path_params.get("id", ""))
        if source is not None and source["generation_type"] != "video":
            return "Only videos can be upscaled or given sound"
        url = body.get("media", {}).get("url", "")
        is_image = url.endswith((".jpg", ".png"))
        if url and url.endswith((".mp4", ".jpg", ".png")) and is_image != (asked == "reframe_image"):
            return "media: not of the kind that is wanted"
        return None

    def _find(self, id_: str) -> Document | None:
        with self._lock:
            return next((one for one in self.taken if one["id"] == id_), None)

    def _take(self, body: Document, asked: str, source: str | None = None) -> Document:
        kind = "image" if "image" in asked else "video"
        with self._lock:
            # UUIDs like the API's, in the order in which the requests were accepted.
            id_ = f"00000000-0000-4000-8000-{next(self._number):012x}"
            document = {
                "id": id_,
                "generation_type": kind,
                "state": "queued",
                "created_at": (datetime.now(UTC) + self.clock).isoformat(),
                "model": body.get("model", MODELS[kind]),
                "_request": body,
                "_asked": asked,
                "_source": source,
            }
            self.taken.append(document)
            self._hidden[id_] = self.hides
            self._charges[id_] = float(self.price(body | {"generation_type": asked}))
            if self.billing == "create":
                self._charge(id_)
            return document

    def _charge(self, id_: str) -> None:
        self._charged.add(id_)
        self.balance -= self._charges[id_]
        self.cost += self._charges[id_]

    def _give_back(self, id_: str) -> None:
        if id_ in self._charged:
            self._charged.remove(id_)
            self.balance += self._charges[id_]
            self.cost -= self._charges[id_]

    def _advance(self, document: Document) -> None:
        if self.holds or document["state"] in ("completed", "failed"):
            return
        reason = self.fail(document["_request"])
        if reason is not None:
            document |= {"state": "failed", "failure_reason": reason}
            if self.billing == "create" and self.refunds:
                self._give_back(document["id"])
            return
        kind = document["generation_type"]
        suffix = "mp4" if kind == "video" else "jpg"
        origin = self.base_url.removesuffix(PREFIX)
        document |= {"state": "completed", "assets": {kind: f"{origin}/assets/{document['id']}.{suffix}"}}
        if self.billing == "completion":
            self._charge(document["id"])

    def _shown(self, document: Document) -> Document:
        shown = {name: value for name, value in document.items() if not name.startswith("_")}
        request = self.echo({"generation_type": document["_asked"]} | document["_request"])
        return self.shows(shown if request is None else shown | {"request": request})

    async def _list(self, request: Request) -> Response:
        try:
            limit, offset = (
                int(request.query_params.get(name, default)) for name, default in (("limit", 100), ("offset", 0))
            )
        except ValueError:
            return self._refuse(422, "limit and offset: Input should be a valid integer")
        with self._lock:
            seen = []
            for document in reversed(self.taken):
                self._advance(document)
                if self._hidden[document["id"]] > 0:
                    self._hidden[document["id"]] -= 1
                else:
                    seen.append(document)
            ordered = self.order(seen)
            page = [self._shown(document) for document in ordered[offset : offset + limit]]
        more = offset + limit < len(ordered)
        return JSONResponse(
            {"generations": page, "count": len(page), "limit": limit, "offset": offset, "has_more": more}
        )

    async def _one(self, request: Request) -> Response:
        with self._lock:
            found = self._find(request.path_params["id"])
            if found is None:
                return self._refuse(404, "Generation not found")
            if request.method == "DELETE":
                self.taken.remove(found)
                if found["state"] not in ("completed", "failed"):
                    self._give_back(found["id"])
                return Response(status_code=204)
            self._advance(found)
            return JSONResponse(self._shown(found))

    async def _asset(self, request: Request) -> Response:
        if request.path_params["name"].endswith(".mp4"):
            return self.asset(request, Response(clip(), media_type="video/mp4"))
        return self.asset(request, Response(picture(), media_type="image/jpeg"))

    def _refuse(self, status: int, detail: str) -> Response:
        return JSONResponse({"detail": detail}, status)

    @contextmanager
    def running(self) -> Iterator[FakeDreamMachine]:
        """Run the server on a free loopback port."""
        self._inner = self.app()
        with served(self, date_header=False) as origin:
            self.base_url = origin + PREFIX
            yield self

    def environment(self) -> dict[str, str]:
        """Variables that make a process use this server as the hosted API."""
        return {"LUMAAI_API_KEY": KEY, "LUMAAI_BASE_URL": self.base_url, "DREAM_NB_BACKEND": "dream-machine"}

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Use this server as the hosted API in this process."""
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)


def replied(reply: Reply) -> Response:
    """The response for a reply."""
    if reply.status is None:
        return _Dropped()
    return Response(reply.body, reply.status, dict(reply.headers or {}), "application/json")


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


class _Dropped(Response):
    """Drops the connection without an answer."""

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        scope["dream_nb.transport"].abort()
        # uvicorn has to notice the end of the connection before this request ends, or it would answer 500.
        for _ in range(3):
            await asyncio.sleep(0)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
