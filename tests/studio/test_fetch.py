"""What the studio fetches, and what it refuses to fetch."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from dream_nb.studio.fetch import Fetcher, FetchError, check_pixels, is_allowed
from dream_nb.studio.settings import Settings
from tests.studio.machine import PROMPT, Machine, in_process, picture, served, settings

pytestmark = pytest.mark.anyio

IMAGE = "/generations/image"


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """A web server with pictures and traps."""

    async def endless(_request: Request) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            while True:
                yield bytes(65536)
                await asyncio.sleep(0)

        return StreamingResponse(chunks(), media_type="image/png")

    async def slow(_request: Request) -> Response:
        await asyncio.sleep(30)
        return Response()

    def answer(body: bytes, status: int = 200, **headers: str) -> Any:
        async def endpoint(_request: Request) -> Response:
            return Response(body, status, {name.replace("_", "-"): value for name, value in headers.items()})

        return endpoint

    async def redirect(request: Request) -> Response:
        return RedirectResponse(request.query_params["to"])

    routes = [
        Route("/picture", answer(picture())),
        Route("/gone", answer(b"gone", 404)),
        Route("/text", answer(b"no picture at all")),
        Route("/zipped", answer(picture(), content_encoding="gzip")),
        Route("/endless", endless),
        Route("/slow", slow),
        Route("/redirect", redirect),
    ]
    with served(Starlette(routes=routes)) as origin:
        yield origin


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that may fetch from this machine, within tight limits."""
    fetcher = Fetcher(Settings(fetch_loopback=True, fetch_seconds=2, max_input=100_000, max_pixels=10_000))
    yield fetcher
    await fetcher.aclose()


async def test_a_picture_is_fetched(fetcher: Fetcher, host: str) -> None:
    assert await fetcher.picture(f"{host}/picture") == picture()


async def test_a_picture_may_be_in_the_url(fetcher: Fetcher) -> None:
    url = "data:image/png;base64," + base64.b64encode(picture()).decode()
    assert await fetcher.picture(url) == picture()


async def test_a_redirect_is_followed(fetcher: Fetcher, host: str) -> None:
    assert await fetcher.picture(f"{host}/redirect?to=/picture") == picture()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/gone", "answered 404"),
        ("/text", "is not a picture"),
        ("/zipped", "compressed"),
        ("/endless", "more than 100000 bytes"),
        ("/slow", "longer than 2 s"),
        ("/redirect?to=/redirect?to=x", "answered 404"),
        ("/redirect?to=file:///etc/passwd", "only http"),
        ("/redirect?to=http://169.254.169.254/latest/meta-data", "does not call"),
        ("/redirect?to=http://10.0.0.1/", "does not call"),
        ("/redirect?to=http://[zz]/", "redirects to an invalid URL"),
        ("/redirect?to=http://[::ffff:10.0.0.1]/", "does not call"),
    ],
)
async def test_what_is_no_picture_or_too_much_is_given_up(fetcher: Fetcher, host: str, path: str, reason: str) -> None:
    with pytest.raises(FetchError, match=reason):
        await fetcher.picture(host + path)


async def test_redirects_in_a_circle_end(fetcher: Fetcher) -> None:
    async def circle(_request: Request) -> Response:
        return RedirectResponse("/")

    with served(Starlette(routes=[Route("/", circle)])) as origin, pytest.raises(FetchError, match="more than 5 times"):
        await fetcher.picture(origin)


async def test_nobody_at_the_address_is_told(fetcher: Fetcher) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(FetchError, match="cannot be reached"):
            await fetcher.picture(f"http://127.0.0.1:{unused.getsockname()[1]}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "http://user:password@127.0.0.1/",
    ],
)
async def test_this_machine_is_not_fetched_from_by_default(url: str) -> None:
    fetcher = Fetcher(Settings())
    with pytest.raises(FetchError, match="does not call"):
        await fetcher.picture(url)
    await fetcher.aclose()


