"""Reading the line of a request gives the same request."""

from __future__ import annotations

import pytest

from dream_nb.api.canonical import request_from
from dream_nb.api.errors import InvalidRequestError
from dream_nb.lines.arguments import read_arguments
from dream_nb.lines.references import References
from dream_nb.notebook.magics.to_line import to_line
from dream_nb.requests.fields import make_request
from dream_nb.session import Session

ID = "3f2a91c0-4b7e-4c1d-9d2a-0123456789ab"


@pytest.mark.parametrize(
    "prompt",
    [
        "a lake",
        "a lake --loop",
        '"a lake"',
        'it\'s a "lake"',
        "a {dawn|noon} lake",
        "{{name}} at noon",
        "two\nlines",
        "\nlines around\n\n",
        "one\n---\nother",
        "-- a lake",
        " spaces ",
        "a lake -n 3",
        "what lake?",
        "$5 and \\{a|b}",
        "%dream",
        "<script>alert(1)</script>",
    ],
)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"aspect_ratio": "9:16", "loop": True, "duration": "9s"},
        {"kind": "image", "model": "photon-flash-1", "style_ref": [{"url": "https://x.test/a.jpg", "weight": 0.5}]},
        {"frame0": ID, "frame1": "https://x.test/a.jpg", "extra": {"seed": 3, "note": "it's\n\u2028so"}},
    ],
    ids=["plain", "fields", "image", "keyframes"],
)
def test_it_reads_back(session: Session, prompt: str, fields: dict[str, object]) -> None:
    request = make_request(prompt, **fields)  # type: ignore[arg-type]
    line = to_line(request, session.library, session.home, take=2)
    head, _, body = line.partition("\n")
    cell = body + "\n" if line.startswith("%%") else None
    words = head.removeprefix("%%dream" if cell is not None else "%dream ")
    arguments = read_arguments(words.strip(" "), cell, references=References({}), defaults={})
    assert [(ask.request, ask.take) for ask in arguments.asks] == [(request, 2)]


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\r"])
def test_no_part_of_a_prompt_runs_as_python(session: Session, end: str) -> None:
    line = to_line(make_request(f"a lake{end}import os"), session.library, session.home)
    assert line.startswith("%%dream\n")


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "x\nprint(1)"},
        {"resolution": "x\u2028print(1)"},
        {"keyframes": {"frame0": {"type": "image", "url": "https://x.test/a\nprint(1)#"}}},
        {"keyframes": {"frame0": {"type": "generation", "id": "x\nprint(1)"}}},
        {"x\nprint(1)\n#": 1},
    ],
)
def test_a_value_that_no_line_can_say_is_refused(session: Session, fields: dict[str, object]) -> None:
    request = request_from({"prompt": "a lake", **fields})
    with pytest.raises(InvalidRequestError, match=r"written (as a|on one) line"):
        to_line(request, session.library, session.home)
