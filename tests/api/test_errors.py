"""Every error message is one line, and errors can be pickled and copied without losing anything."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dream_nb.api import errors

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.APIError) and kind.__module__ == errors.__name__
]
COPIES: list[Callable[[Any], Any]] = [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy]


def make(kind: type[errors.APIError]) -> errors.APIError:
    return kind("getCredits", "503, busy", status=503, detail="busy", request_id="r", retry_after=1.5, reached=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_says_the_same(kind: type[errors.APIError], copied: Callable[[Any], Any]) -> None:
    error = make(kind)
    other = copied(error)
    assert type(other) is kind
    assert (str(other), vars(other)) == (str(error), vars(error))


@pytest.mark.parametrize(
    "error", [errors.InvalidRequestError("a", "b"), errors.GenerationFailedError("a", "b"), errors.LibraryError("a")]
)
@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_of_any_other_error_says_the_same(error: errors.DreamError, copied: Callable[[Any], Any]) -> None:
    other = copied(error)
    assert (type(other), str(other), vars(other)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_what_happened_and_what_to_do(kind: type[errors.APIError]) -> None:
    assert str(make(kind)) == f"getCredits: 503, busy. {kind.advice}."


@pytest.mark.parametrize("kind", KINDS)
def test_the_docstring_of_the_module_draws_every_kind(kind: type[errors.APIError]) -> None:
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__


def test_an_error_knows_when_it_happened() -> None:
    before = datetime.now(UTC)
    assert before <= make(errors.ServerError).at <= datetime.now(UTC)


def test_a_notebook_shows_one_line_first() -> None:
    assert make(errors.ServerError)._render_traceback_() == [f"ServerError: {make(errors.ServerError)}"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("copied", COPIES)
def test_other_advice_stays_with_an_error(kind: type[errors.APIError], copied: Callable[[Any], Any]) -> None:
    error = copied(make(kind).advising("Wait"))
    assert (type(error), str(error), error.advice) == (kind, "getCredits: 503, busy. Wait.", "Wait")
    assert (error.status, error.retry_after, error.reached) == (503, 1.5, False)
