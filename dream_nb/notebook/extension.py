"""What `%load_ext dream_nb` adds to a shell, and `%unload_ext dream_nb` removes."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from dream_nb.api.portal import portal
from dream_nb.default import close_default_session, forget_default_settings
from dream_nb.notebook.cell.interrupts import PlainInterrupts
from dream_nb.notebook.cell.live_parts import close_live_parts
from dream_nb.notebook.cell.previews import Previews
from dream_nb.notebook.cell.progress_card import card_of_wait
from dream_nb.notebook.cell.replay_line import vanish
from dream_nb.notebook.completion import Completion
from dream_nb.notebook.early_start import EarlyStart
from dream_nb.notebook.magics.input_transforms import DreamQuestion, keep_body
from dream_nb.notebook.magics.magics import DreamMagics
from dream_nb.notebook.state import forget_state, keep_state
from dream_nb.results.pending import show_waits
from dream_nb.workers import close_pool


def load(shell: InteractiveShell) -> None:
    """Register the magics, their completion, the transformers that preserve prompts, and the previews."""
    previews = Previews(shell)
    magics = DreamMagics(shell, previews)
    keep_state(magics.state)
    previews.install()
    PlainInterrupts(shell).install()
    EarlyStart(shell).install()
    show_waits(card_of_wait(shell))
    shell.register_magics(magics)
    if shell.Completer is not None:
        Completion(shell).install()
    shell.input_transformer_manager.token_transformers.append(DreamQuestion)
    # Before the transformers that strip prompts.
    shell.input_transformer_manager.cleanup_transforms.insert(0, keep_body)


def unload(shell: InteractiveShell) -> None:
    """Remove everything again, and stop background work."""
    forget_state(shell)
    show_waits(None)
    EarlyStart.uninstall_from(shell)
    PlainInterrupts.uninstall_from(shell)
    magics = shell.magics_manager.registry.pop(DreamMagics.__name__, None)
    if isinstance(magics, DreamMagics):
        for kind, names in magics.magics.items():
            for name in names:
                shell.magics_manager.magics[kind].pop(name, None)
        shell.configurables[:] = [one for one in shell.configurables if not isinstance(one, DreamMagics)]
        magics.previews.uninstall()
    Completion.uninstall_from(shell)
    if DreamQuestion in shell.input_transformer_manager.token_transformers:
        shell.input_transformer_manager.token_transformers.remove(DreamQuestion)
    if keep_body in shell.input_transformer_manager.cleanup_transforms:
        shell.input_transformer_manager.cleanup_transforms.remove(keep_body)
    vanish()
    close_live_parts()
    close_default_session()
    forget_default_settings()
    close_pool()
    portal.stop()
