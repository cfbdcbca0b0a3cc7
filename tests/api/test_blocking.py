"""`DreamMachine` is the blocking form of `AsyncDreamMachine`."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from dream_nb.api.blocking import DreamMachine
from dream_nb.api.client import AsyncDreamMachine
from dream_nb.api.portal import Portal, portal
from tests.api.conftest import Open
from tests.api.servers import PATIENCE, Exchange, Hostile

OPERATIONS = [
    name
    for name, member in vars(AsyncDreamMachine).items()
    if inspect.isfunction(member) and not name.startswith("_") and name != "aclose"
]


def declared(client: type, name: str) -> list[tuple[str, object, object, object]]:
    parameters = inspect.signature(getattr(client, name)).parameters.values()
    return [(item.name, item.kind, item.default, item.annotation) for item in parameters]


@pytest.mark.parametrize("name", [*OPERATIONS, "__init__"])
def test_both_clients_take_the_same_arguments(name: str) -> None:
    assert declared(DreamMachine, name) == declared(AsyncDreamMachine, name)


@pytest.mark.parametrize("name", OPERATIONS)
def test_both_clients_give_the_same(name: str) -> None:
    result = inspect.signature(getattr(AsyncDreamMachine, name)).return_annotation
    assert inspect.signature(getattr(DreamMachine, name)).return_annotation == result.removeprefix("Async")


@pytest.mark.parametrize("name", OPERATIONS)
def test_both_clients_say_the_same(name: str) -> None:
    assert inspect.getdoc(getattr(DreamMachine, name)) == inspect.getdoc(getattr(AsyncDreamMachine, name))


def test_it_works_inside_a_running_loop(hostile: Hostile, connect: Open) -> None:
    async def cell() -> float:
        return connect(hostile.base_url).get_credits().credit_balance

    assert asyncio.run(cell()) == 7


def test_it_works_from_many_threads(hostile: Hostile, connect: Open) -> None:
    machine = connect(hostile.base_url)
    with ThreadPoolExecutor(8) as pool:
        balances = list(pool.map(lambda _: machine.get_credits().credit_balance, range(16)))
    assert balances == [7] * 16


@pytest.fixture
def _interruptible() -> Iterator[None]:
    # A program started in the background by a shell ignores interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_ends_the_wait_and_the_call(hostile: Hostile, connect: Open) -> None:
    hung_up = threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def interrupt(exchange: Exchange) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        exchange.stall()
        hung_up.set()

    hostile.behaviour = interrupt
    with pytest.raises(KeyboardInterrupt):
        connect(hostile.base_url).get_credits()
    assert hung_up.wait(PATIENCE)


def test_an_interrupt_before_the_wait_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()
    start = Portal.start

    def start_and_be_interrupted(self: Portal, *given: Any) -> None:
        start(self, *given)
        assert begun.wait(PATIENCE)
        raise KeyboardInterrupt

    async def call() -> None:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    monkeypatch.setattr(Portal, "start", start_and_be_interrupted)
    with pytest.raises(KeyboardInterrupt):
        portal.call(call)
    assert ended.wait(PATIENCE)
