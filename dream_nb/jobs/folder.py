"""A folder of finished files, with or without a ledger."""

from __future__ import annotations

from pathlib import Path

from dream_nb.jobs.ledger import Record


class Folder:
    """A folder of finished files.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def path(self, record: Record) -> Path | None:
        """The finished file of a record, or None where there is none (any more).

        Args:
            record: whose.
        """
        if record.file is None:
            return None
        path = self.folder / record.file
        # A ledger may come with a repository: it may only name plain files of its own folder.
        is_own = path.parent == self.folder and path.name == record.file and not path.is_symlink() and path.is_file()
        return path if is_own else None
