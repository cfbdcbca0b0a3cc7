"""A folder of finished files, with or without a ledger."""

from __future__ import annotations

from pathlib import Path

from dream_nb.library.record import Record


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
            record: the row of the generation.
        """
        return self.plain_file(record.file) if record.file is not None else None

    def paths(self, record: Record) -> list[Path]:
        """The finished files of a record that are there, the first one first.

        Args:
            record: the row of the generation.
        """
        return [path for name in record.names if (path := self.plain_file(name)) is not None]

    def plain_file(self, name: str) -> Path | None:
        """The file of that name, or None where it is not a plain file of this very folder.

        A ledger may come with a repository: what it names may be anything.

        Args:
            name: as the ledger has it.
        """
        path = self.folder / name
        try:
            is_own = path.parent == self.folder and path.name == name and not path.is_symlink() and path.is_file()
        except (OSError, ValueError):  # no file has such a name
            return None
        return path if is_own else None
