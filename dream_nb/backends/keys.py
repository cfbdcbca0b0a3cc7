"""Keys from this process, the environment, Colab's secrets and the keyring. Each belongs to one origin."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from pydantic import SecretStr

from dream_nb.api.connection import origin_of, safe_address
from dream_nb.api.errors import ConfigurationError
from dream_nb.api.hosted_apis import DREAM_MACHINE, LUMA, HostedAPI

HOSTED_APIS: Final[Mapping[str, HostedAPI]] = {"dream-machine": DREAM_MACHINE, "luma": LUMA}
"""The provider's APIs by the name of their backend. The first that has a key is the default."""

_SERVICE: Final = "dream_nb"
_OTHER_VARIABLE: Final = "DREAM_NB_KEY"

_given: dict[str, SecretStr] = {}


@dataclass(frozen=True, slots=True)
class Key:
    """A key and its server.

    Attributes:
        secret: the key itself, which is not part of the repr.
        base_url: the server of the key; it is sent to this origin and to no other.
        source: the place where it was found, in words.
    """

    secret: SecretStr
    base_url: str
    source: str


def is_reached(backend: str, other: str) -> bool:
    """Return whether a session of one backend can use results of another: a model may choose between the hosted APIs.

    Args:
        backend: the backend of the session.
        other: the other backend.
    """
    return backend == other or (backend in HOSTED_APIS and other in HOSTED_APIS)


def address_of(backend: str) -> str:
    """Return the base URL of a backend that is not the studio.

    Args:
        backend: "dream-machine", "luma", or a URL. `LUMAAI_BASE_URL` and `LUMA_BASE_URL` override the addresses of the
            first two.

    Raises:
        ConfigurationError: the address is not an http(s) address, or would send the key unencrypted.
    """
    return safe_address(_home(HOSTED_APIS[backend]) if backend in HOSTED_APIS else backend)


def find_key(backend: str) -> Key | None:
    """Return the key of a backend, or None.

    It is looked for in this order: the key that `%dreams key` stored in this process, the environment, Colab's secrets,
    the keyring. Colab asks the user, so this must be called on the main thread.

    Args:
        backend: "dream-machine", "luma", or a URL.

    Raises:
        ConfigurationError: the backend has no address that a key could be sent to.
    """
    base_url = address_of(backend)
    if (given := _given.get(_slot(backend))) is not None:
        return Key(given, base_url, "%dreams key in this session")
    variable = _variable(backend)
    if variable and (secret := hidden_variable(variable)):
        return Key(secret, base_url, f"the environment ({variable})")
    if variable and (secret := _colab(variable)):
        return Key(secret, base_url, f"Colab's secrets ({variable})")
    if secret := _kept(_slot(backend)):
        return Key(secret, base_url, "the keyring")
    return None


def need_key(backend: str) -> Key:
    """Return the key of a backend.

    Raises:
        ConfigurationError: there is no key; the error says how to provide one.
    """
    key = find_key(backend)
    if key is None:
        raise ConfigurationError(f"no key for {origin_of(address_of(backend))}: {how_to_give(backend)}")
    return key


def variable_of(backend: str) -> str:
    """Return the name of the environment variable for the key of a backend."""
    return HOSTED_APIS[backend].key_variable if backend in HOSTED_APIS else _OTHER_VARIABLE


def how_to_give(backend: str) -> str:
    """Return what to do about a missing key."""
    if backend in HOSTED_APIS:
        return f"set {variable_of(backend)}, or run %dreams key {backend}, which asks for it without showing it"
    return (
        f"run %dreams key {backend}, which asks for it without showing it, or set {variable_of(backend)}, and "
        "DREAM_NB_BACKEND to this URL"
    )


def which_key() -> str:
    """Return how to give a key, for somebody who has not said which hosted API it belongs to."""
    return (
        "run %dreams key luma for a key of the Luma API of 2026, or %dreams key dream-machine for one of the older "
        "Dream Machine API"
    )


def remember(backend: str, secret: SecretStr, *, save: bool = False) -> None:
    """Store a key in this process, and in the keyring if requested.

    Args:
        backend: the backend of the key.
        secret: the key.
        save: whether to store it in the keyring as well.

    Raises:
        ConfigurationError: the keyring did not store it; it is stored in this process all the same.
    """
    slot = _slot(backend)
    _given[slot] = secret
    if save:
        try:
            _keyring().set_password(_SERVICE, slot, secret.get_secret_value())
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - each system's keyring has its own errors
            reason = type(error).__name__
        else:
            reason = ""
        # Raised here, so that nothing leads from the error to the frames that hold the key.
        if reason:
            raise ConfigurationError(
                f"the keyring could not save the key ({reason}), so it is kept in this session only: for others, set "
                f"{variable_of(backend)}"
            )


def forget(backend: str) -> bool:
    """Remove the key of a backend from this process and from the keyring. Returns whether there was one."""
    slot = _slot(backend)
    was_there = _given.pop(slot, None) is not None
    # A keyring that is missing, locked or empty has nothing to remove.
    with suppress(Exception):
        _keyring().delete_password(_SERVICE, slot)
        was_there = True
    return was_there


def hidden_variable(name: str) -> SecretStr | None:
    """Return the value of an environment variable that holds a key, or None if it is not set."""
    return SecretStr(os.environ[name]) if os.environ.get(name) else None


def _home(api: HostedAPI) -> str:
    return os.environ.get(api.url_variable) or api.base_url


def _slot(backend: str) -> str:
    """The name under which a key is stored: its origin; for the Luma API with "luma", because APIs may share one."""
    origin = origin_of(address_of(backend))
    return f"luma {origin}" if backend == "luma" else origin


def _variable(backend: str) -> str | None:
    """The variable for the key of a backend, if there is one."""
    if backend in HOSTED_APIS:
        return variable_of(backend)
    origin = origin_of(address_of(backend))
    if origin == origin_of(address_of("dream-machine")):
        return variable_of("dream-machine")
    chosen = os.environ.get("DREAM_NB_BACKEND") or ""
    return _OTHER_VARIABLE if "://" in chosen and origin == origin_of(safe_address(chosen)) else None


def _colab(name: str) -> SecretStr | None:
    if "google.colab" not in sys.modules:
        return None
    # There is no such secret, or this notebook may not read it.
    with suppress(Exception):
        value = import_module("google.colab.userdata").get(name)
        return SecretStr(value) if value else None
    return None


def _kept(slot: str) -> SecretStr | None:
    # The keyring is not installed, locked, or missing on this machine.
    with suppress(Exception):
        value = _keyring().get_password(_SERVICE, slot)
        return SecretStr(value) if value else None
    return None


def _keyring() -> Any:
    try:
        return import_module("keyring")
    except ImportError:
        raise ConfigurationError(
            "saving a key needs the package keyring (pip install 'dream_nb[keyring]'), so the key is kept in this "
            "session only"
        ) from None
