"""The number of requests per second that the studio answers, beside a bare Starlette that sends the same bytes.

`python -m tests.benchmarks.serving studio|bare FOLDER` is the server. Each server has one core, if the system supports
that; the clients, plain sockets that keep their connections, have the others.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dream_nb.studio.app import create_app
from dream_nb.studio.settings import Settings
from tests.benchmarks.bench import Bench, Figure, Once, Pair
from tests.benchmarks.process import serving
from tests.studio.machine import PREFIX, PROMPT, Instant, Stalled

_KEY: Final = "key-of-a-benchmark"
_CREATOR: Final = "key-of-who-creates"
_HEADERS: Final = {"Authorization": f"Bearer {_KEY}"}
_CONNECTIONS: Final = 4
_PAGE: Final = 100
_BODY: Final = json.dumps({"prompt": PROMPT}).encode()


def main() -> None:
    """Serve the studio, or the bytes in a folder."""
    which, folder = sys.argv[1], Path(sys.argv[2])
    # asyncio disables Nagle's algorithm only if the protocol is given as TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    app = _bare(folder) if which == "bare" else _studio(folder, is_instant=which == "instant")
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    # `python -m dream_nb.studio` does this too.
    gc.freeze()
    uvicorn.Server(config).run(sockets=[listener])


def _studio(folder: Path, *, is_instant: bool) -> Starlette:
    # Generations created during the measurement are not drawn.
    executor = Instant() if is_instant else Stalled()
    return create_app(
        folder, keys={"ada": _KEY, "bob": _CREATOR}, executor=lambda: executor, settings=Settings(balance=1e12)
    )


def _bare(folder: Path) -> Starlette:
    one, many, made = ((folder / name).read_bytes() for name in ("one", "many", "made"))

    async def get(_: Request) -> Response:
        return Response(one, media_type="application/json")

    async def listed(_: Request) -> Response:
        return Response(many, media_type="application/json")

    async def create(request: Request) -> Response:
        await request.body()
        return Response(made, 201, media_type="application/json")

    path = f"{PREFIX}/generations"
    return Starlette(
        routes=[
            Route(path + "/{id}", get),
            Route(path, listed, methods=["GET"]),
            Route(path, create, methods=["POST"]),
        ]
    )


@contextmanager
def prepare(folder: Path, size: int) -> Iterator[Once]:
    """Measure both servers, each for that many tenths of a second."""
    seconds = size / 10
    library, answers = folder / "library", folder / "answers"
    answers.mkdir()
    # First a hundred generations that are completed.
    with serving(__spec__.name, "instant", library, cwd=folder) as (origin, _):
        uid = _fill(origin)
    with serving(__spec__.name, "studio", library, cwd=folder) as (origin, process):
        asked = {
            "get": _request("GET", f"/generations/{uid}"),
            "list": _request("GET", f"/generations?limit={_PAGE}"),
            # Created by another account, so that the listed page stays the same.
            "create": _request("POST", "/generations", _BODY, _CREATOR),
        }
        url = origin + PREFIX
        for name, path in (("one", f"/generations/{uid}"), ("many", f"/generations?limit={_PAGE}")):
            (answers / name).write_bytes(_until(url + path))
        creator = {"Authorization": f"Bearer {_CREATOR}", "content-type": "application/json"}
        (answers / "made").write_bytes(httpx2.post(f"{url}/generations", content=_BODY, headers=creator).content)
        with serving(__spec__.name, "bare", answers, cwd=folder) as (bare, bare_process):
            _until(f"{bare}{PREFIX}/generations")
            with _cores(process, bare_process):

                def once(*, beside: bool) -> Mapping[str, Pair]:
                    return {
                        name: (_rate(origin, request, seconds), _rate(bare, request, seconds) if beside else None)
                        for name, request in asked.items()
                    }

                yield once


def _until(url: str) -> bytes:
    end = time.monotonic() + 30
    while True:
        try:
            return httpx2.get(url, headers=_HEADERS).raise_for_status().content
        except httpx2.TransportError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _fill(origin: str) -> str:
    """Create a page of generations and wait until they are completed; returns the id of one in the middle."""
    _until(f"{origin}{PREFIX}/generations")
    with httpx2.Client(base_url=origin + PREFIX, headers=_HEADERS) as client:
        made = [client.post("/generations", json={"prompt": PROMPT}).json()["id"] for _ in range(_PAGE)]
        end = time.monotonic() + 60
        while any(one["state"] != "completed" for one in client.get("/generations").json()["generations"]):
            if time.monotonic() > end:
                raise RuntimeError("the studio does not complete what it is asked for")
            time.sleep(0.05)
    return str(made[_PAGE // 2])


@contextmanager
def _cores(*servers: int) -> Iterator[None]:
    """Give the first core to the servers, of which one works at a time, and the others to this process."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    first, *others = sorted(before)
    for process in servers:
        for task in Path(f"/proc/{process}/task").iterdir():
            os.sched_setaffinity(int(task.name), {first})
    os.sched_setaffinity(0, others or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _request(method: str, path: str, body: bytes = b"", key: str = _KEY) -> bytes:
    head = f"{method} {PREFIX}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def _rate(origin: str, request: bytes, seconds: float) -> float:
    """Answers per second, over all connections together."""
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    began = time.perf_counter()
    timer.start()
    with ThreadPoolExecutor(_CONNECTIONS) as clients:
        counts = list(clients.map(lambda _: _ask(origin, request, stop), range(_CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - began)


def _ask(origin: str, request: bytes, stop: threading.Event) -> int:
    port, count = int(origin.rpartition(":")[2]), 0
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as answers:
        while not stop.is_set():
            connection.sendall(request)
            status = answers.readline()
            if b" 20" not in status:
                raise RuntimeError(f"the server answers {status!r}")
            length = 0
            while (line := answers.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            answers.read(length)
            count += 1
    return count


SERVE = Bench(
    name="serve",
    figures={
        "get": Figure("served studio on one core: GET", "bare Starlette", "/s", 0.5, at_least=True),
        "list": Figure("served studio on one core: list of 100", "bare Starlette", "/s", 0.65, at_least=True),
        "create": Figure("served studio on one core: create", "bare Starlette", "/s", 0.65, at_least=True),
    },
    prepare=prepare,
    size=20,
    tiny=1,
    repeats=5,
)

if __name__ == "__main__":
    main()
