"""The frontier on PostgreSQL: several crawlers work on it at once, on any machines."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import psycopg

from crawler.frontier import crawlers, sealing
from crawler.frontier.connecting import AGAIN, LONGEST_WAIT, Connection, Link, conninfo
from crawler.frontier.schema import SHARED, VERSION
from crawler.frontier.sealing import Seals, WrongKey
from crawler.frontier.transactions import Away, Lost, Rows, Tx, Unusable, WrongVersion, tried

T = TypeVar("T")

GRACE_SECONDS = 3 * LONGEST_WAIT
"""After its own connection broke a crawler takes nobody to be dead: the server may have been away
from all, and they have yet to come back."""
_MAKING = 0x6372_6177
"""Key of the advisory lock under which the tables are made."""
_NO_KEY = (
    "A frontier on PostgreSQL has no file beside which its key could lie. Name one with "
    "CRAWLER_KEY_FILE, the same for every crawler (it is made with a new frontier: copy it to the "
    "other machines), or give the key as CRAWLER_SECRET."
)
_OF_A_SERVICE = (
    "This database is that of a service, which a crawler must not be able to read. Make another "
    "one, with a user of its own, and name it with CRAWLER_STATE."
)
_NOT_PERMITTED = (
    "The user of CRAWLER_STATE may not make or use the frontier's tables: grant CREATE on this "
    "database, or let the owner of its schema `crawler` be the user."
)
_REFUSED = (
    "PostgreSQL refuses to make or read the frontier's tables, in the schema `crawler` of the "
    "database of CRAWLER_STATE. Its code is {code}; its log says more."
)


class SharedStore:
    """One connection that writes and one that reads, each used by one thread at a time.

    A crawler has a row of its own, which each of its transactions changes first. So nobody takes
    what is its own while it commits; it learns then whether somebody has before; and its count
    says whether a commit was kept whose answer did not arrive.
    """

    shared = True

    def __init__(
        self, address: str, *, secret: bytes | None = None, key_file: Path | None = None
    ) -> None:
        """Open a frontier, or make one. It is sealed with the secret, or that of a file.

        Raises Unusable, Away, WrongKey, WrongVersion.
        """
        self.lost = False
        self.crawler: int | None = None
        self._hurried = threading.Event()
        connected = conninfo(address)
        self._writing, self._reading = (Link(connected, self._hurried) for _ in range(2))
        # Questions of one event loop, which wait here and not in the threads that all others need.
        self._asking = ThreadPoolExecutor(1)
        if secret is None and key_file is None:
            raise Unusable(_NO_KEY)
        try:
            with self._writing.held() as connection:
                self._seals = _made(connection, secret, key_file)
        except psycopg.errors.InsufficientPrivilege as err:
            self.close()
            raise Unusable(_NOT_PERMITTED) from err
        except psycopg.Error as err:
            self.close()
            raise Unusable(_REFUSED.format(code=err.sqlstate)) from err
        except BaseException:
            self.close()
            raise

    # --- the crawler ---

    def claim(self) -> None:
        """Be one of those that work on it, with a new number."""
        self.crawler, self.lost = self._committed(crawlers.joined, fenced=False), False

    def keep(self) -> None:
        """Say that this crawler lives. If it was buried, `lost` says so."""
        with contextlib.suppress(Lost):
            self._committed(lambda _: None, fenced=True)

    def hurry(self) -> None:
        """Wait no more for a server that is away."""
        self._hurried.set()

    def close(self) -> None:
        """Close the connections. What was taken is there for others, at once if it can be said."""
        self.hurry()
        self._asking.shutdown(cancel_futures=True)
        if (crawler := self.crawler) is not None:
            with contextlib.suppress(Away):
                self._committed(lambda tx: crawlers.left(tx, crawler), fenced=False)
        self._reading.close()
        self._writing.close()

    # --- reading ---

    @contextlib.contextmanager
    def read(self) -> Iterator[Tx]:
        """One statement, or several that need not agree, about what is committed. Raises Away."""
        with self._reading.held() as connection:
            yield self._tx(connection)

    def answer(self, question: Callable[[Tx], T]) -> T:
        """Read, again if the server was away meanwhile. Raises Away once it is hurried."""
        return self._reading.run(lambda connection: question(self._tx(connection)))

    async def ask(self, question: Callable[[Tx], T]) -> T:
        """The same in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._asking, self.answer, question)

    # --- writing ---

    @contextlib.contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that is kept as a whole, or not at all. Raises Away."""
        with self._writing.held() as connection:
            tx = self._tx(connection)
            with _transaction(tx, connection):
                yield tx

    def take(self, question: Callable[[Tx], T]) -> T:
        """Ask for what this crawler is to do, also of what the dead had. Raises Lost, Away."""

        def taken(tx: Tx) -> T:
            if self._writing.stood() > GRACE_SECONDS:
                crawlers.bury(tx)
            return question(tx)

        return self._committed(taken, fenced=True)

    def change(self, change: Callable[[Tx], T]) -> T:
        """Make a change, again if it was not kept. Raises Away once it is hurried."""
        return self._committed(change, fenced=False)

    def write_each(self, changes: Sequence[Callable[[Tx], object]]) -> list[object]:
        """Make several changes of this crawler's visits in one transaction. Raises Lost, Away.

        Returns what each returns, or its exception: it has then changed nothing. Only if one fails,
        all begin again with a savepoint each, which are a third of all that is asked of the server.
        """
        try:
            return self._committed(lambda tx: [each(tx) for each in changes], fenced=True)
        except (Lost, Away):
            raise
        except Exception:  # noqa: BLE001 (it is whose who asked for the change)
            return self._committed(
                lambda tx: [tried(tx, each, AGAIN) for each in changes], fenced=True
            )

    def _committed(self, change: Callable[[Tx], T], *, fenced: bool) -> T:
        """Make a change exactly once, however often the connection breaks.

        After a commit whose answer did not come, the crawler's count tells whether it was kept.
        (If the server is still at it, our own next change of the count waits for that.)
        """
        made: list[tuple[int, T]] = []

        def attempt(connection: Connection) -> T:
            tx = self._tx(connection)
            with _transaction(tx, connection):
                count = self._counted(tx, fenced=fenced)
                if count is not None and made and made[0][0] < count:
                    return made[0][1]
                done = change(tx)
                made[:] = [] if count is None else [(count, done)]
                return done

        return self._writing.run(attempt)

    def _counted(self, tx: Tx, *, fenced: bool) -> int | None:
        if self.crawler is None:
            return None
        count = None if self.lost else crawlers.counted(tx, self.crawler)
        if count is None:
            self.lost = True
            if fenced:
                raise Lost
        return count

    def _tx(self, connection: Connection) -> Tx:
        return _tx(connection, self._seals, self.crawler)


@contextlib.contextmanager
def _transaction(tx: Tx, connection: Connection) -> Iterator[None]:
    tx.execute("BEGIN")
    try:
        yield
        tx.execute("COMMIT")
    except BaseException:
        if not connection.closed:
            tx.execute("ROLLBACK")
        raise


def _tx(connection: Connection, seals: Seals, crawler: int | None) -> Tx:
    def execute(statement: str, values: Sequence[object] = ()) -> Rows:
        return connection.execute(_written(statement), values or None)

    def executemany(statement: str, rows: Iterable[Sequence[object]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(_written(statement), rows)

    return Tx(execute, executemany, seals, crawler)


@lru_cache
def _written(statement: str) -> bytes:
    """Return it as psycopg has it. None of ours has a question mark, or a per cent sign, else."""
    return statement.replace("?", "%s").encode()


def _made(connection: Connection, secret: bytes | None, key_file: Path | None) -> Seals:
    """Return what the frontier is sealed with, and make its tables if there are none."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
        if _is_there(connection, "public.cases") and _is_there(connection, "public.entries"):
            raise Unusable(_OF_A_SERVICE)
        there = _is_there(connection, "crawler.keys")
        if secret is None:
            assert key_file is not None  # noqa: S101 (as was checked)
            secret = sealing.kept(key_file, make=not there)
        seals = Seals(secret)
        if not there:
            connection.execute("CREATE SCHEMA IF NOT EXISTS crawler")
            for statement in SHARED.split(";"):
                connection.execute(statement.encode())
            connection.execute("INSERT INTO keys VALUES (%s)", (seals.fingerprint,))
            connection.execute("INSERT INTO versions VALUES (%s)", (VERSION,))
        if connection.execute("SELECT version FROM versions").fetchone() != (VERSION,):
            raise WrongVersion
        if connection.execute("SELECT fingerprint FROM keys").fetchone() != (seals.fingerprint,):
            raise WrongKey
    return seals


def _is_there(connection: Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return row == (True,)
