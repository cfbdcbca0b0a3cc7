"""What is said when something is wrong, in each place where a person can get it wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dream_nb.command_line import main
from dream_nb.default import close_default_session, forget_default_settings
from dream_nb.notebook.widgets.base import Widget
from dream_nb.notebook.widgets.gallery import Gallery
from dream_nb.notebook.widgets.panel import Panel
from dream_nb.session import Session
from dream_nb.studio.app import create_app
from tests.error_matrix import ErrorMatrix
from tests.kernel import Kernel, start_kernel
from tests.notebook.page import Page, open_page
from tests.studio.machine import KEYS, LUMA_PREFIX, PREFIX, TINY, Instant, bearer

ID = "3f2a91c0-4b7e-4c1d-9d2a-0123456789ab"
URL = "https://example.com/a.jpg"

SETUP = """\
import dream_nb, numpy as np, pathlib
pathlib.Path('notes.txt').write_text('not a picture')
pathlib.Path('empty.png').write_bytes(b'')
season, numbers, nothing = 'winter', [1, 2], None
clip = %dream a quiet sea
photo = %dream -i a quiet hill
both = %dream -i a {red|blue} barn
"""

LINES = [
    "%dream a lake --lop",
    "%dream a lake —loop",
    '%dream "a lake"--loop',
    "%dream a lake -a 7:3",
    "%dream a lake -a",
    "%dream a lake -n 0",
    "%dream a lake -n many",
    "%dream a lake -t 0",
    "%dream a lake -t 9999 -n 3",
    "%dream a lake -t 2 --fresh",
    "%dream a lake -k picture",
    "%dream -i a lake --loop",
    "%dream -i a lake -d 5s",
    "%dream a lake -m ray-9",
    "%dream -i a lake -m ray-2",
    "%dream a lake -d 7s",
    "%dream a lake -m ray-3.2 -d 9s",
    "%dream a lake -d soon",
    "%dream a lake -r 8k",
    "%dream a lake -m ray-3.2 -r 4k",
    "%dream a lake --concept fly_away",
    "%dream a lake --hdr",
    "%dream a lake -m ray-3.2 --exr",
    "%dream a lake -m ray-3.2 --loop -d 10s",
    "%dream -i a lake --style manga",
    "%dream -i a lake -m uni-1 --style oil",
    "%dream a lake --frame0 nowhere.jpg",
    "%dream a lake --frame0 nowhere",
    "%dream a lake --frame0 notes.txt",
    "%dream a lake --frame0 empty.png",
    "%dream a lake --frame0 both",
    "%dream a lake --frame0 numbers",
    "%dream a lake --frame0 nothing",
    "%dream a lake --frame0 photo:0.5",
    "%dream a lake --frame0 data:image/png;base64,???",
    f"%dream a lake --frame0 {ID}",
    "%dream a lake --frame0 photo --frame1 photo --loop",
    "%dream a lake --keyframe photo",
    "%dream a lake --keyframe photo@2s",
    "%dream a lake -m ray-3.2 --keyframe photo@soon",
    "%dream a lake -m ray-3.2 --keyframe photo@60s",
    "%dream -i a lake --image-ref photo:2",
    "%dream -i a lake --image-ref photo:much",
    "%dream -i a lake --image-ref clip",
    "%dream -i a lake --character-ref photo:0.5",
    "%dream in snow --modify photo",
    "%dream in snow --modify nowhere",
    "%dream in snow --modify clip --mode wild",
    "%dream in snow --mode flex_1",
    "%dream in snow --modify clip --upscale clip",
    "%dream --reframe clip",
    "%dream --reframe clip -a 9:16 --position 0,0,2,2",
    "%dream --reframe clip -a 9:16 --position left",
    "%dream --upscale clip",
    "%dream --upscale clip -r 360p",
    "%dream --upscale photo -r 4k",
    "%dream waves --audio photo",
    "%dream waves --negative-prompt music",
    "%dream a lake at {{nobody}}",
    "%dream a lake at {{numbers}}",
    "%dream {a=x|y} {a=z|w}",
    "%dream a lake --budget much",
    "%dream a lake --name 2nd",
    "%dream a lake --set loop",
    "%dream a lake --set loop={",
    "%dream a lake --set prompt=other",
    "%dream gore",
    "%dream -i gore",
]

CELLS = [
    "%%dream\n\n",
    "%%dream a lake\nby night",
    "%%dream\na lake\n---\n",
    "%%storyboard a lake\nnight",
    "%%storyboard\n---\n",
    "%%storyboard\na {lake|hill}",
    "%%storyboard --loop\na lake",
    "%%storyboard --fresh --take 2\na lake",
    "%%storyboard\na {{nobody}}",
    "%%storyboard --frame0 clip --frame1 numbers\na lake",
    "%%storyboard\na brook\ngore\na waterfall",
]

COMMANDS = [
    "%dreams histori",
    "%dreams zzz",
    "%dreams credits now",
    "%dreams history -n many",
    "%dreams history -n 0",
    "%dreams show",
    "%dreams show nothing-like-it",
    "%dreams delete",
    "%dreams delete boat",
    "%dreams delete both",
    "%dreams delete photo --file",
    "%dreams restore 3f2a91c0",
    "%dreams trash all",
    "%dreams jobs --all",
    "%dreams stop nobody",
    "%dreams use studoi",
    "%dreams use http://far.example/v1",
    "%dreams use hosted",
    "%dreams use luma",
    "%dreams key",
    "%dreams key elsewhere",
    "%dreams key --forget --save",
    "%dreams lost 1 --is 3f2a91c0",
    "%dreams lost --not-taken",
    "%dreams check now",
]

SETTINGS = [
    "%config DreamMagics.aspect_ratio = '7:3'",
    "%config DreamMagics.kind = 'film'",
    "%config DreamMagics.budget = -1",
    "%config DreamMagics.budget = 'much'",
    "%config DreamMagics.sweep_size = -1",
    "%config DreamMagics.backend = 'studoi'",
    "%config DreamMagics.replay = 'sometimes'",
    "%config DreamMagics.library = 's3://bucket/dreams'",
    "%config DreamMagics.loop = 'perhaps'",
]

CALLS = [
    "dream_nb.dream('')",
    "dream_nb.dream('a lake', kind='picture')",
    "dream_nb.dream('a lake', take=0)",
    "dream_nb.dream('a lake', aspect_ratio='7:3')",
    "dream_nb.dream('a lake', colour='red')",
    "dream_nb.dream('a lake', frame0='nowhere.jpg')",
    "dream_nb.dream('a lake', frame0=3)",
    "dream_nb.dream('a lake', frame0=np.zeros((4, 4, 7)))",
    "dream_nb.dream('a lake', frame0=np.full((4, 4, 3), 9.0))",
    "dream_nb.dream('a lake', kind='image', image_ref=[(photo, 3)])",
    "dream_nb.dream('a lake', keyframes={}, frame0=photo)",
    "dream_nb.dream('a \\ud800 lake')",
    "dream_nb.sweep('a lake', takes=0)",
    "dream_nb.Session('other', budget=-1)",
    "dream_nb.Session('other', prices={'video': -3})",
    "dream_nb.Session('other', backend='studoi')",
    "dream_nb.Session('notes.txt')",
    "dream_nb.DreamMachine()",
    "dream_nb.DreamMachine(base_url='http://far.example/v1', api_key='a-key')",
    "dream_nb.Luma()",
    "dream_nb.GenerationRequest(prompt='a lake', lop=True)",
    "dream_nb.LumaRequest(prompt='a lake', type='film')",
    "clip.frames(step=0)",
    "clip.clip(stop=-1)",
    "clip.variations(0)",
    "clip.upscale('360p')",
    "clip.modify('in snow', mode='wild')",
    "clip.reframe('7:3')",
    "clip.to_gif('nowhere/clip.gif')",
    "clip.upscale('4k', colour='red')",
    "photo.modify('in snow')",
    "photo.upscale('4k')",
    "both.measure('rednes')",
    "both.grid(rows='colour')",
    "both.contact_sheet(columns=0)",
    "both.export('dreams')",
    "both[:0].contact_sheet()",
    "dream_nb.tutorials('.')",
]

COMMAND_LINES: list[tuple[str, ...]] = [
    (),
    ("a", "lake", "--lop"),
    ("a", "lake", "-a", "7:3"),
    ("a", "lake", "-o", "lake.png"),
    ("a", "lake", "-o", "nowhere/lake.mp4"),
    ("a", "{red|blue}", "barn", "-o", "barn.mp4"),
    ("a", "lake", "--frame0", "nowhere.jpg"),
    ("a", "lake", "--backend", "studoi"),
    ("a", "lake", "--backend", "luma"),
    ("a", "lake", "--library", "s3://bucket/dreams"),
    ("gore", "-i"),
    ("--tutorials", "."),
]

FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("an empty prompt", {"prompt": " "}),
    ("an unknown variable", {"prompt": "a {{nobody}}"}),
    ("a file that does not exist", {"frame0": "nowhere.jpg"}),
    ("a word that is nothing", {"frame0": "nowhere"}),
    ("an unknown aspect ratio", {"aspect_ratio": "2:1"}),
    ("an unknown model", {"model": "ray-9"}),
    ("a model of images", {"model": "photon-1"}),
    ("an unknown length", {"duration": "7s"}),
    ("no takes", {"count": 0}),
    ("too many takes", {"count": 10**6}),
    ("a weight above 1", {"kind": "image", "references": [{"role": "image_ref", "name": URL, "weight": 3.0}]}),
]

REQUESTS: list[tuple[str, str, dict[str, Any] | bytes]] = [
    ("POST", "/generations", b"{"),
    ("POST", "/generations", b"[]"),
    ("POST", "/generations", {}),
    ("POST", "/generations", {"prompt": "a"}),
    ("POST", "/generations", {"prompt": "a lake", "aspect_ratio": "7:3"}),
    ("POST", "/generations", {"prompt": "a lake", "loop": "yes"}),
    ("POST", "/generations", {"prompt": "a lake", "duration": "60s"}),
    ("POST", "/generations", {"prompt": "a lake", "callback_url": "/hook"}),
    ("POST", "/generations", {"prompt": "a lake", "keyframes": {"frame0": {"type": "generation", "id": "nobody"}}}),
    ("POST", "/generations", {"prompt": "a lake", "keyframes": {"frame0": {"type": "image", "url": "ftp://a/b"}}}),
    ("POST", "/generations/image", {"prompt": "a lake", "image_ref": [{"url": URL, "weight": 3}]}),
    ("POST", "/generations/image", {"prompt": "a lake", "format": "gif"}),
    ("GET", f"/generations/{ID}", b""),
    ("DELETE", f"/generations/{ID}", b""),
    ("GET", "/generations?limit=0", b""),
    ("GET", "/nothing", b""),
    ("PUT", "/generations", b""),
]

LUMA_REQUESTS: list[tuple[str, str, dict[str, Any] | bytes]] = [
    ("POST", "/generations", b"{"),
    ("POST", "/generations", {"prompt": "a lake", "type": "film", "model": "ray-3.2"}),
    ("POST", "/generations", {"prompt": "a lake", "type": "video", "model": "ray-2"}),
    ("POST", "/generations", {"type": "video", "model": "ray-3.2"}),
    ("POST", "/generations", {"prompt": "a", "type": "video", "model": "ray-3.2", "video": {"duration": "60s"}}),
    ("GET", f"/generations/{ID}", b""),
    ("GET", f"/files/{ID}", b""),
    ("GET", "/nothing", b""),
]


@pytest.fixture
def page() -> Iterator[Page]:
    with open_page() as page:
        yield page


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    small = {"DREAM_NB_STUDIO_SIDE": "32", "DREAM_NB_STUDIO_SECONDS": "0.25"}
    with start_kernel(tmp_path_factory.mktemp("errors"), **small) as kernel:
        kernel.run("%dreams use studio")
        assert kernel.run(SETUP).error is None
        yield kernel


@pytest.mark.parametrize(
    ("place", "source"),
    [
        *(("a line", source) for source in LINES),
        *(("a cell of several lines", source) for source in CELLS),
        *(("a command", source) for source in COMMANDS),
        *(("a setting", source) for source in SETTINGS),
        *(("Python", source) for source in CALLS),
    ],
)
def test_in_a_notebook(kernel: Kernel, error_matrix: ErrorMatrix, place: str, source: str) -> None:
    error = kernel.run(source).error
    assert error is not None
    error_matrix.review(place, source, f"{error['ename']}: {error['evalue']}")


@pytest.mark.parametrize("words", COMMAND_LINES, ids=" ".join)
@pytest.mark.usefixtures("small")
def test_on_a_command_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error_matrix: ErrorMatrix,
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    try:
        status = main(words)
    finally:
        close_default_session()
        forget_default_settings()
    assert status != 0
    error_matrix.review("a command line", " ".join(words) or "nothing", capsys.readouterr().err.strip())


@pytest.mark.parametrize(("case", "fields"), FIELDS)
def test_in_the_panel(
    page: Page, session: Session, error_matrix: ErrorMatrix, case: str, fields: dict[str, Any]
) -> None:
    panel = Panel(session)
    panel.form = {**panel.form, "prompt": "a lake", **fields}
    page.ask(panel, "check")
    problems: dict[str, str] = panel.verdict["problems"]
    assert problems
    for field, problem in problems.items():
        error_matrix.review("the panel", f"{case}, beside {field}", problem)


@pytest.mark.parametrize(
    ("widget", "action", "content"),
    [
        ("gallery", "mark", {"keys": [], "stars": "many"}),
        ("grid", "export", {"form": "gif"}),
        ("gallery", "export", {"keys": [], "folder": "page"}),
        ("gallery", "window", {"filters": {"state": "lost"}, "offset": 0, "limit": 1}),
        ("grid", "facts", {"number": 9}),
        ("panel", "take_in", {"name": "notes.txt"}),
    ],
)
def test_in_a_widget(
    page: Page,
    session: Session,
    error_matrix: ErrorMatrix,
    widget: str,
    action: str,
    content: dict[str, Any],
) -> None:
    made = session.sweep("a {red|blue} barn", kind="image")
    widgets: dict[str, Widget] = {"gallery": Gallery(session), "grid": made.grid(), "panel": Panel(session)}
    answer, _ = page.ask(widgets[widget], action, *([b"mine"] if action == "take_in" else []), **content)
    error_matrix.review("a widget", f"{widget}: {action} {content}", answer["error"])


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = create_app(tmp_path_factory.mktemp("studio"), keys=KEYS, executor=Instant, settings=TINY)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("prefix", "method", "path", "body"),
    [
        *((PREFIX, *request) for request in REQUESTS),
        *((LUMA_PREFIX, *request) for request in LUMA_REQUESTS),
    ],
)
def test_from_the_studio(
    studio: TestClient, error_matrix: ErrorMatrix, prefix: str, method: str, path: str, body: dict[str, Any] | bytes
) -> None:
    content: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    answer = studio.request(method, prefix + path, headers=bearer(), **content)
    assert answer.status_code >= 400
    said = answer.json()
    case = f"{method} {prefix}{path} {body.decode() if isinstance(body, bytes) else body}".strip()
    error_matrix.review("an answer of the studio", case, f"{answer.status_code} {said.get('detail', said)}")
