"""Files of a served studio, requested as a browser does."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request

from dream_nb.studio.assets import AssetFiles
from tests.studio.machine import PROMPT, picture, wait_for


@dataclass
class File:
    url: str
    data: bytes
    client: httpx2.Client

    def get(self, **headers: str) -> httpx2.Response:
        return self.client.get(self.url, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def file(client: httpx2.Client) -> Iterator[File]:
    """A finished image, and a client without a key."""
    uid = client.post("/generations/image", json={"prompt": PROMPT}).json()["id"]
    wait_for(lambda: client.get(f"/generations/{uid}").json()["state"] == "completed")
    url = client.get(f"/generations/{uid}").json()["assets"]["image"]
    with httpx2.Client() as browser:
        yield File(url, browser.get(url).content, browser)


def test_a_file_needs_no_key_and_has_its_type_and_length(file: File) -> None:
    response = file.get()
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/jpeg"
    assert int(response.headers["content-length"]) == len(file.data) > 100
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_the_name_of_a_file_is_128_random_bits(file: File) -> None:
    name = file.url.rpartition("/")[2].partition(".")[0]
    assert len(bytes.fromhex(name)) == 16


def test_head_gives_the_headers_only(file: File) -> None:
    response = file.client.head(file.url)
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) == len(file.data)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=20-", slice(20, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=5-99999999", slice(5, None)),
        ("BYTES=0-0", slice(0, 1)),
    ],
)
def test_a_range_is_served(file: File, asked: str, part: slice) -> None:
    response = file.get(range=asked)
    start, stop, _ = part.indices(len(file.data))
    assert response.status_code == 206
    assert response.content == file.data[part]
    assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(file.data)}"


def test_a_range_beyond_the_end_is_416(file: File) -> None:
    response = file.get(range="bytes=99999999-")
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{len(file.data)}"


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=x-y", "bytes", "bytes=", "bytes=-"])
def test_a_range_that_is_none_is_ignored(file: File, asked: str) -> None:
    response = file.get(range=asked)
    assert (response.status_code, response.content) == (200, file.data)


def test_several_ranges_come_in_parts(file: File) -> None:
    response = file.get(range="bytes=0-1,5-6")
    assert response.status_code == 206
    assert response.headers["content-type"].startswith("multipart/byteranges")
    assert file.data[5:7] in response.content


def test_a_range_is_served_only_if_the_file_is_still_the_same(file: File) -> None:
    etag = file.get().headers["etag"]
    assert file.get(range="bytes=0-9", if_range=etag).status_code == 206
    assert file.get(range="bytes=0-9", if_range='"another"').status_code == 200


def test_a_file_that_the_client_has_is_not_sent_again(file: File) -> None:
    etag = file.get().headers["etag"]
    for condition in (etag, f'"another", {etag}', f"W/{etag}", "*"):
        response = file.get(if_none_match=condition)
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    assert file.get(if_none_match='"another"').status_code == 200


def test_a_name_that_leads_out_of_the_folder_leads_nowhere(file: File) -> None:
    origin = file.url.rpartition("/")[0]
    for name in ("../studio.sqlite", "..%2fstudio.sqlite", "%2e%2e/studio.sqlite", ".", "%00"):
        assert file.client.get(f"{origin}/{name}").status_code == 404


def test_a_long_data_url_is_echoed_as_the_url_of_a_file(client: httpx2.Client, tmp_path: Path) -> None:
    data = picture() + bytes(5000)
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    body = {"prompt": PROMPT, "image_ref": [{"url": url, "weight": 0.5}]}
    generation = client.post("/generations/image", json=body).json()
    echoed = generation["request"]["image_ref"][0]["url"]
    with httpx2.Client() as browser:
        response = browser.get(echoed)
        assert (response.content, response.headers["content-type"]) == (data, "image/png")
        wait_for(lambda: client.get(f"/generations/{generation['id']}").json()["state"] == "completed")
        client.delete(f"/generations/{generation['id']}")
        assert browser.get(echoed).status_code == 404
    assert list((tmp_path / "assets").iterdir()) == []


def test_identical_data_urls_are_identical_requests(client: httpx2.Client) -> None:
    url = "data:image/png;base64," + base64.b64encode(picture() + bytes(5000)).decode()
    body = {"prompt": PROMPT, "image_ref": [{"url": url}]}
    takes = [client.post("/generations/image", json=body).json()["take"] for _ in range(2)]
    assert takes == [1, 2]


@pytest.mark.parametrize("name", ["../a.mp4", "/tmp/a.mp4", "a.mp4", ".jpeg"])
def test_a_name_of_the_database_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    assets = AssetFiles(tmp_path / "assets")
    (tmp_path / "a.mp4").write_text("mine")
    with pytest.raises(FileNotFoundError):
        assets.write(name, b"x")
    with pytest.raises(FileNotFoundError):
        assets.read(name)
    assets.remove(name)
    assert (tmp_path / "a.mp4").read_text() == "mine"


def test_a_first_frame_that_goes_while_it_is_asked_for_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, name = AssetFiles(tmp_path), f"{'0' * 32}.jpeg"
    (tmp_path / name).write_bytes(b"a frame")
    asked = Request({"type": "http", "method": "GET", "headers": []})
    answer = files.response(name, asked)
    assert answer is not None
    assert bytes(answer.body) == b"a frame"

    def read(_: AssetFiles, name: str) -> bytes:
        raise FileNotFoundError(name)

    monkeypatch.setattr(AssetFiles, "read", read)
    assert files.response(name, asked) is None
