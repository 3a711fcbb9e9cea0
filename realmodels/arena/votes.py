"""What readers said, in a database that loses none: SQLite, its log written to the disk before a vote is acknowledged.

A reader comes back with a token, of which only the SHA-256 is kept. A ballot is shown once per reader, item and pair of systems,
and has one vote at most: the first counts, so that a double click is one vote.
"""

import hashlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pandas as pd

from realmodels.arena.records import Ballot, Reader, Vote, checked_choice, checked_language, checked_reasons, clean_nickname
from realmodels.arena.votes_file import read_votes, write_votes
from theory.errors import UserError

PATIENCE = 30.0
"""Seconds that a writer waits for the others before it gives up."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS readers (
    id TEXT PRIMARY KEY, token TEXT UNIQUE, nickname TEXT NOT NULL, joined TEXT NOT NULL, language TEXT NOT NULL,
    simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)));
CREATE TABLE IF NOT EXISTS ballots (
    id TEXT PRIMARY KEY, reader TEXT NOT NULL REFERENCES readers ON DELETE CASCADE, item TEXT NOT NULL, "left" TEXT NOT NULL,
    "right" TEXT NOT NULL, shown TEXT NOT NULL, CHECK ("left" <> "right"));
CREATE UNIQUE INDEX IF NOT EXISTS shown_once ON ballots (reader, item, min("left", "right"), max("left", "right"));
CREATE TABLE IF NOT EXISTS votes (
    ballot TEXT PRIMARY KEY REFERENCES ballots ON DELETE CASCADE,
    choice TEXT NOT NULL CHECK (choice IN ('left', 'right', 'both_good', 'both_bad')), reasons TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
ROWS = """
SELECT votes.ballot, ballots.item, ballots."left", ballots."right", choice, reasons, ballots.reader, nickname, language, joined,
    simulated, shown, at