async def test_the_connection_goes_to_the_address_that_was_checked(
    fetcher: Fetcher, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The name resolves to an allowed address when it is checked, and to a forbidden one after that.
    port = int(host.rpartition(":")[2])
    answers = iter(["127.0.0.1"])

    async def getaddrinfo(*_args: Any, **_kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers, "10.0.0.1"), port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    assert await fetcher.picture(f"http://rebinding.example:{port}/picture") == picture()
    with pytest.raises(FetchError, match="does not call"):
        await fetcher.picture(f"http://rebinding.example:{port}/picture")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate of this test")
async def test_a_certificate_that_nobody_vouches_for_is_refused(fetcher: Fetcher, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    spoken: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        spoken.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(FetchError, match="cannot be reached"):
            await fetcher.picture(f"https://localhost:{port}/")
    assert spoken == []


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:192.168.1.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
    ],
)
async def test_only_addresses_of_the_whole_internet_are_public(address: str, allowed: bool) -> None:
    assert is_allowed(address, loopback=False, public=True) is allowed
    assert is_allowed(address, loopback=True, public=False) is (address == "::ffff:127.0.0.1")


async def test_a_picture_of_too_many_pixels_is_not_read() -> None:
    with pytest.raises(FetchError, match="101x100 pixels"):
        check_pixels(picture(101, 100), 10_000)
    check_pixels(picture(100, 100), 10_000)


@pytest.mark.parametrize("field", ["image_ref", "style_ref", "character_ref", "modify_image_ref"])
async def test_a_reference_that_cannot_be_had_fails_the_generation_and_is_refunded(
    machine: Machine, field: str
) -> None:
    url = "http://127.0.0.1:9/a.jpg"
    value: Any = [{"url": url}]
    if field == "character_ref":
        value = {"identity0": {"images": [url]}}
    elif field == "modify_image_ref":
        value = {"url": url}
    before = await machine.balance()
    uid = (await machine.create({"prompt": PROMPT, field: value}, IMAGE))["id"]
    generation = await machine.finished(uid)
    assert generation["state"] == "failed"
    assert generation["failure_reason"].startswith(f"Failed to read user input frames: {field}: 127.0.0.1 ")
    assert await machine.balance() == before


async def test_every_kind_of_reference_is_drawn_from(tmp_path: Path, host: str) -> None:
    url = f"{host}/picture"
    async with in_process(tmp_path, settings=settings(fetch_loopback=True)) as machine:
        reference = {"url": url, "weight": 0.5}
        await machine.made(
            {
                "prompt": PROMPT,
                "image_ref": [reference, {}],
                "style_ref": [{"url": url}],
                "character_ref": {"identity0": {"images": [url, url]}},
            },
            IMAGE,
        )
        await machine.made({"prompt": PROMPT, "modify_image_ref": reference}, IMAGE)
        frame = {"type": "image", "url": url}
        await machine.made({"keyframes": {"frame0": frame, "frame1": frame}})


async def test_a_file_of_the_studio_may_be_a_reference_by_its_url(machine: Machine) -> None:
    image = await machine.made(path=IMAGE)
    url = image["assets"]["image"]
    await machine.made({"keyframes": {"frame0": {"type": "image", "url": url}}})


async def test_generations_may_be_keyframes_at_both_ends(machine: Machine) -> None:
    video, image = (await machine.made())["id"], (await machine.made(path=IMAGE))["id"]
    frames = {"frame0": {"type": "generation", "id": video}, "frame1": {"type": "generation", "id": image}}
    await machine.made({"prompt": PROMPT, "keyframes": frames})


async def test_a_video_is_fetched_as_it_is(host: str) -> None:
    async with contextlib.aclosing(Fetcher(settings(fetch_loopback=True))) as fetcher:
        assert await fetcher.video(f"{host}/text") == b"no picture at all"
        assert await fetcher.video("data:video/mp4;base64,AAAA") == bytes(3)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/endless", "the video has more than 100000 bytes"),
        ("/zipped", "the video was sent compressed"),
        ("/gone", "404"),
    ],
)
async def test_a_video_that_breaks_a_limit_is_not_fetched(host: str, path: str, reason: str) -> None:
    limits = settings(fetch_loopback=True, max_media=100_000)
    async with contextlib.aclosing(Fetcher(limits)) as fetcher:
        with pytest.raises(FetchError, match=reason):
            await fetcher.video(host + path)


async def test_a_video_of_this_machine_is_not_fetched(host: str) -> None:
    async with contextlib.aclosing(Fetcher(settings())) as fetcher:
        with pytest.raises(FetchError, match="at an address that this studio does not call"):
            await fetcher.video(f"{host}/picture")
