"""Widgets inside another one, for pages that know only the widgets that cells show. The outer one carries messages.

marimo's page learns of a widget only from the thread that runs cells, and forgets it when the cell runs again. Most of
our inner widgets are created elsewhere, by an action or by a job that has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

Heard = Callable[[Mapping[str, Any]], object]


class Carrier(Protocol):
    """The outer widget."""

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to its page."""


class NestedComm:
    """The comm of an inner widget.

    Args:
        comm_id: the id of its model.
        outer: the outer widget.
        forget: a function that is called when the comm is closed.
    """

    def __init__(self, comm_id: str, outer: Carrier, forget: Callable[[str], object]) -> None:
        self.comm_id = comm_id
        self._outer = outer
        self._forget = forget
        self._hear: Heard = lambda _: None
        self._lock = threading.RLock()

    def on_msg(self, hear: Heard) -> None:
        """Register a function that is called with each message of the page.

        Args:
            hear: the function.
        """
        self._hear = hear

    def send(self, data: Mapping[str, Any], metadata: Any = None, buffers: Any = None) -> None:
        """Send a message to the page.

        Args:
            data: the message of the widget protocol.
            metadata: ignored.
            buffers: the binary buffers of the message.
        """
        del metadata
        # The page knows the changes that it made itself.
        if data.get("method") == "echo_update":
            return
        # The outer widget has the same script.
        state = {name: value for name, value in data.get("state", {}).items() if name != "_esm"}
        with self._lock:
            self._outer.send({"nested": self.comm_id, "data": {**data, "state": state}}, buffers)

    def hear(self, data: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        """Handle a message of the page.

        Args:
            data: the message of the widget protocol.
            buffers: the binary buffers of the message.
        """
        message = {"content": {"data": data}, "buffers": list(buffers)}
        if data.get("method") != "request_state":
            self._hear(message)
            return
        # Otherwise a change could be sent before the older state that it changes.
        with self._lock:
            self._hear(message)

    def close(self) -> None:
        """Handle no more messages. The outer widget tells the page which widgets to show."""
        self._forget(self.comm_id)
