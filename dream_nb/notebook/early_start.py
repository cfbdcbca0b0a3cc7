"""Prepares the first dream: starts workers while the user types, and loads modules while the studio draws."""

from __future__ import annotations

import os
import threading
from importlib import import_module
from typing import Any, Final

from IPython.core.interactiveshell import InteractiveShell

from dream_nb import workers
from dream_nb.api.errors import ConfigurationError
from dream_nb.backends.keys import HOSTED_APIS
from dream_nb.default import open_default_session
from dream_nb.replay import choose_replay

# Notebooks that run as a whole leave no such pause: if they make no dreams, no worker is started.
_IDLE_SECONDS: Final = 0.3
# More workers do not make one clip faster, and each takes memory.
_MOST_WORKERS: Final = 4
_MODULES: Final = ("numpy", "av", "PIL.Image", "jinja2")

_is_loading = threading.Lock()


class EarlyStart:
    """Starts the workers of the studio as soon as the kernel is idle.

    Args:
        shell: the shell whose cells are watched.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._timer: threading.Timer | None = None

    def install(self) -> None:
        """Begin to wait for a pause."""
        self._shell.events.register("pre_run_cell", self._stop_waiting)
        self._shell.events.register("post_run_cell", self._wait)

    @classmethod
    def uninstall_from(cls, shell: InteractiveShell) -> None:
        """Stop waiting for a pause of a shell."""
        for event in ("pre_run_cell", "post_run_cell"):
            for callback in tuple(shell.events.callbacks[event]):
                waits = getattr(callback, "__self__", None)
                if isinstance(waits, cls):
                    waits._stop_waiting()
                    shell.events.unregister(event, callback)

    def _wait(self, *_: Any) -> None:
        self._stop_waiting()
        self._timer = threading.Timer(_IDLE_SECONDS, self._start)
        self._timer.daemon = True
        self._timer.start()

    def _stop_waiting(self, *_: Any) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _start(self) -> None:
        if _draws_here():
            from dream_nb.studio.render import get_ready

            workers.pool().start_early(get_ready, _MOST_WORKERS)
        # Once is enough, because workers stay.
        self.uninstall_from(self._shell)


def _draws_here() -> bool:
    """Whether the next dream will probably be drawn on this machine, without access to the keyring."""
    session = open_default_session()
    if session is not None:
        return session.backend == "studio" and session.replay != "only"
    has_key = any(os.environ.get(api.key_variable) for api in HOSTED_APIS.values())
    backend = os.environ.get("DREAM_NB_BACKEND") or ("hosted" if has_key else "studio")
    return backend == "studio" and not _only_replays()


def _only_replays() -> bool:
    try:
        return choose_replay() == "only"
    except ConfigurationError:
        # The first dream says so.
        return False


def load_modules() -> None:
    """Load the modules that show a result in the background, once."""
    if _is_loading.acquire(blocking=False):
        threading.Thread(target=_load, name="dream_nb-modules", daemon=True).start()


def _load() -> None:
    for name in _MODULES:
        import_module(name)
