"""A strict fake of the hosted Luma API on loopback that records what it received, accepted and stored.

It shares no code with this package, so that the two cannot make the same mistake.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.fakes.dream_machine import Reply, clip, picture, replied
from tests.fakes.luma_requests import FILE, FILE_STATES, MAX_FILE, PART, PURPOSES, Document, refusal
from tests.studio.machine import served

PREFIX: Final = "/v1"
KEY: Final = "luma-api-test-key-0123456789"
VERSION: Final = "2026-04-01"
STORE: Final = "/store"
ASSETS: Final = "/assets"
EXR: Final = b"\x76\x2f\x31\x01" + bytes(60)
LIFE: Final = timedelta(hours=1)
"""How long the address of an output is valid."""

ERRORS: Final = {
    400: "Invalid request parameters",
    401: "Invalid API key",
    402: "Insufficient balance",
    403: "Access denied",
    413: "Input media exceeds the size limit",
    422: "Parameter combination rejected",
    429: "Rate limited",
    502: "Upstream service unavailable",
    503: "Image ingestion unavailable",
}
"""The documented errors, by status."""

FAILURES: Final = (
    "content_moderated",
    "generation_failed",
    "budget_exhausted",
    "output_not_found",
    "image_too_large",
    "unsupported_format",
    "corrupt_input",
    "invalid_request",
    "rate_limited",
)


def error(status: int, **headers: str) -> Reply:
    """The documented answer for an error status."""
    return Reply(status, body=json.dumps({"detail": ERRORS[status]}), headers=headers)


class FakeLuma:
    """The server. Its attributes may be changed while it runs; accepted requests are in `taken`, oldest first.

    Attributes:
        holds: while True, generations stay queued.
        looks: the number of requests for a generation for which each of the states queued and processing lasts.
        fail: returns the failure code and reason of a request, or None.
        pending: the number of requests for a file for which it stays pending.
        reject: returns the reason why a file fails, or None.
        inline_cap: the size in bytes of the largest file that is accepted inline.
        clock: how far its clock is ahead of this machine's.
        replies: what happens to the next creates, in order; None stands for the normal answer.
        look_replies: like `replies`, for requests for a generation.
        file_replies: like `replies`, for requests below /files.
        put_replies: like `replies`, for uploads to the store.
        asset_replies: like `replies`, for requests for output files; each is repeated until it is removed.
        upload: returns the place to upload a file to, given the normal one.
        late: an event for which the answer to a create waits, or None.
        arrived: an event that is set when a create has been received, or None.
        posts: the bodies of all creates received, accepted or not.
        request_ids: the `X-Request-Id` of each of them, or None.
        taken: the accepted generations.
        files: the files, oldest first.
        stored: the bytes of each file, by its id.
        store_headers: the headers of every request to the store.
        calls: method and path of every request.
        keys: the bearer keys received by the API.
    """

    def __init__(self) -> None:
        self.holds = False
        self.looks = 0
        self.fail: Callable[[Document], tuple[str, str] | None] = lambda _: None
        self.pending = 0
        self.reject: Callable[[Document], str | None] = lambda _: None
        self.inline_cap = 10 * 2**20
        self.clock = timedelta()
        self.replies: deque[Reply | None] = deque()
        self.look_replies: deque[Reply | None] = deque()
        self.file_replies: deque[Reply | None] = deque()
        self.put_replies: deque[Reply | None] = deque()
        self.asset_replies: deque[Reply] = deque()
        self.upload: Callable[[Document], Document] = lambda upload: upload
        self.late: threading.Event | None = None
        self.arrived: threading.Event | None = None
        self.posts: list[Document] = []
        self.request_ids: list[str | None] = []
        self.taken: list[Document] = []
        self.files: list[Document] = []
        self.stored: dict[str, bytes] = {}
        self.store_headers: list[dict[str, str]] = []
        self.calls: list[tuple[str, str]] = []
        self.keys: list[str] = []
        self.base_url = ""
        self._origin = ""
        self._lock = threading.RLock()
        self._number = itertools.count(1)

    def count(self, method: str, path: str = "") -> int:
        """The number of requests with this method and a path that begins like this."""
        with self._lock:
            return sum(asked == method and where.startswith(path) for asked, where in self.calls)

    def now(self) -> datetime:
        """The time by the server's clock."""
        return datetime.now(UTC) + self.clock

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route(f"{PREFIX}/generations", self._create, methods=["POST"]),
                Route(f"{PREFIX}/generations/{{id}}", self._look),
                Route(f"{PREFIX}/files", self._post_file, methods=["POST"]),
                Route(f"{PREFIX}/files", self._list_files),
                Route(f"{PREFIX}/files/{{id}}", self._file, methods=["GET", "DELETE"]),
                Route(f"{PREFIX}/files/{{id}}/complete", self._complete, methods=["POST"]),
                Route(f"{STORE}/{{id}}", self._put, methods=["PUT"]),
                Route(f"{ASSETS}/{{name}}", self._asset),
            ],
            exception_handlers={HTTPException: _refused},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record a request and answer it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        # ASGI cannot end a connection; the transport is reached through uvicorn's `send`.
        scope["dream_nb.transport"] = getattr(send, "__self__").transport  # noqa: B009 - not in its type
        request = Request(scope, receive)
        path = scope["path"].removeprefix(PREFIX)
        with self._lock:
            self.calls.append((scope["method"], path))
        reply = None
        if scope["path"].startswith(PREFIX):
            given = request.headers.get("authorization", "")
            self.keys.append(given.removeprefix("Bearer "))
            if given != f"Bearer {KEY}":
                await self._refuse(401, ERRORS[401])(scope, receive, send)
                return
            replies = self.file_replies if path.startswith("/files") else self.look_replies
            if (path, scope["method"]) != ("/generations", "POST") and replies:
                reply = replies.popleft()

        async def headed(message: Any) -> None:
            if message["type"] == "http.response.start" and scope["path"].startswith(PREFIX):
                own = [(b"x-api-version", VERSION.encode()), (b"x-ratelimit-limit", b"60")]
                if name := request.headers.get("x-request-id"):
                    own.append((b"x-request-id", name.encode()))
                message = message | {"headers": [*message["headers"], *own]}
            await send(message)

        await (self._inner if reply is None else replied(reply))(scope, receive, headed)

    async def _create(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body(), parse_constant=_no_constant)
        except ValueError as odd:
            return self._refuse(400, f"not JSON: {odd}")
        self.posts.append(body)
        self.request_ids.append(request.headers.get("x-request-id"))
        reply = self.replies.popleft() if self.replies else None
        if refused := refusal(body, self._find):
            return self._refuse(*refused)
        document = self._take(body) if reply is None or reply.taken else None
        if self.arrived is not None:
            self.arrived.set()
        if self.late is not None:
            await asyncio.to_thread(self.late.wait)
        return JSONResponse(_shown(document or {}), 201) if reply is None else replied(reply)

    def _find(self, kind: str, id_: str) -> Document | None:
        known = self.files if kind == "file_id" else self.taken
        with self._lock:
            return next((one for one in known if one["id"] == id_.lower()), None)

    def _take(self, body: Document) -> Document:
        with self._lock:
            document = {
                "id": self._name(),
                "created_at": self.now().isoformat(),
                "model": body.get("model", "uni-1"),
                "state": "queued",
                "type": body.get("type", "image"),
                "failure_code": None,
                "failure_reason": None,
                "output": None,
                "_request": body,
                "_left": self.looks,
            }
            self.taken.append(document)
            return document

    def _name(self) -> str:
        # UUIDs like the API's, in ascending order.
        return f"00000000-0000-4000-8000-{next(self._number):012x}"

    async def _look(self, request: Request) -> Response:
        with self._lock:
            found = self._find("generation_id", request.path_params["id"])
            if found is None:
                return self._refuse(404, "Generation not found")
            self._advance(found)
            shown = _shown(found)
            if found["state"] == "completed":
                # Each request gets new addresses.
                shown["output"] = self._outputs(found)
            return JSONResponse(shown)

    def _advance(self, document: Document) -> None:
        if self.holds or document["state"] in ("completed", "failed"):
            return
        if document["_left"] > 0:
            document["_left"] -= 1
        elif document["state"] == "queued" and self.looks:
            document |= {"state": "processing", "_left": self.looks}
        elif failed := self.fail(document["_request"]):
            document |= {"state": "failed", "failure_code": failed[0], "failure_reason": failed[1]}
        else:
            document["state"] = "completed"

    def _outputs(self, document: Document) -> list[Document]:
        request, asked = document["_request"], document["type"]
        if asked == "layering":
            labels = ("fox", "trees", "background")
            return [
                {"type": "image", "url": self._address(f"{document['id']}-{at}.png")}
                | {"layer": {"index": at, "label": label, "description": f"the {label}", "alpha_hint": "hard"}}
                for at, label in enumerate(labels)
            ]
        if not asked.startswith("video"):
            suffix = {"jpeg": "jpg"}.get(request.get("output_format") or "jpeg", "png")
            return [{"type": "image", "url": self._address(f"{document['id']}.{suffix}"), "layer": None}]
        made = [{"type": "video", "url": self._address(f"{document['id']}.mp4"), "layer": None}]
        if (request.get("video") or {}).get("exr_export"):
            made.append({"type": "exr", "url": self._address(f"{document['id']}.exr"), "layer": None})
        return made

    def _address(self, name: str) -> str:
        until = int((self.now() + LIFE).timestamp())
        return f"{self._origin}{ASSETS}/{name}?X-Amz-Expires={until}&X-Amz-Signature={next(self._number)}"

    async def _asset(self, request: Request) -> Response:
        if self.now().timestamp() > int(request.query_params.get("X-Amz-Expires", 0)):
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        if "authorization" in request.headers:
            return Response("<Error><Code>InvalidArgument</Code></Error>", 400, media_type="application/xml")
        if self.asset_replies:
            return replied(self.asset_replies[0])
        name = request.path_params["name"]
        if name.endswith(".mp4"):
            return Response(clip(), media_type="video/mp4")
        return Response(EXR, media_type="image/x-exr") if name.endswith(".exr") else Response(picture())

    async def _post_file(self, request: Request) -> Response:
        told = request.headers.get("content-type", "")
        if told.startswith("multipart/form-data"):
            return self._take_inline(await request.body(), told)
        try:
            body = json.loads(await request.body(), parse_constant=_no_constant)
        except ValueError as odd:
            return self._refuse(400, f"not JSON: {odd}")
        if problem := FILE(body, ""):
            return self._refuse(400, problem)
        if not 0 < body["size_bytes"] <= MAX_FILE:
            return self._refuse(413 if body["size_bytes"] > 0 else 400, "size_bytes: out of range")
        file = self._new_file(body)
        file["_signature"] = f"{next(self._number)}"
        host = self._origin.replace("127.0.0.1", "localhost")
        upload = {
            "url": f"{host}{STORE}/{file['id']}?X-Amz-Signature={file['_signature']}",
            "method": "PUT",
            "headers": {"Content-Type": body["mime_type"], "x-amz-meta-file": file["id"]},
            "expires_at": (self.now() + LIFE).isoformat(),
        }
        file["_until"] = self.now() + LIFE
        return JSONResponse(_created(file, self.upload(upload)), 201)

    def _take_inline(self, body: bytes, told: str) -> Response:
        try:
            fields, file = _parts(body, told)
        except ValueError as odd:
            return self._refuse(400, str(odd))
        data, mime_type, filename = file
        if problem := PART(fields, ""):
            return self._refuse(400, problem)
        if len(data) > self.inline_cap:
            return self._refuse(413, "file exceeds the inline size cap: use the presigned flow")
        if not data:
            return self._refuse(400, "file: empty")
        taken = self._new_file({"filename": filename, **fields, "mime_type": mime_type, "size_bytes": len(data)})
        self.stored[taken["id"]] = data
        taken["_given"] = True
        return JSONResponse(_created(taken, None), 201)

    def _new_file(self, body: Document) -> Document:
        with self._lock:
            file = {
                "id": self._name(),
                "created_at": self.now().isoformat(),
                "mime_type": body["mime_type"],
                "purpose": body.get("purpose") or "input",
                "size_bytes": body["size_bytes"],
                "state": "pending",
                "deleted_at": None,
                "expires_at": body.get("expires_at"),
                "failure_reason": None,
                "filename": body.get("filename"),
                "user_id": body.get("user_id"),
                "_given": False,
                "_left": self.pending,
            }
            self.files.append(file)
            return file

    async def _put(self, request: Request) -> Response:
        self.store_headers.append(dict(request.headers))
        data = await request.body()
        if reply := self.put_replies.popleft() if self.put_replies else None:
            return replied(reply)
        file = self._find("file_id", request.path_params["id"])
        wrong = None
        if file is None or request.query_params.get("X-Amz-Signature") != file.get("_signature"):
            wrong = (403, "SignatureDoesNotMatch")
        elif "authorization" in request.headers:
            wrong = (400, "InvalidArgument")
        elif self.now() > file["_until"]:
            wrong = (403, "AccessDenied")
        elif request.headers.get("content-type") != file["mime_type"]:
            wrong = (403, "SignatureDoesNotMatch")
        elif request.headers.get("x-amz-meta-file") != file["id"] or "content-length" not in request.headers:
            wrong = (411 if "content-length" not in request.headers else 403, "MissingHeader")
        elif len(data) != file["size_bytes"]:
            wrong = (400, "IncompleteBody")
        if wrong is not None:
            return Response(f"<Error><Code>{wrong[1]}</Code></Error>", wrong[0], media_type="application/xml")
        assert file is not None
        self.stored[file["id"]] = data
        return Response(status_code=200)

    async def _complete(self, request: Request) -> Response:
        file = self._find("file_id", request.path_params["id"])
        if file is None:
            return self._refuse(404, "File not found")
        if file["id"] not in self.stored:
            return self._refuse(422, "No bytes were uploaded")
        file["_given"] = True
        return JSONResponse(_shown(file))

    async def _file(self, request: Request) -> Response:
        with self._lock:
            file = self._find("file_id", request.path_params["id"])
            if file is None:
                return self._refuse(404, "File not found")
            if request.method == "DELETE":
                file |= {"state": "deleted", "deleted_at": self.now().isoformat()}
                return Response(status_code=204)
            self._ingest(file)
            return JSONResponse(_shown(file))

    def _ingest(self, file: Document) -> None:
        if file["state"] != "pending" or not file["_given"]:
            return
        if file["_left"] > 0:
            file["_left"] -= 1
        elif reason := self.reject(file):
            file |= {"state": "failed", "failure_reason": reason}
        else:
            file["state"] = "ready"

    async def _list_files(self, request: Request) -> Response:
        query = request.query_params
        if unknown := query.keys() - {"cursor", "limit", "purpose", "state"}:
            return self._refuse(400, f"{min(unknown)}: Extra inputs are not permitted")
        limit = query.get("limit", "25")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            return self._refuse(400, "limit: Input should be between 1 and 100")
        if query.get("purpose", "input") not in PURPOSES or query.get("state", "ready") not in FILE_STATES:
            return self._refuse(400, "purpose and state: Input should be one of those that exist")
        with self._lock:
            for file in self.files:
                self._ingest(file)
            found = [
                file
                for file in reversed(self.files)
                if file["state"] == query.get("state", file["state"] if file["state"] != "deleted" else "")
                and file["purpose"] == query.get("purpose", file["purpose"])
            ]
        if cursor := query.get("cursor"):
            last = base64.urlsafe_b64decode(cursor).decode()
            found = [file for file in found if file["id"] < last]
        page = found[: int(limit)]
        more = len(found) > len(page)
        after = base64.urlsafe_b64encode(page[-1]["id"].encode()).decode() if more else None
        return JSONResponse({"data": [_shown(file) for file in page], "has_more": more, "next_cursor": after})

    def _refuse(self, status: int, detail: str) -> Response:
        return JSONResponse({"detail": detail}, status)

    @contextmanager
    def running(self) -> Iterator[FakeLuma]:
        """Run the server on a free loopback port."""
        self._inner = self.app()
        with served(self) as origin:
            self._origin, self.base_url = origin, origin + PREFIX
            yield self

    def environment(self) -> dict[str, str]:
        """Variables that make a process use this server as the hosted API."""
        return {"LUMA_AGENTS_API_KEY": KEY, "LUMA_BASE_URL": self.base_url}

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Use this server as the hosted API in this process."""
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)


def _shown(document: Document) -> Document:
    return {name: value for name, value in document.items() if not name.startswith("_")}


def _created(file: Document, upload: Document | None) -> Document:
    return {"id": file["id"], "state": file["state"], "file": _shown(file), "upload": upload}


def _parts(body: bytes, told: str) -> tuple[Document, tuple[bytes, str, str | None]]:
    """The fields of a multipart form, and its file: bytes, MIME type and name."""
    boundary = re.search(r'boundary="?([^";]+)', told)
    edge = b"--" + (boundary[1] if boundary else "?").encode()
    first, *parts, end = body.split(edge)
    if first or not parts or end.strip() != b"--":
        raise ValueError("not a form")
    fields: Document = {}
    file = None
    for part in parts:
        head, _, data = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(r'; name="([^"]*)"', head.decode())
        filename = re.search(r'; filename="([^"]*)"', head.decode())
        kind = re.search(r"content-type: (\S+)", head.decode(), re.IGNORECASE)
        if name is None:
            raise ValueError("not a form")
        if name[1] == "file" and filename is not None:
            file = (data, kind[1] if kind else "application/octet-stream", filename[1])
        else:
            fields[name[1]] = data.decode()
    if file is None:
        raise ValueError("file: Field required")
    return fields, file


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
