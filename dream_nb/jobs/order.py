"""The permission to send a request, which exists only if the session was asked for the request."""

from __future__ import annotations

import threading


class Order:
    """The permission to send a request. A job that only resumes earlier work begins without it.

    Args:
        is_given: whether the session was asked for the request.
    """

    def __init__(self, *, is_given: bool = False) -> None:
        self._lock = threading.Lock()
        self._is_given = is_given
        self._is_over = False

    def give(self) -> bool:
        """Give the permission.

        Returns:
            False if the job has already ended because the permission was missing.
        """
        with self._lock:
            self._is_given = self._is_given or not self._is_over
            return self._is_given

    def allows_create(self) -> bool:
        """Whether the request may be sent now. Once the answer is no, the job ends, so it stays no."""
        with self._lock:
            self._is_over = not self._is_given
            return self._is_given
