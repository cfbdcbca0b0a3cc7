"""Whether a session was asked for a request: only then may it be sent."""

from __future__ import annotations

import threading


class Order:
    """What stands between a request and its create. A job that was only taken up has an order that nobody gave.

    Args:
        is_given: whether the session was asked for the request.
    """

    def __init__(self, *, is_given: bool = False) -> None:
        self._lock = threading.Lock()
        self._is_given = is_given
        self._is_over = False

    def give(self) -> bool:
        """Ask for the request.

        Returns:
            False where its job has already ended for want of an order.
        """
        with self._lock:
            self._is_given = self._is_given or not self._is_over
            return self._is_given

    def allows_create(self) -> bool:
        """Whether the request may be sent now. After a no it stays no: the job ends."""
        with self._lock:
            self._is_over = not self._is_given
            return self._is_given
