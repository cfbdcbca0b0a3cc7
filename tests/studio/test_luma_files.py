"""Files of the Luma API: sent inline or announced, uploaded and completed; examined, listed, deleted, referenced."""

from __future__ import annotations

import asyncio
import base64
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from dream_nb.api.luma import AsyncLuma
from dream_nb.studio.faults import Fault, Faults
from tests.studio.machine import KEYS, LUMA_PREFIX, PATIENCE, PROMPT, Machine, bearer, in_process, picture, settings

pytestmark = pytest.mark.anyio

NOBODY = "00000000-0000-4000-8000-ffffffffffff"
PNG = picture()


async def plainly(luma: Machine, method: str, url: str, **more: Any) -> httpx2.Response:
    """The answer to a request without a key."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(luma.app)) as plain:
        return await plain.request(method, url, **more)


async def announced(luma: Machine, data: bytes = PNG, **more: Any) -> Any:
    body = {"mime_type": "image/png", "size_bytes": len(data)} | more
    answer = await luma.client.post("/files", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def put(luma: Machine, upload: Any, data: bytes = PNG, **changes: str) -> int:
    headers = {**upload["headers"], **changes}
    return (await plainly(luma, "PUT", upload["url"], content=data, headers=headers)).status_code


async def sent(luma: Machine, data: bytes = PNG, mime_type: str = "image/png", **fields: Any) -> Any:
    """The answer to a file that is sent in a form."""
    return await luma.client.post("/files", files={"file": ("a.png", data, mime_type)}, data=fields)


async def examined(luma: Machine, uid: str) -> Any:
    """Wait until a file is no longer pending; returns it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            file = (await luma.client.get(f"/files/{uid}")).json()
            if file["state"] != "pending":
                return file
            await asyncio.sleep(0.005)


async def ready(luma: Machine, data: bytes = PNG, mime_type: str = "image/png", **fields: Any) -> str:
    """Send a file and wait until it is ready; returns its id."""
    uid = (await sent(luma, data, mime_type, **fields)).json()["id"]
    file = await examined(luma, uid)
    assert file["state"] == "ready", file
    return str(uid)


async def test_a_file_comes_along_in_a_form(luma: Machine) -> None:
    answer = await sent(luma, purpose="reference", user_id="ada")
    created = answer.json()
    assert (answer.status_code, created["state"], created["upload"]) == (201, "pending", None)
    assert created["id"] == created["file"]["id"]
    file = await examined(luma, created["id"])
    told = {name: file[name] for name in ("state", "mime_type", "size_bytes", "filename", "purpose", "user_id")}
    assert told == {
        "state": "ready",
        "mime_type": "image/png",
        "size_bytes": len(PNG),
        "filename": "a.png",
        "purpose": "reference",
        "user_id": "ada",
    }


async def test_a_file_is_announced_put_and_completed(luma: Machine) -> None:
    created = await announced(luma, filename="b.png")
    uid, upload = created["id"], created["upload"]
    assert (created["state"], upload["method"], upload["headers"]) == ("pending", "PUT", {"Content-Type": "image/png"})
    assert (await luma.client.post(f"/files/{uid}/complete")).status_code == 422
    assert await put(luma, upload) == 200
    assert (await luma.client.get(f"/files/{uid}")).json()["state"] == "pending"
    assert (await luma.client.post(f"/files/{uid}/complete")).json()["state"] == "pending"
    assert (await examined(luma, uid))["state"] == "ready"


async def test_putting_a_file_again_does_no_harm(luma: Machine) -> None:
    created = await announced(luma)
    assert [await put(luma, created["upload"]) for _ in range(2)] == [200, 200]
    await luma.client.post(f"/files/{created['id']}/complete")
    assert await put(luma, created["upload"]) == 403
    assert (await examined(luma, created["id"]))["state"] == "ready"


@pytest.mark.parametrize(
    ("data", "changes", "status"),
    [
        (PNG + b"x", {}, 400),
        (PNG, {"Content-Type": "image/jpeg"}, 403),
        (PNG, {"Authorization": f"Bearer {KEYS['ada']}"}, 400),
    ],
)
async def test_what_is_put_is_what_was_announced(
    luma: Machine, data: bytes, changes: dict[str, str], status: int
) -> None:
    created = await announced(luma)
    assert await put(luma, created["upload"], data, **changes) == status
    assert (await luma.client.post(f"/files/{created['id']}/complete")).status_code == 422


