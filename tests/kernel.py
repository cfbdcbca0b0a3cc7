"""A real kernel, and the answers of its cells."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

SECONDS = 240

Message = dict[str, Any]


@dataclass
class Answer:
    """What one cell sent back.

    Attributes:
        outputs: the contents of display_data, execute_result and stream messages, in order, with their `type`.
        error: the error message's content, or None.
    """

    outputs: list[Message] = field(default_factory=list)
    error: Message | None = None

    def data(self, mime: str = "text/html") -> list[str]:
        """The outputs of that MIME type."""
        return [output["data"][mime] for output in self.outputs if mime in output.get("data", {})]

    @property
    def result(self) -> str | None:
        """The execute_result as text, or None."""
        results = [output for output in self.outputs if output["type"] == "execute_result"]
        return results[-1]["data"]["text/plain"] if results else None


class Kernel:
    """A started kernel."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    @property
    def pid(self) -> int:
        """The kernel's process id."""
        return int(self.run("import os; os.getpid()").result or 0)

    def run(
        self,
        source: str,
        *,
        when: Callable[[Message], bool] | None = None,
        then: Callable[[], None] = lambda: None,
        seconds: float = SECONDS,
    ) -> Answer:
        """Run a cell, and wait until it has finished.

        Args:
            source: the source of the cell.
            when: chooses the message after which `then` is called, once.
            then: what to do at that point, for example interrupt the kernel.
            seconds: how long to wait for each message.
        """
        # Otherwise older kernels drop requests that come soon after a cell that fails.
        sent = self.client.execute(source, stop_on_error=False)
        return self.answer(sent, when=when, then=then, seconds=seconds)

    def answer(
        self,
        sent: str,
        *,
        when: Callable[[Message], bool] | None = None,
        then: Callable[[], None] = lambda: None,
        seconds: float = SECONDS,
    ) -> Answer:
        """The answer of a cell that was sent already; `sent` is its message id, the others are arguments of `run`."""
        answer = Answer()
        waiting = when
        while True:
            message = self.client.get_iopub_msg(timeout=seconds)
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if waiting is not None and waiting(message):
                waiting = None
                then()
            if kind in {"display_data", "execute_result", "stream"}:
                answer.outputs.append(content | {"type": kind})
            elif kind == "error":
                answer.error = content
            elif kind == "status" and content["execution_state"] == "idle":
                self._wait_for_reply(sent, seconds)
                return answer

    def _wait_for_reply(self, sent: str, seconds: float) -> None:
        # ipykernel 7.3 misses a request that comes while it sends the reply to the one before.
        while self.client.get_shell_msg(timeout=seconds)["parent_header"].get("msg_id") != sent:
            pass


@contextlib.contextmanager
def start_kernel(folder: Path, **environment: str) -> Iterator[Kernel]:
    """Start a kernel of this Python with the folder as its working directory and the extension loaded."""
    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable  # type: ignore[union-attr]
    manager.start_kernel(cwd=str(folder), env=os.environ | environment)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        kernel = Kernel(manager, client)
        assert kernel.run("%load_ext dream_nb").error is None
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
