"""An error names what the place where it is shown has: options on a line, buttons in a widget."""

from __future__ import annotations

import pytest

from dream_nb.api.errors import DreamError, GenerationFailedError, InvalidRequestError
from dream_nb.lines.wording import button_words, in_options
from dream_nb.notebook.widgets.base import said

TEXTS = {
    "make another take (take=2)": ("make another take (-t 2)", "make another take"),
    "ask for another take (take=…).": ("ask for another take (-t …).", "ask for another take."),
    "delete only the file here (files=True)": ("delete only the file here (--files)", "delete only the file here"),
    "raise budget= (%config DreamMagics.budget) to continue": (
        "raise %config DreamMagics.budget to continue",
        "raise %config DreamMagics.budget to continue",
    ),
    "modify() needs a video": ("modify() needs a video", "modify needs a video"),
    'choose a model, such as model="uni-1"': (
        "choose a model, such as -m uni-1",
        "choose a model, such as model uni-1",
    ),
    "exr_export requires hdr=True": ("exr_export requires --hdr", "exr_export requires hdr"),
    "'f() and x=True and y=\"z\"' failed": ("'f() and x=True and y=\"z\"' failed",) * 2,
    "a lake (at dawn)": ("a lake (at dawn)", "a lake (at dawn)"),
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_line_names_options(text: str) -> None:
    with pytest.raises(DreamError) as caught, in_options():
        raise DreamError(text)
    assert str(caught.value) == TEXTS[text][0]


@pytest.mark.parametrize("text", TEXTS)
def test_a_widget_names_no_arguments(text: str) -> None:
    assert button_words(text) == said(DreamError(text)) == TEXTS[text][1]


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        ("exr_export requires hdr=True", "--exr requires --hdr"),
        ("format: input should be a valid string", "--format: input should be a valid string"),
        ("guide_frames: only here", "--keyframe: only here"),
        ("media: modify() needs a video", "--modify needs a video"),
        ('choose a model, such as model="uni-1"', "choose a model, such as -m uni-1"),
        ("model: 'ray-9' is unknown", "--model: 'ray-9' is unknown"),
        ("model 'ray-9' is unknown", "model 'ray-9' is unknown"),
    ],
)
def test_each_problem_of_a_request_names_options(problem: str, shown: str) -> None:
    with pytest.raises(InvalidRequestError) as caught, in_options():
        raise InvalidRequestError("first", problem, field="media")
    assert caught.value.problems == ("first", shown)
    assert str(caught.value) == f"first; {shown}"
    assert caught.value.field == "media"


def test_what_a_program_reads_of_an_error_stays() -> None:
    with pytest.raises(GenerationFailedError) as caught, in_options():
        raise GenerationFailedError("7", "moderated", "Ask for another take (take=…)")
    assert (caught.value.reason, caught.value.advice) == ("moderated", "Ask for another take (take=…)")
