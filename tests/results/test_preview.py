"""The static preview is small, the same on every run, and never contains markup from others."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import av
import pytest

from dream_nb.results.dream import Dream
from dream_nb.session import Session

INJECTIONS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</figcaption></figure><svg onload=alert(1)>",
    "{{ 7 * 7 }} {% raw %}",
    "&lt;b&gt; &amp;",
    "javascript:alert(1)",
]


class Parsed(HTMLParser):
    """Collects the tags and the text of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def html_of(dream: Dream) -> str:
    return dream._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("kind", ["video", "image"])
@pytest.mark.parametrize("text", INJECTIONS)
def test_a_prompt_is_text(session: Session, kind: str, text: str) -> None:
    parsed = Parsed(html_of(session.dream(f"a lake {text}", kind=kind)))  # type: ignore[arg-type]
    assert {tag for tag, _ in parsed.tags} <= {"figure", "video", "a", "img", "figcaption", "div", "style"}
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert f"a lake {text}" in parsed.text


def test_a_video_has_a_player_that_points_to_its_file(session: Session) -> None:
    dream = session.dream("a lake")
    attributes = dict(Parsed(html_of(dream)).tags)["video"]
    assert attributes["src"] == f"dreams/{dream.path.name}"
    assert "controls" in attributes
    assert (attributes["poster"] or "").startswith("data:image/jpeg")


def test_it_says_that_the_studio_drew_it(session: Session) -> None:
    assert "drawn procedurally by the studio" in html_of(session.dream("a lake"))


def test_a_replayed_dream_looks_the_same(session: Session) -> None:
    first = html_of(session.dream("a lake"))
    session.close()
    with Session() as later:
        assert html_of(later.dream("a lake")) == first


def test_it_holds_no_id_no_time_and_no_folder(session: Session) -> None:
    dream = session.dream("a lake")
    html = re.sub(r"data:[^\"')]+", "", html_of(dream))
    assert (dream.generation.id or "?") not in html
    assert str(session.home) not in html
    assert "202" not in html


def test_a_lost_file_still_has_a_prompt(session: Session) -> None:
    dream = session.dream("a lake")
    dream.path.unlink()
    assert "a lake" in Parsed(html_of(dream)).text


@pytest.mark.parametrize("library", ["../elsewhere", ".hidden/dreams"])
def test_a_file_that_jupyter_may_not_serve_plays_from_a_small_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setenv("DREAM_NB_STUDIO_SIDE", "360")
    (tmp_path / "notebook").mkdir()
    monkeypatch.chdir(tmp_path / "notebook")
    with Session(library) as session:
        dream = session.dream("a lake")
        html = html_of(dream)
    tags = Parsed(html).tags
    source = dict(tags)["video"]["src"] or ""
    head, _, data = source.partition(",")
    assert head == "data:video/mp4;name=dream_nb;base64"
    with av.open(io.BytesIO(base64.b64decode(data)), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == 60
    assert dict(tags)["a"]["href"] == dream.url
    assert len(html) < 600_000
    assert str(tmp_path) not in html
