"""The limits on what an account may request now."""

from __future__ import annotations

import math
from typing import Final

from dream_nb.studio.rules import Refusal
from dream_nb.studio.settings import Settings
from dream_nb.studio.store import Store

_MINUTE: Final = 60.0


class RateLimits:
    """The limits of a studio. They count all requests of an account, in any dialect.

    Args:
        store: the store, which knows earlier requests.
        settings: the settings, with the limits.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def check(self, account: str) -> None:
        """Raise `Refusal` if an account may not create anything now."""
        most = self._settings.unfinished_limit
        if most is not None and self._store.unfinished(account) >= most:
            raise Refusal(429, f"{most} generations are under way, and no more are allowed", {"retry-after": "5"})
        most = self._settings.creates_per_minute
        if most is not None and (wait := self._store.seconds_until(account, most, _MINUTE)) > 0:
            retry_after = {"retry-after": str(math.ceil(wait))}
            raise Refusal(
                429, f"{most} generations were asked for within a minute, and no more are allowed", retry_after
            )
