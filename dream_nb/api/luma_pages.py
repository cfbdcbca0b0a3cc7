"""Pages of the account's files. Each page has the cursor of the next one."""

from __future__ import annotations

from dream_nb.api.errors import UnreadableAnswerError
from dream_nb.api.luma_models import FilePage, LumaFile


class Cursors:
    """The position of an iteration over pages."""

    def __init__(self) -> None:
        self.next: str | None = None
        self.goes_on = True
        self._seen: set[str] = set()

    def of(self, page: FilePage) -> list[LumaFile]:
        """Return the files of a page.

        Raises:
            UnreadableAnswerError: the next page is one that was there before.
        """
        self.next, self.goes_on = page.next_cursor, page.next_cursor is not None and page.has_more is not False
        if self.goes_on and self.next in self._seen:
            raise UnreadableAnswerError("list_files", "a page links back to an earlier one")
        self._seen.add(self.next or "")
        return page.data
