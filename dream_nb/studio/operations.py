"""The studio's implementation of the Dream Machine API's operations, of 2024 and of 2025."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Mapping
from typing import Final

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from dream_nb.api.models import FINAL_STATES
from dream_nb.api.request_models import (
    CONCEPTS,
    RESOLUTIONS,
    AudioGenerationRequest,
    GenerationRequest,
    ImageGenerationRequest,
    Media,
    ModifyVideoRequest,
    ReframeImageRequest,
    ReframeVideoRequest,
    UpscaleVideoGenerationRequest,
)
from dream_nb.studio import answers, rules
from dream_nb.studio.access import Access
from dream_nb.studio.assets import AssetFiles, new_name, thumbnail_of
from dream_nb.studio.create_batches import CreateBatches
from dream_nb.studio.credits import price, to_cents
from dream_nb.studio.inputs import set_aside
from dream_nb.studio.queue import Queue
from dream_nb.studio.record import DREAM_MACHINE, StoredGeneration
from dream_nb.studio.render import CAMERA_MOTIONS
from dream_nb.studio.rules import Refusal
from dream_nb.studio.settings import Settings
from dream_nb.studio.source_files import made_at
from dream_nb.studio.store import Draft, InsufficientCreditsError, Store

TAKE_HEADER: Final = "Dream-Take"
_SYNC_SECONDS: Final = 60.0
_SYNC_LOOK_SECONDS: Final = 0.05
# The resolution of an upscaled video if that of its source is unknown.
_UPSCALED: Final = "1080p"
# The model of videos whose request names none, as in 2024, when only one existed.
_MODEL_OF_2024: Final = "ray-1-6"


class Operations:
    """The studio's answers, by operation. Each method raises `Refusal` unless it succeeds.

    Args:
        access: identifies the account of a request.
        store: the store of the generations.
        assets: the folder of their files.
        queue: the queue, which is notified of new generations and knows their progress.
        creates: stores new generations.
        settings: the settings, with prices and limits.
    """

    def __init__(
        self,
        access: Access,
        store: Store,
        assets: AssetFiles,
        queue: Queue,
        creates: CreateBatches,
        settings: Settings,
    ) -> None:
        self._access = access
        self._store = store
        self._assets = assets
        self._queue = queue
        self._creates = creates
        self._settings = settings
        self._ending = asyncio.Event()

    async def create_generation(self, request: Request) -> Response:
        """`createGeneration` of 2024."""
        return await self._create(request, GenerationRequest, is_strict=False)

    async def create_video(self, request: Request) -> Response:
        """`createGeneration` of 2025."""
        return await self._create(request, GenerationRequest)

    async def generate_image(self, request: Request) -> Response:
        """`generateImage`, of 2024 and of 2025."""
        return await self._create(request, ImageGenerationRequest)

    async def modify_video(self, request: Request) -> Response:
        """`modifyVideo`."""
        return await self._create(request, ModifyVideoRequest)

    async def reframe_video(self, request: Request) -> Response:
        """`reframeVideo`."""
        return await self._create(request, ReframeVideoRequest)

    async def reframe_image(self, request: Request) -> Response:
        """`reframeImage`."""
        return await self._create(request, ReframeImageRequest)

    async def upscale(self, request: Request) -> Response:
        """`upscaleGeneration`."""
        return await self._create(request, UpscaleVideoGenerationRequest, status=200)

    async def add_audio(self, request: Request) -> Response:
        """`addAudioToGeneration`."""
        return await self._create(request, AudioGenerationRequest, status=200)

    async def get_generation(self, request: Request) -> Response:
        """`getGeneration`."""
        record = self._store.find(request.path_params["id"], self._access.account(request), DREAM_MACHINE)
        if record is None:
            raise _unknown(request)
        return json_response(answers.generation(record, self._access.base_url(request), self._queue))

    async def list_generations(self, request: Request) -> Response:
        """`listGenerations`."""
        account = self._access.account(request)
        query = request.query_params
        limit = rules.whole_number("limit", query.get("limit"), 100, 1, rules.MAX_PAGE)
        offset = rules.whole_number("offset", query.get("offset"), 0, 0, rules.MAX_OFFSET)
        uids = self._store.page(account, DREAM_MACHINE, limit + 1, offset)
        base_url = self._access.base_url(request)
        # The documents of finished generations are cached by id: only the others are looked up.
        known = answers.finished(base_url)
        shown = [known.get(uid) or self._written(uid, base_url) for uid in uids[:limit]]
        return json_response(answers.page(list(filter(None, shown)), len(uids) > limit, limit, offset))

    def _written(self, uid: str, base_url: str) -> bytes | None:
        record = self._store.find(uid)
        # Another studio on the same folder may have deleted it meanwhile.
        return answers.generation(record, base_url, self._queue) if record else None

    async def delete_generation(self, request: Request) -> Response:
        """`deleteGeneration`."""
        deleted = self._store.delete(request.path_params["id"], self._access.account(request), DREAM_MACHINE)
        if deleted is None:
            raise _unknown(request)
        record, inputs = deleted
        self._queue.cancel(record.id)
        self._assets.remove(record.asset, thumbnail_of(record.asset), *inputs)
        return Response(status_code=204)

    async def get_credits(self, request: Request) -> Response:
        """`getCredits`."""
        balance = self._store.balance(self._access.account(request))
        return json_response(to_json({"credit_balance": to_cents(balance)}))

    async def get_concepts(self, request: Request) -> Response:
        """`getConcepts`."""
        self._access.account(request)
        return json_response(to_json(CONCEPTS))

    async def get_camera_motion(self, request: Request) -> Response:
        """`getCameraMotion`."""
        self._access.account(request)
        return json_response(to_json(CAMERA_MOTIONS))

    async def ping(self, request: Request) -> Response:
        """`ping`."""
        self._access.account(request)
        return json_response(b'{"message":"pong"}')

    async def asset(self, request: Request) -> Response:
        """Return a file, without a key."""
        response = self._assets.response(request.path_params["name"], request)
        if response is None:
            raise Refusal(404, "asset not found")
        return response

    async def _create(
        self, request: Request, schema: type[rules.Request], *, is_strict: bool = True, status: int = 201
    ) -> Response:
        account = self._access.account(request)
        body = await self._access.body(request)
        source = self._source(request, account)
        asked = self._asked(account, schema, body, is_strict=is_strict)
        if source is not None:
            _check_source(source)
        draft = self._draft(request, account, asked, source)
        try:
            record = await self._creates.create(draft)
        except InsufficientCreditsError as error:
            self._assets.remove(*draft.inputs)
            cost, left = to_cents(draft.price), to_cents(error.balance)
            raise Refusal(400, f"Insufficient credits: this costs {cost:g} cents, and {left:g} are left") from None
        except Exception:
            self._assets.remove(*draft.inputs)
            raise
        self._queue.wake()
        if isinstance(asked, ImageGenerationRequest) and asked.sync:
            record = await self._finished(request, record, asked.sync_timeout)
        return json_response(answers.generation(record, draft.base_url), status)

    def stop_waiting(self) -> None:
        """Answer waiting requests for pictures now, because this studio is stopping."""
        self._ending.set()

    async def _finished(self, request: Request, record: StoredGeneration, seconds: float | None) -> StoredGeneration:
        """Return a generation as soon as it is finished, or as it is after `seconds`, by default 60."""
        end = time.monotonic() + (_SYNC_SECONDS if seconds is None else seconds)
        # Polls the database, because another studio on the same folder may draw it.
        while record.state not in FINAL_STATES and (left := end - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), min(left, _SYNC_LOOK_SECONDS))
            if self._ending.is_set() or await request.is_disconnected():
                break
            found = self._store.find(record.id)
            if found is None:
                raise Refusal(404, f"generation {record.id} was deleted")
            record = found
        return record

    def _source(self, request: Request, account: str) -> StoredGeneration | None:
        """The generation that the path of a request names, or None if the path has no id."""
        if "id" not in request.path_params:
            return None
        source = self._store.find(request.path_params["id"], account, DREAM_MACHINE)
        if source is None:
            raise _unknown(request)
        return source

    def _asked(self, account: str, schema: type[rules.Request], body: bytes, *, is_strict: bool) -> rules.Request:
        def state_of(uid: str) -> str | None:
            record = self._store.find(uid, account, DREAM_MACHINE)
            return record.state if record else None

        return rules.read_request(schema, body, state_of, is_strict=is_strict and not self._settings.lenient)

    def _draft(self, request: Request, account: str, asked: rules.Request, source: StoredGeneration | None) -> Draft:
        take = request.headers.get(TAKE_HEADER)
        number = rules.whole_number(TAKE_HEADER, take, 1, 1, rules.MAX_TAKE)
        base_url = self._access.base_url(request)
        lines = self._lines(account, asked, source)
        document = asked.wire()
        # The same prompt for the sound of another video is a different request.
        digest = rules.digest(document | ({"media": source.id} if source else {}))
        inputs = set_aside(document, type(asked), self._assets, base_url)
        written = to_json(document)
        if len(written) > self._settings.max_request:
            self._assets.remove(*inputs)
            raise Refusal(413, f"the request has more than {self._settings.max_request} bytes as JSON")
        suffix = "mp4" if asked.kind == "video" else getattr(asked, "format", None) or "jpg"
        return Draft(
            id=str(uuid.uuid4()),
            account=account,
            api=DREAM_MACHINE,
            kind=asked.kind,
            take=number if take is not None else None,
            digest=digest,
            request=written.decode(),
            base_url=base_url,
            asset=new_name(suffix),
            price=price(asked, lines, self._settings.prices),
            callback_url=asked.callback_url,
            model=asked.model or (source.model if source else _MODEL_OF_2024),
            source=source.id if source else None,
            lines=lines,
            inputs=tuple(inputs),
            shorter_side=self._settings.now().shorter_side,
            longest_seconds=self._settings.now().longest_seconds,
        )

    def _lines(self, account: str, asked: rules.Request, source: StoredGeneration | None) -> int | None:
        """The resolution of the video that a request makes, in lines; None if it is unknown."""
        if isinstance(asked, GenerationRequest):
            return RESOLUTIONS[asked.resolution or rules.DEFAULT_RESOLUTION]
        if isinstance(asked, ModifyVideoRequest | ReframeVideoRequest) and isinstance(asked.media, Media):
            made = made_at(self._store, account, asked.media.url)
            return made.lines if made else None
        if not isinstance(asked, UpscaleVideoGenerationRequest):
            return source.lines if source else None
        present = source.lines if source else None
        if asked.resolution is None:
            return _next_above(present)
        wanted = RESOLUTIONS[asked.resolution]
        if present is not None and wanted <= present and not self._settings.lenient:
            raise rules.bad("resolution", f"{asked.resolution} is not higher than {present} lines, which the video has")
        return wanted


def json_response(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response whose body is already encoded as JSON."""
    return Response(body, status, headers, "application/json")


def _check_source(source: StoredGeneration) -> None:
    """Refuse a source that cannot be upscaled or given sound."""
    if source.kind != "video":
        raise rules.bad("id", f"generation {source.id} is an image; only videos are upscaled or given sound")
    if source.state != "completed":
        raise rules.bad("id", f"generation {source.id} is {source.state}; it has to be completed")


def _next_above(lines: int | None) -> int:
    """The next resolution of the API, in lines."""
    if lines is None:
        return RESOLUTIONS[_UPSCALED]
    higher = [side for side in RESOLUTIONS.values() if side > lines]
    if not higher:
        raise rules.bad("resolution", f"the video has {lines} lines, which is the highest resolution")
    return min(higher)


def _unknown(request: Request) -> Refusal:
    return Refusal(404, f"generation not found: {request.path_params['id'][:80]!r}")
