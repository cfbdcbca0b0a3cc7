"""Iteration over the pages of a list to which new items are added at its beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from dream_nb.api.errors import InvalidRequestError, UnreadableAnswerError
from dream_nb.api.models import Generation, ListGenerationResponse

T = TypeVar("T")

MAX_STALE_PAGES: Final = 10
"""The number of successive pages without anything new after which a server is assumed to ignore `offset`."""


class Pages:
    """The position of an iteration.

    Args:
        size: the number of generations per page.

    Raises:
        InvalidRequestError: the size is less than 1.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise InvalidRequestError(f"the page size must be at least 1, not {size}")
        self.offset = 0
        self.ended = False
        self._seen: set[str] = set()
        self._stale = 0

    def new(self, page: ListGenerationResponse) -> list[Generation]:
        """Return the generations of a page that no earlier page had: new ones push earlier ones to later pages.

        Raises:
            UnreadableAnswerError: page after page has nothing new, although the server says that there is more.
        """
        return self._step(page.generations, [generation.id for generation in page.generations], page.has_more)

    def new_documents(self, page: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Do as `new` does, for a page in JSON."""
        generations: list[dict[str, Any]] = page["generations"]
        return self._step(generations, [_name(generation) for generation in generations], page.get("has_more"))

    def _step(self, page: Sequence[T], names: Sequence[str | None], has_more: bool | None) -> list[T]:
        found = [one for one, name in zip(page, names, strict=True) if name not in self._seen]
        self._seen.update(name for name in names if name is not None)
        self.offset += len(page)
        # A server may return fewer than requested: only its own statement, or an empty page, is the end.
        self.ended = has_more is False or not page
        self._stale = 0 if found else self._stale + 1
        if self._stale > MAX_STALE_PAGES and not self.ended:
            raise UnreadableAnswerError("listGenerations", f"{self._stale} consecutive pages contained nothing new")
        return found


def _name(generation: Mapping[str, Any]) -> str | None:
    name = generation.get("id")
    return name if isinstance(name, str) else None