async def test_an_address_to_put_a_file_counts_for_that_file_and_for_a_while(tmp_path: Path) -> None:
    async with in_process(tmp_path, settings=settings(address_seconds=-1), prefix=LUMA_PREFIX) as luma:
        expired = (await announced(luma))["upload"]
        assert await put(luma, expired) == 403
    async with in_process(tmp_path, prefix=LUMA_PREFIX) as luma:
        one, other = [(await announced(luma))["upload"] for _ in range(2)]
        crossed = other | {"url": other["url"].partition("?")[0] + "?" + one["url"].partition("?")[2]}
        assert await put(luma, crossed) == 403


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"size_bytes": 0}, 400),
        ({"size_bytes": 5 * 2**30 + 1}, 413),
        ({"size_bytes": "3"}, 400),
        ({"mime_type": "png"}, 400),
        ({"mime_type": None}, 400),
        ({"purpose": "other"}, 400),
        ({"purpose": None}, 400),
        ({"expires_at": "tomorrow"}, 400),
        ({"expires_at": "2030-01-01T00:00:00"}, 400),
        ({"sha256": "a"}, 400),
    ],
)
async def test_what_is_announced_has_a_form(luma: Machine, more: Any, status: int) -> None:
    answer = await luma.client.post("/files", json={"mime_type": "image/png", "size_bytes": 3} | more)
    assert (answer.status_code, list(answer.json())) == (status, ["detail"])
    assert (await luma.client.get("/files")).json()["data"] == []


async def test_a_form_has_a_file_and_no_unknown_field(luma: Machine) -> None:
    assert (await sent(luma, b"")).status_code == 400
    assert (await sent(luma, sha256="a")).status_code == 400
    assert (await luma.client.post("/files", files={"other": ("a.png", PNG, "image/png")})).status_code == 400
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert (await luma.client.post("/files", content=b"no form", headers=broken)).status_code == 400


async def test_a_file_that_is_too_large_to_come_along_is_refused(tmp_path: Path) -> None:
    async with in_process(tmp_path, settings=settings(max_body=1000), prefix=LUMA_PREFIX) as luma:
        assert (await sent(luma, bytes(1001))).status_code == 413


@pytest.mark.parametrize(
    ("data", "mime_type", "reason"),
    [
        (b"abc", "image/png", "corrupt input: the file there"),
        (b"abc", "video/mp4", "corrupt input: the file is not a video"),
        (PNG, "video/mp4", "corrupt input: the file is not a video"),
        (b"abc", "application/pdf", "unsupported format application/pdf"),
    ],
)
async def test_a_file_that_cannot_be_used_fails_with_its_reason(
    luma: Machine, data: bytes, mime_type: str, reason: str
) -> None:
    file = await examined(luma, (await sent(luma, data, mime_type)).json()["id"])
    assert file["state"] == "failed"
    assert file["failure_reason"].startswith(reason)
    refused = await luma.refusal({"prompt": PROMPT, "image_ref": [{"file_id": file["id"]}]})
    assert refused == (422, "image_ref.0: file_id not found or not ready")


async def test_a_file_fails_where_a_fault_says_so(tmp_path: Path) -> None:
    faults = Faults(Fault(reject="Image moderation failed"))
    async with in_process(tmp_path, faults=faults, prefix=LUMA_PREFIX) as luma:
        file = await examined(luma, (await sent(luma)).json()["id"])
        assert (file["state"], file["failure_reason"]) == ("failed", "Image moderation failed")
        await ready(luma)


async def test_a_video_is_examined_as_one(luma: Machine) -> None:
    made = await luma.made({"prompt": PROMPT, "type": "video", "model": "ray-3.2"})
    clip = (await plainly(luma, "GET", made["output"][0]["url"])).content
    await ready(luma, clip, "video/mp4")


async def test_what_a_studio_left_unexamined_is_examined_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("dream_nb.studio.luma_uploads.LumaUploads._examine", lambda *_: None)
        async with in_process(tmp_path, prefix=LUMA_PREFIX) as luma:
            uid = (await sent(luma)).json()["id"]
    async with in_process(tmp_path, prefix=LUMA_PREFIX) as luma:
        assert (await examined(luma, uid))["state"] == "ready"


async def test_files_are_listed_newest_first_and_page_by_page(luma: Machine) -> None:
    uids = [await ready(luma, purpose=purpose) for purpose in ("input", "reference", "input")]
    first = (await luma.client.get("/files", params={"limit": 2})).json()
    assert ([one["id"] for one in first["data"]], first["has_more"]) == ([uids[2], uids[1]], True)
    second = (await luma.client.get("/files", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in second["data"]] == [uids[0]]
    assert (second["has_more"], second["next_cursor"]) == (False, None)
    references = (await luma.client.get("/files", params={"purpose": "reference", "state": "ready"})).json()
    assert [one["id"] for one in references["data"]] == [uids[1]]


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"state": "x"}, {"purpose": "x"}, {"offset": 1}, {"cursor": "?"}],
)
async def test_a_list_that_there_is_not_is_refused(luma: Machine, query: dict[str, Any]) -> None:
    assert (await luma.client.get("/files", params=query)).status_code == 400


