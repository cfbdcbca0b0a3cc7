"""The studio's implementation of the Luma API's operations."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from dream_nb.api.luma_requests import LumaRequest
from dream_nb.studio import rules
from dream_nb.studio.access import Access
from dream_nb.studio.answers import LUMA_PREFIX
from dream_nb.studio.assets import AssetFiles, new_name
from dream_nb.studio.create_batches import CreateBatches
from dream_nb.studio.credits import luma_credits, to_cents
from dream_nb.studio.luma_answers import is_current, luma_generation
from dream_nb.studio.luma_files import UploadedFiles
from dream_nb.studio.luma_inputs import DEFAULT_LINES, kind_of, set_data_aside
from dream_nb.studio.luma_rules import read_luma_request
from dream_nb.studio.operations import TAKE_HEADER, json_response
from dream_nb.studio.queue import Queue
from dream_nb.studio.record import LUMA
from dream_nb.studio.rules import Refusal
from dream_nb.studio.settings import Settings
from dream_nb.studio.store import Draft, InsufficientCreditsError, Store

# Identifies the user, so it does not make a request different.
_NOT_ASKED: Final = frozenset({"user_id"})


class LumaOperations:
    """The studio's answers in the Luma API. Each operation raises `Refusal` unless it succeeds.

    Args:
        access: identifies the account of a request.
        store: the store of the generations.
        files: the store of uploaded files.
        assets: the folder of the files of both.
        queue: the queue, which is notified of new generations and knows their progress.
        creates: stores new generations.
        settings: the settings, with prices and limits.
    """

    def __init__(
        self,
        access: Access,
        store: Store,
        files: UploadedFiles,
        assets: AssetFiles,
        queue: Queue,
        creates: CreateBatches,
        settings: Settings,
    ) -> None:
        self._access = access
        self._store = store
        self._files = files
        self._assets = assets
        self._queue = queue
        self._creates = creates
        self._settings = settings

    async def create(self, request: Request) -> Response:
        """`POST /generations`."""
        account = self._access.account(request)
        asked = read_luma_request(await self._access.body(request), _Account(self._store, self._files, account))
        draft = self._draft(request, account, asked)
        try:
            record = await self._creates.create(draft)
        except InsufficientCreditsError as error:
            self._assets.remove(*draft.inputs)
            cost, left = to_cents(draft.price), to_cents(error.balance)
            raise Refusal(402, f"Insufficient balance: this costs {cost:g} cents, and {left:g} are left") from None
        except Exception:
            self._assets.remove(*draft.inputs)
            raise
        self._queue.wake()
        return json_response(luma_generation(record, draft.base_url, self._settings.address_seconds, ()), 201)

    async def get(self, request: Request) -> Response:
        """`GET /generations/{id}`."""
        record = self._store.find(request.path_params["id"].lower(), self._access.account(request), LUMA)
        if record is None:
            raise Refusal(404, f"generation not found: {request.path_params['id'][:80]!r}")
        outputs = self._store.outputs(record.id) if record.state == "completed" else ()
        base_url = self._access.base_url(request, LUMA_PREFIX)
        return json_response(luma_generation(record, base_url, self._settings.address_seconds, outputs, self._queue))

    async def asset(self, request: Request) -> Response:
        """Return a file, by the address that `get` returned, without a key."""
        if "authorization" in request.headers:
            raise Refusal(400, "this address has a signature: leave out the Authorization header")
        name = request.path_params["name"]
        if not is_current(name, request.query_params):
            raise Refusal(403, "this address has expired: get the generation again for a fresh one")
        response = self._assets.response(name, request)
        if response is None:
            raise Refusal(404, "asset not found")
        return response

    def _draft(self, request: Request, account: str, asked: LumaRequest) -> Draft:
        take = request.headers.get(TAKE_HEADER)
        number = rules.whole_number(TAKE_HEADER, take, 1, 1, rules.MAX_TAKE)
        document = asked.wire()
        digest = rules.digest({name: value for name, value in document.items() if name not in _NOT_ASKED})
        inputs = set_data_aside(document, self._assets, self._access.base_url(request))
        suffix = {"video": "mp4"}.get(kind_of(asked)) or ("jpg" if _is_jpeg(asked) else "png")
        resolution = (asked.video.resolution if asked.video else None) or DEFAULT_LINES
        return Draft(
            id=str(uuid.uuid4()),
            account=account,
            api=LUMA,
            kind=kind_of(asked),
            take=number if take is not None else None,
            digest=digest,
            request=to_json(document).decode(),
            base_url=self._access.base_url(request, LUMA_PREFIX),
            asset=new_name(suffix),
            price=luma_credits(asked, self._settings.prices),
            callback_url=None,
            model=asked.model,
            lines=int(resolution.removesuffix("p")) if kind_of(asked) == "video" else None,
            inputs=tuple(inputs),
            shorter_side=self._settings.now().shorter_side,
            longest_seconds=self._settings.now().longest_seconds,
        )


def _is_jpeg(asked: LumaRequest) -> bool:
    return asked.type != "layering" and asked.output_format != "png"


@dataclass(frozen=True, slots=True)
class _Account:
    """Everything in an account that a request may refer to."""

    store: Store
    files: UploadedFiles
    account: str

    def generation(self, uid: str) -> tuple[str, str] | None:
        """Return the kind and state of a generation by its id, or None."""
        record = self.store.find(uid, self.account, LUMA)
        return (record.kind, record.state) if record else None

    def file(self, uid: str) -> tuple[str, str] | None:
        """Return the MIME type and state of a file by its id, or None."""
        file = self.files.find(uid, self.account)
        return (file.mime_type, file.state) if file else None
