"""What is known about a request that was cancelled, or failed, before or after its first byte was sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import anyio
import httpx2
import pytest

from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.departure import was_reached
from dream_nb.api.errors import APIConnectionError, APITimeoutError
from dream_nb.api.request_models import GenerationRequest
from tests.api.servers import PATIENCE, Exchange, Hostile, wait_for

VIDEO = GenerationRequest(prompt="a lake")
LARGE = GenerationRequest(prompt="a lake", extra={"picture": "a" * 8_000_000})


async def cancelled(create: Awaitable[Any], when: Callable[[], object]) -> bool:
    """Cancel a create as soon as `when` returns. Returns whether it may have reached the server."""
    reached: list[bool] = []

    async def run() -> None:
        try:
            await create
        except asyncio.CancelledError as error:
            reached.append(was_reached(error))
            raise

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await asyncio.to_thread(when)
        tasks.cancel_scope.cancel()
    return reached[0]


@asynccontextmanager
async def asking(key: str, base_url: str, **options: Any) -> AsyncIterator[AsyncDreamMachine]:
    async with (
        httpx2.AsyncClient(**options) as http,
        AsyncDreamMachine(key, base_url, api="2024", http_client=http) as machine,
    ):
        yield machine


@contextmanager
def unreachable() -> Iterator[str]:
    """The base URL of a server whose queue of connections is full, so that another connection has to wait."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def test_one_that_waits_for_a_free_connection_has_not_left(hostile: Hostile, key: str) -> None:
    hostile.behaviour = Exchange.stall

    async def main() -> bool:
        async with asking(key, hostile.base_url, limits=httpx2.Limits(max_connections=1)) as machine:
            first = asyncio.create_task(machine.get_credits())
            await asyncio.to_thread(wait_for, lambda: hostile.requests)
            reached = await cancelled(machine.create_generation(VIDEO), lambda: None)
            first.cancel()
            await asyncio.wait([first])
            return reached

    assert not asyncio.run(main())
    assert hostile.creates == 0


def test_one_that_waits_for_a_server_has_not_left(key: str) -> None:
    async def main() -> bool:
        with unreachable() as base_url:
            async with asking(key, base_url) as machine:
                return await cancelled(machine.create_generation(VIDEO), lambda: None)

    assert not asyncio.run(main())


def test_one_that_waits_for_an_answer_has_left(hostile: Hostile, key: str) -> None:
    hostile.behaviour = Exchange.stall

    async def main() -> bool:
        async with asking(key, hostile.base_url) as machine:
            return await cancelled(machine.create_generation(VIDEO), lambda: wait_for(lambda: hostile.requests))

    assert asyncio.run(main())
    assert hostile.creates == 1


def test_one_that_is_half_written_has_left(hostile: Hostile, key: str) -> None:
    hostile.takes_bodies = False
    hostile.behaviour = Exchange.stall

    async def main() -> bool:
        async with asking(key, hostile.base_url) as machine:
            return await cancelled(machine.create_generation(LARGE), lambda: wait_for(lambda: hostile.requests))

    assert asyncio.run(main())


@pytest.mark.parametrize("turns", range(12))
def test_a_small_one_arrives_whole_or_not_at_all(hostile: Hostile, key: str, turns: int) -> None:
    """This holds whenever it is cancelled: after any number of turns of the event loop."""

    async def main() -> bool:
        async with asking(key, hostile.base_url) as machine:
            await machine.get_credits()
            reached: list[bool] = []

            async def create() -> None:
                try:
                    await machine.create_generation(VIDEO)
                except asyncio.CancelledError as error:
                    reached.append(was_reached(error))
                    raise
                except Exception:  # noqa: BLE001 - the server's answer is not a generation
                    reached.append(True)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(create)
                for _ in range(turns):
                    await asyncio.sleep(0)
                tasks.cancel_scope.cancel()
            # A task that was cancelled before it began recorded nothing.
            return bool(reached and reached[0])

    reached = asyncio.run(main())
    if reached:
        wait_for(lambda: hostile.creates)
    assert hostile.creates == reached
    assert all(exchange.body for exchange in hostile.requests if exchange.method == "POST")


def answering(told: list[str]) -> Callable[..., Awaitable[None]]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, send
        told.append("asked")
        await asyncio.sleep(0)
        if told[0] == "reads":
            await receive()
            told.append("read")
        await asyncio.sleep(PATIENCE)

    return app


@pytest.mark.parametrize("reads", [False, True])
def test_a_transport_that_tells_nothing_is_known_by_what_it_takes_of_the_body(key: str, *, reads: bool) -> None:
    told = ["reads"] if reads else ["does not"]

    async def main() -> bool:
        transport = httpx2.ASGITransport(answering(told))
        async with asking(key, "http://localhost/v1", transport=transport) as machine:
            return await cancelled(
                machine.create_generation(VIDEO), lambda: wait_for(lambda: told[-1] == ("read" if reads else "asked"))
            )

    assert asyncio.run(main()) is reads


def test_a_transport_that_fails_before_it_takes_the_body_reached_nobody(key: str) -> None:
    class Failing(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            raise httpx2.WriteError("broken", request=request)

    async def main() -> APIConnectionError:
        async with asking(key, "http://localhost/v1", transport=Failing()) as machine:
            with pytest.raises(APIConnectionError) as caught:
                await machine.create_generation(VIDEO)
            return caught.value

    assert not asyncio.run(main()).reached


def test_a_deadline_that_ends_before_the_first_byte_reached_nobody(key: str) -> None:
    async def main() -> APITimeoutError:
        with unreachable() as base_url:
            async with AsyncDreamMachine(key, base_url, deadline=0.2) as machine:
                with pytest.raises(APITimeoutError, match="no connection to") as caught:
                    await machine.create_generation(VIDEO)
                return caught.value

    assert not asyncio.run(main()).reached


def test_what_nobody_marked_may_have_reached_its_server() -> None:
    assert was_reached(asyncio.CancelledError())
