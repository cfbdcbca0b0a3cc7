"""What a request goes on from: files, URLs, earlier dreams."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import Generation, GenerationReference
from dream_nb.requests.identity import request_hash
from dream_nb.requests.inputs import keyframe, make_request, picture
from dream_nb.session import Session


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (64, 36), "teal").save(path)
    return path


def test_a_dream_goes_on_from_a_file_and_from_a_dream(session: Session, photo: Path) -> None:
    first = session.dream("a lake", frame0=photo)
    frames = session.dream("it goes on", frame0=first, frame1=photo).request.wire()["keyframes"]
    assert frames["frame0"] == {"type": "generation", "id": first.generation.id}
    assert frames["frame1"]["url"].startswith("data:image/png;base64,")


def test_a_file_counts_by_its_bytes_wherever_it_lies(photo: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.dat"
    copy.write_bytes(photo.read_bytes())
    one, two = (request_hash(make_request("a lake", frame0=path)) for path in (photo, copy))
    assert one == two
    Image.new("RGB", (64, 36), "red").save(photo)
    assert request_hash(make_request("a lake", frame0=photo)) != one


def test_a_prompt_that_begins_like_a_data_uri_counts_as_a_whole() -> None:
    one, two = (request_hash(make_request(f"data:{word};base64, rain")) for word in ("lake", "hill"))
    assert one != two


@pytest.mark.parametrize("suffix", ["jpeg", "png", "webp", "gif"])
def test_pictures_are_known_by_their_bytes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "picture"
    Image.new("RGB", (8, 8)).save(path, suffix)
    assert picture(path).startswith(f"data:image/{suffix};base64,")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("no picture")
    with pytest.raises(InvalidRequestError, match=r"notes.jpg' is not a supported picture"):
        picture(path)
    with pytest.raises(InvalidRequestError, match="cannot be read: no such file"):
        picture(tmp_path / "missing.png")
    with pytest.raises(InvalidRequestError, match="no data: URI that can be read"):
        picture("data:image/png;base64,a")
    with pytest.raises(InvalidRequestError, match="is not a supported picture"):
        picture("data:text/html;base64,PHA+")


def test_a_video_is_no_picture(session: Session) -> None:
    with pytest.raises(InvalidRequestError, match="is a video, and a picture is wanted"):
        picture(session.dream("a lake"))


def test_a_generation_is_a_keyframe_by_its_id_and_a_picture_by_its_url() -> None:
    made = Generation.from_answer({"id": "one", "assets": {"image": "https://host/one.jpg"}})
    assert keyframe(made) == GenerationReference(id="one")
    assert picture(made) == "https://host/one.jpg"
    with pytest.raises(InvalidRequestError, match="has no id"):
        keyframe(Generation())
    with pytest.raises(InvalidRequestError, match="has no picture"):
        picture(Generation(id="one"))


def test_keyframes_are_given_in_one_way() -> None:
    with pytest.raises(InvalidRequestError, match="keyframes is given, and frame0 or frame1 too"):
        make_request("a lake", frame0="one", keyframes={"frame1": {"type": "generation", "id": "two"}})
