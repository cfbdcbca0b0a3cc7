"""The Luma API's operations on files.

A file is sent within the request, or it is announced, uploaded and completed. Then it is examined.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic_core import to_json
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from dream_nb.api.errors import UnreadableFileError
from dream_nb.api.luma_limits import MAX_FILE_BYTES, PURPOSES
from dream_nb.api.luma_models import FILE_STATES
from dream_nb.api.luma_requests import FileRequest
from dream_nb.files import replacing
from dream_nb.media.video import opened
from dream_nb.studio import rules
from dream_nb.studio.access import Access
from dream_nb.studio.answers import LUMA_PREFIX
from dream_nb.studio.assets import AssetFiles, new_name
from dream_nb.studio.faults import Faults
from dream_nb.studio.fetch import FetchError, check_pixels
from dream_nb.studio.inputs import SUFFIXES
from dream_nb.studio.luma_answers import is_current, signed_url
from dream_nb.studio.luma_files import UploadedFile, UploadedFiles, moment
from dream_nb.studio.luma_rules import MAX_DATA, is_mime, read_object, read_schema
from dream_nb.studio.operations import json_response
from dream_nb.studio.rules import Refusal, bad
from dream_nb.studio.settings import Settings

_PAGE: Final = 25
_MOST_ON_A_PAGE: Final = 100
_QUERY: Final = frozenset({"cursor", "limit", "purpose", "state"})
_FIELDS: Final = frozenset({"purpose", "filename", "expires_at", "user_id"})
_NEVER_NULL: Final = ("mime_type", "size_bytes", "purpose")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LONGEST_NAME: Final = 1024
_SHOWN: Final = frozenset(UploadedFile._fields) - {"seq", "account", "asset", "given"}

logger = logging.getLogger("dream_nb.studio")


class LumaUploads:
    """The studio's answers below `/files`. Each operation raises `Refusal` unless it succeeds.

    Args:
        access: identifies the account of a request.
        files: the store of uploaded files.
        assets: the folder of their bytes.
        settings: the settings, with limits.
        faults: the failures to inject.
    """

    def __init__(
        self, access: Access, files: UploadedFiles, assets: AssetFiles, settings: Settings, faults: Faults | None
    ) -> None:
        self._access = access
        self._files = files
        self._assets = assets
        self._settings = settings
        self._faults = faults
        self._examining: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to examine the files that earlier studios did not examine, on the running loop."""
        for file in self._files.unexamined():
            self._examine(file)

    async def stop(self) -> None:
        """Stop examining. Remaining files are examined when a studio next starts."""
        tasks = list(self._examining.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def create(self, request: Request) -> Response:
        """`POST /files`: a form that contains the file, or JSON that announces it."""
        account = self._access.account(request)
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            return await self._take(request, account)
        document = read_object(await self._access.body(request))
        file = _announced(document, account)
        self._files.add(file)
        expires = datetime.now(UTC) + timedelta(seconds=self._settings.address_seconds)
        address = f"{self._access.base_url(request, LUMA_PREFIX)}/store/{file.id}"
        upload = {
            "url": signed_url(address, self._settings.address_seconds),
            "method": "PUT",
            "headers": {"Content-Type": file.mime_type},
            "expires_at": moment(expires),
        }
        return json_response(_created(file, upload), 201)

    async def _take(self, request: Request, account: str) -> Response:
        """Store a file whose bytes are in the request."""
        body = await self._access.body(request)

        async def chunks() -> AsyncIterator[bytes]:
            yield body

        try:
            parser = MultiPartParser(request.headers, chunks(), max_files=1, max_fields=len(_FIELDS))  # type: ignore[arg-type]
            form = await parser.parse()
        except MultiPartException as error:
            raise Refusal(400, f"the body is not a form: {error.message}") from None
        try:
            part = form.get("file")
            if not isinstance(part, UploadFile):
                raise bad("file", "Field required")
            data = await part.read()
            fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
            fields.setdefault("filename", part.filename or "")
            mime_type = part.content_type or "application/octet-stream"
        finally:
            await form.close()
        if not data:
            raise bad("file", "is empty")
        document = {name: value for name, value in fields.items() if value or name != "filename"}
        file = _announced({**document, "mime_type": mime_type, "size_bytes": len(data)}, account)
        await asyncio.to_thread(self._assets.write, file.asset, data)
        file = file._replace(given=1)
        self._files.add(file)
        self._examine(file)
        return json_response(_created(file, None), 201)

    async def put(self, request: Request) -> Response:
        """`PUT` of the bytes to the address that `create` returned, without a key."""
        if "authorization" in request.headers:
            raise Refusal(400, "this address has a signature: leave out the Authorization header")
        uid = request.path_params["id"]
        file = self._files.find(uid, None)
        if file is None or not is_current(uid, request.query_params):
            raise Refusal(403, "this address has expired: announce the file again")
        if file.state != "pending" or file.given:
            raise Refusal(403, f"file {uid} is complete, and is not written again")
        if request.headers.get("content-type") != file.mime_type:
            raise Refusal(403, f"Content-Type has to be {file.mime_type}, as it was announced")
        told = request.headers.get("content-length")
        if told is None:
            raise Refusal(411, "Content-Length is missing")
        if told != str(file.size_bytes):
            raise Refusal(400, f"the file has {told[:20]} bytes, and {file.size_bytes} were announced")
        try:
            with replacing(self._assets.place(file.asset)) as partial, partial.open("xb") as into:
                async for chunk in request.stream():
                    await asyncio.to_thread(into.write, chunk)
        except ClientDisconnect:
            # The client has left, so nobody receives this answer; raised so that it is not logged as a defect.
            raise Refusal(400, "the connection ended within the file") from None
        return Response(status_code=200)

    async def complete(self, request: Request) -> Response:
        """`POST /files/{id}/complete`."""
        file = self._found(request)
        if file.state == "deleted":
            raise Refusal(422, f"file {file.id} was deleted")
        if not file.given:
            if not self._assets.place(file.asset).is_file():
                raise Refusal(422, f"no bytes were put for file {file.id}")
            file = self._files.give(file)
            self._examine(file)
        return json_response(to_json(_shown(file)))

    async def get(self, request: Request) -> Response:
        """`GET /files/{id}`."""
        return json_response(to_json(_shown(self._found(request))))

    async def delete(self, request: Request) -> Response:
        """`DELETE /files/{id}`."""
        file = self._found(request)
        if file.state != "deleted":
            self._files.delete(file)
        return Response(status_code=204)

    async def list(self, request: Request) -> Response:
        """`GET /files`."""
        account = self._access.account(request)
        query = request.query_params
        for name in query:
            if name not in _QUERY:
                raise bad(name[:40], "is not a parameter of this list: remove it")
        limit = rules.whole_number("limit", query.get("limit"), _PAGE, 1, _MOST_ON_A_PAGE)
        for name, known in (("purpose", PURPOSES), ("state", FILE_STATES)):
            if name in query and query[name] not in known:
                raise bad(name, f"{query[name][:40]!r} is not one of {', '.join(known)}")
        before = _read_cursor(query["cursor"]) if "cursor" in query else None
        found = self._files.page(account, before, limit + 1, query.get("purpose"), query.get("state"))
        page = found[:limit]
        more = len(found) > limit
        document = {
            "data": [_shown(file) for file in page],
            "has_more": more,
            "next_cursor": _cursor(page[-1]) if more else None,
        }
        return json_response(to_json(document))

    def _found(self, request: Request) -> UploadedFile:
        file = self._files.find(request.path_params["id"].lower(), self._access.account(request))
        if file is None:
            raise Refusal(404, f"file {request.path_params['id'][:80]!r} was not found")
        return file

    def _examine(self, file: UploadedFile) -> None:
        task = self._examining[file.id] = asyncio.create_task(self._examined(file))
        task.add_done_callback(lambda _: self._examining.pop(file.id, None))

    async def _examined(self, file: UploadedFile) -> None:
        fault = self._faults.rejection() if self._faults else None
        try:
            problem = fault.reject if fault else await asyncio.to_thread(self._problem, file)
            self._files.examined(file, problem)
        except Exception:
            # The file stays pending, and is examined when a studio next starts.
            logger.exception("file %s could not be examined", file.id)

    def _problem(self, file: UploadedFile) -> str | None:
        """The reason why a file cannot be used, or None."""
        kind = file.mime_type.partition("/")[0]
        if kind not in MAX_DATA:
            return f"unsupported format {file.mime_type}: pictures and videos can be used"
        if file.size_bytes > MAX_DATA[kind]:
            return f"the {kind} has {file.size_bytes} bytes, and {MAX_DATA[kind]} are accepted"
        path = self._assets.place(file.asset)
        try:
            if kind == "image":
                check_pixels(path.read_bytes(), self._settings.max_pixels)
            else:
                with opened(path, threads=False) as container:
                    next(container.decode(container.streams.video[0]))
        except FetchError as error:
            return f"corrupt input: {error}"
        except UnreadableFileError as error:
            return f"corrupt input: the file {error.reason}"
        except StopIteration:
            return "corrupt input: the video has no frame"
        except OSError:
            return "the bytes of the file are gone"
        return None


def _announced(document: dict[str, Any], account: str) -> UploadedFile:
    """Return a pending file as it was announced, after checking the announcement."""
    for name in _NEVER_NULL:
        if name in document and document[name] is None:
            raise bad(name, "null is not a value: leave the field out")
    document = dict(document)
    if isinstance(expires := document.get("expires_at"), str):
        try:
            if not _MOMENT.fullmatch(expires):
                raise ValueError
            document["expires_at"] = datetime.fromisoformat(expires)
        except ValueError:
            raise bad(
                "expires_at", f"{expires[:40]!r} is not a time with its zone, such as 2030-01-31T12:00:00Z"
            ) from None
    size = document.get("size_bytes")
    if type(size) is int and size > MAX_FILE_BYTES:
        raise Refusal(413, f"size_bytes: {size} is over the limit of {MAX_FILE_BYTES}")
    try:
        asked = read_schema(FileRequest, document)
    except Refusal as refusal:
        # An announcement is never refused with 422, the status for invalid combinations.
        raise Refusal(400, refusal.detail) from None
    if not is_mime(asked.mime_type):
        raise bad("mime_type", f"{asked.mime_type[:40]!r} is not a MIME type")
    for name in ("filename", "user_id"):
        if len(getattr(asked, name) or "") > _LONGEST_NAME:
            raise bad(name, f"has more than {_LONGEST_NAME} characters")
    return UploadedFile(
        seq=0,
        id=str(uuid.uuid4()),
        account=account,
        state="pending",
        mime_type=asked.mime_type,
        size_bytes=asked.size_bytes,
        purpose=asked.purpose or PURPOSES[0],
        created_at=moment(),
        asset=new_name(SUFFIXES.get(asked.mime_type.lower(), "bin")),
        filename=asked.filename,
        user_id=asked.user_id,
        expires_at=moment(asked.expires_at) if asked.expires_at else None,
    )


def _shown(file: UploadedFile) -> dict[str, Any]:
    """Return the `File` of the API."""
    return {name: value for name, value in file._asdict().items() if name in _SHOWN}


def _created(file: UploadedFile, upload: dict[str, Any] | None) -> bytes:
    """Return the `CreateFileResponse` of the API."""
    return to_json({"id": file.id, "state": file.state, "file": _shown(file), "upload": upload})


def _cursor(file: UploadedFile) -> str:
    return base64.urlsafe_b64encode(str(file.seq).encode()).decode()


def _read_cursor(cursor: str) -> int:
    with contextlib.suppress(ValueError, binascii.Error):
        return int(base64.urlsafe_b64decode(cursor.encode()).decode("ascii")) % 2**63
    raise bad("cursor", "is not one that a page gave")
