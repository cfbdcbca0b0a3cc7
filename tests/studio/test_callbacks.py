"""The callbacks of the studio."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.studio.machine import PROMPT, Machine, Stalled, in_process, served, settings, until

pytestmark = pytest.mark.anyio


@dataclass
class Listener:
    """A receiver of callbacks, and the callbacks that it received."""

    url: str = ""
    told: list[Any] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    pause: float = 0.0

    def states(self) -> list[str]:
        return [generation["state"] for generation in self.told]


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()

    async def hook(request: Request) -> Response:
        assert request.headers["content-type"] == "application/json"
        listener.told.append(json.loads(await request.body()))
        await asyncio.sleep(listener.pause)
        return Response(status_code=listener.statuses.pop(0) if listener.statuses else 200)

    with served(Starlette(routes=[Route("/hook", hook, methods=["POST"])])) as origin:
        listener.url = f"{origin}/hook"
        yield listener


def body(listener: Listener, prompt: str = PROMPT) -> dict[str, str]:
    return {"prompt": prompt, "callback_url": listener.url}


def outcomes(folder: Path) -> list[tuple[str, int, str | None]]:
    with sqlite3.connect(folder / "studio.sqlite") as connection:
        rows = connection.execute("SELECT state, tries, outcome FROM callbacks ORDER BY rowid").fetchall()
    connection.close()
    return rows


async def test_dreaming_and_completed_are_told_in_this_order(machine: Machine, listener: Listener) -> None:
    generation = await machine.made(body(listener))
    await until(lambda: len(listener.told) == 2)
    dreaming, completed = listener.told
    assert (dreaming["id"], dreaming["state"], "assets" in dreaming) == (generation["id"], "dreaming", False)
    assert completed == generation


async def test_a_failure_is_told_with_its_reason(machine: Machine, listener: Listener) -> None:
    await machine.create(body(listener, "all this gore"))
    await until(lambda: len(listener.told) == 2)
    assert listener.states() == ["dreaming", "failed"]
    assert listener.told[1]["failure_reason"] == "Contains blacklisted words"
    assert "failure_reason" not in listener.told[0]


async def test_another_status_is_tried_three_times(machine: Machine, listener: Listener, tmp_path: Path) -> None:
    listener.statuses = [500, 404, 302, 503]
    await machine.create(body(listener))
    await until(lambda: len(listener.told) == 5)
    assert listener.states() == ["dreaming"] * 3 + ["completed"] * 2
    await until(
        lambda: outcomes(tmp_path) == [("dreaming", 3, "given up: answered 302"), ("completed", 2, "delivered")]
    )


async def test_whoever_does_not_answer_in_time_is_given_up(tmp_path: Path, listener: Listener) -> None:
    listener.pause = 30
    async with in_process(tmp_path, settings=settings(callback_seconds=0.2)) as machine:
        await machine.create(body(listener, "all this gore"))
        await until(lambda: [row[1:] for row in outcomes(tmp_path)] == [(3, "given up: no answer within 0.2 s")] * 2)


async def test_only_this_machine_is_told_by_default(machine: Machine, tmp_path: Path) -> None:
    await machine.made({"prompt": PROMPT, "callback_url": "http://192.0.2.1/hook"})
    reason = "given up: 192.0.2.1 is at an address that this studio does not call"
    await until(lambda: [row[2] for row in outcomes(tmp_path)] == [reason, reason])


async def test_private_addresses_are_never_told(tmp_path: Path) -> None:
    async with in_process(tmp_path, settings=settings(public_callbacks=True)) as machine:
        await machine.made({"prompt": PROMPT, "callback_url": "http://10.0.0.1/hook"})
        await until(lambda: all("does not call" in str(row[2]) for row in outcomes(tmp_path)))


async def test_what_was_not_told_is_told_after_a_restart(tmp_path: Path, listener: Listener, stalled: Stalled) -> None:
    listener.pause = 30
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        await machine.create(body(listener))
        await until(lambda: listener.told)
    listener.pause = 0
    async with in_process(tmp_path):
        await until(lambda: listener.states() == ["dreaming", "dreaming", "completed"])


async def test_a_deleted_generation_is_told_no_more(tmp_path: Path, listener: Listener, stalled: Stalled) -> None:
    async with in_process(tmp_path, executor=lambda: stalled) as machine:
        uid = (await machine.create(body(listener)))["id"]
        await until(lambda: listener.told)
        await machine.client.delete(f"/generations/{uid}")
    assert outcomes(tmp_path) == []
