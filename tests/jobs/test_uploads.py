"""Pictures on this machine reach the hosted API as URLs, and are identified by their bytes."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dream_nb.api.errors import ConfigurationError, DreamCancelledError, DreamError
from dream_nb.api.portal import portal
from dream_nb.jobs.uploads import Uploads
from dream_nb.requests.fields import make_request
from dream_nb.requests.identity import request_hash
from dream_nb.requests.sources import picture
from tests.jobs.hosted import SECONDS, Hosted, hosted, use
from tests.studio.machine import served, settings


class Bucket:
    """A storage that serves the files put into it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.origin = ""

    def put(self, data: bytes, name: str) -> str:
        self.files[name] = data
        return f"{self.origin}/{name}"

    async def get(self, request: Request) -> Response:
        return Response(self.files[request.path_params["name"]], media_type="image/png")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    with served(Starlette(routes=[Route("/{name}", bucket.get)])) as bucket.origin:
        yield bucket


@pytest.fixture
def server(tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "server", key, settings=settings(fetch_loopback=True)) as server:
        use(server, monkeypatch)
        yield server


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (64, 36), "teal").save(path)
    return path


def test_a_function_puts_files_where_the_api_fetches_them(server: Hosted, bucket: Bucket, photo: Path) -> None:
    session = server.session(uploader=bucket.put)
    dream = session.dream("a lake", frame0=photo)
    (name,) = bucket.files
    assert bucket.files[name] == photo.read_bytes()
    assert server.made[0]["request"]["keyframes"]["frame0"]["url"] == f"{bucket.origin}/{name}"
    sent = make_request("a lake", frame0=photo, model="ray-2", resolution="720p", duration="5s")
    assert dream.hash == request_hash(sent)
    # The same file makes the same request: nothing is uploaded or generated again.
    bucket.files.clear()
    assert session.submit(make_request("a lake", frame0=photo)).replayed
    assert bucket.files == {}


def test_without_an_uploader_an_error_says_how_to_configure_one(server: Hosted, photo: Path) -> None:
    session = server.session()
    with pytest.raises(ConfigurationError, match=r"DREAM_NB_UPLOADER .* s3://bucket/prefix .* Session\(uploader=\)"):
        session.dream("a lake", frame0=photo)
    assert session.library.ledger.all() == []


def test_an_upload_that_fails_sends_nothing_and_is_tried_again(server: Hosted, bucket: Bucket, photo: Path) -> None:
    def broken(data: bytes, name: str) -> str:
        if not bucket.files:
            bucket.files["tried"] = b""
            raise OSError("no room")
        return bucket.put(data, name)

    session = server.session(uploader=broken)
    with pytest.raises(DreamError, match=r"the uploader failed \(OSError: no room\); nothing was sent"):
        session.dream("a lake", frame0=photo)
    assert server.books.count("POST") == 0
    assert session.dream("a lake", frame0=photo).state == "completed"


def test_an_uploader_has_to_give_a_url(server: Hosted, photo: Path) -> None:
    with pytest.raises(ConfigurationError, match="the uploader gave 'here', which is not an http URL"):
        server.session(uploader=lambda _data, _name: "here").dream("a lake", frame0=photo)


def test_a_folder_that_fsspec_reaches_gives_signed_links(
    server: Hosted, bucket: Bucket, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Signed(MemoryFileSystem):  # type: ignore[misc]
        protocol = "signed"

        def sign(self, path: str, expiration: int = 100, **_: object) -> str:
            assert expiration >= 3600
            return bucket.put(self.cat_file(path), path.rpartition("/")[2])

    fsspec.register_implementation("signed", Signed, clobber=True)
    monkeypatch.setenv("DREAM_NB_UPLOADER", "signed://bucket/prefix")
    assert server.session().dream("a lake", frame0=photo).state == "completed"
    assert len(bucket.files) == 1


def test_a_folder_without_signed_links_says_so(server: Hosted, photo: Path) -> None:
    with pytest.raises(
        ConfigurationError, match="'memory://prefix' does not support signed links: set DREAM_NB_UPLOADER"
    ):
        server.session(uploader="memory://prefix").submit(make_request("a lake", frame0=photo)).result(SECONDS)


def test_what_is_cancelled_while_its_picture_is_uploaded_was_not_sent(server: Hosted, photo: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait(_data: bytes, _name: str) -> str:
        begun.set()
        go_on.wait(SECONDS)
        return "https://example.org/a.png"

    session = server.session(uploader=wait)
    job = session.submit(make_request("a lake", kind="image", image_ref=[{"url": picture(photo)}]))
    assert begun.wait(SECONDS)
    job.cancel()
    go_on.set()
    with pytest.raises(DreamCancelledError, match="before it was sent"):
        job.result(SECONDS)
    assert [record.state for record in session.library.ledger.all()] == ["intended"]
    assert server.books.count("POST") == 0


def test_the_password_of_an_uploader_is_not_said(photo: Path) -> None:
    request = make_request("a lake", kind="image", image_ref=[{"url": picture(photo)}])
    for folder in ("nothing://ada:hush-77@host/x", "ftp://ada:hush-77@127.0.0.1:9/x"):
        with pytest.raises(DreamError) as caught:
            portal.call(Uploads(folder).replaced, request, lambda _: None)
        assert "hush-77" not in "".join(traceback.format_exception(caught.value))
