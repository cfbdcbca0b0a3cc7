"""Nested widgets in a page that, like marimo's, knows only the widgets that cells show; without a browser."""

from __future__ import annotations

import json
from typing import Any

import pytest
import traitlets

from dream_nb.api.errors import InvalidRequestError
from dream_nb.front_ends import MARIMO
from dream_nb.notebook.widgets import base
from dream_nb.notebook.widgets.base import Answer, Widget, action
from tests.notebook.page import Page


class Inner(Widget):
    """A widget inside another."""

    page_traits = frozenset({"count"})
    count = traitlets.Int(0).tag(sync=True)
    picture = traitlets.Bytes(b"").tag(sync=True)

    @action
    def greet(self, name: str) -> Answer:
        return {"text": f"hello {name}"}


class Outer(Widget):
    """A widget that contains another."""


@pytest.fixture
def pair(page: Page, monkeypatch: pytest.MonkeyPatch) -> tuple[Outer, Inner]:  # noqa: ARG001
    monkeypatch.setattr(base, "front_end", lambda: MARIMO)
    outer, inner = Outer(), Inner()
    outer.nest([inner])
    return outer, inner


def tell(outer: Outer, inner: Inner, data: dict[str, Any]) -> None:
    """Send a message to the inner widget, as the page would."""
    content = {"nested": inner.model_id, "data": data}
    outer.comm._msg_callback({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def told(page: Page, outer: Outer, inner: Inner) -> list[tuple[dict[str, Any], list[bytes]]]:
    """The messages for the inner widget that the page received, with their buffers."""
    return [
        (data["content"]["data"], buffers)
        for comm_id, data, buffers in page.messages
        if comm_id == outer.model_id and (data.get("content") or {}).get("nested") == inner.model_id
    ]


def test_the_page_gets_its_whole_state_with_its_bytes_and_without_its_script(
    page: Page, pair: tuple[Outer, Inner]
) -> None:
    outer, inner = pair
    inner.picture = b"jpeg"
    tell(outer, inner, {"method": "request_state"})
    sent, buffers = told(page, outer, inner)[-1]
    assert sent["state"]["count"] == 0
    assert sent["buffer_paths"] == [["picture"]]
    assert buffers == [b"jpeg"]
    assert sent["state"]["parts"][0] == "base.css"
    assert "_esm" not in sent["state"]


def test_changes_and_answers_travel_with_the_widget_around_it(page: Page, pair: tuple[Outer, Inner]) -> None:
    outer, inner = pair
    inner.count = 3
    assert told(page, outer, inner)[-1][0]["state"] == {"count": 3}
    tell(outer, inner, {"method": "custom", "content": {"action": "greet", "ask": "1", "name": "Ada"}})
    answer = {"answer": "1", "text": "hello Ada"}
    page.wait_for(lambda: any(data.get("content") == answer for data, _ in told(page, outer, inner)) or None)


def test_the_page_changes_what_it_may_and_nothing_else(page: Page, pair: tuple[Outer, Inner]) -> None:
    outer, inner = pair
    tell(outer, inner, {"method": "update", "state": {"count": 5}})
    assert inner.count == 5
    tell(outer, inner, {"method": "update", "state": {"picture": "", "count": 6}})
    assert inner.count == 5
    assert inner.error == "the page may not change 'picture': reload the page"
    assert not [data for data, _ in told(page, outer, inner) if data["method"] == "echo_update"]


def test_what_marimo_takes_over_of_a_page_by_itself_is_checked_too(page: Page) -> None:  # noqa: ARG001
    inner = Inner()
    with pytest.raises(InvalidRequestError, match="the page may not change 'picture'"):
        inner.set_state({"count": 6, "picture": b""})
    assert inner.count == 0


@pytest.mark.parametrize("content", [{"nested": "nobody"}, {"nested": []}, {"nested": None, "data": {}}])
def test_a_message_for_nobody_changes_nothing(page: Page, pair: tuple[Outer, Inner], content: dict[str, Any]) -> None:
    outer, inner = pair
    count = len(page.messages)
    outer.comm._msg_callback({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    assert (len(page.messages), outer.error, inner.error) == (count, "", "")


def test_one_that_is_closed_hears_no_more(page: Page, pair: tuple[Outer, Inner]) -> None:
    outer, inner = pair
    name = inner.model_id
    inner.close()
    count = len(page.messages)
    content = {"nested": name, "data": {"method": "request_state"}}
    outer.comm._msg_callback({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    assert len(page.messages) == count


def test_its_script_brings_all_scripts_and_styles(page: Page, pair: tuple[Outer, Inner]) -> None:  # noqa: ARG001
    outer, _ = pair
    texts = json.loads(outer._esm.partition("const TEXTS = ")[2].partition(";\n")[0])
    assert {"base.css", "base.js", "card.js", "panel.js", "grid.js", "gallery.js"} <= texts.keys()
    assert "stub.js" not in texts


def test_elsewhere_a_widget_keeps_its_own_comm(page: Page) -> None:  # noqa: ARG001
    outer, inner = Outer(), Inner()
    own = inner.comm
    assert outer.nest([inner]) == [inner.model_id]
    assert inner.comm is own
