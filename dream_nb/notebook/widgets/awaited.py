"""The base of widgets that a cell waits for: the wait can be ended, and the work cancelled."""

from __future__ import annotations

import contextlib

import traitlets

from dream_nb.api.errors import DreamError
from dream_nb.backends.backends import is_paid
from dream_nb.notebook.widgets.base import Answer, Widget, action
from dream_nb.requests.plan import dollars
from dream_nb.results.job import Job
from dream_nb.results.sweep import Sweep
from dream_nb.session import Session
from dream_nb.storyboard.shooting import Shooting
from dream_nb.systems import interrupt_main_thread


class AwaitedWidget(Widget):
    """A widget that a cell may wait for.

    A busy kernel handles an action only when its cell has ended, so the page interrupts that cell.
    """

    note = traitlets.Unicode().tag(sync=True)
    """Why it takes longer, or what it costs; may be empty."""

    asked_by = traitlets.Unicode().tag(sync=True)
    """The `digest_of_code` of the cell that requested it; empty if no cell did. After a restart of the kernel, a page
    can run that cell again to rejoin the work."""

    waits = traitlets.Bool(False).tag(sync=True)
    """Whether a cell waits for it. That wait can be stopped."""

    hears = traitlets.Bool(True).tag(sync=True)
    """Whether Python handles the page's actions while a cell waits for it, if need be by interrupting that cell."""

    outcome = traitlets.Unicode().tag(sync=True)
    """How it ended: "done", "not made" or "cancelled"; empty before that."""

    cancels = traitlets.Bool(False).tag(sync=True)
    """Whether it can be cancelled."""

    balance = traitlets.Unicode().tag(sync=True)
    """The balance after it was cancelled, in words; empty before that, and on free backends."""

    def under_way(self) -> Job | Sweep | Shooting | None:
        """The work that can be cancelled; None if nothing is running."""
        raise NotImplementedError

    @action
    def cancel(self) -> Answer:
        """Cancel the work: the server deletes what is not finished.

        Raises:
            DreamError: it is finished, or the server did not delete it.
        """
        job = self.under_way()
        if job is None:
            raise DreamError("it is made already: there is nothing to cancel")
        job.cancel()
        maker = job.maker
        if isinstance(maker, Session) and is_paid(maker.backend):
            # The balance only tells how much was refunded; the cancellation is valid without it.
            with contextlib.suppress(DreamError):
                self.balance = f"your balance is {dollars(maker.credits().credit_balance)} now"
        return None

    @action
    def stop(self) -> Answer:
        """End the wait of the cell that waits for this. The generation continues."""
        if self.waits:
            interrupt_main_thread()
        return None
