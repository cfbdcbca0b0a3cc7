"""Iterating over all generations, page by page, while others are created."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dream_nb.api.errors import InvalidRequestError, UnreadableAnswerError
from tests.api.conftest import Open
from tests.api.servers import Exchange, Hostile


def serve(generations: list[str], **more: Any) -> Callable[[Exchange], None]:
    """A behaviour that serves pages of that list, which the caller may change at any time."""

    def answer(exchange: Exchange) -> None:
        query = {name: int(values[0]) for name, values in parse_qs(urlsplit(exchange.path).query).items()}
        end = query["offset"] + min(query["limit"], more.get("most", 100))
        document: dict[str, Any] = {"generations": [{"id": name} for name in generations[query["offset"] : end]]}
        if more.get("says", True):
            document["has_more"] = end < len(generations)
        exchange.answer(200, json.dumps(document))

    return answer


def test_a_page_is_asked_for_when_it_is_needed(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = serve(list("fedcba"))
    walk = connect(hostile.base_url).iter_generations(page=2)
    assert [generation.id for generation in itertools.islice(walk, 2)] == ["f", "e"]
    assert len(hostile.requests) == 1


def test_what_is_made_meanwhile_hides_nothing_and_repeats_nothing(hostile: Hostile, connect: Open) -> None:
    generations = list("fedcba")
    hostile.behaviour = serve(generations)
    walk = connect(hostile.base_url).iter_generations(page=2)
    seen = [next(walk).id, next(walk).id]
    generations[:0] = ["z", "y", "x"]
    seen += [generation.id for generation in walk]
    assert [name for name in seen if name not in {"z", "y", "x"}] == list("fedcba")


def test_a_server_may_give_fewer_than_it_was_asked_for(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = serve(list("fedcba"), most=2, says=False)
    assert [generation.id for generation in connect(hostile.base_url).iter_generations(page=50)] == list("fedcba")


def test_generations_without_an_id_are_all_given(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(200, '{"generations": [{}, {}], "has_more": false}')
    assert len(list(connect(hostile.base_url).iter_generations())) == 2


def test_an_empty_page_is_the_end_whatever_the_server_says(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(200, '{"generations": [], "has_more": true}')
    assert list(connect(hostile.base_url).iter_generations()) == []


def test_a_server_that_ignores_the_offset_is_not_asked_for_ever(hostile: Hostile, connect: Open) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(200, '{"generations": [{"id": "a"}], "has_more": true}')
    with pytest.raises(UnreadableAnswerError, match="nothing new"):
        list(connect(hostile.base_url).iter_generations())


def test_a_page_of_none_is_refused(hostile: Hostile, connect: Open) -> None:
    with pytest.raises(InvalidRequestError, match="at least 1"):
        list(connect(hostile.base_url).iter_generations(page=0))
    assert hostile.requests == []


@pytest.mark.parametrize("body", ["[]", "{}", '{"generations": {}}', '{"generations": ["a"]}'])
def test_documents_that_are_no_generations_are_refused(hostile: Hostile, connect: Open, body: str) -> None:
    hostile.behaviour = lambda exchange: exchange.answer(200, body)
    with pytest.raises(UnreadableAnswerError, match="listGenerations"):
        list(connect(hostile.base_url).iter_documents())
