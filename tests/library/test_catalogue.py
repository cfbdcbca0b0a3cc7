"""The catalogue finds dreams with SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dream_nb.api.canonical import request_from
from dream_nb.api.errors import InvalidRequestError
from dream_nb.api.models import Generation
from dream_nb.library.catalogue import Catalogue, Filter, key
from dream_nb.library.library import Library
from tests.many import write_many


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    write_many(tmp_path, 48)
    library = Library(tmp_path)
    yield library
    library.close()


@pytest.fixture
def catalogue(library: Library) -> Catalogue:
    return Catalogue(library.ledger)


def test_windows_follow_each_other_newest_first(catalogue: Catalogue) -> None:
    shown = [record.file for offset in range(0, 60, 20) for record in catalogue.window(offset, 20)]
    assert shown == [f"dream-{number}.jpg" for number in reversed(range(48))]
    assert catalogue.count() == 48


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        (Filter(search="LAKE boat"), 6),
        (Filter(search="überfahrt"), 6),
        (Filter(search="lake city"), 0),
        (Filter(search="%"), 0),
        (Filter(kind="video"), 6),
        (Filter(ratio="1:1"), 16),
        (Filter(stars=4), 16),
        (Filter(backend="dream-machine"), 0),
        (Filter(state="completed"), 48),
        (Filter(state="under way"), 0),
        (Filter(since="2026-01-01", until="2026-01-01"), 48),
        (Filter(since="2026-01-02"), 0),
        (Filter(kind="image", stars=5, search="number 1"), 1),
    ],
)
def test_it_finds_what_is_looked_for(catalogue: Catalogue, chosen: Filter, count: int) -> None:
    assert catalogue.count(chosen) == len(catalogue.window(0, 100, chosen)) == len(catalogue.keys(chosen)) == count


def test_notes_and_tags_are_searched_too(library: Library, catalogue: Catalogue) -> None:
    first, second = catalogue.window(0, 2)
    library.mark(first, tags=['with "quotes" \\', "Größe"])
    library.mark(second, note="the one with the größe")
    assert catalogue.count(Filter(search="GRÖSSE")) == 2
    assert catalogue.count(Filter(search='"quotes"')) == 1
    assert catalogue.count(Filter(tag="Größe")) == 1
    assert catalogue.tags() == ["Größe", 'with "quotes" \\']


def test_what_failed_and_what_is_under_way_are_there_and_what_was_never_sent_is_not(
    library: Library, catalogue: Catalogue
) -> None:
    for number, state in enumerate(("failed", "dreaming", "")):
        request = request_from({"generation_type": "image", "prompt": f"request {number}"})
        record = library.ledger.intend(request, None, "studio")
        if state:
            library.ledger.update(record, generation=Generation(id=f"new-{number}", state=state))
    assert [record.request.prompt for record in catalogue.window(0, 10, Filter(state="failed"))] == ["request 0"]
    assert [record.request.prompt for record in catalogue.window(0, 10, Filter(state="under way"))] == ["request 1"]
    assert catalogue.count() == 50


def test_a_short_name_finds_its_record(catalogue: Catalogue) -> None:
    records = catalogue.window(5, 3)
    assert catalogue.find([key(record) for record in records]) == records
    assert catalogue.find(["", "1-zz-studio", "x", "1--studio'"]) == []


def test_the_stamp_changes_with_every_change(library: Library, catalogue: Catalogue, tmp_path: Path) -> None:
    before = catalogue.stamp()
    assert catalogue.stamp() == before
    (record,) = catalogue.window(0, 1)
    library.mark(record, stars=1)
    here = catalogue.stamp()
    other = Library(tmp_path)
    other.mark(record, stars=2)
    other.close()
    assert len({before, here, catalogue.stamp()}) == 3


@pytest.mark.parametrize(
    "values", [{"colour": "red"}, {"stars": "3"}, {"state": "odd"}, {"since": "yesterday"}, {"search": None}]
)
def test_a_wrong_filter_is_refused_in_one_line(values: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError):
        Filter.of(values)


def test_a_backend_is_known_once_something_of_it_is_shown(library: Library, catalogue: Catalogue) -> None:
    (before,) = catalogue.backends()
    intended = library.ledger.intend(request_from({"prompt": "a hill", "generation_type": "video"}), 1, "dream-machine")
    assert catalogue.backends() == [before]
    library.ledger.update(intended, state="sending")
    assert catalogue.backends() == sorted([before, "dream-machine"])
