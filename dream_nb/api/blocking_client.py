"""The base of every synchronous client: an asynchronous client that is opened and closed on the background loop."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import httpx2

from dream_nb.api.errors import ConfigurationError
from dream_nb.api.portal import portal
from dream_nb.lifetime import Stage, close_at_exit, keep_for_ever, let_go_after_fork


class AsyncClient(Protocol):
    """The interface of an asynchronous client."""

    base_url: str

    async def aclose(self) -> None:
        """Close all connections."""


C = TypeVar("C", bound=AsyncClient)


class BlockingClient(Generic[C]):
    """An asynchronous client for synchronous code. It is closed at exit, and created again in a forked child.

    Args:
        make: a function that takes `base_url` and `http_client` and returns the asynchronous client.
        base_url: the address of the server, or None for that of the environment.
        http_client: the `httpx2.AsyncClient` that the user provided, or None.
    """

    def __init__(self, make: Callable[..., C], base_url: str | None, http_client: httpx2.AsyncClient | None) -> None:
        self._opened = make(base_url=base_url, http_client=http_client)
        self.base_url = self._opened.base_url
        self._make = make
        self._is_own = http_client is None
        self._is_inherited = False
        self._collected = self._close_when_collected()
        close_at_exit(self, Stage.CLIENT)
        let_go_after_fork(self)

    def _close_when_collected(self) -> weakref.finalize[[Callable[[], Coroutine[Any, Any, None]]], Self]:
        # A finalizer must not wait: it may run on the loop that it would wait for.
        collected = weakref.finalize(self, portal.run_later, self._opened.aclose)
        collected.atexit = False
        return collected

    @property
    def _client(self) -> C:
        if self._is_inherited:
            if not self._is_own:
                raise ConfigurationError(
                    f"the http_client of {self!r} belongs to the parent process of this one: create a "
                    f"{type(self).__name__} here, with an http_client of its own"
                )
            # The parent continues to use the connections of the old client.
            self._is_inherited, self._opened = False, self._make(base_url=self.base_url)
            self._collected = self._close_when_collected()
        return self._opened

    def __repr__(self) -> str:
        # A traceback with variables also shows a client whose creation failed, which has no address.
        return f"{type(self).__name__}({getattr(self, 'base_url', '')!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._collected.detach()
        if not self._is_inherited:
            portal.call(self._opened.aclose)

    def _end(self, seconds: float) -> None:
        if not self._is_inherited and self._collected.detach() is not None:
            portal.run_within(seconds, self._opened.aclose)

    def _forked(self) -> None:
        if self._collected.detach() is not None:
            # Otherwise its connections would warn, when they are collected, that they were not closed.
            keep_for_ever(self._opened)
        self._is_inherited = True
