"""The operations of the Dream Machine API v1.1.0, as the studio does them."""

from __future__ import annotations

import hashlib
import hmac
import math
import uuid
from collections.abc import Mapping
from typing import Final

from pydantic_core import to_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from dream_nb.api.request_models import GenerationRequest, ImageGenerationRequest
from dream_nb.studio import answers, rules
from dream_nb.studio.answers import PREFIX
from dream_nb.studio.assets import AssetFiles, new_name, thumbnail_of
from dream_nb.studio.create_batches import CreateBatches
from dream_nb.studio.credits import price, to_cents
from dream_nb.studio.inputs import set_aside
from dream_nb.studio.queue import Queue
from dream_nb.studio.render import CAMERA_MOTIONS
from dream_nb.studio.rules import Refusal
from dream_nb.studio.settings import Settings
from dream_nb.studio.store import Draft, InsufficientCreditsError, Store

TAKE_HEADER: Final = "Dream-Take"
_MINUTE: Final = 60.0


class Operations:
    """What a studio answers, operation by operation. Each raises `Refusal` where it answers no success.

    Args:
        keys: the bearer key of each account; only their hashes are kept.
        store: the generations.
        assets: their files.
        queue: told of what is new, and asked how far it is.
        settings: prices and limits.
    """

    def __init__(
        self, keys: Mapping[str, str], store: Store, assets: AssetFiles, queue: Queue, settings: Settings
    ) -> None:
        self._keys = {account: hashlib.sha256(key.encode()).digest() for account, key in keys.items()}
        self._store = store
        self._assets = assets
        self._queue = queue
        self._settings = settings
        if settings.public_url is not None and not rules.is_http_url(settings.public_url):
            raise ValueError(f"public_url is {settings.public_url[:80]!r}, which is not an http(s) URL")
        self._creates = CreateBatches(store, self._check_limits)

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
        return json_response(answers.generation(record, self._base_url(request), self._queue))

    async def list_generations(self, request: Request) -> Response:
        """`listGenerations`."""
        account = self._account(request)
        query = request.query_params
        limit = rules.whole_number("limit", query.get("limit"), 100, 1, rules.MAX_PAGE)
        offset = rules.whole_number("offset", query.get("offset"), 0, 0, rules.MAX_OFFSET)
        uids = self._store.page(account, limit + 1, offset)
        base_url = self._base_url(request)
        # What is finished is known by its id: only the others are looked up.
        known = answers.finished(base_url)
        shown = [known.get(uid) or self._written(uid, base_url) for uid in uids[:limit]]
        return json_response(answers.page(list(filter(None, shown)), len(uids) > limit, limit, offset))

    def _written(self, uid: str, base_url: str) -> bytes | None:
        record = self._store.find(uid)
        # Another studio on the same folder may have deleted it meanwhile.
        return answers.generation(record, base_url, self._queue) if record else None

    async def delete_generation(self, request: Request) -> Response:
        """`deleteGeneration`."""
        deleted = self._store.delete(request.path_params["id"], self._account(request))
        if deleted is None:
            raise _unknown(request)
        record, inputs = deleted
        self._queue.cancel(record.id)
        self._assets.remove(record.asset, thumbnail_of(record.asset), *inputs)
        return Response(status_code=204)

    async def get_credits(self, request: Request) -> Response:
        """`getCredits`."""
        balance = self._store.balance(self._account(request))
        return json_response(to_json({"credit_balance": to_cents(balance)}))

    async def get_camera_motion(self, request: Request) -> Response:
        """`getCameraMotion`."""
        self._account(request)
        return json_response(to_json(CAMERA_MOTIONS))

    async def ping(self, request: Request) -> Response:
        """`ping`."""
        self._account(request)
        return json_response(b'{"message":"pong"}')

    async def asset(self, request: Request) -> Response:
        """A file, without a key."""
        response = self._assets.response(request.path_params["name"], request)
        if response is None:
            raise Refusal(404, "there is no such asset")
        return response

    async def _create(self, request: Request, schema: type[rules.Request]) -> Response:
        account = self._account(request)
        draft = self._draft(request, account, schema, await self._body(request))
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
        return json_response(answers.generation(record, draft.base_url), 201)

    def _draft(self, request: Request, account: str, schema: type[rules.Request], body: bytes) -> Draft:
        take = request.headers.get(TAKE_HEADER)
        number = rules.whole_number(TAKE_HEADER, take, 1, 1, rules.MAX_TAKE)

        def state_of(uid: str) -> str | None:
            record = self._store.find(uid, account)
            return record.state if record else None

        asked = rules.read_request(schema, body, state_of)
        base_url = self._base_url(request)
        document = asked.wire()
        digest = rules.digest(document)
        inputs = set_aside(document, self._assets, base_url)
        written = to_json(document)
        if len(written) > self._settings.max_request:
            self._assets.remove(*inputs)
            raise Refusal(413, f"written out, the request has more than {self._settings.max_body} bytes")
        suffix = "mp4" if asked.generation_type == "video" else getattr(asked, "format", None) or "jpg"
        return Draft(
            id=str(uuid.uuid4()),
            account=account,
            kind=asked.generation_type,
            take=number if take is not None else None,
            digest=digest,
            request=written.decode(),
            base_url=base_url,
            asset=new_name(suffix),
            price=price(asked, self._settings.prices),
            callback_url=asked.callback_url,
            inputs=tuple(inputs),
            shorter_side=self._settings.shorter_side,
            longest_seconds=self._settings.longest_seconds,
        )

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
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > self._settings.max_body:
                    detail = f"the body has more than {self._settings.max_body} bytes"
                    raise Refusal(413, detail, {"connection": "close"})
        except ClientDisconnect:
            # Nobody hears this, and it is no defect.
            raise Refusal(400, "the connection ended within the body") from None
        return bytes(body)

    def _account(self, request: Request) -> str:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        presented = hashlib.sha256(key.encode("latin-1", "replace")).digest()
        found = None
        for account, known in self._keys.items():
            if hmac.compare_digest(presented, known):
                found = account
        if not key or found is None or scheme.lower() != "bearer":
            detail = "Invalid API key" if key else "A bearer key is missing: send Authorization: Bearer <key>"
            raise Refusal(401, detail, {"www-authenticate": "Bearer"})
        return found

    def _base_url(self, request: Request) -> str:
        if self._settings.public_url:
            return self._settings.public_url.rstrip("/")
        served = "{}:{}".format(*(request.scope.get("server") or ("localhost", 80)))
        for host in (request.headers.get("host"), served):
            url = f"{request.scope['scheme']}://{host}{PREFIX}"
            if host and rules.is_http_url(url):
                return url
        return f"{request.scope['scheme']}://localhost{PREFIX}"


def json_response(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose body is JSON already."""
    return Response(body, status, headers, "application/json")


def _unknown(request: Request) -> Refusal:
    return Refusal(404, f"there is no generation {request.path_params['id'][:80]!r}")
