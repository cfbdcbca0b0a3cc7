"""What a backend can do besides making generations. Code asks this module instead of comparing names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from dream_nb.api.errors import ConfigurationError

Ability = Literal["list", "delete", "cancel", "balance", "callbacks", "files"]

_DREAM_MACHINE: Final[frozenset[Ability]] = frozenset({"list", "delete", "cancel", "balance", "callbacks"})
_ABILITIES: Final[Mapping[str, frozenset[Ability]]] = {
    "studio": _DREAM_MACHINE | {"files"},
    "luma": frozenset({"files"}),
}
_LACKS: Final[Mapping[Ability, str]] = {
    "list": "cannot list generations: import one by its id (session.bring_in)",
    "delete": "cannot delete generations: delete only the file here (files=True)",
    "cancel": (
        "cannot cancel generations: this one continues on the server, and is billed. To stop waiting for it, stop the "
        "job"
    ),
    "balance": "does not report a balance: its dashboard shows what was spent. A budget counts known prices",
    "callbacks": "does not support callbacks: its generations are polled instead",
    "files": "accepts only URLs, not files",
}


def can(backend: str, ability: Ability) -> bool:
    """Return whether a backend can do something.

    Args:
        backend: the name of the backend.
        ability: what to do: "list" the generations of the account, "delete" or "cancel" them, report the "balance",
            make "callbacks", or accept local "files".
    """
    return ability in _ABILITIES.get(backend, _DREAM_MACHINE)


def lacks(backend: str, ability: Ability) -> str:
    """Return the explanation that a backend cannot do something, and what to do instead.

    Args:
        backend: the name of the backend.
        ability: what to do, as for `can`.
    """
    return f"backend {backend!r} {_LACKS[ability]}"


def need(backend: str, ability: Ability) -> None:
    """Raise an error if a backend cannot do something.

    Args:
        backend: the name of the backend.
        ability: what to do, as for `can`.

    Raises:
        ConfigurationError: the backend cannot do it; the error says what to do instead.
    """
    if not can(backend, ability):
        raise ConfigurationError(lacks(backend, ability))
