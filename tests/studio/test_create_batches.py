"""Creates that arrive together are written together, but each is checked separately."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tests.studio.machine import PROMPT, TINY, Machine, Stalled, in_process

pytestmark = pytest.mark.anyio


async def together(machine: Machine, count: int) -> Counter[int]:
    """Send creates at the same time; returns how often each status was answered."""
    posts = [machine.client.post("/generations", json={"prompt": f"{PROMPT} {number}"}) for number in range(count)]
    return Counter(response.status_code for response in await asyncio.gather(*posts))


async def test_each_has_a_generation_of_its_own(tmp_path: Path, stalled: Stalled) -> None:
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        assert await together(machine, 8) == {201: 8}
        page = (await machine.client.get("/generations")).json()["generations"]
    assert {one["request"]["prompt"] for one in page} == {f"{PROMPT} {number}" for number in range(8)}


async def test_the_balance_pays_for_as_many_as_it_covers(tmp_path: Path, stalled: Stalled) -> None:
    poor = replace(TINY, balance=80.0)
    async with in_process(tmp_path, executor=lambda: stalled, settings=poor) as machine:
        assert await together(machine, 5) == {201: 2, 400: 3}
        assert await machine.balance() == 16


async def test_a_limit_lets_as_many_pass_as_it_allows(tmp_path: Path, stalled: Stalled) -> None:
    strict = replace(TINY, unfinished_limit=3)
    async with in_process(tmp_path, executor=lambda: stalled, settings=strict) as machine:
        before = await machine.balance()
        assert await together(machine, 5) == {201: 3, 429: 2}
        assert before - await machine.balance() == 96


async def test_one_whose_caller_goes_away_is_whole_and_costs_the_others_nothing(
    tmp_path: Path, stalled: Stalled
) -> None:
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        assert isinstance(machine.app, Starlette)
        waiting = machine.app.state.operations._creates
        gone, other = asyncio.create_task(machine.create()), asyncio.create_task(machine.create({"prompt": "a hill"}))
        while len(waiting._waiting) < 2:  # noqa: ASYNC110 - no event signals it
            await asyncio.sleep(0)
        gone.cancel()
        await other
        page = (await machine.client.get("/generations")).json()["generations"]
    assert gone.cancelled()
    assert {one["request"]["prompt"] for one in page} == {PROMPT, "a hill"}
