"""A finished file is stored whole or not at all, and a failed download never loses a generation."""

from __future__ import annotations

import gzip
import io
import resource
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.requests import Request as Call
from starlette.responses import Response
from starlette.types import ASGIApp

from dream_nb.api.errors import APIError, LibraryError
from dream_nb.api.models import Generation
from dream_nb.jobs import downloads
from dream_nb.jobs.downloads import asset_url
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from dream_nb.studio.faults import Fault
from tests.fakes.dream_machine import FakeDreamMachine
from tests.jobs.hosted import HASTE, SECONDS, Hosted, hosted, use
from tests.studio.machine import settings, wait_for

REQUEST = make_request("a lake", kind="image")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="/assets/*", cut=0.5),
        Fault(path="/assets/*", drop="before"),
        Fault(path="/assets/*", drop="after"),
        Fault(path="/assets/*", answer=404),
        Fault(path="/assets/*", answer=403),
        Fault(path="/assets/*", answer=500),
        Fault(path="/assets/*", answer=429, headers={"retry-after": "0"}),
        Fault(path="/assets/*", answer=200, body="<h1>Expired</h1>", headers={"content-type": "text/html"}),
        Fault(path="/assets/*", answer=200, body="no picture", headers={"content-type": "image/jpeg"}),
        Fault(path="/assets/*", delay=1.5),
    ],
    ids=["cut", "dropped", "late drop", "404", "403", "500", "429", "html", "damaged", "late"],
)
def test_a_download_that_goes_wrong_once_is_repeated(server: Hosted, fault: Fault) -> None:
    server.faults.add(fault)
    dream = server.session().submit(REQUEST).result(SECONDS)
    assert dream.image.size == (56, 32)
    assert len(server.made) == server.books.count("POST") == 1


