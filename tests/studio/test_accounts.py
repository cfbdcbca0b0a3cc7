"""Keys, accounts and credits."""

from __future__ import annotations

from pathlib import Path

import pytest

from dream_nb.studio.settings import StudioPrices
from tests.studio.machine import KEYS, PROMPT, Machine, Stalled, bearer, in_process, settings

pytestmark = pytest.mark.anyio

OPERATIONS = [
    ("POST", "/generations"),
    ("POST", "/generations/video"),
    ("POST", "/generations/image"),
    ("GET", "/generations"),
    ("GET", "/generations/00000000-0000-4000-8000-000000000000"),
    ("DELETE", "/generations/00000000-0000-4000-8000-000000000000"),
    ("GET", "/generations/camera_motion/list"),
    ("GET", "/credits"),
    ("GET", "/ping"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {KEYS['ada']}",
        KEYS["ada"],
        f"Bearer {KEYS['ada']}x",
        "Bearer ä",
    ],
)
async def test_without_a_valid_key_every_operation_is_401(idle: Machine, method: str, path: str, header: str) -> None:
    headers = {b"Authorization": header.encode()}
    response = await idle.client.request(method, path, headers=headers, json={"prompt": PROMPT})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["detail"]


async def test_the_refusal_does_not_repeat_the_key(idle: Machine) -> None:
    response = await idle.client.get("/ping", headers={"Authorization": "Bearer almost-a-key"})
    assert "almost-a-key" not in response.text


async def test_the_word_bearer_may_be_written_in_any_case(idle: Machine) -> None:
    assert (await idle.client.get("/ping", headers={"Authorization": f"bearer {KEYS['ada']}"})).status_code == 200


async def test_an_account_sees_only_its_own_generations(idle: Machine) -> None:
    uid = (await idle.create())["id"]
    assert (await idle.client.get("/generations", headers=bearer("bob"))).json()["count"] == 0
    for method in ("GET", "DELETE"):
        response = await idle.client.request(method, f"/generations/{uid}", headers=bearer("bob"))
        assert response.status_code == 404
    await idle.get(uid)


async def test_a_new_key_of_an_account_sees_what_the_old_one_made(tmp_path: Path, stalled: Stalled) -> None:
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        uid = (await machine.create())["id"]
    async with in_process(tmp_path, executor=lambda: stalled, keys={"ada": "a new one"}) as machine:
        response = await machine.client.get(f"/generations/{uid}", headers={"Authorization": "Bearer a new one"})
        assert response.status_code == 200
        assert (await machine.client.get("/ping")).status_code == 401


async def test_pages_are_newest_first_and_say_whether_more_lie_beyond(idle: Machine) -> None:
    made = [(await idle.create())["id"] for _ in range(5)][::-1]
    for offset, count, has_more in ((0, 2, True), (2, 2, True), (3, 2, False), (4, 1, False), (9, 0, False)):
        page = (await idle.client.get("/generations", params={"limit": 2, "offset": offset})).json()
        assert [generation["id"] for generation in page["generations"]] == made[offset : offset + 2]
        assert (page["count"], page["has_more"], page["limit"], page["offset"]) == (count, has_more, 2, offset)


async def test_a_page_has_a_hundred_by_default(idle: Machine) -> None:
    page = (await idle.client.get("/generations")).json()
    assert (page["limit"], page["offset"]) == (100, 0)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "limit=", "limit=1e3", "offset=-1", f"offset={2**64}"]
)
async def test_a_page_that_is_none_is_refused(idle: Machine, query: str) -> None:
    response = await idle.client.get(f"/generations?{query}")
    assert response.status_code == 400
    assert response.json()["detail"].startswith(query.partition("=")[0])


async def test_a_generation_costs_its_price_at_once(idle: Machine) -> None:
    before = await idle.balance()
    await idle.create()
    await idle.create(path="/generations/image")
    await idle.create({"prompt": PROMPT, "model": "photon-flash-1"}, "/generations/image")
    assert before - await idle.balance() == pytest.approx(32.0 + 1.51 + 0.39)
    assert await idle.balance("bob") == before


async def test_what_the_balance_does_not_cover_is_refused_and_not_queued(tmp_path: Path, stalled: Stalled) -> None:
    options = settings(balance=33.51, prices=StudioPrices(video=32.0))
    async with in_process(tmp_path, executor=lambda: stalled, settings=options) as machine:
        await machine.create()
        status, detail = await machine.refusal({"prompt": PROMPT})
        assert (status, detail) == (400, "Insufficient credits: this costs 32 cents, and 1.51 are left")
        await machine.create(path="/generations/image")
        assert await machine.balance() == 0
        assert (await machine.client.get("/generations")).json()["count"] == 2


@pytest.mark.parametrize("state", ["queued", "dreaming"])
async def test_a_generation_deleted_before_it_is_finished_is_refunded(tmp_path: Path, state: str) -> None:
    stalled = Stalled(max_workers=1)
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        before = await machine.balance()
        first, second = await machine.create(), await machine.create()
        await machine.until(first["id"], "dreaming")
        uid = {"dreaming": first, "queued": second}[state]["id"]
        await machine.until(uid, state)
        await machine.client.delete(f"/generations/{uid}")
        assert before - await machine.balance() == StudioPrices().video


async def test_a_completed_generation_is_not_refunded_when_deleted(machine: Machine) -> None:
    before = await machine.balance()
    uid = (await machine.made())["id"]
    await machine.client.delete(f"/generations/{uid}")
    assert before - await machine.balance() == StudioPrices().video


async def test_an_empty_key_opens_nothing(tmp_path: Path) -> None:
    async with in_process(tmp_path, keys={"ada": ""}) as machine:
        for header in ("", "Bearer", "Bearer "):
            response = await machine.client.get("/ping", headers={"Authorization": header})
            assert response.status_code == 401
