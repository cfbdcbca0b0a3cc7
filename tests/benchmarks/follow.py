"""Creates generations and follows them to their end; `python -m tests.benchmarks.follow WHO COUNT WAVE` is measured.

Prints when the end of each generation was known (seconds since 1970), and the wall and processor time without imports.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

PROMPT: Final = "a serene lake at sunset, wave {}, number {}"
_PATIENCE: Final = 300.0


def main() -> None:
    """Run the client that the arguments name."""
    who, count = sys.argv[1], int(sys.argv[2])
    run = {"own": own, "callbacks": callbacks, "lumaai": lumaai, "fal": fal}[who](count)
    wall, cpu = time.perf_counter(), time.process_time()
    known = run()
    print(
        json.dumps(
            {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "known": known, "count": count}
        )
    )


def own(count: int, *, told: bool = False) -> Callable[[], dict[str, float]]:
    """A session with its ledger and library; it fetches the files too."""
    from dream_nb import Callbacks, Limits, Session
    from dream_nb.requests.fields import make_request

    def run() -> dict[str, float]:
        known: dict[str, float] = {}
        many = {"video": 10 * count, "image": 10 * count}
        options: dict[str, Any] = {"callbacks": Callbacks()} if told else {}

        def note(place: int, job: Any) -> None:
            if job.progress.state in {"downloading", "completed"}:
                known.setdefault(str(place), time.time())

        with Session("dreams", "dream-machine", limits=Limits(many, many), prices={"image": 1.0}, **options) as session:
            jobs = [
                session.submit(make_request(PROMPT.format(sys.argv[3], place), kind="image")) for place in range(count)
            ]
            for place, job in enumerate(jobs):
                job.on_change(partial(note, place))
            return {job.result(_PATIENCE).generation.id or "": known[str(place)] for place, job in enumerate(jobs)}

    return run


def callbacks(count: int) -> Callable[[], dict[str, float]]:
    """Like `own`, with callbacks from the server."""
    return own(count, told=True)


def lumaai(count: int) -> Callable[[], dict[str, float]]:
    """The official client: creates with `gather`, and follows each with the loop from its documentation."""
    from lumaai import AsyncLumaAI

    async def one(client: Any, place: int) -> tuple[str, float]:
        generation = await client.generations.image.create(prompt=PROMPT.format(sys.argv[3], place), model="photon-1")
        completed, at = False, 0.0
        while not completed:
            generation = await client.generations.get(id=generation.id)
            if generation.state == "completed":
                completed, at = True, time.time()
            elif generation.state == "failed":
                raise RuntimeError(f"Generation failed: {generation.failure_reason}")
            await asyncio.sleep(3)
        return str(generation.id), at

    async def everything() -> dict[str, float]:
        # With its default timeout of a minute, a thousand at once would time out on a slow machine.
        async with AsyncLumaAI(timeout=600) as client:
            return dict(await asyncio.gather(*(one(client, place) for place in range(count))))

    return lambda: asyncio.run(everything())


def fal(count: int) -> Callable[[], dict[str, float]]:
    """The loop of fal's client, which polls each generation every 0.1 s, with the HTTP client that it uses."""
    import httpx

    url, key = os.environ["LUMAAI_BASE_URL"], os.environ["LUMAAI_API_KEY"]

    async def one(client: Any, place: int) -> tuple[str, float]:
        body = {"prompt": PROMPT.format(sys.argv[3], place), "model": "photon-1"}
        generation = (await client.post(f"{url}/generations/image", json=body)).json()
        while generation["state"] != "completed":
            await asyncio.sleep(0.1)
            generation = (await client.get(f"{url}/generations/{generation['id']}")).json()
        return generation["id"], time.time()

    async def everything() -> dict[str, float]:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=120) as client:
            return dict(await asyncio.gather(*(one(client, place) for place in range(count))))

    return lambda: asyncio.run(everything())


if __name__ == "__main__":
    main()
