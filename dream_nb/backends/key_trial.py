"""Tests a key on its server, with a request that is free."""

from __future__ import annotations

from pydantic import SecretStr

from dream_nb.api.blocking import DreamMachine
from dream_nb.api.blocking_luma import Luma


def try_key(backend: str, base_url: str, secret: SecretStr, *, seconds: float) -> str:
    """Send a server a request that it answers only with an accepted key.

    Args:
        backend: the backend of the key.
        base_url: the address of the server.
        secret: the key.
        seconds: the longest wait for the answer, in seconds.

    Returns:
        The name of the server's API.

    Raises:
        AuthenticationError: the server does not accept the key.
        APIError: the server cannot be reached.
    """
    if backend == "luma":
        # The Luma API has no ping.
        with Luma(secret, base_url, timeout=seconds, deadline=seconds) as luma:
            luma.list_files(limit=1)
        return "the Luma API"
    with DreamMachine(secret, base_url, timeout=seconds, deadline=seconds) as machine:
        machine.ping()
        return f"the Dream Machine API of {machine.dialect().api}"
