"""Progress while a dream is made: a card in a notebook, a line of text in a terminal."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display, update_display

from dream_nb.front_ends import front_end, running_digest
from dream_nb.html.stand_in import stand_in
from dream_nb.notebook.cell.replay_line import tell_terminal
from dream_nb.notebook.early_start import load_modules
from dream_nb.results.dream import Dream
from dream_nb.results.job import Job
from dream_nb.results.pending import Pending, Show
from dream_nb.results.stills import still
from dream_nb.results.sweep import Sweep
from dream_nb.results.vanishing import Vanishing
from dream_nb.results.widget_view import show_view
from dream_nb.storyboard.shooting import Shooting
from dream_nb.storyboard.storyboard import Storyboard
from dream_nb.terminal.waiting import follow

if TYPE_CHECKING:
    from dream_nb.notebook.widgets.card import Card
    from dream_nb.notebook.widgets.grid import Grid
    from dream_nb.notebook.widgets.strip import Strip

_STILL_SECONDS: Final = 10.0

UnderWay = Job | Sweep | Shooting

_shown: WeakSet[Pending[Any]] = WeakSet()
"""Jobs that a card has been opened for."""

_followed: list[tuple[Pending[Any], threading.Event]] = []


@contextmanager
def open_card(shell: InteractiveShell, job: UnderWay) -> Iterator[Vanishing | None]:
    """Show the job while the body waits for it. Nothing of this remains when it is done or has failed.

    Yields:
        The card, which the result can replace, or None if no card is shown.

    Raises:
        WaitInterrupted: an interrupt ended the wait, even if this was while the card was opened.
    """
    try:
        _note(job)
        if job.replayed:
            tell_terminal()
            yield None
            return
        load_modules()
        if front_end().is_terminal:
            with follow(job, through_kernel=hasattr(shell, "kernel")):
                yield None
        elif front_end().is_watched:
            with _card(job) as card:
                yield card
        else:
            yield None
    except KeyboardInterrupt:
        raise job.interrupted() from None


def card_of_wait(shell: InteractiveShell) -> Show:
    """Return a function that shows jobs that a cell waits for in Python, with the same card as for a `%dream` line.

    Args:
        shell: the shell whose cells wait.
    """

    @contextmanager
    def show(job: Pending[Any]) -> Iterator[None]:
        is_here = threading.current_thread() is threading.main_thread() and shell is get_ipython()
        if not is_here or job in _shown or not isinstance(job, UnderWay):
            yield
            return
        with open_card(shell, job):
            yield

    return show


def _widget(job: UnderWay) -> Card | Grid | Strip:
    """The widget that shows this job in the cell that requested it."""
    card = widget_of(job)
    card.asked_by = running_digest()
    return card


def widget_of(job: UnderWay) -> Card | Grid | Strip:
    """Return a widget that shows a job while it is made.

    Args:
        job: the running job.
    """
    if isinstance(job, Shooting):
        from dream_nb.notebook.widgets.strip import Strip

        return Strip.of(job)
    from dream_nb.notebook.widgets.card import Card
    from dream_nb.notebook.widgets.grid import LARGEST, Grid

    if isinstance(job, Sweep) and len(job) <= LARGEST:
        return Grid(job)

    return Card(job, wide=True)


def _note(job: UnderWay) -> None:
    """Do not open another card for a job, or for one of the jobs that it consists of."""
    _shown.add(job)
    for one in getattr(job, "jobs", ()):
        _shown.add(one)


@contextmanager
def _card(job: UnderWay) -> Iterator[Vanishing]:
    card = _widget(job)
    shown = Vanishing(card)
    try:
        card.waits = True
        yield shown
    except KeyboardInterrupt:
        card.waits = False
        _keep(job, card, shown)
        raise
    except BaseException:
        shown.vanish()
        raise
    else:
        shown.vanish()


def keep_card(job: UnderWay) -> None:
    """Show the job in the running cell as long as it runs, and then a picture of its result."""
    if front_end().is_terminal:
        return
    load_modules()
    _note(job)
    _keep(job, _widget(job))


def _keep(job: UnderWay, card: Card | Grid | Strip, shown: Vanishing | None = None) -> None:
    """Keep the card, and finally add the picture, or the reason why there is none, for readers without widgets."""
    text, display_id = job.title, uuid.uuid4().hex
    # nbval sees only this, and compares neither the picture nor the reason.
    still = {"text/plain": text, "text/html": stand_in(text)}
    if shown is None:
        display(still, raw=True, display_id=display_id)
    else:
        display_id = shown.become(still, raw=True)
    show_view(card)
    left = threading.Event()

    def leave() -> None:
        try:
            html = stand_in(text, picture=_picture(job), why=_why(job))
            update_display({"text/plain": text, "text/html": html}, raw=True, display_id=display_id)
        finally:
            left.set()

    _followed.append((job, left))
    # Jobs end on the loop that all others need, so pictures are not decoded there.
    job.on_end(lambda _: threading.Thread(target=leave, name="dream_nb-still", daemon=True).start())


def _picture(job: Pending[Any]) -> bytes | None:
    """A picture of the result of a job, or None if it has none or the files are missing."""
    if job.exception() is not None:
        return None
    made = job.result()
    if isinstance(made, Dream):
        return still([made])
    return still(made.shots if isinstance(made, Storyboard) else made)


def _why(job: Pending[Any]) -> str:
    error = job.exception()
    return "" if error is None else f"{type(error).__name__}: {error}"


def wait_for_stills() -> None:
    """Wait until finished jobs are shown, so that a cell that waited for one does not end, and is not saved, before."""
    for followed in list(_followed):
        job, left = followed
        if job.done():
            left.wait(_STILL_SECONDS)
            _followed.remove(followed)
