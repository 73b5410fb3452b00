"""The frontier's file: opened, made, and written in transactions that a killed process survives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from crawler.frontier import migrating, sealing
from crawler.frontier.schema import VERSION
from crawler.frontier.sealing import Seals, WrongKey
from crawler.frontier.transactions import InUse, Tx, WrongVersion, tried

T = TypeVar("T")

MEMORY = ":memory:"
_BUSY_MS = 10_000
_READABLE = 1
"""The version that sealed nothing."""


class Store:
    """One connection that writes and one that reads, each used by one thread at a time.

    Every change is one transaction. What waits for the disk holds up nobody who reads.
    """

    shared = False
    crawler: int | None = None
    lost = False
    """Never: what one crawler works on, nobody else does."""

    def __init__(
        self, path: Path | str, *, secret: bytes | None = None, key_file: Path | None = None
    ) -> None:
        """Open a frontier, or make one. It is sealed with the secret, or that of a file.

        The file is by default beside the frontier, and is made with a new one.
        Raises WrongKey, WrongVersion, InUse.
        """
        if path != MEMORY:
            path = Path(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            # It has addresses of reported pages: nobody else on the machine may read it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._lock = self._reading = threading.RLock()
        self._claimed: int | None = None
        self._path = path
        self._connection = self._reader = self._opened()
        try:
            self._begin(Seals(secret or self._secret(key_file)))
        except BaseException:
            self.close()
            raise

    def _begin(self, seals: Seals) -> None:
        self._tx = self._read = _tx(self._connection, seals)
        self._made(seals)
        if self._path != MEMORY:
            self._reading, self._reader = threading.RLock(), self._opened()
            self._reader.execute("PRAGMA query_only = ON")
            self._read = _tx(self._reader, seals)

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
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

    def _secret(self, key_file: Path | None) -> bytes:
        if isinstance(self._path, str):
            return os.urandom(sealing.SECRET_BYTES)
        beside = self._path.with_name(f"{self._path.name}.key")
        return sealing.kept(key_file or beside, make=self._version() < VERSION)

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _made(self, seals: Seals) -> None:
        if self._version() == _READABLE:
            self.claim()  # no older crawler works on it
            migrating.seal_all(self._connection, seals)
            self._connection.close()
            self._unclaim()  # closing a file ends SQLite's locks on it
            self._connection = self._reader = self._opened()
            self._tx = self._read = _tx(self._connection, seals)
        with self.write() as tx:
            version = self._version()
            if version == 0:
                migrating.make(self._connection, seals)
            elif version != VERSION:
                raise WrongVersion
            (fingerprint,) = tx.execute("SELECT fingerprint FROM keys").fetchone()
            if fingerprint != seals.fingerprint:
                raise WrongKey

    def claim(self) -> None:
        """Be the only crawler that visits, until it is closed. Raises InUse.

        The lock is the kernel's (flock), so that it ends with the process, however that ends.
        """
        self._claimed = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._claimed, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise InUse from err

    def keep(self) -> None:
        """Nothing: the kernel says that it lives."""

    def hurry(self) -> None:
        """Nothing: a file is never away."""

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
            return [tried(tx, change) for change in changes]

    def change(self, change: Callable[[Tx], T]) -> T:
        """Make one change in a transaction."""
        with self.write() as tx:
            return change(tx)

    @contextlib.contextmanager
    def read(self) -> Iterator[Tx]:
        """One statement, or several that need not agree, about what is committed."""
        with self._reading:
            yield self._read

    def answer(self, question: Callable[[Tx], T]) -> T:
        """Read."""
        with self.read() as tx:
            return question(tx)

    async def ask(self, question: Callable[[Tx], T]) -> T:
        """Read, at once: it takes less than changing to another thread would."""
        return self.answer(question)

    def take(self, question: Callable[[Tx], T]) -> T:
        """Ask for what is to be done: all of it is this crawler's."""
        return self.answer(question)

    def close(self) -> None:
        """Close the file."""
        with self._lock, self._reading:
            self._reader.close()
            self._connection.close()
            self._unclaim()  # after it, for the same reason

    def _unclaim(self) -> None:
        if self._claimed is not None:
            os.close(self._claimed)
            self._claimed = None


def _tx(connection: sqlite3.Connection, seals: Seals) -> Tx:
    return Tx(connection.execute, connection.executemany, seals)
