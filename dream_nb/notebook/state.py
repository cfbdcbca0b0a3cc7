"""The state of a notebook: its shell, its settings, and its last request."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell

from dream_nb.api.errors import ConfigurationError
from dream_nb.lines.settings import DreamSettings
from dream_nb.marimo_kernel import marimo_variables
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.pending import Pending
from dream_nb.storyboard.storyboard import Storyboard

_SWEEP_SIZE: Final = "DREAM_NB_SWEEP_SIZE"


@dataclass(eq=False)
class NotebookState:
    """The state of one notebook.

    Attributes:
        shell: the shell that runs it.
        settings: the defaults of options that a line leaves out.
        last: what was requested last, finished or running; None if there was nothing.
    """

    shell: InteractiveShell
    settings: DreamSettings
    last: Dream | Dreams | Storyboard | Pending[Any] | None = None


_states: WeakKeyDictionary[InteractiveShell, NotebookState] = WeakKeyDictionary()


def keep_state(state: NotebookState) -> None:
    """Make a state the one of its shell.

    Args:
        state: the state.
    """
    _states[state.shell] = state


def forget_state(shell: InteractiveShell) -> None:
    """Forget the state of a shell.

    Args:
        shell: the shell.
    """
    _states.pop(shell, None)


def current_state() -> NotebookState | None:
    """The state of the notebook that runs in this process; None if the extension is not loaded."""
    shell = get_ipython()
    return _states.get(shell) if shell is not None else None


def notebook_variables() -> Mapping[str, Any]:
    """The variables of the notebook; empty outside of IPython and marimo."""
    shell = get_ipython()
    return shell.user_ns if shell is not None else marimo_variables()


def sweep_size() -> int:
    """Return the number of new dreams that a widget may make at once: the setting, even if the magics are not loaded.

    Raises:
        ConfigurationError: the environment variable is not a whole number from 0.
    """
    if (state := current_state()) is not None:
        return int(state.settings.sweep_size)
    text = os.environ.get(_SWEEP_SIZE, "")
    if text and not text.isdecimal():
        raise ConfigurationError(f"{_SWEEP_SIZE} {text!r} is not a whole number, 0 or more")
    return int(text or DreamSettings.sweep_size.default_value)
