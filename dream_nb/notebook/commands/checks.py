"""`%dreams check`: what works, and what to do about what does not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from dream_nb.api.errors import AuthenticationError, DreamError
from dream_nb.api.network import broken_variable
from dream_nb.backends.backends import choose_backend, is_paid
from dream_nb.backends.key_trial import try_key
from dream_nb.backends.keys import address_of, find_key, how_to_give
from dream_nb.default import default_session
from dream_nb.front_ends import front_end

_SECONDS: Final = 6.0
_LEAST_FREE: Final = 500 * 2**20
_PACKAGES: Final = ("dream_nb", "ipython", "ipykernel", "jupyterlab", "ipywidgets", "anywidget", "av", "numpy")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked.

    Attributes:
        name: the name of the thing.
        works: whether it works; None if it is not needed, or unknown.
        found: what was found.
        todo: what to do if it does not work, in one sentence.
    """

    name: str
    works: bool | None
    found: str
    todo: str = ""

    @property
    def mark(self) -> str:
        """The result in one word."""
        return {True: "works", False: "to do", None: "-"}[self.works]


def check_all() -> list[Check]:
    """Check everything that is needed to make a dream. Nothing is made or spent, and no error is raised."""
    session = _looked_at("session", _session, "First fix the library or the backend.")
    if session:
        return [*session, *_versions()]
    backend = default_session().backend
    is_used = is_paid(backend)
    server = backend if is_used else choose_backend("hosted")
    name = "the studio" if backend == "studio" else backend
    return [
        Check("backend", True, f"requests go to {name}"),
        *_looked_at("studio", _studio, "Install PyAV from PyPI: pip install --force-reinstall av."),
        *_looked_at(
            "key",
            lambda: _server(server, is_used),
            "Check the address of the server (LUMAAI_BASE_URL, LUMA_BASE_URL), and the key with %dreams key.",
        ),
        *_looked_at("variables", lambda: _variables(is_used), "Check the proxy and certificate variables."),
        *_looked_at("library", _library, "Choose another folder with DreamMagics.library."),
        *_versions(),
    ]


def _looked_at(name: str, look: Callable[[], list[Check]], todo: str) -> list[Check]:
    """The result of a check, or the failure of the check itself."""
    try:
        return look()
    except DreamError as error:
        return [Check(name, False, str(error), todo)]
    except Exception as error:  # noqa: BLE001 - a check that fails must not prevent the others
        return [Check(name, False, f"{type(error).__name__}: {error}".removesuffix(": "), todo)]


def _session() -> list[Check]:
    default_session()
    return []


def _studio() -> list[Check]:
    from av import codecs_available

    if "libx264" in codecs_available:
        return [Check("studio", True, "ready; it draws procedurally, free of charge")]
    return [
        Check(
            "studio",
            False,
            "PyAV was built without libx264",
            "Install PyAV from PyPI: pip install --force-reinstall av.",
        )
    ]


def _variables(is_used: bool) -> list[Check]:
    """Check the proxy and certificate variables, if one of them does not work."""
    problem = broken_variable()
    if problem is None:
        return []
    # A server on this machine does not need these variables, but downloads of its files may.
    return [Check("variables", False if is_used else None, problem, _sentence(problem) if is_used else "")]


def _server(backend: str, is_used: bool) -> list[Check]:
    """Check the key and the connection of a server."""
    address, key = address_of(backend), find_key(backend)
    if key is None:
        found = Check("key", False if is_used else None, f"none for {address}", _sentence(how_to_give(backend)))
        return [found, Check("network", None, "not checked without a key")]
    try:
        api = try_key(backend, key.base_url, key.secret, seconds=_SECONDS)
    except AuthenticationError:
        refused = Check(
            "key", False, f"from {key.source}, but not accepted", f"Set another one with %dreams key {backend}."
        )
        return [refused, Check("network", True, f"{address} answers")]
    except DreamError as error:
        return [
            Check("key", None, f"from {key.source}; not tried, because the server did not answer"),
            Check("network", False, f"{address} cannot be reached", _sentence(str(error))),
        ]
    answers = f"{address} answers, with {api}"
    return [Check("key", True, f"from {key.source}, and accepted"), Check("network", True, answers)]


def _library() -> list[Check]:
    library = default_session().library
    finished = sum(record.is_finished for record in library.ledger.all())
    free = shutil.disk_usage(library.folder).free
    dreams = "1 dream" if finished == 1 else f"{finished:,} dreams"
    found = f"{library.folder.name}: {dreams}, {library.size() / 1e6:.1f} MB; {free / 1e9:.0f} GB free"
    if library.read_only:
        why = f"its ledger cannot be used: {library.ledger.problem}" if library.ledger.problem else "it is not writable"
        return [Check("library", False, f"{library.folder.name}: {why}", f"{library.ledger.advice}.")]
    if free < _LEAST_FREE:
        return [Check("library", False, found, "Free up space, or choose another folder with DreamMagics.library.")]
    return [Check("library", True, found)]


def _versions() -> list[Check]:
    there = [f"{name} {found}" for name in _PACKAGES if (found := _version(name))]
    shown_in = front_end()
    return [
        Check("shown in", True, f"{shown_in.name}: {shown_in.about}"),
        Check("versions", True, ", ".join([f"Python {sys.version.split()[0]}", *there])),
    ]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
