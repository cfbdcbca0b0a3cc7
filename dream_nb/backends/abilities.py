"""What a backend can do beside making and showing generations. Whoever needs one of these asks here, by no name."""

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
    "delete": "cannot delete generations: delete only the file here (--files, files=True)",
    "cancel": (
        "cannot cancel generations: this one continues on the server, and is billed. To stop waiting for it, stop the "
        "job"
    ),
    "balance": "does not report a balance: its dashboard shows what was spent. A budget counts known prices",
    "callbacks": "does not support callbacks: its generations are polled instead",
    "files": "accepts only URLs, not files",
}


def can(backend: str, ability: Ability) -> bool:
    """Whether a backend can do something.

    Args:
        backend: its name.
        ability: "list" the generations of the account, "delete" and "cancel" them, tell the "balance", make
            "callbacks", and take "files" of this machine.
    """
    return ability in _ABILITIES.get(backend, _DREAM_MACHINE)


def lacks(backend: str, ability: Ability) -> str:
    """That a backend cannot do something, and what to do instead.

    Args:
        backend: its name.
        ability: as for `can`.
    """
    return f"backend {backend!r} {_LACKS[ability]}"


def need(backend: str, ability: Ability) -> None:
    """Raise where a backend cannot do something.

    Args:
        backend: its name.
        ability: as for `can`.

    Raises:
        ConfigurationError: it cannot; the error says what to do instead.
    """
    if not can(backend, ability):
        raise ConfigurationError(lacks(backend, ability))
