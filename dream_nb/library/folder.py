"""A folder of finished files, with or without a ledger."""

from __future__ import annotations

from pathlib import Path

from dream_nb.library.record import Record


class Folder:
    """A folder of finished files.

    Args:
        folder: the path of the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def path(self, record: Record) -> Path | None:
        """Return the finished file of a record, or None if it does not exist.

        Args:
            record: the ledger row of the generation.
        """
        return self.plain_file(record.file) if record.file is not None else None

    def paths(self, record: Record) -> list[Path]:
        """Return the existing finished files of a record, the first one first.

        Args:
            record: the ledger row of the generation.
        """
        return [path for name in record.names if (path := self.plain_file(name)) is not None]

    def plain_file(self, name: str) -> Path | None:
        """Return the file of a name, or None if it is not a plain file directly in this folder.

        A ledger may come with a repository, and may name anything.

        Args:
            name: the name in the ledger.
        """
        path = self.folder / name
        try:
            is_own = path.parent == self.folder and path.name == name and not path.is_symlink() and path.is_file()
        except (OSError, ValueError):  # no file can have such a name
            return None
        return path if is_own else None
