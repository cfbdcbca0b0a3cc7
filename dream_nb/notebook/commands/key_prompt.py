"""Asks the user for a key without showing it."""

from __future__ import annotations

import getpass
import warnings
from typing import Final

from IPython.core.error import StdinNotImplementedError
from pydantic import SecretStr

from dream_nb.api.connection import origin_of
from dream_nb.api.errors import APIError, AuthenticationError, ConfigurationError
from dream_nb.backends.key_trial import try_key
from dream_nb.backends.keys import address_of, find_key, forget, remember, variable_of
from dream_nb.notebook.commands.listing import Facts

_SECONDS: Final = 10.0


def ask_key(backend: str, *, save: bool = False) -> Facts:
    """Ask for the key of a backend, test it, and store it in this process.

    Args:
        backend: "dream-machine", "luma", or a URL.
        save: whether to store it in the keyring as well.

    Raises:
        ConfigurationError: the user cannot be asked, or there is no keyring.
        AuthenticationError: the server does not accept the key; nothing was stored.
    """
    base_url = address_of(backend)
    origin = origin_of(base_url)
    secret = _ask(origin, backend)
    if not secret.get_secret_value().strip():
        raise ConfigurationError(f"no key was entered for {origin}: nothing changed")
    tried = _try(backend, base_url, secret)
    remember(backend, secret, save=save)
    kept = "in this session and in the keyring" if save else "in this session only; --save saves it in the keyring"
    return Facts(
        command="key",
        title=f"the key for {origin} is kept {kept}",
        note=tried,
        facts={"origin": origin, "saved": save},
    )


def forget_key(backend: str) -> Facts:
    """Remove the key of a backend from this process and from the keyring."""
    base_url = address_of(backend)
    was_there = forget(backend)
    key = find_key(backend)
    left = f"It still comes from {key.source}." if key else ""
    return Facts(
        command="key",
        title=f"the key for {origin_of(base_url)} was removed"
        if was_there
        else f"no key was kept for {origin_of(base_url)}",
        note=left,
        facts={"origin": origin_of(base_url), "saved": False},
    )


def _ask(origin: str, backend: str) -> SecretStr:
    try:
        with warnings.catch_warnings():
            # Do not ask in a terminal that would show the typed key.
            warnings.simplefilter("error", getpass.GetPassWarning)
            # Looked up in its module at each call, because a kernel replaces it while a cell runs.
            return SecretStr(getpass.getpass(f"Key for {origin} (it is not shown): "))
    except (StdinNotImplementedError, EOFError, getpass.GetPassWarning):
        raise ConfigurationError(
            f"this is not an interactive session, so a key cannot be asked for: set {variable_of(backend)}, or run "
            "%dreams key "
            f"{backend} --save in an interactive session"
        ) from None


def _try(backend: str, base_url: str, secret: SecretStr) -> str:
    try:
        try_key(backend, base_url, secret, seconds=_SECONDS)
    except AuthenticationError:
        raise
    except APIError:
        return "It was not tried: the server did not answer."
    return "The server accepts it."
