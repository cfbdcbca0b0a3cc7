"""How many requests a second the served studio answers: `python -m tests.benchmarks.studio`.

The studio runs as its own process, bound to one core where the system allows it; the clients, plain sockets that keep
their connection, run on the others. Prints a Markdown table.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from tests.studio.machine import KEYS, PROMPT, wait_for
from tests.studio.program import Program, running

SECONDS = 3.0
CONNECTIONS = 4
GENERATIONS = 100


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as studio:
        if hasattr(os, "sched_setaffinity"):
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(studio.process.pid, cores[:1])
            os.sched_setaffinity(0, cores[1:] or cores)
        uids = [
            studio.client.post("/generations/image", json={"prompt": PROMPT}).json()["id"] for _ in range(GENERATIONS)
        ]
        wait_for(lambda: _unfinished(studio) == 0)
        print(f"Python {sys.version.split()[0]}, {CONNECTIONS} connections, studio on one core\n")
        print("| request | answers a second | required |")
        print("|---|---:|---:|")
        for name, path, required in (
            ("`GET /generations/{id}`", f"/generations/{uids[50]}", "1,000"),
            ("`GET /generations?limit=100`", "/generations?limit=100", "300"),
            ("`GET /credits`", "/credits", ""),
        ):
            print(f"| {name} | {_rate(studio, path):,.0f} | {required} |", flush=True)


def _unfinished(studio: Program) -> int:
    generations = studio.client.get("/generations").json()["generations"]
    return sum(generation["state"] != "completed" for generation in generations)


def _rate(studio: Program, path: str) -> float:
    """Answers a second over all connections."""
    begin = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as clients:
        counts = list(clients.map(lambda _: _ask(studio.client.base_url, path, begin + SECONDS), range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - begin)


def _ask(url: httpx2.URL, path: str, end: float) -> int:
    host, port, count = url.host, url.port, 0
    request = (
        f"GET /dream-machine/v1{path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {KEYS['ada']}\r\n\r\n"
    ).encode()
    with socket.create_connection((host, port)) as connection, connection.makefile("rb") as answers:
        while time.perf_counter() < end:
            connection.sendall(request)
            status = answers.readline()
            assert b" 200 " in status, status
            length = 0
            while (line := answers.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            answers.read(length)
            count += 1
    return count


if __name__ == "__main__":
    main()
