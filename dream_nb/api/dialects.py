"""Determines which dialect of the Dream Machine API a server has, and how each dialect writes a request."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import anyio

from dream_nb.api.dialect import API, APIS, Dialect, R
from dream_nb.api.dream_machine_2024 import DREAM_MACHINE_2024
from dream_nb.api.dream_machine_2025 import DREAM_MACHINE_2025
from dream_nb.api.dream_machine_dialect import DreamMachineDialect
from dream_nb.api.errors import APIError, ConfigurationError, NotFoundError
from dream_nb.api.luma_dialect import LUMA_DIALECT

DIALECTS: Final[Mapping[API, DreamMachineDialect]] = {"2024": DREAM_MACHINE_2024, "2025": DREAM_MACHINE_2025}
"""The dialects of the Dream Machine API by its version, oldest first."""

NEWEST: Final = DREAM_MACHINE_2025
"""The dialect of the hosted Dream Machine API as it is today."""

_ALL: Final[tuple[Dialect, ...]] = (*DIALECTS.values(), LUMA_DIALECT)

# The ways in which a server may say that it does not know a path. Refusals because of the key, the rate or the server's
# health say nothing about its API.
_SAYS_NOTHING: Final = frozenset({401, 403, 408, 429})
_NOT_IMPLEMENTED: Final = 501


def spellings(request: R) -> list[R]:
    """Return the forms in which the APIs may write a request, its own form first, under which it may be stored.

    Args:
        request: the request as its user wrote it.
    """
    found = [request]
    for dialect in _ALL:
        # A generation that was made elsewhere may state its model, and nothing else.
        for one in (dialect.with_model(request), dialect.complete(request)):
            if one not in found:
                found.append(one)
    return found


class Detection:
    """Determines the dialect of a server, which is asked once, however many callers wait.

    Args:
        concepts: a function that asks for the newer API's list.
        camera_motion: a function that asks for the older API's list.
        api: the server's API, if it is known; then nothing is asked.

    Raises:
        ConfigurationError: the API is unknown.
    """

    def __init__(
        self,
        concepts: Callable[[], Awaitable[object]],
        camera_motion: Callable[[], Awaitable[object]],
        api: API | None = None,
    ) -> None:
        if api is not None and api not in DIALECTS:
            raise ConfigurationError(f"api {api!r} is not one of {', '.join(APIS)}, or None to detect it")
        self.known = DIALECTS[api] if api is not None else None
        self._concepts = concepts
        self._camera_motion = camera_motion
        self._turn = anyio.Lock()
        self._failure: APIError | None = None

    async def dialect(self) -> DreamMachineDialect:
        """Return the server's dialect.

        Raises:
            APIError: the server did not say; the next call asks again.
        """
        before = self._failure
        if self.known is None:
            async with self._turn:
                if self.known is None and self._failure is not before:
                    # Another call has just failed to find out: this call gets the same answer.
                    raise copy.copy(self._failure)  # type: ignore[misc]
                if self.known is None:
                    try:
                        self.known = await self._ask()
                    except APIError as error:
                        self._failure = error
                        raise
        return self.known

    async def _ask(self) -> DreamMachineDialect:
        try:
            await self._concepts()
        except APIError as error:
            if not _is_unknown_path(error):
                raise
        else:
            return DREAM_MACHINE_2025
        # One missing list proves nothing: at a wrong address, both lists are missing.
        try:
            await self._camera_motion()
        except APIError as error:
            if not _is_unknown_path(error):
                raise
            status = error.status
        else:
            return DREAM_MACHINE_2024
        raise NotFoundError(
            "getConcepts",
            f"{status}; the server lists neither concepts nor camera motions, so it is not a Dream Machine API",
            status=status,
            advice="Check the base URL. For a server of the Luma API, set LUMA_BASE_URL and choose the backend luma",
        )


def _is_unknown_path(error: APIError) -> bool:
    """Whether an answer to a GET without arguments means that the server has no such path."""
    status = error.status or 0
    return (400 <= status < 500 and status not in _SAYS_NOTHING) or status == _NOT_IMPLEMENTED
