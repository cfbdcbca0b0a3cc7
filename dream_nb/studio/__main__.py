"""`python -m dream_nb.studio`: serve the studio to other programs on this machine."""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from dream_nb import workers
from dream_nb.api.errors import ConfigurationError
from dream_nb.api.loopback import is_loopback
from dream_nb.cluster import ClusterConnection
from dream_nb.files import given_path
from dream_nb.studio.answers import LUMA_PREFIX, PREFIX
from dream_nb.studio.app import create_app
from dream_nb.studio.faults import Faults
from dream_nb.studio.protocol import config
from dream_nb.studio.settings import Settings

logger = logging.getLogger("dream_nb.studio")
KEY_VARIABLE = "DREAM_NB_STUDIO_KEY"
_LAST_ANSWERS_SECONDS = 3
# The account that notebooks on this library use: whoever has its key sees their generations.
_ACCOUNT = "notebook"


def key_variable(account: str) -> str:
    """Return the environment variable for the key of an account, which takes precedence over the common one."""
    return f"{KEY_VARIABLE}_{re.sub(r'[^A-Z0-9]', '_', account.upper())}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m dream_nb.studio",
        description="Serve the Dream Machine API and the Luma API on this machine. Everything is drawn by rule, not by"
        " a model.",
        epilog=f"The key of an account comes from {KEY_VARIABLE}_NAME, or for the first account {KEY_VARIABLE};"
        " if neither is set, a key is generated and printed.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any that is free)")
    parser.add_argument(
        "--library",
        type=given_path,
        default=Path("dreams"),
        help="the folder that contains the studio's folder .studio (default: %(default)s)",
    )
    parser.add_argument(
        "--key",
        action="append",
        metavar="NAME",
        help="account that has a key; may be given several times (default: notebook)",
    )
    parser.add_argument("--faults", type=given_path, metavar="FILE", help="faults to simulate, as a JSON list")
    parser.add_argument("--public-callbacks", action="store_true", help="send callbacks to public addresses too")
    parser.add_argument("--fetch-loopback", action="store_true", help="fetch pictures and videos from this machine too")
    parser.add_argument(
        "--address-seconds",
        type=float,
        default=Settings.address_seconds,
        metavar="SECONDS",
        help="how many seconds the addresses returned by the Luma API are valid (default: %(default)g)",
    )
    parser.add_argument(
        "--lenient", action="store_true", help="accept requests that the documentation of the API of 2025 excludes"
    )
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="draw on the dask cluster of this scheduler, such as tcp://127.0.0.1:8786 (default: on this machine)",
    )
    return parser.parse_args(argv)


def _keys(accounts: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The keys of all accounts, and those among them that were generated here."""
    keys: dict[str, str] = {}
    made: dict[str, str] = {}
    for index, account in enumerate(accounts):
        given = os.environ.get(key_variable(account)) or (os.environ.get(KEY_VARIABLE) if index == 0 else None)
        # An empty variable counts as unset: an empty key would admit everyone.
        if not given:
            given = made[account] = f"studio-{secrets.token_urlsafe(24)}"
        keys[account] = given
    return keys, made


def _listen(host: str, port: int) -> socket.socket:
    # asyncio disables Nagle's algorithm only on sockets whose protocol is IPPROTO_TCP. With the algorithm, a response
    # that is sent in two parts takes 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """A server that prints its address as soon as it answers."""

    def __init__(self, config: uvicorn.Config, greeting: str, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._greeting = greeting
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._greeting, flush=True)  # noqa: T201 - what the command is asked for

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


def _stopping(app: Starlette) -> Callable[[], None]:
    def stop() -> None:
        # Missing until the application has started: no request can be waiting then.
        if operations := getattr(app.state, "operations", None):
            operations.stop_waiting()

    return stop


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit status."""
    arguments = _arguments(argv)
    keys, made = _keys(arguments.key or [_ACCOUNT])
    if not is_loopback(arguments.host) and made:
        name = next(iter(made))
        sys.stderr.write(
            f"{arguments.host} is reachable from other machines: set a key for account {name} in {key_variable(name)}\n"
        )
        return 2
    with contextlib.ExitStack() as stack:
        try:
            faults = Faults.from_file(arguments.faults) if arguments.faults else None
            listener = _listen(arguments.host, arguments.port)
            executor: Callable[[], Executor] = workers.pool
            if arguments.dask:
                executor = stack.enter_context(contextlib.closing(ClusterConnection(arguments.dask, logger.warning)))
        except (OSError, ValueError, TypeError, ConfigurationError) as error:
            sys.stderr.write(f"{error}\n")
            return 2
        settings = Settings(
            public_callbacks=arguments.public_callbacks,
            fetch_loopback=arguments.fetch_loopback,
            lenient=arguments.lenient,
            address_seconds=arguments.address_seconds,
        )
        folder = arguments.library / ".studio"
        app = create_app(folder, keys=keys, executor=executor, settings=settings, faults=faults)
        shown = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
        origin = f"http://{shown}:{listener.getsockname()[1]}"
        lines = [origin + PREFIX, origin + LUMA_PREFIX]
        lines += [f"key of {account}: {key}" for account, key in made.items()]
        _serve(app, listener, "\n".join(lines))
    return 0


def _serve(app: Starlette, listener: socket.socket, greeting: str) -> None:
    served = config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS, server_header=False
    )
    # uvicorn shuts down gracefully at a signal, then raises it again for the previous handler, which must do nothing.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    # Everything loaded so far lives as long as the process, so later collections need not scan it.
    gc.freeze()
    _Server(served, greeting, _stopping(app)).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
