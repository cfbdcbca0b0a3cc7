"""What the notebook knows: its shell, its settings, and what was asked for last."""

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
from dream_nb.results.dream import Dream
from dream_nb.results.dreams import Dreams
from dream_nb.results.pending import Pending
from dream_nb.storyboard.storyboard import Storyboard

_SWEEP_SIZE: Final = "DREAM_NB_SWEEP_SIZE"


@dataclass(eq=False)
class NotebookState:
    """What is known of one notebook.

    Attributes:
        shell: the shell that runs it.
        settings: what options are where a line does not say them.
        last: what was asked for last, made or under way; None where nothing was.
    """

    shell: InteractiveShell
    settings: DreamSettings
    last: Dream | Dreams | Storyboard | Pending[Any] | None = None


_states: WeakKeyDictionary[InteractiveShell, NotebookState] = WeakKeyDictionary()


def keep_state(state: NotebookState) -> None:
    """Make a state that of its shell.

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
    """The state of the notebook that runs in this process; None where the extension is not loaded."""
    shell = get_ipython()
    return _states.get(shell) if shell is not None else None


def notebook_variables() -> Mapping[str, Any]:
    """The variables of the notebook; none outside of IPython."""
    shell = get_ipython()
    return shell.user_ns if shell is not None else {}


def sweep_size() -> int:
    """How many new dreams a widget makes at once: the setting of the magics, also where they are not loaded.

    Raises:
        ConfigurationError: the variable of the environment is not a whole number, 0 or more.
    """
    if (state := current_state()) is not None:
        return int(state.settings.sweep_size)
    text = os.environ.get(_SWEEP_SIZE, "")
    if text and not text.isdecimal():
        raise ConfigurationError(f"{_SWEEP_SIZE} {text!r} is not a whole number, 0 or more")
    return int(text or DreamSettings.sweep_size.default_value)
