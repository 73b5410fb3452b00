"""The frontier's file: opened, made, and written in transactions that a killed process survives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from crawler.frontier.schema import TABLES, VERSION

MEMORY = ":memory:"
_BUSY_MS = 10_000


class WrongVersion(Exception):
    """The frontier is of another version of the crawler. Name another file, or remove this one."""


class InUse(Exception):
    """Another crawler works on this frontier. Stop it first, or name another with CRAWLER_STATE."""


class Tx:
    """What a transaction, or a reading, is made with."""

    __slots__ = ("execute", "executemany")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.execute = connection.execute
        self.executemany = connection.executemany


class Store:
    """One connection that writes and one that reads, each used by one thread at a time.

    Every change is one transaction. What waits for the disk holds up nobody who reads.
    """

    def __init__(self, path: Path | str) -> None:
        if path != MEMORY:
            path = Path(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            # It has addresses of reported pages: nobody else on the machine may read it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._lock = self._reading = threading.RLock()
        self._claimed: int | None = None
        self._path = path
        self._connection = self._reader = self._opened()
        self._tx = self._read = Tx(self._connection)
        self._made()
        if path != MEMORY:
            self._reading, self._reader = threading.RLock(), self._opened()
            self._reader.execute("PRAGMA query_only = ON")
            self._read = Tx(self._reader)

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
        connection.row_factory = sqlite3.Row
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # what was acknowledged is on the disk
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "secure_delete = ON",  # a page that was forgotten leaves no trace
            "temp_store = MEMORY",
            f"busy_timeout = {_BUSY_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _made(self) -> None:
        with self.write() as tx:
            (version,) = tx.execute("PRAGMA user_version").fetchone()
            if version == VERSION:
                return
            if version != 0:
                raise WrongVersion
            for statement in TABLES.split(";"):
                tx.execute(statement)
            tx.execute(f"PRAGMA user_version = {VERSION}")

    def claim(self) -> None:
        """Be the only crawler that visits, until it is closed. Raises InUse.

        The lock is the kernel's (flock), so that it ends with the process, however that ends.
        """
        self._claimed = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._claimed, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise InUse from err

    @contextlib.contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that is kept as a whole, or not at all."""
        with self._lock:
            self._tx.execute("BEGIN IMMEDIATE")
            try:
                yield self._tx
            except BaseException:
                self._tx.execute("ROLLBACK")
                raise
            self._tx.execute("COMMIT")

    def write_each(self, changes: Sequence[Callable[[Tx], object]]) -> list[object]:
        """Make several changes in one transaction. Returns what each returns, or its exception.

        One that fails changes nothing, and none of the others.
        """
        with self.write() as tx:
            return [_tried(tx, change) for change in changes]

    @contextlib.contextmanager
    def read(self) -> Iterator[Tx]:
        """One statement, or several that need not agree, about what is committed."""
        with self._reading:
            yield self._read

    def close(self) -> None:
        """Close the file."""
        with self._lock, self._reading:
            self._reader.close()
            self._connection.close()
            if self._claimed is not None:  # after it: closing a file ends SQLite's locks on it
                os.close(self._claimed)
                self._claimed = None


def _tried(tx: Tx, change: Callable[[Tx], object]) -> object:
    tx.execute("SAVEPOINT change")
    try:
        return change(tx)
    except Exception as err:  # noqa: BLE001 (it is whose who asked for the change)
        tx.execute("ROLLBACK TO change")
        return err
    finally:
        tx.execute("RELEASE change")
