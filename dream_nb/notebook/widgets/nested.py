"""Widgets inside another one, in a page that knows only those that cells show: their messages travel with that one's.

marimo's page is told of a widget only by the thread that runs cells, and forgets it when the cell runs again. Most of
ours that stand in others are made elsewhere: where an action or a job that has ended asks for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

Heard = Callable[[Mapping[str, Any]], object]


class Carrier(Protocol):
    """The widget around it."""

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send its page a message of its own."""


class NestedComm:
    """The comm of such a widget.

    Args:
        comm_id: the id of its model.
        outer: the widget around it.
        forget: is told that it closes.
    """

    def __init__(self, comm_id: str, outer: Carrier, forget: Callable[[str], object]) -> None:
        self.comm_id = comm_id
        self._outer = outer
        self._forget = forget
        self._hear: Heard = lambda _: None
        self._lock = threading.RLock()

    def on_msg(self, hear: Heard) -> None:
        """Call this at each message of the page.

        Args:
            hear: is given the message.
        """
        self._hear = hear

    def send(self, data: Mapping[str, Any], metadata: Any = None, buffers: Any = None) -> None:
        """Send the page a message.

        Args:
            data: the message of the widget protocol.
            metadata: not sent.
            buffers: what is sent beside it.
        """
        del metadata
        # What the page changed itself it knows.
        if data.get("method") == "echo_update":
            return
        # The script is the one that the widget around it has.
        state = {name: value for name, value in data.get("state", {}).items() if name != "_esm"}
        with self._lock:
            self._outer.send({"nested": self.comm_id, "data": {**data, "state": state}}, buffers)

    def hear(self, data: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Take a message of the page.

        Args:
            data: the message of the widget protocol.
            buffers: what came beside it.
        """
        message = {"content": {"data": data}, "buffers": list(buffers)}
        if data.get("method") != "request_state":
            self._hear(message)
            return
        # Else a change could be sent before the state that it changes, which was read before.
        with self._lock:
            self._hear(message)

    def close(self) -> None:
        """Hear no more. The page is told by the widget around it which ones that shows."""
        self._forget(self.comm_id)
