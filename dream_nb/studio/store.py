"""The studio's store of generations and balances."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from dream_nb.api.models import FINAL_STATES
from dream_nb.studio.database import UNFINISHED, Database
from dream_nb.studio.record import COLUMNS, Output, StoredGeneration, read_output, read_row
from dream_nb.studio.rules import MAX_TAKE, Refusal

_INSERT: Final = (
    f"INSERT INTO generations ({COLUMNS})"  # noqa: S608 - names and placeholders only
    f" VALUES ({', '.join('?' * len(StoredGeneration._fields))})"
)

logger = logging.getLogger("dream_nb.studio")


class Draft(NamedTuple):
    """A generation to be created. If `take` is None, the account's identical requests (`digest`) are counted."""

    id: str
    account: str
    api: str
    kind: str
    take: int | None
    digest: str
    request: str
    base_url: str
    asset: str
    price: int
    callback_url: str | None
    model: str
    source: str | None = None
    lines: int | None = None
    inputs: tuple[str, ...] = ()
    shorter_side: int | None = None
    longest_seconds: float | None = None


class InsufficientCreditsError(Exception):
    """The balance, in millicents, is lower than the price."""

    def __init__(self, balance: int) -> None:
        super().__init__(balance)
        self.balance = balance


class Store:
    """The generations and balances. Every method is one short transaction.

    Args:
        database: the database.
        owner: the name under which this studio holds leases.
        balance: the balance of a new account, in millicents.
    """

    def __init__(self, database: Database, owner: str, balance: int) -> None:
        self.owner = owner
        self._opening_balance = balance
        self._db = database

    def create(self, drafts: Iterable[Draft], check: Callable[[str], None]) -> list[StoredGeneration | Exception]:
        """Store generations as queued and charge them.

        Args:
            drafts: the generations, in order.
            check: a function that raises an error if an account may not create anything now.

        Returns:
            For each draft the stored generation, or the error: what `check` raised, or an `InsufficientCreditsError`.
        """
        with self._db.transaction():
            return [self._created(draft, check) for draft in drafts]

    def _created(self, draft: Draft, check: Callable[[str], None]) -> StoredGeneration | Exception:
        try:
            check(draft.account)
            self._pay(draft.account, draft.price)
        except (InsufficientCreditsError, Refusal) as refusal:
            return refusal
        # As few statements as possible: they are most of the cost of a create.
        take = self._count(draft.account, draft.digest)
        record = StoredGeneration(
            id=draft.id,
            account=draft.account,
            api=draft.api,
            kind=draft.kind,
            state="queued",
            take=draft.take or take,
            request=draft.request,
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
            base_url=draft.base_url,
            asset=draft.asset,
            price=draft.price,
            failure_reason=None,
            callback_url=draft.callback_url,
            shorter_side=draft.shorter_side,
            longest_seconds=draft.longest_seconds,
            model=draft.model,
            source=draft.source,
            lines=draft.lines,
            failure_code=None,
        ).sealed()
        self._db.execute(_INSERT, record)
        if draft.inputs:
            self._db.executemany("INSERT INTO inputs VALUES (?, ?)", [(name, draft.id) for name in draft.inputs])
        return record

    def find(self, uid: str, account: str | None = None, api: str | None = None) -> StoredGeneration | None:
        """Return a generation by its id, or None. Rows that no studio can have written are ignored.

        Args:
            uid: the id.
            account: the account that it must belong to, or None for any.
            api: the dialect of its request, or None for any.
        """
        record = self._read("id", uid)
        return record if record and account in (None, record.account) and api in (None, record.api) else None

    def find_made(self, asset: str, account: str) -> StoredGeneration | None:
        """Return the generation of an account with a file of that name, or None."""
        record = self._read("asset", asset)
        return record if record and record.account == account else None

    def _read(self, column: str, value: object) -> StoredGeneration | None:
        try:
            row = self._db.execute(
                f"SELECT {COLUMNS} FROM generations WHERE {column} = ?",  # noqa: S608 - names only
                (value,),
            ).fetchone()
            return read_row(row) if row else None
        except (ValueError, sqlite3.DataError):  # DataError: a value that is longer than the database's limit
            return None

    def page(self, account: str, api: str, limit: int, offset: int) -> list[str]:
        """Return the ids of an account's generations in a dialect, newest first."""
        # Joined into one text, so that only one value is decoded. Our ids contain no commas.
        (uids,) = self._db.execute(
            "SELECT group_concat(id) FROM"
            " (SELECT id FROM generations WHERE account = ? AND api = ? ORDER BY seq DESC LIMIT ? OFFSET ?)",
            (account, api, limit, offset),
        ).fetchone()
        return uids.split(",") if uids else []

    def unfinished(self, account: str) -> int:
        """Return the number of an account's generations that are queued or dreaming."""
        (count,) = self._db.execute(
            f"SELECT count(*) FROM generations WHERE {UNFINISHED} AND account = ?",  # noqa: S608 - a condition of ours
            (account,),
        ).fetchone()
        return int(count)

    def seconds_until(self, account: str, most: int, period: float) -> float:
        """Return the seconds until an account has made fewer than `most` requests within `period` seconds."""
        row = self._db.execute(
            "SELECT created FROM generations WHERE account = ? ORDER BY seq DESC LIMIT 1 OFFSET ?", (account, most - 1)
        ).fetchone()
        try:
            asked = datetime.fromisoformat(row[0]).timestamp() if row else 0.0
        except (TypeError, ValueError):  # no studio wrote this
            return 0.0
        return min(period, asked + period - time.time())

    def balance(self, account: str) -> int:
        """Return the balance of an account, in millicents."""
        row = self._db.execute("SELECT balance FROM accounts WHERE name = ?", (account,)).fetchone()
        return row[0] if row and isinstance(row[0], int) else self._opening_balance

    def _pay(self, account: str, millicents: int) -> None:
        pay = "UPDATE accounts SET balance = balance - ?1 WHERE name = ?2 AND balance >= ?1"
        if self._db.execute(pay, (millicents, account)).rowcount:
            return
        # Either the account is new, or its balance is too low.
        self._db.execute("INSERT OR IGNORE INTO accounts VALUES (?, ?)", (account, self._opening_balance))
        if not self._db.execute(pay, (millicents, account)).rowcount:
            raise InsufficientCreditsError(self.balance(account))

    def _count(self, account: str, digest: str) -> int:
        """The take of the account's next request with this digest. Requests that give their take are counted too."""
        (count,) = self._db.execute(
            "INSERT INTO takes VALUES (?1, ?2, 1) ON CONFLICT (account, digest)"
            " DO UPDATE SET count = min(max(CAST(count AS INTEGER), 0) + 1, ?3) RETURNING count",
            (account, digest, MAX_TAKE),
        ).fetchone()
        return int(count)

    def claim(self, lease_until: float, besides: Collection[str]) -> StoredGeneration | None:
        """Claim the oldest generation that no studio is drawing, and set its state to dreaming.

        Args:
            lease_until: when the lease ends, in seconds since 1970.
            besides: the ids of the generations that this studio is drawing, which are not claimed. Their leases may
                have ended while the machine slept.

        Returns:
            The generation, or None if nothing is waiting.
        """
        find = (
            f"SELECT seq FROM generations WHERE {UNFINISHED}"  # noqa: S608 - placeholders only
            f" AND (state = 'queued' OR lease_until < ?) AND id NOT IN ({', '.join('?' * len(besides))})"
            " ORDER BY seq LIMIT 1"
        )
        # Looked up without a lock first, because usually nothing is waiting.
        if self._db.execute(find, (time.time(), *besides)).fetchone() is None:
            return None
        dropped = 0
        try:
            with self._db.transaction():
                while row := self._db.execute(find, (time.time(), *besides)).fetchone():
                    if record := self._read("seq", row[0]):
                        self._db.execute(
                            "UPDATE generations SET state = 'dreaming', owner = ?, lease_until = ? WHERE seq = ?",
                            (self.owner, lease_until, row[0]),
                        )
                        self._tell(record.id, "dreaming")
                        return record._replace(state="dreaming")
                    # Deleted, because it would block the generations after it.
                    if not self._db.execute("DELETE FROM generations WHERE seq = ?", row).rowcount:
                        break
                    dropped += 1
        finally:
            if dropped:
                logger.warning("%d queued generations were dropped: they were not written by a studio", dropped)
        return None

    def renew(self, uids: Iterable[str], lease_until: float) -> None:
        """Renew the leases of this studio."""
        leases = [(lease_until, uid, self.owner) for uid in uids]
        if leases:
            with self._db.transaction():
                self._db.executemany("UPDATE generations SET lease_until = ? WHERE id = ? AND owner = ?", leases)

    def others(self) -> list[object]:
        """Return the names of the other studios that hold leases."""
        rows = self._db.execute(
            f"SELECT owner FROM generations WHERE {UNFINISHED} AND owner <> ? AND lease_until > 0"  # noqa: S608 - as above
            " UNION SELECT owner FROM callbacks WHERE outcome IS NULL AND owner <> ? AND lease_until > 0",
            (self.owner, self.owner),
        )
        return [owner for (owner,) in rows]

    def forfeit(self, owner: object) -> None:
        """End the leases of a studio that is no longer running."""
        with self._db.transaction():
            self._db.execute("UPDATE generations SET lease_until = 0 WHERE owner = ? AND state = 'dreaming'", (owner,))
            self._db.execute("UPDATE callbacks SET lease_until = 0 WHERE owner = ? AND outcome IS NULL", (owner,))

    def release(self, uid: str) -> None:
        """Return a generation of this studio to the queue."""
        with self._db.transaction():
            self._db.execute(
                "UPDATE generations SET state = 'queued', owner = NULL, lease_until = NULL"
                " WHERE id = ? AND owner = ? AND state = 'dreaming'",
                (uid, self.owner),
            )

    def complete(self, uid: str, outputs: Sequence[Output] = ()) -> bool:
        """Record that the asset exists. Returns False if this studio no longer holds the generation.

        Args:
            uid: the id of the generation.
            outputs: all files, if there are several.
        """
        with self._db.transaction():
            if not self._finish(uid, "completed"):
                return False
            rows = [(uid, place, *output) for place, output in enumerate(outputs)]
            self._db.executemany("INSERT INTO outputs VALUES (?, ?, ?, ?, ?)", rows)
            return True

    def outputs(self, uid: str) -> list[Output]:
        """Return the files of a completed generation with several files; empty if its asset is the only one."""
        rows = self._db.execute("SELECT asset, type, layer FROM outputs WHERE generation = ? ORDER BY place", (uid,))
        try:
            return [read_output(row) for row in rows]
        except (ValueError, sqlite3.DataError):
            return []

    def fail(self, uid: str, reason: str, code: str) -> bool:
        """Record a failure, and refund the price. Returns False if this studio no longer holds the generation.

        Args:
            uid: the id of the generation.
            reason: the reason, in words.
            code: the reason, as a code of the Luma API.
        """
        with self._db.transaction():
            if not self._finish(uid, "failed", reason, code):
                return False
            self._refund(uid)
            return True

    def _finish(self, uid: str, state: str, reason: str | None = None, code: str | None = None) -> bool:
        done = self._db.execute(
            "UPDATE generations SET state = ?, failure_reason = ?, failure_code = ?, lease_until = NULL"
            " WHERE id = ? AND owner = ? AND state = 'dreaming'",
            (state, reason, code, uid, self.owner),
        )
        if done.rowcount:
            self._tell(uid, state)
        return bool(done.rowcount)

    def _refund(self, uid: str) -> None:
        self._db.execute(
            "UPDATE accounts SET balance = balance + (SELECT price FROM generations WHERE id = ?)"
            " WHERE name = (SELECT account FROM generations WHERE id = ?)",
            (uid, uid),
        )

    def delete(self, uid: str, account: str, api: str) -> tuple[StoredGeneration, list[str]] | None:
        """Delete a generation, and refund its price if it was not finished.

        Returns the generation and the names of its input files, or None if the account has no such generation.
        """
        with self._db.transaction():
            record = self.find(uid, account, api)
            if record is None:
                return None
            rows = self._db.execute("SELECT name FROM inputs WHERE generation = ?", (uid,))
            inputs = [name for (name,) in rows if isinstance(name, str)]
            if record.state not in FINAL_STATES:
                self._refund(uid)
            self._db.execute("DELETE FROM generations WHERE id = ?", (uid,))
        return record, inputs

    def _tell(self, uid: str, state: str) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO callbacks (generation, state)"
            " SELECT id, ? FROM generations WHERE id = ? AND callback_url IS NOT NULL",
            (state, uid),
        )
