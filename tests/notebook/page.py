"""The page's side of widgets, without a browser: what Python sends, and what a script would send back."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import ipywidgets
from comm.base_comm import BaseComm
from ipywidgets import comm

from dream_nb.notebook.widgets.base import Widget

SECONDS = 120

Message = dict[str, Any]
T = TypeVar("T")


class _Comm(BaseComm):
    page: Page

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        del metadata, keys
        self.page.take(self.comm_id, msg_type, data or {}, buffers or [])


class Page:
    """All messages of all widgets, in order.

    Attributes:
        opened: the state with which each comm was opened, by the comm's id.
        messages: comm id, data and buffers of every message.
    """

    def __init__(self) -> None:
        self.opened: dict[str, Message] = {}
        self.messages: list[tuple[str, Message, list[bytes]]] = []
        self._came = threading.Condition()
        self._numbers = itertools.count()

    def take(self, comm_id: str, kind: str, data: Message, buffers: list[Any]) -> None:
        with self._came:
            if kind == "comm_open":
                self.opened[comm_id] = data["state"]
            self.messages.append((comm_id, data, [bytes(buffer) for buffer in buffers]))
            self._came.notify_all()

    def ask(self, widget: Widget, action: str, *buffers: bytes, **content: Any) -> tuple[Message, list[bytes]]:
        """Call an action as a script would, and wait for the answer."""
        number = str(next(self._numbers))
        content = {"action": action, "ask": number, **content}
        data = {"method": "custom", "content": content}
        widget.comm._msg_callback({"content": {"data": data}, "buffers": [memoryview(buffer) for buffer in buffers]})

        def answer() -> tuple[Message, list[bytes]] | None:
            for _, sent, received in self.messages:
                told = sent.get("content") or {}
                if told.get("answer") == number:
                    return told, received
            return None

        return self.wait_for(answer)

    def change(self, widget: Widget, **state: Any) -> None:
        """Set traits, as a script would."""
        widget.comm._msg_callback({"content": {"data": {"method": "update", "state": state}}, "buffers": []})

    def wait_for(self, found: Callable[[], T | None]) -> T:
        """Wait until `found` returns a value other than None; it is called again after each message."""
        with self._came:
            assert self._came.wait_for(lambda: found() is not None, SECONDS)
        value = found()
        assert value is not None
        return value


@contextmanager
def open_page() -> Iterator[Page]:
    """A page to which all widgets created in the context belong."""
    page = Page()
    kind = type("PageComm", (_Comm,), {"page": page})
    before = comm.create_comm
    comm.create_comm = kind
    try:
        yield page
    finally:
        ipywidgets.Widget.close_all()
        comm.create_comm = before
