"""Tries a key at its server, by a question that costs nothing."""

from __future__ import annotations

from pydantic import SecretStr

from dream_nb.api.blocking import DreamMachine
from dream_nb.api.blocking_luma import Luma


def try_key(backend: str, base_url: str, secret: SecretStr, *, seconds: float) -> str:
    """Ask a server something that only an accepted key is told.

    Args:
        backend: the backend that the key is for.
        base_url: the server's address.
        secret: the key.
        seconds: how long the answer is waited for.

    Returns:
        Which API the server has, in words.

    Raises:
        AuthenticationError: it does not accept the key.
        APIError: it could not be asked.
    """
    if backend == "luma":
        # It has no ping.
        with Luma(secret, base_url, timeout=seconds, deadline=seconds) as luma:
            luma.list_files(limit=1)
        return "the Luma API"
    with DreamMachine(secret, base_url, timeout=seconds, deadline=seconds) as machine:
        machine.ping()
        return f"the Dream Machine API of {machine.dialect().api}"