async def test_a_deleted_file_is_remembered_and_its_bytes_are_gone(luma: Machine, tmp_path: Path) -> None:
    uid = await ready(luma)
    assert len(list((tmp_path / "assets").iterdir())) == 1
    assert (await luma.client.delete(f"/files/{uid}")).status_code == 204
    assert list((tmp_path / "assets").iterdir()) == []
    file = (await luma.client.get(f"/files/{uid}")).json()
    assert file["state"] == "deleted"
    assert datetime.fromisoformat(file["deleted_at"]).tzinfo is not None
    assert (await luma.client.get("/files")).json()["data"] == []
    deleted = (await luma.client.get("/files", params={"state": "deleted"})).json()["data"]
    assert [one["id"] for one in deleted] == [uid]


async def test_a_file_goes_when_its_time_is_over(luma: Machine) -> None:
    past, future = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (-1, 1))
    kept = await ready(luma, expires_at=future)
    gone = (await sent(luma, expires_at=past)).json()["id"]
    assert (await luma.client.get(f"/files/{gone}")).json()["state"] == "deleted"
    assert [one["id"] for one in (await luma.client.get("/files")).json()["data"]] == [kept]


async def test_a_file_belongs_to_its_account(luma: Machine) -> None:
    uid = await ready(luma)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/complete")):
        answer = await luma.client.request(method, f"/files/{uid}{path}", headers=bearer("bob"))
        assert answer.status_code == 404
    assert (await luma.client.get("/files", headers=bearer("bob"))).json()["data"] == []
    body = {"prompt": PROMPT, "image_ref": [{"file_id": uid}]}
    assert (await luma.client.post("/generations", json=body, headers=bearer("bob"))).status_code == 422


async def test_nobody_without_a_key_sees_files(luma: Machine) -> None:
    for method, path in (("GET", "/files"), ("POST", "/files"), ("GET", f"/files/{NOBODY}")):
        assert (await luma.client.request(method, path, headers={"Authorization": ""})).status_code == 401


def red(size: int = 64) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (size, size), (220, 20, 20)).save(file, "PNG")
    return file.getvalue()


async def redness(luma: Machine, generation: Any) -> float:
    data = (await plainly(luma, "GET", generation["output"][0]["url"])).content
    pixels = np.asarray(Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]).convert("RGB")).astype(float)
    return float((pixels[..., 0] - pixels[..., 1:].mean(axis=2)).mean())


async def test_a_reference_acts_alike_whichever_way_it_is_given(luma: Machine) -> None:
    uid = await ready(luma, red())
    plain = await redness(luma, await luma.made({"prompt": PROMPT}))
    ways: list[dict[str, Any]] = [
        {"file_id": uid},
        {"data": base64.b64encode(red()).decode(), "media_type": "image/png"},
    ]
    seen = [await redness(luma, await luma.made({"prompt": PROMPT, "image_ref": [way]})) for way in ways]
    assert seen[0] == seen[1] > plain + 40


async def test_an_own_output_can_be_referred_to_by_its_address(luma: Machine) -> None:
    made = await luma.made({"prompt": PROMPT})
    url = made["output"][0]["url"]
    await luma.made({"prompt": PROMPT, "image_ref": [{"url": url}]})
    expired = url.replace("signature=", "signature=0")
    failed = await luma.finished((await luma.create({"prompt": PROMPT, "image_ref": [{"url": expired}]}))["id"])
    assert (failed["state"], failed["failure_code"]) == ("failed", "corrupt_input")
    assert failed["failure_reason"].endswith("image_ref.0: the address has expired")


async def test_a_file_that_was_deleted_meanwhile_is_missed_where_it_is_read(tmp_path: Path, stalled: Any) -> None:
    async with in_process(tmp_path, settings=settings(at_once=0), prefix=LUMA_PREFIX) as luma:
        uid = await ready(luma)
        made = await luma.create({"prompt": PROMPT, "image_ref": [{"file_id": uid}]})
        await luma.client.delete(f"/files/{uid}")
    async with in_process(tmp_path, executor=lambda: stalled, prefix=LUMA_PREFIX) as luma:
        failed = await luma.finished(made["id"])
        assert failed["failure_reason"] == f"Failed to read user input frames: file {uid} is gone"


async def test_our_own_client_uploads_in_both_ways(luma: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx2.ASGITransport(luma.app)
    async with httpx2.AsyncClient(transport=transport) as http:
        client = AsyncLuma(KEYS["ada"], f"http://localhost{LUMA_PREFIX}", http_client=http)
        small = await client.upload_file(PNG, mime_type="image/png")
        monkeypatch.setattr("dream_nb.api.luma.INLINE_BYTES", 0)
        large = await client.upload_file(PNG, mime_type="image/png")
        assert [(await client.wait_for_file(one.id)).state for one in (small, large)] == ["ready", "ready"]
        await client.delete_file(small.id)
        page = await client.list_files()
        assert [one.id for one in page.data] == [large.id]
