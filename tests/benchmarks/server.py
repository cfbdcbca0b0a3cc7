"""A Dream Machine that takes no time, for measuring clients: `python -m tests.benchmarks.server`.

It keeps everything in memory, draws nothing, checks nothing, and answers from one event loop without a framework, so
that the client dominates the measurement. Loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlsplit

PREFIX: Final = "/dream-machine/v1"
_PIECE: Final = 2**17
_ECHO: Final = 1.0


@dataclass(slots=True)
class Made:
    """A generation."""

    id: str
    kind: str
    created_at: str
    request: str
    ends: float
    callback_url: str | None


@dataclass(slots=True)
class Shop:
    """The state of the server.

    Attributes:
        origin: its own origin.
        seconds: the duration of a generation.
        asset: the bytes of the file that all generations have.
        suffix: the suffix of the file's name.
        line: bytes per second at which assets are sent, over all connections together; 0 means unlimited.
        free_at: the time at which the line is free again.
        made: the generations by id, newest last.
        order: the generations, newest last.
        asked: GET requests for generations since the books were read.
        polls: those of them without a callback in the second before.
        told_at: the time of the last callback.
        tasks: the callbacks and transfers under way.
    """

    origin: str
    seconds: float
    asset: bytes
    suffix: str
    line: float = 0.0
    free_at: float = 0.0
    made: dict[str, Made] = field(default_factory=dict)
    order: list[Made] = field(default_factory=list)
    asked: int = 0
    polls: int = 0
    told_at: float = 0.0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def make(self, kind: str, request: dict[str, Any], seconds: float, created: datetime | None = None) -> Made:
        """Create a generation for a request."""
        number = len(self.order)
        made = Made(
            f"00000000-0000-4000-8000-{number:012d}",
            kind,
            (created or datetime.now(UTC)).isoformat(timespec="microseconds"),
            json.dumps(request | {"generation_type": kind}),
            time.time() + seconds,
            request.get("callback_url"),
        )
        self.made[made.id] = made
        self.order.append(made)
        return made

    def fill(self, count: int) -> None:
        """Add that many completed generations, with every field that the hosted API shows of them."""
        first = datetime.now(UTC) - timedelta(seconds=count + 60)
        for number in range(count):
            request = {
                "prompt": f"a serene lake at sunset, number {number}",
                "aspect_ratio": "16:9",
                "loop": False,
                "model": "ray-2",
                "keyframes": {"frame0": {"type": "image", "url": f"https://pictures.invalid/{number}.jpg"}},
            }
            self.make("video", request, -60.0, first + timedelta(seconds=number))

    def shown(self, made: Made, state: str | None = None) -> str:
        """A generation as JSON."""
        state = state or ("completed" if time.time() >= made.ends else "dreaming")
        url = f'"{self.origin}{PREFIX}/assets/{made.id}{self.suffix}"'
        assets = f'"assets":{{"{made.kind}":{url}}},' if state == "completed" else ""
        return (
            f'{{"id":"{made.id}","generation_type":"{made.kind}","state":"{state}","created_at":"{made.created_at}",'
            f'{assets}"request":{made.request}}}'
        )

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer to a request."""
        parts = urlsplit(target)
        path = parts.path.removeprefix(PREFIX)
        if path.startswith("/assets/"):
            return 200, "video/mp4" if self.suffix == ".mp4" else "image/png", self.asset
        if path == "/books":
            ends = {made.id: made.ends for made in self.order}
            text = json.dumps({"calls": self.asked, "polls": self.polls, "ends": ends})
            self.asked = self.polls = 0
        elif path == "/credits":
            text = '{"credit_balance":1000000}'
        elif path == "/generations/concepts/list":
            text = '["orbit_left"]'
        elif method == "POST":
            made = self.make("image" if path.endswith("/image") else "video", json.loads(body), self.seconds)
            if made.callback_url:
                self.start(self._call_back(made))
            return 201, "application/json", self.shown(made, "queued").encode()
        elif path == "/generations":
            self._note_asking()
            query = parse_qs(parts.query)
            limit, offset = int(query.get("limit", ["100"])[0]), int(query.get("offset", ["0"])[0])
            end = len(self.order) - offset
            page = self.order[max(0, end - limit) : max(0, end)][::-1]
            text = (
                f'{{"generations":[{",".join(map(self.shown, page))}],"count":{len(page)},'
                f'"has_more":{json.dumps(end > limit)},"limit":{limit},"offset":{offset}}}'
            )
        else:
            self._note_asking()
            text = self.shown(self.made[path.rpartition("/")[2]])
        return 200, "application/json", text.encode()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def trickle(self, transport: asyncio.Transport) -> None:
        """Send the asset over the line, which all connections share."""
        for begin in range(0, len(self.asset), _PIECE):
            piece = self.asset[begin : begin + _PIECE]
            now = time.monotonic()
            self.free_at = max(now, self.free_at) + len(piece) / self.line
            await asyncio.sleep(self.free_at - now)
            transport.write(piece)

    def _note_asking(self) -> None:
        self.asked += 1
        self.polls += time.monotonic() - self.told_at > _ECHO

    async def _call_back(self, made: Made) -> None:
        await self._tell(made, "dreaming")
        await asyncio.sleep(max(0.0, made.ends - time.time()))
        await self._tell(made, "completed")

    async def _tell(self, made: Made, state: str) -> None:
        url = urlsplit(made.callback_url or "")
        body = self.shown(made, state).encode()
        self.told_at = time.monotonic()
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(url.hostname, url.port)
            head = f"POST {url.path} HTTP/1.1\r\nhost: {url.netloc}\r\ncontent-type: application/json\r\n"
            writer.write(head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body)
            await reader.readline()
            writer.close()


class Line(asyncio.Protocol):
    """One connection, kept open."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, rest = self._received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(fields.get("content-length", "0"))
            if len(rest) < length:
                return
            body, self._received = rest[:length], rest[length:]
            method, target, _ = first.split(" ")
            status, kind, answer = self._shop.answer(method, target, body)
            head_out = f"HTTP/1.1 {status} OK\r\ncontent-type: {kind}\r\ncontent-length: {len(answer)}\r\n\r\n"
            if self._shop.line and answer is self._shop.asset:
                self._transport.write(head_out.encode())
                self._shop.start(self._shop.trickle(self._transport))
            else:
                self._transport.writelines([head_out.encode(), answer])


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until the process is killed."""
    asset = arguments.asset.read_bytes() if arguments.asset else b""
    suffix = arguments.asset.suffix if arguments.asset else ".mp4"
    shop = Shop("", arguments.seconds, asset, suffix, line=arguments.line)
    server = await asyncio.get_running_loop().create_server(lambda: Line(shop), "127.0.0.1", 0, backlog=2000)
    shop.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    shop.fill(arguments.generations)
    print(shop.origin, flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--generations", type=int, default=0)
    parser.add_argument("--asset", type=Path)
    parser.add_argument("--line", type=float, default=0.0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