FROM votes JOIN ballots ON ballots.id = votes.ballot JOIN readers ON readers.id = ballots.reader ORDER BY votes.rowid
"""
WAITING = """
SELECT item, "left", "right", simulated FROM ballots JOIN readers ON readers.id = reader LEFT JOIN votes ON ballot = ballots.id
WHERE ballot IS NULL AND shown >= ?
"""
COLUMNS = (
    *("ballot", "item", "left", "right", "choice", "reasons"),
    *("reader", "nickname", "language", "joined", "simulated", "shown", "at"),
)
BALLOT = 'SELECT id, reader, item, "left", "right", shown, votes.at IS NOT NULL FROM ballots LEFT JOIN votes ON ballot = id'


class Votes:
    """The votes of a study. Threads may share it; other processes open the same file. Do not carry one through a fork."""

    def __init__(self, path: str | Path):
        """Open the file, or make it. Raises UserError if it is no database of votes."""
        self.path = Path(path)
        self._lock = threading.RLock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            _patiently(lambda: self._db.execute("PRAGMA journal_mode = WAL"))
            for setting in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
                self._db.execute(f"PRAGMA {setting}")
            with self._writing():
                for statement in SCHEMA.split(";"):
                    self._db.execute(statement)
        except (sqlite3.Error, OSError) as error:
            raise UserError(f"votes {self.path} cannot be opened ({error}): give a file of votes, or a new name") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def join(self, nickname: str, language: str, simulated: bool = False) -> str:
        """Enter a reader and return the token with which the reader comes back. It is not kept, and cannot be found again.

        Raises UserError for a nickname that is empty or longer than 40 characters, and for a language that is not offered.
        """
        token = secrets.token_urlsafe(32)
        row = (secrets.token_hex(16), _hashed(token), clean_nickname(nickname), _now(), checked_language(language), simulated)
        with self._writing() as database:
            database.execute("INSERT INTO readers VALUES (?, ?, ?, ?, ?, ?)", row)
        return token

    def reader(self, token: str) -> Reader | None:
        """Whose token this is; None if nobody's."""
        rows = self._read("SELECT id, nickname, joined, language, simulated FROM readers WHERE token = ?", _hashed(token))
        return Reader(*rows[0][:4], simulated=bool(rows[0][4])) if rows else None

    def ballot(self, reader: str, item: str, left: str, right: str) -> Ballot:
        """Enter that a reader is shown an item with these systems left and right.

        A reader who was shown the item with this pair before gets that ballot again, with the sides that it had. Raises
        UserError if there is no such reader, or if the pair is one system.
        """
        if left == right:
            raise UserError(f"ballot of {left!r} against itself: give two systems")
        row = (secrets.token_urlsafe(24), reader, item, left, right, _now())
        with self._writing() as database:
            self._check_reader(reader)
            database.execute("INSERT INTO ballots VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)
            found = 'WHERE reader = ? AND item = ? AND ? IN ("left", "right") AND ? IN ("left", "right")'
            return _ballot(database.execute(f"{BALLOT} {found}", (reader, item, left, right)).fetchone())

    def ballots(self, reader: str) -> list[Ballot]:
        """All ballots that a reader was shown, in order."""
        return [_ballot(row) for row in self._read(f"{BALLOT} WHERE reader = ? ORDER BY ballots.rowid", reader)]

    def vote(self, ballot: str, reader: str, choice: str, reasons: Sequence[Mapping[str, Any]] = ()) -> Vote:
        """Enter a vote; it is on the disk when this returns. If the ballot has one already, that one counts and is returned.

        Raises UserError if the ballot is not this reader's, or if the choice or a reason is none of those in
        `realmodels.arena.records`.
        """
        row = (ballot, checked_choice(choice), json.dumps(checked_reasons(reasons), ensure_ascii=False), _now())
        with self._writing() as database:
            if not database.execute("SELECT 1 FROM ballots WHERE id = ? AND reader = ?", (ballot, reader)).fetchone():
                raise UserError(f"ballot {ballot[:40]!r} is not one of this reader's: show it first")
            database.execute("INSERT INTO votes VALUES (?, ?, ?, ?) ON CONFLICT (ballot) DO NOTHING", row)
            first = database.execute("SELECT ballot, choice, reasons, at FROM votes WHERE ballot = ?", (ballot,)).fetchone()
        return Vote(first[0], first[1], tuple(json.loads(first[2])), first[3])

    def table(self) -> pd.DataFrame:
        """One row per vote, in order: ballot, item, left, right, choice, reasons (a list), reader (id), nickname, language,
        joined, simulated, shown, at (times in UTC, as ISO texts)."""
        return pd.DataFrame(self._rows(), columns=list(COLUMNS))

    def waiting(self, seconds: float) -> pd.DataFrame:
        """One row per ballot that was shown in the last `seconds` and has no vote: item, left, right, choice (None) and
        simulated."""
        since = _text(datetime.now(UTC) - timedelta(seconds=seconds))
        rows = [(*row[:3], None, bool(row[3])) for row in self._read(WAITING, since)]
        return pd.DataFrame(rows, columns=["item", "left", "right", "choice", "simulated"])

    def withdraw(self, reader: str) -> int:
        """Delete a reader, given by id or nickname, with all ballots and votes; return the number of votes.

        Nothing of it stays in the file. Raises UserError if there is no such reader, or several by that nickname.
        """
        with self._writing() as database:
            ids = [row[0] for row in database.execute("SELECT id FROM readers WHERE id = ?", (reader,))]
            ids = ids or [row[0] for row in database.execute("SELECT id FROM readers WHERE nickname = ?", (reader,))]
            if len(ids) != 1:
                mend = f"give one of the ids {', '.join(ids)}" if ids else "give the id or the nickname of one in the table"
                raise UserError(f"{len(ids) or 'no'} readers {reader[:40]!r} in {self.path}: {mend}")
            of_reader = "SELECT count(*) FROM votes JOIN ballots ON ballots.id = ballot WHERE reader = ?"
            count = database.execute(of_reader, ids).fetchone()[0]
            database.execute("DELETE FROM readers WHERE id = ?", ids)
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # the log still held what was deleted
        return count

    def export(self, path: str | Path) -> int:
        """Write every vote to a JSON Lines file (`realmodels.arena.votes_file`), without tokens; return their number."""
        rows = self._rows()
        write_votes(Path(path), rows)
        return len(rows)

    def import_(self, path: str | Path) -> int:
        """Add the votes of a file that `export` wrote; return their number. What was simulated there is simulated here.

        All are added or none. Raises UserError for a file that is not such, for a ballot that is here already, and for a
        reader who is simulated in one place and not in the other. Readers who come in so have no token here.
        """
        rows = read_votes(Path(path))
        with self._writing() as database:
            for row in rows:
                person = [row[name] for name in ("reader", "nickname", "joined", "language", "simulated")]
                database.execute("INSERT INTO readers VALUES (?, NULL, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", person)
                here = database.execute("SELECT simulated FROM readers WHERE id = ?", (row["reader"],)).fetchone()
                if bool(here[0]) is not row["simulated"]:
                    raise UserError(f"{path}: reader {row['reader']!r} is simulated there or here, not in both: mend the file")
                shown = [row[name] for name in ("ballot", "reader", "item", "left", "right", "shown")]
                try:
                    database.execute("INSERT INTO ballots VALUES (?, ?, ?, ?, ?, ?)", shown)
                except sqlite3.IntegrityError:
                    raise UserError(f"{path}: ballot {row['ballot']!r} is in {self.path} already: take it out") from None
                cast = (row["ballot"], row["choice"], json.dumps(row["reasons"], ensure_ascii=False), row["at"])
                database.execute("INSERT INTO votes VALUES (?, ?, ?, ?)", cast)
        return len(rows)

    def secret(self, name: str) -> str:
        """An unguessable text by this name: drawn at the first call, kept in the file, and never exported."""
        with self._writing() as database:
            row = (name, secrets.token_urlsafe(24))
            database.execute("INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO NOTHING", row)
            return database.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()[0]

    def _rows(self) -> list[dict[str, Any]]:
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in self._read(ROWS)]
        return [{**row, "reasons": json.loads(row["reasons"]), "simulated": bool(row["simulated"])} for row in rows]

    def _read(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def _check_reader(self, reader: str) -> None:
        if not self._db.execute("SELECT 1 FROM readers WHERE id = ?", (reader,)).fetchone():
            raise UserError(f"no reader {reader[:40]!r} in {self.path}: join first")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end, undone if anything is raised. Its lock is taken at once, not midway."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _patiently(act: Any) -> None:
    """Do it, and again while others hold the file: SQLite does not wait by itself when the kind of log is changed."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)


def _hashed(token: str) -> str:
    """Its SHA-256. A plain one is enough, since a token has 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _now() -> str:
    return _text(datetime.now(UTC))


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")


def _ballot(row: Sequence[Any]) -> Ballot:
    names = [field.name for field in fields(Ballot)]
    return Ballot(**{**dict(zip(names, row, strict=True)), "voted": bool(row[-1])})
