"""Deliberate faults in the Luma API: every HTTP error, every failure code, lost answers, expired addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import httpx2
import pytest

from dream_nb.api.luma_models import FAILURE_ADVICE
from dream_nb.studio.app import create_app
from dream_nb.studio.faults import Fault, Faults
from tests.studio.machine import KEYS, LUMA_PREFIX, PREFIX, PROMPT, TINY, Machine, bearer, in_process, served

luma_agents = pytest.importorskip("luma_agents")
pytestmark = pytest.mark.anyio

ERRORS = {
    400: luma_agents.BadRequestError,
    401: luma_agents.AuthenticationError,
    402: luma_agents.APIStatusError,
    403: luma_agents.PermissionDeniedError,
    413: luma_agents.APIStatusError,
    422: luma_agents.UnprocessableEntityError,
    429: luma_agents.RateLimitError,
    502: luma_agents.InternalServerError,
    503: luma_agents.InternalServerError,
}
"""The documented errors, as the official client raises them."""


@asynccontextmanager
async def asked_by_the_official_client(machine: Machine) -> AsyncIterator[Any]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(machine.app)) as http:
        yield luma_agents.AsyncLuma(
            auth_token=KEYS["ada"], base_url=f"http://studio{LUMA_PREFIX}", max_retries=0, http_client=http
        )


@asynccontextmanager
async def faulty(folder: Path, *rules: Fault) -> AsyncIterator[Machine]:
    async with in_process(folder, faults=Faults(*rules), prefix=LUMA_PREFIX) as machine:
        yield machine


@pytest.mark.parametrize("status", ERRORS)
async def test_every_error_has_the_body_that_the_official_client_reads(tmp_path: Path, status: int) -> None:
    rule = Fault(method="POST", path="/generations", answer=status, detail="on purpose")
    async with faulty(tmp_path, rule) as machine, asked_by_the_official_client(machine) as client:
        with pytest.raises(ERRORS[status]) as caught:
            await client.generations.create(prompt=PROMPT)
        assert (caught.value.status_code, caught.value.body) == (status, {"detail": "on purpose"})
        assert caught.value.response.headers["x-api-version"]
        assert (await client.generations.create(prompt=PROMPT)).state == "queued"


@pytest.mark.parametrize("code", FAILURE_ADVICE)
async def test_a_generation_fails_with_every_code(tmp_path: Path, code: str) -> None:
    async with faulty(tmp_path, Fault(fail="on purpose", code=code)) as machine:
        async with asked_by_the_official_client(machine) as client:
            made = await client.generations.create(prompt=PROMPT)
            await machine.finished(made.id)
            failed = await client.generations.get(made.id)
        assert (failed.state, failed.failure_code, failed.failure_reason) == ("failed", code, "on purpose")
        assert failed.output is None


async def test_a_failure_is_refunded(tmp_path: Path) -> None:
    async with faulty(tmp_path, Fault(fail="on purpose")) as machine:
        balance = f"http://studio{PREFIX}/credits"
        before = (await machine.client.get(balance)).json()
        await machine.finished((await machine.create())["id"])
        assert (await machine.client.get(balance)).json() == before


def test_a_code_that_the_api_does_not_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text('[{"fail": "x", "code": "tired"}]')
    with pytest.raises(ValueError, match="failure code 'tired' is not one of"):
        Faults.from_file(tmp_path / "faults.json")


async def test_a_create_whose_answer_is_lost_was_made(tmp_path: Path) -> None:
    async with faulty(tmp_path, Fault(method="POST", drop="after"), Fault(method="POST", drop="before")) as machine:
        for _ in range(2):
            with pytest.raises(ConnectionAbortedError):
                await machine.create()
        assert (await machine.create())["take"] == 2


async def test_a_rule_may_be_for_one_of_the_dialects(tmp_path: Path) -> None:
    rule = Fault(path=f"{LUMA_PREFIX}/generations", method="POST", answer=503, times=None)
    async with faulty(tmp_path, rule) as machine:
        assert (await machine.client.post("/generations", json={"prompt": PROMPT})).status_code == 503
        older = await machine.client.post(f"http://studio{PREFIX}/generations", json={"prompt": PROMPT})
        assert older.status_code == 201


async def test_an_address_is_expired_where_a_rule_says_so(tmp_path: Path) -> None:
    async with faulty(tmp_path, Fault(path="/assets/*", answer=403)) as machine:
        made = await machine.made()
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(machine.app)) as plain:
            assert (await plain.get(made["output"][0]["url"])).status_code == 403
            fresh = await machine.get(made["id"])
            assert (await plain.get(fresh["output"][0]["url"])).status_code == 200


async def test_a_limit_is_told_as_a_rate(tmp_path: Path) -> None:
    rule = Fault(method="GET", answer=429, headers={"retry-after": "7"})
    async with faulty(tmp_path, rule) as machine, asked_by_the_official_client(machine) as client:
        with pytest.raises(luma_agents.RateLimitError) as caught:
            await client.files.list()
        assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_served_studio_ends_the_connection(tmp_path: Path, drop: Literal["before", "after"]) -> None:
    app = create_app(tmp_path, keys=KEYS, settings=TINY, faults=Faults(Fault(drop=drop)))
    with served(app) as origin, httpx2.Client(base_url=origin + LUMA_PREFIX, headers=bearer()) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            client.get("/files")
        assert client.get("/files").status_code == 200
