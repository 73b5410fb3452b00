"""The frontier's file: opened, made, and written in transactions that a killed process survives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from crawler.frontier.schema import TABLES, VERSION

MEMORY = ":memory:"
_BUSY_MS = 10_000


class WrongVersion(Exception):
    """The frontier is of another version of the crawler. Name another file, or remove this one."""


class InUse(Exception):
    """Another crawler works on this frontier. Stop it first, or name another with CRAWLER_STATE."""


class Store:
    """One connection, used by one thread at a time. Every change is one transaction."""

    def __init__(self, path: Path | str) -> None:
        if path != MEMORY:
            path = Path(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            # It has addresses of reported pages: nobody else on the machine may read it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
        self._lock = threading.RLock()
        self._claimed: int | None = None
        self._path = path
        self._connection.row_factory = sqlite3.Row
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # what was acknowledged is on the disk
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "secure_delete = ON",  # a page that was forgotten leaves no trace
            "temp_store = MEMORY",
            f"busy_timeout = {_BUSY_MS}",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        self._made()

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
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is kept as a whole, or not at all."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One statement, or several that need not agree."""
        with self._lock:
            yield self._connection

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
            if self._claimed is not None:  # after it: closing a file ends SQLite's locks on it
                os.close(self._claimed)
                self._claimed = None
