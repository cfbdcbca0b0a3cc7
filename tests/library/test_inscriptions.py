"""Files contain their origin, which can be read wherever the files are."""

from __future__ import annotations

import json
import os
import shutil
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from dream_nb.api.errors import LibraryError
from dream_nb.api.request_models import ImageGenerationRequest, ImageRef
from dream_nb.library.inscriptions import describe, inscribe, read_inscription
from dream_nb.media.encoding import encode
from dream_nb.media.frames import evenly
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.session import Session
from tests.media import odd_pictures, odd_videos


@pytest.fixture(scope="module")
def picture(studio: Session) -> Dream:
    """A PNG."""
    return studio.dream('a "quoted" läke\nof two lines', kind="image", format="png")


def png(width: int, height: int, *chunks: tuple[bytes, bytes, int]) -> bytes:
    """A PNG whose header gives that size, with further chunks; the last number of each is added to its checksum."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", (zlib.crc32(name + body) + wrong) % 2**32)
        for name, body, wrong in [(b"IHDR", header, 0), *chunks, (b"IEND", b"", 0)]
    )


def test_a_video_says_where_it_comes_from_in_its_tags(lake: Dream) -> None:
    with av.open(str(lake.path)) as container:
        tags = dict(container.metadata)
    said = json.loads(tags["dream_nb"])
    assert tags["title"] == said["prompt"] == lake.prompt
    assert said["id"] == lake.generation.id
    assert said["request"] == lake.request.wire()
    assert said["version"] == "0.1.0"
    assert said["created_at"] == lake.created.isoformat()


def test_a_png_and_a_jpeg_say_it_as_text(picture: Dream, lighthouse: Dream) -> None:
    with Image.open(picture.path) as image:
        said = json.loads(image.text["dream_nb"])  # type: ignore[attr-defined]
        assert (image.format, said["prompt"], said["id"]) == ("PNG", picture.prompt, picture.generation.id)
    with Image.open(lighthouse.path) as image:
        image.load()
        comments = [comment for name, comment in image.applist if name == "COM"]  # type: ignore[attr-defined]
        assert image.format == "JPEG"
    assert json.loads(comments[0].decode().removeprefix("dream_nb: "))["id"] == lighthouse.generation.id


@pytest.mark.parametrize("suffix", [".mp4", ".png", ".jpg"])
def test_what_is_seen_stays_as_it_came(
    lake: Dream, picture: Dream, lighthouse: Dream, tmp_path: Path, suffix: str
) -> None:
    dream = {".mp4": lake, ".png": picture, ".jpg": lighthouse}[suffix]
    path = tmp_path / f"file{suffix}"
    shutil.copy(dream.path, path)
    inscribe(path, dream._record)
    if suffix == ".mp4":
        with av.open(str(path)) as again, av.open(str(dream.path)) as before:
            assert [bytes(one) for one in again.demux(video=0)] == [bytes(one) for one in before.demux(video=0)]
    else:
        with Image.open(path) as again, Image.open(dream.path) as before:
            assert (np.asarray(again) == np.asarray(before)).all()
    # A file inscribed twice still has one readable inscription.
    assert read_inscription(path) is not None


def test_a_file_is_byte_for_byte_the_same_when_it_is_fetched_again(studio: Session) -> None:
    dream = studio.dream("a canyon at dawn")
    before = dream.path.read_bytes()
    dream.path.unlink()
    assert studio.dream("a canyon at dawn").path.read_bytes() == before


def test_neither_pictures_nor_callbacks_are_in_it(lake: Dream) -> None:
    request = ImageGenerationRequest(
        prompt="a", callback_url="https://secret.example/token", image_ref=[ImageRef(url="data:image/png;base64,AAAA")]
    )
    text = json.dumps(describe(replace(lake._record, request=request)))
    assert "secret" not in text
    assert "AAAA" not in text
    assert "sha256:" in text


def test_a_copied_file_alone_is_read_back(lake: Dream, picture: Dream, lighthouse: Dream, tmp_path: Path) -> None:
    for dream in (lake, picture, lighthouse):
        shutil.copy(dream.path, tmp_path / dream.path.name)
    found = {dream.kind + dream.path.suffix: dream for dream in Dreams.from_files(tmp_path)}
    for dream in (lake, picture, lighthouse):
        again = found[dream.kind + dream.path.suffix]
        assert again == dream
        assert again.prompt == dream.prompt
        assert again.request == dream.request
        assert again.generation.id == dream.generation.id
        assert again.created == dream.created
        assert (again.first_frame == dream.first_frame).all()


def test_an_export_is_read_back_with_its_marks(lake: Dream, lighthouse: Dream, tmp_path: Path) -> None:
    lighthouse.mark(stars=3, note="fine")
    Dreams([lake, lighthouse]).export(tmp_path)
    assert {dream.note: dream for dream in Dreams.from_files(tmp_path)}["fine"].stars == 3
    assert set(Dreams.from_files(tmp_path)) == {lake, lighthouse}


def test_an_export_does_not_say_where_the_server_called_back(lake: Dream, tmp_path: Path) -> None:
    request = lake.request.model_copy(update={"callback_url": "https://me.example/secret"})
    record = replace(lake._record, request=request, generation=lake.generation.model_copy(update={"request": request}))
    Dreams([Dream(record, lake._library, lake._home)]).export(tmp_path)
    assert not [path.name for path in tmp_path.iterdir() if b"me.example" in path.read_bytes()]
    assert list(Dreams.from_files(tmp_path)) == [lake]


def test_foreign_files_are_dreams_without_a_prompt(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((9, 16, 3), np.uint8)).save(tmp_path / "photo.jpg")
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "folder.png").mkdir()
    broken, photo = Dreams.from_files(tmp_path)
    assert (photo.prompt, photo.backend, photo.size) == ("", "", (16, 9))
    assert broken.kind == "video"
    with pytest.raises(LibraryError, match="is not a picture or video that can be read"):
        _ = broken.image
    assert Dreams([broken, photo]).to_pandas()["id"].isna().all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4", "folder.png", "notes.txt", "photo.jpg"]


@pytest.mark.parametrize(
    "content",
    [png(100_000, 100_000), png(1, 1, (b"IDAT", zlib.compress(bytes(4)), 0), (b"tEXt", b"a", 1))],
    ids=["huge", "broken"],
)
def test_a_picture_that_cannot_be_opened_does_not_hide_the_others(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    Image.new("RGB", (16, 9)).save(tmp_path / "b.png")
    bad, good = Dreams.from_files(tmp_path)
    assert (bad.prompt, good.size) == ("", (16, 9))


@pytest.mark.parametrize(
    "said",
    ["", "no JSON", "[]", "{}", '{"take": "1"}', '{"take": 1, "request": 7}', '{"take": 0, "request": {}, "hash": ""}',
     "[" * 100_000],
)  # fmt: skip
def test_a_file_that_says_nonsense_is_a_foreign_file(tmp_path: Path, said: str) -> None:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_itxt("dream_nb", said)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    assert [dream.backend for dream in Dreams.from_files(tmp_path)] == [""]


@pytest.mark.parametrize(
    "said", ['{"shots": 7}', '{"shots": [{"prompt": 7}]}', '{"shots": [{"prompt": "\\ud800"}]}', "[]"]
)
def test_a_video_whose_shots_are_nonsense_has_no_prompt(tmp_path: Path, said: str) -> None:
    encode(evenly([np.zeros((36, 64, 3), np.uint8)], 24), tmp_path / "a.mp4", 24, {"dream_nb": said})
    assert Dreams.from_files(tmp_path).column("prompt") == [""]


def test_what_cannot_take_a_tag_stays_as_it_was(lake: Dream, tmp_path: Path) -> None:
    for suffix in (".mp4", ".png", ".jpg"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(b"something else")
        with pytest.raises(ValueError, match="an unknown format cannot store it"):
            inscribe(path, lake._record)
        assert path.read_bytes() == b"something else"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="is not a readable folder"):
        Dreams.from_files(tmp_path / "missing")


def test_what_is_no_plain_file_of_the_folder_is_left_out_with_a_line(
    lake: Dream, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(lake.path, tmp_path / "plain.mp4")
    (tmp_path / "link.mp4").symlink_to(lake.path.absolute())
    shutil.copy(lake.path, tmp_path / os.fsdecode(b"bad\xff.mp4"))
    dreams = Dreams.from_files(tmp_path)
    assert [dream.path.name for dream in dreams] == ["plain.mp4"]
    assert "link.mp4 is ignored: it is a link" in caplog.text
    assert "its name is not valid text" in caplog.text


def test_a_file_that_cannot_be_read_is_left_out_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    opened = Path.open

    def refuse(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name == "b.png":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    assert [dream._record.file for dream in Dreams.from_files(tmp_path)] == ["a.png"]
    assert "b.png is ignored: it cannot be read (Permission denied)" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"written_at": "0001-01-01T00:00:00+14:00"},
        {"note": "\ud800"},
        {"generation": {"id": "x", "state": "completed", "created_at": "9999-12-31T23:59:59-14:00"}},
    ],
)
def test_what_a_sidecar_says_of_time_and_text_breaks_no_table(
    lighthouse: Dream, tmp_path: Path, changes: dict[str, object]
) -> None:
    Dreams([lighthouse]).export(tmp_path)
    sidecar = tmp_path / f"{lighthouse.path.name}.json"
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | changes))
    dreams = Dreams.from_files(tmp_path)
    assert len(dreams.to_pandas()) == len(dreams.to_polars()) == 1
    assert str(dreams.sort_by("created")[0].created.astimezone())


def test_every_format_that_is_read_is_a_dream_by_its_bytes(tmp_path: Path) -> None:
    picture, moving = odd_pictures.written(odd_pictures.scene(), "AVIF"), odd_pictures.moving("WEBP")
    for name, data in (
        ("a.avif", picture),
        ("b.webp", moving),
        ("c.gif", odd_pictures.moving("GIF")),
        ("d.JPG", moving),
    ):
        (tmp_path / name).write_bytes(data)
    for name in ("mov.mov", "vp9.webm", "b-frames.mkv"):
        odd_videos.ODD[name](tmp_path / f"e-{name}")
    dreams = Dreams.from_files(tmp_path)
    assert [dream.kind for dream in dreams] == ["image", *["video"] * 6]
    assert [bool(dream.size and dream.image) for dream in dreams] == [True] * 7


def test_what_is_not_read_is_passed_over_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("photo.heic", "scan.tiff", "old.avi", "notes.txt"):
        (tmp_path / name).write_bytes(b"something else")
    assert len(Dreams.from_files(tmp_path)) == 0
    assert [
        record.getMessage().partition(" is ignored: it is not a picture or video")[0] for record in caplog.records
    ] == [
        "old.avi",
        "photo.heic",
        "scan.tiff",
    ]
