"""Servers that send a key back, and everything that a user can see of an error."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from types import TracebackType
from typing import Any

from IPython import version_info
from IPython.core.ultratb import VerboseTB

from dream_nb.api import errors
from tests.api.servers import Behaviour, Exchange


def below(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the test's own frame, which holds the key."""
    assert trace is not None
    return trace.tb_next


def seen(error: BaseException) -> str:
    """Everything visible of an error: texts, tracebacks with all variables, pickles, its cause and context."""
    trace = below(error.__traceback__)
    plain: dict[str, Any] = {"theme_name": "nocolor"} if version_info >= (9,) else {"color_scheme": "NoColor"}
    verbose = VerboseTB(**plain, include_vars=True)
    parts: list[Any] = [
        str(error),
        repr(error),
        vars(error),
        "".join(traceback.TracebackException(type(error), error, trace, capture_locals=True).format()),
        verbose.text(type(error), error, trace),
        error.__cause__,
        error.__context__ and vars(error.__context__),
    ]
    if isinstance(error, errors.DreamError):
        bare = copy.deepcopy(error)
        parts += [pickle.dumps(error), vars(bare), "".join(error._render_traceback_())]
    return "\n".join(str(part) for part in parts)


def echo(status: int) -> Behaviour:
    """A behaviour that sends the key back in every part of the response."""

    def answer(exchange: Exchange) -> None:
        key = exchange.headers["authorization"]
        body = json.dumps({"detail": f"Invalid key {key}" + "x" * 1000, "id": [key], "credit_balance": key})
        exchange.answer(status, body, x_request_id=key, content_type=key, location=f"https://{key[7:]}.example/{key}")

    return answer


def refuse_protocol(exchange: Exchange) -> None:
    exchange.connection.sendall(f"HTTP/1.1 {exchange.headers['authorization']}\r\n\r\n".encode())


def stay_silent(exchange: Exchange) -> None:
    exchange.stall()


LEAKS: dict[str, Behaviour] = {
    **{f"status {status}": echo(status) for status in (200, 302, 400, 401, 403, 404, 429, 500)},
    "another protocol": refuse_protocol,
    "a reset": Exchange.drop,
    "silence": stay_silent,
}
