"""What the studio remembers: generations, balances and callbacks, in SQLite."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SCHEMA: Final = """
CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    balance INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE takes (
    account TEXT NOT NULL,
    digest TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (account, digest)
) WITHOUT ROWID;
CREATE TABLE generations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    take INTEGER NOT NULL,
    request TEXT NOT NULL,
    created REAL NOT NULL,
    base_url TEXT NOT NULL,
    asset TEXT NOT NULL,
    price INTEGER NOT NULL,
    failure_reason TEXT,
    callback_url TEXT,
    owner TEXT,
    lease_until REAL
);
CREATE INDEX pages ON generations (account, seq);
CREATE INDEX unfinished ON generations (seq) WHERE state IN ('queued', 'dreaming');
CREATE TABLE inputs (
    name TEXT PRIMARY KEY,
    generation TEXT NOT NULL REFERENCES generations (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX inputs_of ON inputs (generation);
CREATE TABLE callbacks (
    generation TEXT NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    owner TEXT,
    lease_until REAL,
    PRIMARY KEY (generation, state)
);
CREATE INDEX undelivered ON callbacks (generation) WHERE outcome IS NULL;
"""
_VERSION: Final = 1
_BUSY_SECONDS: Final = 30.0
_COLUMNS: Final = (
    "seq, id, account, kind, state, take, request, created, base_url, asset, price, failure_reason, callback_url"
)


@dataclass(frozen=True, slots=True)
class Record:
    """A generation as it is remembered. `request` is its JSON; `created` seconds since 1970; `price` millicents."""

    seq: int
    id: str
    account: str
    kind: str
    state: str
    take: int
    request: str
    created: float
    base_url: str
    asset: str
    price: int
    failure_reason: str | None
    callback_url: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A generation that is about to be made. `take` None counts the account's identical requests (`digest`)."""

    id: str
    account: str
    kind: str
    take: int | None
    digest: str
    request: str
    base_url: str
    asset: str
    price: int
    callback_url: str | None
    inputs: tuple[str, ...] = ()


class InsufficientCreditsError(Exception):
    """The balance, given in millicents, does not cover the price."""

    def __init__(self, balance: int) -> None:
        super().__init__(balance)
        self.balance = balance


class Store:
    """The one connection of a studio to its database. Every method is one short transaction.

    Several studios may have one database open, on one machine: SQLite's locks keep them apart.

    Args:
        path: the database, made when missing.
        owner: the name under which this studio holds leases.
        balance: what a new account has, in millicents.
    """

    def __init__(self, path: Path, owner: str, balance: int) -> None:
        self.owner = owner
        self._opening_balance = balance
        # Used by one event loop at a time, though not always from the thread that opened it.
        self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        with self._transaction():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise RuntimeError(f"{path} was written by another version of dream_nb (format {version})")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def create(self, draft: Draft) -> Record:
        """Remember a generation as queued and charge it.

        Raises:
            InsufficientCreditsError: nothing is remembered or charged.
        """
        with self._transaction():
            balance = self._balance(draft.account)
            if balance < draft.price:
                raise InsufficientCreditsError(balance)
            self._pay(draft.account, -draft.price)
            counted = self._count(draft.account, draft.digest)
            self._db.execute(
                "INSERT INTO generations (id, account, kind, state, take, request, created, base_url, asset, price,"
                " callback_url) VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)",
                (
                    draft.id,
                    draft.account,
                    draft.kind,
                    draft.take or counted,
                    draft.request,
                    time.time(),
                    draft.base_url,
                    draft.asset,
                    draft.price,
                    draft.callback_url,
                ),
            )
            self._db.executemany("INSERT INTO inputs VALUES (?, ?)", [(name, draft.id) for name in draft.inputs])
        record = self.find(draft.id)
        if record is None:
            raise RuntimeError(f"generation {draft.id} was not stored")
        return record

    def find(self, uid: str, account: str | None = None) -> Record | None:
        """A generation by its id, of this account or (None) of any."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM generations WHERE id = ?", (uid,)).fetchone()  # noqa: S608
        record = Record(*row) if row else None
        return record if record and account in (None, record.account) else None

    def page(self, account: str, limit: int, offset: int) -> list[Record]:
        """Generations of an account, newest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM generations WHERE account = ? ORDER BY seq DESC LIMIT ? OFFSET ?",  # noqa: S608
            (account, limit, offset),
        )
        return [Record(*row) for row in rows]

    def unfinished(self, account: str) -> int:
        """How many generations of an account are queued or dreaming."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM generations WHERE state IN ('queued', 'dreaming') AND account = ?", (account,)
        ).fetchone()
        return int(count)

    def seconds_until(self, account: str, most: int, period: float) -> float:
        """How long until an account has asked for fewer than `most` generations within `period` seconds."""
        row = self._db.execute(
            "SELECT created FROM generations WHERE account = ? ORDER BY seq DESC LIMIT 1 OFFSET ?", (account, most - 1)
        ).fetchone()
        return float(row[0]) + period - time.time() if row else 0.0

    def balance(self, account: str) -> int:
        """What an account has left, in millicents."""
        row = self._db.execute("SELECT balance FROM accounts WHERE name = ?", (account,)).fetchone()
        return int(row[0]) if row else self._opening_balance

    def _balance(self, account: str) -> int:
        self._db.execute("INSERT OR IGNORE INTO accounts VALUES (?, ?)", (account, self._opening_balance))
        return self.balance(account)

    def _pay(self, account: str, millicents: int) -> None:
        self._db.execute("UPDATE accounts SET balance = balance + ? WHERE name = ?", (millicents, account))

    def _count(self, account: str, digest: str) -> int:
        self._db.execute(
            "INSERT INTO takes VALUES (?, ?, 1) ON CONFLICT (account, digest) DO UPDATE SET count = count + 1",
            (account, digest),
        )
        (count,) = self._db.execute(
            "SELECT count FROM takes WHERE account = ? AND digest = ?", (account, digest)
        ).fetchone()
        return int(count)

    def claim(self, lease_until: float) -> Record | None:
        """Take the oldest generation that nobody draws, as dreaming, until a moment (seconds since 1970)."""
        find = (
            "SELECT id FROM generations WHERE state IN ('queued', 'dreaming')"
            " AND (state = 'queued' OR lease_until < ?) ORDER BY seq LIMIT 1"
        )
        # Looked up without a lock first: most looks find nothing.
        if self._db.execute(find, (time.time(),)).fetchone() is None:
            return None
        with self._transaction():
            row = self._db.execute(find, (time.time(),)).fetchone()
            if row is None:
                return None
            self._db.execute(
                "UPDATE generations SET state = 'dreaming', owner = ?, lease_until = ? WHERE id = ?",
                (self.owner, lease_until, row[0]),
            )
            self._tell(row[0], "dreaming")
        return self.find(row[0])

    def renew(self, lease_until: float) -> None:
        """Hold on to everything that this studio draws."""
        with self._transaction():
            self._db.execute(
                "UPDATE generations SET lease_until = ? WHERE state = 'dreaming' AND owner = ?",
                (lease_until, self.owner),
            )

    def release(self, uid: str) -> None:
        """Put a generation of this studio back into the queue."""
        with self._transaction():
            self._db.execute(
                "UPDATE generations SET state = 'queued', owner = NULL, lease_until = NULL"
                " WHERE id = ? AND owner = ? AND state = 'dreaming'",
                (uid, self.owner),
            )

    def complete(self, uid: str) -> bool:
        """Remember that the asset is there. False when this studio no longer holds the generation."""
        with self._transaction():
            return self._finish(uid, "completed", None)

    def fail(self, uid: str, reason: str) -> bool:
        """Remember a failure and refund it. False when this studio no longer holds the generation."""
        with self._transaction():
            if not self._finish(uid, "failed", reason):
                return False
            self._refund(uid)
            return True

    def _finish(self, uid: str, state: str, reason: str | None) -> bool:
        done = self._db.execute(
            "UPDATE generations SET state = ?, failure_reason = ?, lease_until = NULL"
            " WHERE id = ? AND owner = ? AND state = 'dreaming'",
            (state, reason, uid, self.owner),
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

    def delete(self, uid: str, account: str) -> tuple[Record, list[str]] | None:
        """Forget a generation, and refund it when it was not finished.

        Gives back what it was and the names of its input files, or None when the account has no such generation.
        """
        with self._transaction():
            record = self.find(uid, account)
            if record is None:
                return None
            inputs = [name for (name,) in self._db.execute("SELECT name FROM inputs WHERE generation = ?", (uid,))]
            if record.state in ("queued", "dreaming"):
                self._refund(uid)
            self._db.execute("DELETE FROM generations WHERE id = ?", (uid,))
        return record, inputs

    def _tell(self, uid: str, state: str) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO callbacks (generation, state)"
            " SELECT id, ? FROM generations WHERE id = ? AND callback_url IS NOT NULL",
            (state, uid),
        )

    def claim_callback(self, lease_until: float) -> tuple[Record, str, int] | None:
        """Take the oldest callback that nobody delivers: its generation, the state to tell, and tries so far.

        The callbacks of one generation are given out one after the other, in the order of its states.
        """
        find = (
            "SELECT generation, state, tries FROM callbacks c WHERE outcome IS NULL"
            " AND (lease_until IS NULL OR lease_until < ?)"
            " AND NOT EXISTS (SELECT 1 FROM callbacks e WHERE e.generation = c.generation AND e.outcome IS NULL"
            " AND e.rowid < c.rowid) ORDER BY rowid LIMIT 1"
        )
        if self._db.execute(find, (time.time(),)).fetchone() is None:
            return None
        with self._transaction():
            row = self._db.execute(find, (time.time(),)).fetchone()
            record = self.find(row[0]) if row else None
            if record is None:
                return None
            self._db.execute(
                "UPDATE callbacks SET owner = ?, lease_until = ? WHERE generation = ? AND state = ?",
                (self.owner, lease_until, row[0], row[1]),
            )
        return record, row[1], row[2]

    def count_try(self, uid: str, state: str) -> None:
        """Remember that a callback is about to be tried."""
        with self._transaction():
            self._db.execute("UPDATE callbacks SET tries = tries + 1 WHERE generation = ? AND state = ?", (uid, state))

    def end_callback(self, uid: str, state: str, outcome: str | None) -> None:
        """Remember how a callback ended; None puts it back."""
        with self._transaction():
            self._db.execute(
                "UPDATE callbacks SET outcome = ?, owner = NULL, lease_until = NULL"
                " WHERE generation = ? AND state = ? AND owner = ?",
                (outcome, uid, state, self.owner),
            )
