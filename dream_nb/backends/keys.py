"""Keys: each belongs to one origin, and comes from this process, the environment, Colab's secrets or the keyring."""

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
"""The provider's APIs by the name of the backend that asks each. The first that has a key is the default."""

_SERVICE: Final = "dream_nb"
_OTHER_VARIABLE: Final = "DREAM_NB_KEY"

_given: dict[str, SecretStr] = {}


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and where it belongs.

    Attributes:
        secret: itself; it is in no repr.
        base_url: the server that it is for; it goes to this origin and to no other.
        source: where it was found, in words.
    """

    secret: SecretStr
    base_url: str
    source: str


def is_reached(backend: str, other: str) -> bool:
    """Whether a session that asks one backend can go on with what another has made: a model decides between the hosted.

    Args:
        backend: the backend that the session asks.
        other: the other one.
    """
    return backend == other or (backend in HOSTED_APIS and other in HOSTED_APIS)


def address_of(backend: str) -> str:
    """The base URL of a backend that is not the studio.

    Args:
        backend: "dream-machine", "luma", or a URL. `LUMAAI_BASE_URL` and `LUMA_BASE_URL` overrule the addresses of the
            first two.

    Raises:
        ConfigurationError: it is no http(s) address, or would send the key in the clear.
    """
    return safe_address(_home(HOSTED_APIS[backend]) if backend in HOSTED_APIS else backend)


def find_key(backend: str) -> Key | None:
    """The key of a backend, or None.

    Looked for in this order: what `%dreams key` was given in this process, the environment, Colab's secrets, the
    keyring. Colab asks the person in front of it, so this is called from the main thread.

    Args:
        backend: "dream-machine", "luma", or a URL.

    Raises:
        ConfigurationError: it has no address that a key could go to.
    """
    base_url = address_of(backend)
    if (given := _given.get(_slot(backend))) is not None:
        return Key(given, base_url, "given in this session")
    variable = _variable(backend)
    if variable and (secret := hidden_variable(variable)):
        return Key(secret, base_url, f"the environment ({variable})")
    if variable and (secret := _colab(variable)):
        return Key(secret, base_url, f"Colab's secrets ({variable})")
    if secret := _kept(_slot(backend)):
        return Key(secret, base_url, "the keyring")
    return None


def need_key(backend: str) -> Key:
    """The key of a backend.

    Raises:
        ConfigurationError: there is none; it says how to give one.
    """
    key = find_key(backend)
    if key is None:
        raise ConfigurationError(f"no key for {origin_of(address_of(backend))}: {how_to_give(backend)}")
    return key


def variable_of(backend: str) -> str:
    """The environment variable that holds the key of a backend."""
    return HOSTED_APIS[backend].key_variable if backend in HOSTED_APIS else _OTHER_VARIABLE


def how_to_give(backend: str) -> str:
    """What to do where a backend has no key."""
    if backend in HOSTED_APIS:
        return f"set {variable_of(backend)}, or run %dreams key {backend}, which asks for it without showing it"
    return (
        f"run %dreams key {backend}, which asks for it without showing it, or set {variable_of(backend)}, and "
        "DREAM_NB_BACKEND to this URL"
    )


def remember(backend: str, secret: SecretStr, *, save: bool = False) -> None:
    """Keep a key in this process, and in the keyring where that is wanted.

    Args:
        backend: the backend that the key is for.
        secret: the key.
        save: whether the keyring keeps it too.

    Raises:
        ConfigurationError: there is no keyring.
    """
    slot = _slot(backend)
    if save:
        try:
            _keyring().set_password(_SERVICE, slot, secret.get_secret_value())
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - each system's keyring has errors of its own
            reason = type(error).__name__
        else:
            reason = ""
        # Raised here: nothing leads from it to the frames that hold the key.
        if reason:
            raise ConfigurationError(
                f"the keyring could not save the key ({reason}): leave out --save to keep it in this session only"
            )
    _given[slot] = secret


def forget(backend: str) -> None:
    """Forget the key of a backend in this process, and in the keyring."""
    slot = _slot(backend)
    _given.pop(slot, None)
    # A keyring that is missing, locked or empty has nothing to forget.
    with suppress(Exception):
        _keyring().delete_password(_SERVICE, slot)


def hidden_variable(name: str) -> SecretStr | None:
    """A variable of the environment that holds a key, or None."""
    return SecretStr(os.environ[name]) if os.environ.get(name) else None


def _home(api: HostedAPI) -> str:
    return os.environ.get(api.url_variable) or api.base_url


def _slot(backend: str) -> str:
    """What a key is kept under: an origin, of the Luma API with its name. Both APIs may be served at one origin."""
    origin = origin_of(address_of(backend))
    return f"luma {origin}" if backend == "luma" else origin


def _variable(backend: str) -> str | None:
    """The variable that holds the key of a backend, where there is one."""
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
    # Not installed, locked, or none on this machine.
    with suppress(Exception):
        value = _keyring().get_password(_SERVICE, slot)
        return SecretStr(value) if value else None
    return None


def _keyring() -> Any:
    try:
        return import_module("keyring")
    except ImportError:
        raise ConfigurationError("saving a key needs the package keyring: pip install 'dream_nb[keyring]'") from None
