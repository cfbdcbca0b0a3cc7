"""Injected faults, which let you practise handling failures, and test that a client handles them.

Faults cannot be enabled over the network, only from Python or by a file that is given at the start.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import ConfigDict, TypeAdapter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dream_nb.api.luma_models import FAILURE_ADVICE
from dream_nb.api.schemas import enum
from dream_nb.files import given_path
from dream_nb.studio.answers import LUMA_PREFIX, PREFIX, error

FailureCode = Annotated[str, *enum("failure code", tuple(FAILURE_ADVICE))]


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: which requests it applies to, and what goes wrong with them.

    Args:
        method: the method of the requests; `*` for any.
        path: the path of the requests as a pattern: below the prefix of either API (`/generations*`, `/assets/*`), or
            with the prefix of one (`/luma/v1/generations`).
        skip: the number of such requests that are answered normally first.
        times: the number of requests that the rule applies to; None for all.
        delay: the delay in seconds before anything else happens.
        answer: the status to answer with, instead of handling the request.
        detail: the text in the `Error` of that answer.
        body: the exact body of the answer, instead of an `Error`.
        headers: additional headers of that answer, such as `{"retry-after": "90"}`.
        drop: end the connection without an answer, `before` or `after` the request is handled.
        cut: end the connection after this fraction of the answer's body, 0 to 1.
        trickle: the seconds over which the answer's body is sent, a little at a time.
        fail: make the next generation that is drawn fail with this reason; `method` and `path` are ignored.
        reject: make the next uploaded file that is examined fail with this reason; `method` and `path` are ignored.
        code: the `failure_code` for `fail` in the Luma API.

    With `answer`, `drop="before"` and `fail` nothing is made; with `drop="after"` a create is made and charged.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    method: str = "*"
    path: str = "*"
    skip: int = 0
    times: int | None = 1
    delay: float = 0.0
    answer: int | None = None
    detail: str = "this is an injected fault"
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: Literal["before", "after"] | None = None
    cut: float | None = None
    trickle: float | None = None
    fail: str | None = None
    reject: str | None = None
    code: FailureCode = "generation_failed"


_PARTS: Final = 8
_RULES: Final = TypeAdapter(list[Fault])


class Faults:
    """The rules of a studio; the first that matches is used. They can be changed from any thread while it serves.

    Args:
        rules: the initial rules.

    Attributes:
        struck: the number of requests, drawings and examined files that a rule was applied to so far.
    """

    def __init__(self, *rules: Fault) -> None:
        self.struck = 0
        self._lock = threading.Lock()
        self._rules: list[tuple[Fault, int]] = [(rule, 0) for rule in rules]

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read rules from a JSON file: a list of objects with the fields of `Fault`.

        Raises:
            ValueError: the file does not contain such a list (`pydantic.ValidationError`).
            OSError: the file cannot be read.
        """
        return cls(*_RULES.validate_json(given_path(path).read_bytes()))

    def add(self, *rules: Fault) -> None:
        """Add rules after the existing ones."""
        with self._lock:
            self._rules += [(rule, 0) for rule in rules]

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules = []

    def failure(self) -> Fault | None:
        """Return the rule that makes the drawing that starts now fail, if any."""
        return self._next(lambda rule: rule.fail is not None)

    def rejection(self) -> Fault | None:
        """Return the rule that makes the file being examined fail, if any."""
        return self._next(lambda rule: rule.reject is not None)

    async def around(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request through `app`, or according to a rule."""
        rule = None
        if scope["type"] == "http":
            method, path = scope["method"], scope["path"]
            below = path.removeprefix(PREFIX).removeprefix(LUMA_PREFIX)
            rule = self._next(
                lambda rule: (
                    rule.fail is None
                    and rule.reject is None
                    and rule.method in ("*", method)
                    and (fnmatchcase(below, rule.path) or fnmatchcase(path, rule.path))
                )
            )
        if rule is None:
            await app(scope, receive, send)
            return
        await asyncio.sleep(rule.delay)
        if rule.answer is not None:
            await _answer(rule, send)
        elif rule.drop is not None:
            if rule.drop == "after":
                await app(scope, receive, _swallow)
            await _hang_up(send, at_once=True)
        elif rule.cut is not None:
            await app(scope, receive, _Cut(rule.cut, send))
            await _hang_up(send, at_once=False)
        elif rule.trickle is not None:
            await app(scope, receive, _Trickle(rule.trickle, send))
        else:
            await app(scope, receive, send)

    def _next(self, fits: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for index, (rule, seen) in enumerate(self._rules):
                if not fits(rule) or (rule.times is not None and seen >= rule.skip + rule.times):
                    continue
                self._rules[index] = (rule, seen + 1)
                if seen >= rule.skip:
                    self.struck += 1
                    return rule
        return None


async def _answer(rule: Fault, send: Send) -> None:
    body = error(rule.detail) if rule.body is None else rule.body.encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))} | {
        name.lower(): value for name, value in rule.headers.items()
    }
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": rule.answer, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def _swallow(_message: Message) -> None:
    return


class _Cut:
    """Forwards an answer up to a fraction of its announced body."""

    def __init__(self, fraction: float, send: Send) -> None:
        self._fraction = fraction
        self._send = send
        self._left = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            length = next((int(value) for name, value in message["headers"] if name == b"content-length"), 0)
            self._left = int(length * self._fraction)
            await self._send(message)
            return
        body = message.get("body", b"")[: self._left]
        self._left -= len(body)
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})


class _Trickle:
    """Forwards an answer a little at a time."""

    def __init__(self, seconds: float, send: Send) -> None:
        self._pause = seconds / _PARTS
        self._send = send

    async def __call__(self, message: Message) -> None:
        body = message.get("body", b"")
        step = max(1, -(-len(body) // _PARTS))
        while len(body) > step:
            await self._send({**message, "body": body[:step], "more_body": True})
            await asyncio.sleep(self._pause)
            body = body[step:]
        await self._send({**message, "body": body} if body else message)


async def _hang_up(send: Send, *, at_once: bool) -> None:
    """End the connection. ASGI has no message for this, so it uses the transport behind uvicorn's `send`."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionAbortedError("an injected fault ended the connection")
    if at_once:
        transport.abort()
    else:
        transport.close()
    # The server has to notice the end of the connection before this request returns, or it would answer 500.
    for _ in range(3):
        await asyncio.sleep(0)
