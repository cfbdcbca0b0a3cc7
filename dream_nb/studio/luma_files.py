"""The studio's store of the files that were uploaded through the Luma API."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import ConfigDict, Field, TypeAdapter

from dream_nb.api.luma_limits import MAX_FILE_BYTES, PURPOSES
from dream_nb.api.luma_models import FILE_STATES
from dream_nb.studio.assets import AssetFiles
from dream_nb.studio.database import Database
from dream_nb.studio.luma_rules import MIME, UUID

_MOMENT: Final = r"^[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\.[0-9]{6}\+00:00$"
_MOST_WORDS: Final = 10_000


class UploadedFile(NamedTuple):
    """A stored file.

    `asset` is the name of its bytes among the studio's own files. `given` is 1 once these are complete, so that it can
    be examined. Times are in the form of the API, in UTC.
    """

    seq: int
    id: Annotated[str, Field(pattern=UUID)]
    account: Annotated[str, Field(max_length=_MOST_WORDS)]
    state: Annotated[str, Field(pattern=f"^({'|'.join(FILE_STATES)})$")]
    mime_type: Annotated[str, Field(pattern=MIME, max_length=_MOST_WORDS)]
    size_bytes: Annotated[int, Field(ge=0, le=MAX_FILE_BYTES)]
    purpose: Annotated[str, Field(pattern=f"^({'|'.join(PURPOSES)})$")]
    created_at: Annotated[str, Field(pattern=_MOMENT)]
    asset: Annotated[str, Field(pattern=r"^[0-9a-f]{32}\.[a-z0-9]{2,4}$")]
    filename: Annotated[str, Field(max_length=_MOST_WORDS)] | None = None
    user_id: Annotated[str, Field(max_length=_MOST_WORDS)] | None = None
    expires_at: Annotated[str, Field(pattern=_MOMENT)] | None = None
    deleted_at: Annotated[str, Field(pattern=_MOMENT)] | None = None
    failure_reason: Annotated[str, Field(max_length=_MOST_WORDS)] | None = None
    given: Annotated[int, Field(ge=0, le=1)] = 0


_COLUMNS: Final = ", ".join(UploadedFile._fields)
_ROW: Final = TypeAdapter(UploadedFile, config=ConfigDict(strict=True))


def moment(when: datetime | None = None) -> str:
    """Return a time in the form of the store; by default the current time."""
    return (when or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="microseconds")


class UploadedFiles:
    """The files of all accounts. Every method is one short transaction.

    Args:
        database: the database.
        assets: the folder of their bytes.
    """

    def __init__(self, database: Database, assets: AssetFiles) -> None:
        self._db = database
        self._assets = assets

    def add(self, file: UploadedFile) -> None:
        """Store a file. The database assigns its number (`seq`)."""
        with self._db.transaction():
            self._db.execute(
                f"INSERT INTO files ({_COLUMNS}) VALUES (NULL{', ?' * (len(file) - 1)})",  # noqa: S608 - names only
                file[1:],
            )

    def find(self, uid: str, account: str | None) -> UploadedFile | None:
        """Return a file by its id, or None if the account has none. Deletes the file if it has expired.

        Args:
            uid: the id of the file.
            account: the account that it must belong to; None for any.
        """
        row = self._db.execute(f"SELECT {_COLUMNS} FROM files WHERE id = ?", (uid,)).fetchone()  # noqa: S608 - names only
        file = _read(row) if row else None
        if file is None or account not in (None, file.account):
            return None
        if file.state != "deleted" and file.expires_at is not None and file.expires_at <= moment():
            return self.delete(file)
        return file

    def page(
        self, account: str, before: int | None, most: int, purpose: str | None, state: str | None
    ) -> list[UploadedFile]:
        """Return files of an account, newest first.

        Args:
            account: the account that the files belong to.
            before: the number (`seq`) of a file; only older files are returned. None returns the newest.
            most: the largest number of files to return.
            purpose: the purpose of the files to return, or None for all.
            state: the state of the files to return; None means all but deleted ones.
        """
        self._expire(account)
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM files WHERE account = ?1 AND seq < ?2"  # noqa: S608 - names only
            " AND purpose = ifnull(?3, purpose) AND CASE WHEN ?4 IS NULL THEN state <> 'deleted' ELSE state = ?4 END"
            " ORDER BY seq DESC LIMIT ?5",
            (account, 2**63 - 1 if before is None else before, purpose, state, most),
        ).fetchall()
        return [file for row in rows if (file := _read(row))]

    def unexamined(self) -> list[UploadedFile]:
        """Return the files of all accounts that are complete and not examined yet."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM files WHERE state = 'pending' AND given = 1"  # noqa: S608 - names only
        ).fetchall()
        return [file for row in rows if (file := _read(row))]

    def give(self, file: UploadedFile) -> UploadedFile:
        """Record that the bytes of a file are complete."""
        return self._set(file, given=1)

    def examined(self, file: UploadedFile, problem: str | None) -> None:
        """Record the result of an examination.

        Args:
            file: the file that was examined.
            problem: the reason why it cannot be used, or None.
        """
        with self._db.transaction():
            self._db.execute(
                "UPDATE files SET state = ?, failure_reason = ? WHERE id = ? AND state = 'pending'",
                ("ready" if problem is None else "failed", problem, file.id),
            )

    def delete(self, file: UploadedFile) -> UploadedFile:
        """Remove the bytes of a file, and mark its row as deleted."""
        gone = self._set(file, state="deleted", deleted_at=moment())
        self._assets.remove(file.asset)
        return gone

    def _expire(self, account: str) -> None:
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM files WHERE account = ? AND state <> 'deleted' AND expires_at <= ?",  # noqa: S608 - names only
            (account, moment()),
        ).fetchall()
        for row in rows:
            if file := _read(row):
                self.delete(file)

    def _set(self, file: UploadedFile, **changes: Any) -> UploadedFile:
        names = ", ".join(f"{name} = ?" for name in changes)
        with self._db.transaction():
            self._db.execute(f"UPDATE files SET {names} WHERE id = ?", (*changes.values(), file.id))  # noqa: S608 - names only
        return file._replace(**changes)


def _read(row: Sequence[object]) -> UploadedFile | None:
    """The file of a row, or None if no studio can have written the row."""
    try:
        return _ROW.validate_python(tuple(row))
    except (ValueError, sqlite3.DataError):
        return None