def test_a_cut_file_is_resumed_where_it_was_cut(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ranges: list[bytes] = []

    def note(app: ASGIApp) -> ASGIApp:
        async def noting(scope: Any, receive: Any, send: Any) -> None:
            ranges.extend(value for name, value in scope.get("headers", []) if name == b"range")
            await app(scope, receive, send)

        return noting

    with hosted(tmp_path / "server", key, wrap=note) as server:
        use(server, monkeypatch)
        server.faults.add(Fault(path="/assets/*", cut=0.5))
        dream = server.session().submit(REQUEST).result(SECONDS)
        asset = server.client.get(server.made[0]["assets"]["image"]).content
    # The asset's bytes before and after the metadata that the library adds.
    assert dream.path.read_bytes().startswith(asset[:20])
    assert dream.path.read_bytes().endswith(asset[20:])
    assert ranges == [b"bytes=%d-" % (len(asset) // 2)]


def test_a_download_that_stays_wrong_is_one_line_and_taken_up_again(server: Hosted) -> None:
    server.faults.add(Fault(path="/assets/*", answer=500, times=None))
    session = server.session()
    with pytest.raises(APIError, match="download: the asset's URL returned 500"):
        session.submit(REQUEST).result(SECONDS)
    server.faults.clear()
    assert session.submit(REQUEST).result(SECONDS).path.exists()
    assert len(server.made) == server.books.count("POST") == 1


def test_a_trickle_is_waited_for(server: Hosted) -> None:
    server.faults.add(Fault(path="/assets/*", trickle=1.5 * HASTE.call))
    assert server.session().submit(REQUEST).result(SECONDS).image.size == (56, 32)


def test_a_removed_file_is_fetched_again_and_not_made_again(server: Hosted) -> None:
    session = server.session()
    first = session.submit(REQUEST).result(SECONDS)
    content = first.path.read_bytes()
    first.path.unlink()
    job = session.submit(REQUEST)
    assert job.result(SECONDS).path.read_bytes() == content
    assert (job.replayed, server.books.count("POST")) == (False, 1)


def test_a_changed_file_is_noticed_and_fetched_again(server: Hosted) -> None:
    session = server.session()
    first = session.submit(REQUEST).result(SECONDS)
    content = first.path.read_bytes()
    first.path.write_bytes(b"somebody's")
    again = session.submit(REQUEST).result(SECONDS)
    assert again.path.read_bytes() == content
    assert server.books.count("POST") == 1


def test_no_key_goes_to_a_foreign_host(server: Hosted) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    headers: list[str] = []

    class Foreign(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers.append(str(self.headers))
            self.send_response(200)
            self.send_header("content-type", "image/jpeg")
            self.send_header("content-length", str(len(file.getvalue())))
            self.end_headers()
            self.wfile.write(file.getvalue())

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Foreign) as foreign:
        thread = threading.Thread(target=foreign.serve_forever)
        thread.start()
        server.faults.add(
            Fault(path="/assets/*", answer=302, headers={"location": f"http://127.0.0.1:{foreign.server_port}/a.jpg"})
        )
        server.session().submit(REQUEST).result(SECONDS)
        foreign.shutdown()
        thread.join()
    assert len(headers) == 1
    assert "authorization" not in headers[0].lower()
    assert server.key not in headers[0]


def test_several_come_at_once(server: Hosted) -> None:
    server.faults.add(Fault(path="/assets/*", delay=0.5, times=4))
    session = server.session()
    jobs = [session.submit(REQUEST, take=take) for take in range(1, 5)]
    with ThreadPoolExecutor() as pool:
        assert len({dream.path for dream in pool.map(lambda job: job.result(SECONDS), jobs)}) == 4


def test_a_full_disk_is_one_line_and_the_job_is_taken_up_again(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "server", key, settings=settings(shorter_side=720)) as server:
        use(server, monkeypatch)
        session = server.session()
        # A limit on file sizes has the same effect as a full disk; the ledger is smaller than the limit.
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        job = session.submit(REQUEST)
        wait_for(lambda: [made["state"] for made in server.made] == ["completed"])
        job.result(SECONDS).path.unlink()
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
        try:
            with pytest.raises(LibraryError, match=r"cannot be written .*free up space .* not lost"):
                session.submit(REQUEST).result(SECONDS)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert list(Path("dreams").glob("*.part")) == []
        assert session.submit(REQUEST).result(SECONDS).path.exists()
        assert len(server.made) == 1


@pytest.mark.parametrize(
    "rule",
    [{}, {"answer": 200, "body": "x", "headers": {"content-type": "image/jpeg", "content-length": str(3 * 2**30)}}],
)
def test_a_file_that_is_too_large_is_not_kept(
    server: Hosted, rule: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if rule:
        server.faults.add(Fault(path="/assets/*", times=None, **rule))
    else:
        monkeypatch.setattr(downloads, "MAX_BYTES", 100)
    with pytest.raises(LibraryError, match=r"larger than \d+ GB: it was not kept"):
        server.session().submit(REQUEST).result(SECONDS)
    assert list(Path("dreams").glob("*.part")) == []


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 90, 30)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDreamMachine]:
    """A fake that this process uses as the hosted API, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    with FakeDreamMachine().running() as fake:
        fake.use(monkeypatch)
        yield fake


@pytest.fixture
def session(fake: FakeDreamMachine) -> Iterator[Session]:  # noqa: ARG001 - the environment names it
    with Session("dreams", patience=HASTE, prices={"image": 1.5}) as session:
        yield session


def giving(fake: FakeDreamMachine, body: bytes, content_type: str, **headers: str) -> list[dict[str, str]]:
    """Answer requests for files with this body. Returns a list that collects the headers of these requests."""
    came: list[dict[str, str]] = []

    def asset(call: Call, _: Response) -> Response:
        came.append(dict(call.headers))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(body, headers={"content-type": content_type} | named)

    fake.asset = asset
    return came


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes), ("GZIP", gzip.compress)],
)
def test_a_file_that_is_compressed_all_the_same_is_unfolded_and_counted_as_it_came(
    fake: FakeDreamMachine, session: Session, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    came = giving(fake, compress(jpeg()), "image/jpeg", content_encoding=encoding)
    assert session.submit(REQUEST).result(SECONDS).image.size == (8, 8)
    assert [headers["accept-encoding"] for headers in came] == ["identity"]


@pytest.mark.parametrize("encoding", ["gzip", "aws-chunked"])
def test_a_file_that_is_not_compressed_as_its_header_says_is_taken_as_it_came(
    fake: FakeDreamMachine, session: Session, encoding: str
) -> None:
    giving(fake, jpeg(), "image/jpeg", content_encoding=encoding)
    assert session.submit(REQUEST).result(SECONDS).image.size == (8, 8)


def test_a_compressed_file_that_was_cut_is_fetched_from_its_beginning(fake: FakeDreamMachine, session: Session) -> None:
    whole, came = gzip.compress(jpeg()), list[str]()

    def asset(call: Call, _: Response) -> Response:
        came.append(call.headers.get("range", ""))
        headers = {"content-encoding": "gzip", "etag": '"a"'}
        answer = Response(whole, headers=headers, media_type="image/jpeg")
        if len(came) == 1:
            # The body is shorter than announced.
            answer.body = whole[: len(whole) // 2]
        return answer

    fake.asset = asset
    assert session.submit(REQUEST).result(SECONDS).image.size == (8, 8)
    assert came == ["", ""]


def test_a_file_that_unfolds_beyond_the_limit_is_not_kept(
    fake: FakeDreamMachine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_BYTES", 1000)
    giving(fake, gzip.compress(b"\xff" * 100_000), "image/jpeg", content_encoding="gzip")
    with pytest.raises(LibraryError, match=r"larger than \d+ GB: it was not kept"):
        session.submit(REQUEST).result(SECONDS)


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "text/html; charset=utf-8", "x"])
def test_a_picture_is_taken_whatever_its_server_calls_it(
    fake: FakeDreamMachine, session: Session, content_type: str
) -> None:
    came = giving(fake, jpeg(), content_type)
    assert session.submit(REQUEST).result(SECONDS).image.size == (8, 8)
    assert len(came) == 1


@pytest.mark.parametrize("body", [b"<h1>Expired</h1>", b'\xef\xbb\xbf\r\n {"error": "expired"}', b"[]"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_page_is_told_by_its_first_letters(
    fake: FakeDreamMachine, session: Session, body: bytes, encoding: str
) -> None:
    compressed = gzip.compress(body) if encoding == "gzip" else body
    giving(fake, compressed, "image/jpeg; charset=utf-8", content_encoding=encoding)
    with pytest.raises(APIError, match="download: the asset's URL returned image/jpeg, not a picture or video"):
        session.submit(REQUEST).result(SECONDS)


def test_what_does_not_decode_is_told_with_the_type_that_it_came_as(fake: FakeDreamMachine, session: Session) -> None:
    giving(fake, b"this link has expired", "text/plain; charset=utf-8")
    with pytest.raises(
        LibraryError, match=r"its content type is text/plain: the downloaded file is not a picture or video"
    ):
        session.submit(REQUEST).result(SECONDS)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("http://[", None),
        ("ftp://a.example/b.jpg", None),
        ("", None),
        (" http://a.example/b.jpg ", "http://a.example/b.jpg"),
    ],
)
def test_what_is_no_address_is_none_yet(server: Hosted, address: str, found: str | None) -> None:
    session = server.session()
    record = session.library.ledger.intend(REQUEST, 1, "dream-machine")
    answer = {"id": "1", "state": "completed", "assets": {"image": address}}
    assert asset_url(replace(record, generation=Generation.from_answer(answer))) == found
