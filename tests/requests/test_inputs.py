"""The inputs of a request: every kind of value in every field, in Python and on a line."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pytest
from PIL import Image, features

import dream_nb
from dream_nb.api.errors import GenerationFailedError, InvalidRequestError
from dream_nb.api.models import Generation
from dream_nb.api.request_models import (
    CharacterRef,
    GenerationReference,
    ImageGenerationRequest,
    ImageIdentity,
    ImageRef,
    ImageReference,
    Keyframes,
    ModifyImageRef,
    Request,
)
from dream_nb.lines.arguments import read_arguments
from dream_nb.lines.references import References
from dream_nb.requests.fields import make_request
from dream_nb.requests.identity import request_hash
from dream_nb.requests.inputs import keyframe, reference
from dream_nb.requests.roles import FIELD_OF, FRAMES
from dream_nb.requests.sources import picture
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.job import Job
from dream_nb.session import Session
from dream_nb.storyboard.storyboard import Shot, Storyboard

URL: Final = "https://host/a.jpg"
ID: Final = "3f2a91c0-4b7e-4c1d-9a55-0123456789ab"
OPTIONS: Final = {"frame0": "--frame0", "frame1": "--frame1"} | {
    field: f"--{role.replace('_', '-')}" for role, field in FIELD_OF.items()
}
WEIGHTED: Final = ("image_ref", "style_ref", "modify_image_ref")


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = Path("photo.png")
    Image.new("RGB", (64, 36), "teal").save(path)
    return path


def asked(field: str, value: Any) -> Request:
    """The request of a Python call."""
    kind: Literal["video", "image"] = "video" if field in FRAMES else "image"
    return make_request("a lake", kind=kind, **{field: value})


def typed(field: str, text: str, **variables: Any) -> Request:
    """The request of a `%dream` line."""
    line = f"a lake {OPTIONS[field]} {text}"
    return read_arguments(line, None, references=References(variables), defaults={}).asks[0].request


def url_of(request: Request, field: str) -> str:
    """The address of the picture in a field."""
    document = request.wire()
    if field in FRAMES:
        return str(document["keyframes"][field]["url"])
    value = document[field]
    if field == "character_ref":
        return str(value["identity0"]["images"][0])
    return str(value["url"] if field == "modify_image_ref" else value[0]["url"])


def uri(path: Path, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode()}"


class Anchored(os.PathLike[str]):
    """A path-like object that is not a `Path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


def opened_at_its_end(path: Path) -> io.BytesIO:
    file = io.BytesIO()
    file.write(path.read_bytes())
    return file


# Each of these values gives the bytes of `photo.png`.
OF_A_FILE: Final[dict[str, Callable[[Path], Any]]] = {
    "a text": str,
    "a text with a folder": lambda path: f"./{path}",
    "a path": Path,
    "something like a path": Anchored,
    "bytes": Path.read_bytes,
    "a bytearray": lambda path: bytearray(path.read_bytes()),
    "a memoryview": lambda path: memoryview(path.read_bytes()),
    "an open file": lambda path: io.BytesIO(path.read_bytes()),
    "a file that was just written": opened_at_its_end,
    "a data: URI": uri,
    "a data: URI in capitals": lambda path: uri(path).replace("data:", "DATA:"),
    "a model": lambda path: ImageReference(url=uri(path)),
    "another model": lambda path: ImageRef(url=uri(path)),
    "a model that names the file": lambda path: ImageRef(url=str(path)),
    "a dictionary": lambda path: {"url": uri(path)},
    "a dictionary that names the file": lambda path: {"url": path},
    "a list of one": lambda path: [path],
}


@pytest.mark.parametrize("field", OPTIONS)
@pytest.mark.parametrize("given", OF_A_FILE.values(), ids=OF_A_FILE)
def test_a_file_is_the_same_however_it_is_given(photo: Path, field: str, given: Callable[[Path], Any]) -> None:
    request = asked(field, given(photo))
    assert url_of(request, field) == uri(photo)
    assert request_hash(request) == request_hash(typed(field, "photo.png"))
    assert request_hash(request) == request_hash(typed(field, "value", value=given(photo)))


@pytest.mark.parametrize("field", OPTIONS)
@pytest.mark.parametrize(
    "given", [Image.open, lambda path: np.asarray(Image.open(path)), lambda path: np.asarray(Image.open(path)) / 255]
)
def test_a_picture_in_memory_is_the_same_by_its_pixels(photo: Path, field: str, given: Callable[[Path], Any]) -> None:
    request = asked(field, given(photo))
    data = base64.b64decode(url_of(request, field).removeprefix("data:image/png;base64,"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(Image.open(photo)))
    assert request_hash(request) == request_hash(typed(field, "value", value=given(photo)))
    assert request_hash(request) == request_hash(asked(field, Image.new("RGB", (64, 36), "teal")))


@pytest.mark.parametrize("field", OPTIONS)
@pytest.mark.parametrize("given", [URL, "http://host:8080", {"url": URL}, ImageReference(url=URL)])
def test_a_url_stays_as_it_is(field: str, given: Any) -> None:
    request = asked(field, given)
    assert url_of(request, field) == (given if isinstance(given, str) else URL)
    assert request_hash(request) == request_hash(typed(field, "value", value=given))
    if isinstance(given, str):
        assert request_hash(request) == request_hash(typed(field, given))


@pytest.mark.parametrize("field", OPTIONS)
def test_a_dream_is_the_same_however_it_is_given(lighthouse: Dream, studio: Session, field: str) -> None:
    job = studio.submit(lighthouse.request)
    job.result(240)
    expected = request_hash(typed(field, "value", value=lighthouse))
    for value in (lighthouse, job, Dreams([lighthouse]), [job]):
        assert request_hash(asked(field, value)) == expected
        assert request_hash(typed(field, "value", value=value)) == expected
    if field in FRAMES:
        uid = lighthouse.generation.id
        assert asked(field, lighthouse).wire()["keyframes"][field] == {"type": "generation", "id": uid}
    else:
        assert url_of(asked(field, lighthouse), field) == uri(lighthouse.path, "image/jpeg")


@pytest.mark.parametrize("field", FRAMES)
@pytest.mark.parametrize(
    "given", [ID, Generation(id=ID), GenerationReference(id=ID), {"type": "generation", "id": ID}, {"id": ID}]
)
def test_a_keyframe_is_a_generation_by_its_id(field: str, given: Any) -> None:
    request = asked(field, given)
    assert request.wire()["keyframes"] == {field: {"type": "generation", "id": ID}}
    assert request_hash(request) == request_hash(typed(field, ID)) == request_hash(typed(field, "value", value=given))


def test_an_id_that_no_server_gives_is_taken_from_the_models_only() -> None:
    assert keyframe(GenerationReference(id="one")) == GenerationReference(id="one")
    with pytest.raises(InvalidRequestError, match="'one' is not a URL, file or id"):
        keyframe("one")


@pytest.mark.parametrize("field", WEIGHTED)
@pytest.mark.parametrize(
    "given",
    [
        "photo.png:0.6",
        ("photo.png", 0.6),
        (Path("photo.png"), np.float64(0.6)),
        {"url": "photo.png", "weight": 0.6},
        ImageRef(url="photo.png", weight=0.6),
        ModifyImageRef(url="photo.png", weight=0.6),
    ],
)
def test_a_weight_is_the_same_however_it_is_given(photo: Path, field: str, given: Any) -> None:  # noqa: ARG001
    expected = request_hash(typed(field, "photo.png:0.6"))
    assert request_hash(asked(field, given)) == request_hash(asked(field, [given])) == expected
    assert request_hash(typed(field, "value", value=given)) == expected
    assert request_hash(typed(field, "photo.png")) != expected


@pytest.mark.parametrize("field", [*FRAMES, "character_ref"])
@pytest.mark.parametrize("given", ["photo.png:0.6", (Path("photo.png"), 0.6), ImageRef(url=URL, weight=0.6)])
def test_a_weight_where_there_is_none_is_refused(photo: Path, field: str, given: Any) -> None:  # noqa: ARG001
    with pytest.raises(InvalidRequestError, match=f"{field}: .* no weight: leave it out") as caught:
        asked(field, given)
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["image_ref", "style_ref", "character_ref"])
@pytest.mark.parametrize("several", [list, tuple, iter])
def test_several_pictures_keep_their_order(photo: Path, field: str, several: Callable[[Any], Any]) -> None:
    expected = typed(field, f"photo.png {OPTIONS[field]} {URL} {OPTIONS[field]} other", other=np.zeros((2, 2)))
    assert request_hash(asked(field, several([photo, URL, np.zeros((2, 2))]))) == request_hash(expected)


def test_dreams_are_several_pictures(lighthouse: Dream) -> None:
    request = asked("image_ref", Dreams([lighthouse, lighthouse]))
    assert request_hash(request) == request_hash(asked("image_ref", [lighthouse, lighthouse]))


@pytest.mark.parametrize(
    "given",
    [
        CharacterRef(identity0=ImageIdentity(images=[URL, "photo.png"])),
        ImageIdentity(images=[URL, "photo.png"]),
        {"identity0": {"images": [URL, Path("photo.png")]}},
        {"identity0": ImageIdentity(images=[URL, "photo.png"])},
        [URL, "photo.png"],
    ],
)
def test_a_character_may_have_the_form_of_the_api(photo: Path, given: Any) -> None:
    assert asked("character_ref", given).wire()["character_ref"] == {"identity0": {"images": [URL, uri(photo)]}}


@pytest.mark.parametrize("field", ["image_ref", "style_ref"])
def test_an_empty_list_is_sent_as_it_is(field: str) -> None:
    assert asked(field, []).wire()[field] == []


def test_a_file_counts_by_its_bytes_wherever_it_lies(photo: Path) -> None:
    copy = Path("copy.dat")
    copy.write_bytes(photo.read_bytes())
    one, two = (request_hash(make_request("a lake", frame0=path)) for path in (photo, copy))
    assert one == two
    Image.new("RGB", (64, 36), "red").save(photo)
    assert request_hash(make_request("a lake", frame0=photo)) != one


@pytest.mark.parametrize("suffix", ["jpeg", "png", "webp", "gif"])
def test_pictures_are_known_by_their_bytes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "picture"
    Image.new("RGB", (8, 8)).save(path, suffix)
    assert picture(path) == uri(path, f"image/{suffix}")


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
@pytest.mark.parametrize("given", [Path, str, Path.read_bytes, lambda path: uri(path, "image/avif")])
def test_an_avif_is_sent_as_a_png_of_its_pixels(photo: Path, given: Callable[[Path], Any]) -> None:
    path = photo.with_suffix(".avif")
    Image.open(photo).save(path)
    assert picture(given(path)) == picture(Image.open(path))


def test_an_avif_that_does_not_decode_is_refused() -> None:
    data = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + bytes(40)
    with pytest.raises(InvalidRequestError, match=r"'a picture of 64 bytes' does not decode .*give another picture"):
        picture(data)


# Wrong values, and their messages: the field, its item, the value, and what to do.
WRONG: Final[dict[str, tuple[Any, str]]] = {
    "a file that is missing": ("phoot.png", "'phoot.png' does not exist: did you mean photo.png?"),
    "a path that is missing": (Path("nothing"), "'nothing' does not exist: check its name and the folder that it"),
    "a folder that is missing": ("nowhere/a", "'nowhere/a' does not exist: check its name"),
    "a path of Windows": (r"C:\a\b.png", r"'C:\\a\\b.png' does not exist"),
    "a weight above 1": ("photo.png:2", "the weight 2 of 'photo.png' is not from 0 to 1"),
    "a weight below 0": ("photo.png:-0.5", "the weight -0.5 of 'photo.png' is not from 0 to 1"),
    "a word": ("lakes", "'lakes' is not a URL, file or id: give one of these, or the Dream itself"),
    "no text": ("", "'' is not a URL, file or id"),
    "an address that cannot be fetched": (
        "s3://b/a.png",
        "'s3://b/a.png': the API cannot download from s3:// addresses",
    ),
    "another file": (Path("notes.txt"), "'notes.txt' is not a picture that can be read (JPEG, PNG, WebP, GIF, AVIF)"),
    "a folder": (Path(), "'.' cannot be read: is a directory"),
    "other bytes": (b"no picture", "'a picture of 10 bytes' is not a picture that can be read"),
    "a damaged data: URI": ("data:image/png;base64,a", "'data:image/png;base64,a' is not a valid data: URI"),
    "a page": ("data:text/html;base64,PHA+", "is not a picture that can be read"),
    "an open text": (io.StringIO("text"), "'the open file' is open in text mode: open it with the mode 'rb'"),
    "a number": (3, "the value is of the type int: give a Dream, a Generation, the path of a picture"),
    "a dictionary without a picture": ({"weights": 1}, "unknown field 'weights'"),
    "an array of another shape": (np.zeros((2, 2, 2)), "the array has the shape 2 x 2 x 2: give height x width"),
}


@pytest.mark.parametrize(("given", "message"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("field", OPTIONS)
def test_what_is_wrong_is_said_with_its_field(photo: Path, field: str, given: Any, message: str) -> None:
    photo.with_name("notes.txt").write_text("no picture")
    is_list = field not in FRAMES and field != "modify_image_ref"
    for value, place in [(given, field)] + [([URL, given], f"{field}[1]")] * is_list:
        with pytest.raises(InvalidRequestError) as caught:
            asked(field, value)
        assert str(caught.value).startswith(f"{place}: ")
        assert message in str(caught.value)
        assert caught.value.field == field


def test_a_weight_is_no_part_of_the_name_of_a_file_that_is_missing(photo: Path) -> None:  # noqa: ARG001
    with pytest.raises(InvalidRequestError, match=r"'phoot.png' does not exist: did you mean photo.png\?"):
        asked("style_ref", "phoot.png:0.6")


@pytest.mark.parametrize("field", OPTIONS)
def test_a_job_that_is_under_way_is_waited_for_by_its_user(field: str) -> None:
    job = Job(make_request("a hill", kind="image"), 1, "studio")
    with pytest.raises(InvalidRequestError, match=rf"^{field}: 'a hill' is still under way: .* give its result\(\)"):
        asked(field, job)


def test_of_a_job_that_failed_its_error_is_raised() -> None:
    job = Job(make_request("a hill", kind="image"), 1, "studio")
    job.finish(None, GenerationFailedError("one", "no"))
    with pytest.raises(GenerationFailedError):
        asked("frame0", job)


@pytest.mark.parametrize("field", [*FRAMES, "modify_image_ref"])
def test_of_several_dreams_one_is_chosen(lake: Dream, lighthouse: Dream, field: str) -> None:
    with pytest.raises(InvalidRequestError, match="one") as caught:
        asked(field, Dreams([lake, lighthouse]))
    assert caught.value.field == field
    if field in FRAMES:
        assert "the Dreams holds 2 items" in str(caught.value)
        assert str(caught.value).endswith("choose one, such as dreams[0]")


def test_of_a_film_one_shot_is_chosen(studio: Session) -> None:
    film = Storyboard(["a lake", "a hill"], session=studio).make()
    with pytest.raises(InvalidRequestError, match=r"the Storyboard holds 2 items, .* such as film.shots\[0\]"):
        asked("frame0", film)


def test_of_no_dreams_none_is_chosen() -> None:
    with pytest.raises(InvalidRequestError, match="frame0: the Dreams is empty"):
        asked("frame0", Dreams())


def test_a_video_is_not_a_picture_and_its_frame_is(lake: Dream) -> None:
    with pytest.raises(InvalidRequestError, match="is a video, but a picture is needed: give one of its frames"):
        asked("style_ref", lake)
    assert url_of(asked("style_ref", lake.last_frame), "style_ref") == picture(lake.last_frame)


def test_an_id_is_not_a_picture() -> None:
    with pytest.raises(
        InvalidRequestError, match=f"image_ref: '{ID}' is the id of a generation, but a picture is needed"
    ):
        asked("image_ref", ID)


def test_a_generation_is_a_keyframe_by_its_id_and_a_picture_by_its_url() -> None:
    made = Generation.from_answer({"id": "one", "assets": {"image": URL}})
    assert keyframe(made) == GenerationReference(id="one")
    assert picture(made) == URL
    with pytest.raises(InvalidRequestError, match="has no id"):
        keyframe(Generation())
    with pytest.raises(InvalidRequestError, match="has no picture"):
        picture(Generation(id="one"))


def test_keyframes_are_given_in_one_way() -> None:
    with pytest.raises(InvalidRequestError, match="keyframes cannot be combined with frame0 or frame1"):
        make_request("a lake", frame0=ID, keyframes={"frame1": {"type": "generation", "id": "two"}})


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("video", {"style_ref": URL}, 'style_ref is for images: add kind="image"'),
        ("image", {"frame0": URL}, 'frame0 is for videos: add kind="video"'),
        ("image", {"keyframes": {}}, 'keyframes is for videos: add kind="video"'),
    ],
)
def test_a_field_of_the_other_kind_says_so(
    kind: Literal["video", "image"], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=message) as caught:
        make_request("a lake", kind=kind, **fields)
    assert caught.value.field == next(iter(fields))


def test_only_one_picture_can_be_changed() -> None:
    with pytest.raises(
        InvalidRequestError, match="modify_image_ref: 2 pictures are given, but only one can be changed"
    ):
        asked("modify_image_ref", [URL, URL])


def test_a_weight_is_given_once(photo: Path) -> None:
    with pytest.raises(InvalidRequestError, match="the weight is given twice"):
        reference(f"{photo}:0.5", weight=0.6)
    with pytest.raises(InvalidRequestError, match="the weight has the type str: give a number"):
        reference(photo, weight="0.6")  # type: ignore[arg-type]


def test_a_file_whose_name_ends_like_a_weight_is_that_file(photo: Path) -> None:
    named = Path("photo.png:0.6")
    Image.new("RGB", (8, 8)).save(named, "PNG")
    assert reference("photo.png:0.6") == ImageRef(url=uri(named))
    assert reference("photo.png:0.5") == ImageRef(url=uri(photo), weight=0.5)


@pytest.mark.parametrize("url", ["http://host:8080", "https://host/a.jpg", "https://user@host:1"])
def test_what_ends_the_address_of_a_server_is_no_weight(url: str) -> None:
    assert reference(url) == ImageRef(url=url)
    assert keyframe(f"{url}/b:1") == ImageReference(url=f"{url}/b:1")


def test_a_reference_and_a_keyframe_fit_the_models(photo: Path) -> None:
    like = reference(photo, weight=0.6)
    request = ImageGenerationRequest(prompt="a lake", style_ref=[like])
    assert request_hash(request) == request_hash(typed("style_ref", "photo.png:0.6"))
    frames = Keyframes(frame0=keyframe(photo))
    assert request_hash(make_request("a lake", keyframes=frames)) == request_hash(typed("frame0", "photo.png"))
    assert dream_nb.reference is reference
    assert dream_nb.keyframe is keyframe


def test_what_is_shown_of_a_picture_is_short() -> None:
    shown = reference(np.zeros((400, 400), np.uint8))
    assert len(repr(shown)) < 300
    assert "characters)" in repr(ImageGenerationRequest(prompt="a lake", image_ref=[shown]))
    assert len(repr(asked("character_ref", np.zeros((400, 400), np.uint8)))) < 500


def test_an_open_file_is_left_where_it_stands(photo: Path) -> None:
    with photo.open("rb") as file:
        file.seek(3)
        assert picture(file) == uri(photo)
        assert file.tell() == 3
    with pytest.raises(InvalidRequestError, match=r"'photo.png' cannot be read: .*closed file"):
        picture(file)


def test_the_text_in_a_variable_is_never_quoted() -> None:
    for secret in ("s3cret", "s3cret:0.5", "s3cret:99", "s3cret.png", "s3://s3cret"):
        for field in OPTIONS:
            with pytest.raises(InvalidRequestError) as caught:
                typed(field, "key", key=secret)
            assert "'key'" in str(caught.value) or "no weight" in str(caught.value)
            assert "s3cret" not in str(caught.value)
            assert "99" not in str(caught.value)


def test_a_dream_goes_on_from_a_file_and_from_a_dream(session: Session, photo: Path) -> None:
    first = session.dream("a lake", frame0=photo)
    frames = session.dream("it goes on", frame0=first, frame1=photo).request.wire()["keyframes"]
    assert frames["frame0"] == {"type": "generation", "id": first.generation.id}
    assert frames["frame1"]["url"] == uri(photo)


def test_a_sweep_reads_its_pictures_once(session: Session, photo: Path) -> None:
    pictures = iter([photo, (Image.open(photo), 0.5)])
    made = session.sweep("a {lake|hill}", kind="image", style_ref=pictures)
    (one, two) = (dream.request.wire()["style_ref"] for dream in made)
    assert one == two
    assert len(one) == 2


def test_a_shot_reads_its_picture_at_once(studio: Session, photo: Path) -> None:
    before = uri(photo)
    shot = Shot("a lake", frame0=photo)
    Image.new("RGB", (64, 36), "red").save(photo)
    board = Storyboard([shot, "a hill"], session=studio, frame1=np.zeros((36, 64, 3), np.uint8))
    documents = board.plan().documents
    assert documents[0]["keyframes"]["frame0"]["url"] == before
    assert documents[1]["keyframes"]["frame1"]["url"].startswith("data:image/png;base64,")
    assert len(repr(shot)) < 400


def test_a_prompt_that_begins_like_a_data_uri_counts_as_a_whole() -> None:
    one, two = (request_hash(make_request(f"data:{word};base64, rain")) for word in ("lake", "hill"))
    assert one != two
