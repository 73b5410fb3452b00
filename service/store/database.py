"""Connections and transactions, the same on SQLite and PostgreSQL.

A write that returned is on the disk: SQLite runs with WAL and `synchronous=FULL`,
PostgreSQL with its default `synchronous_commit=on`.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from service.domain.errors import NotReady, StoreFull
from service.settings import InvalidSetting
from service.store import revisions

log = logging.getLogger(__name__)

Tx = sa.Connection

UNUSABLE = (
    "The store cannot be opened: its file is damaged, is no database, or may not be written. Look "
    "at takeback.db in the state folder, or restore a backup."
)
_DISK_FULL = "53100"

EXAMPLE_URL = "postgresql+psycopg://USER:PASSWORD@HOST/NAME"
BUSY_MS = 15_000
"""How long a SQLite writer waits for another before it gives up, in milliseconds."""
IMPATIENT_MS = 50
"""How long a writer that is not patient waits for another one, in milliseconds: most take less, and
whoever keeps others out on purpose delays them by no more."""
FAULT_SECONDS = 60
"""Between two lines of the log about one fault that lasts."""
_CHANGES_LOCK = 0x7461_6B65
"""Key of the PostgreSQL advisory lock that makes positions of `changes` commit in order."""
_PARAMETERS = 900
"""Values in one statement: SQLite's historical limit is 999."""


class Database:
    """One store. Connections are pooled; every method may be called from any thread."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            is_remote = parsed.get_backend_name() != "sqlite"
            self.engine = sa.create_engine(parsed, pool_pre_ping=is_remote, hide_parameters=True)
        except (sa.exc.ArgumentError, ModuleNotFoundError) as err:
            raise InvalidSetting(f"TAKEBACK_DATABASE_URL must be like {EXAMPLE_URL}.") from err
        self._logged: dict[str, float] = {}
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            _make_folder(Path(parsed.database).parent)
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one state of the store and changes nothing."""
        options = {}
        if self.engine.dialect.name == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._reachable(), self.engine.connect() as connection:
            if options:
                connection.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self, *, patient: bool = True) -> Iterator[Tx]:
        """A transaction that is on the disk when the block ends, or never was.

        Unless it is `patient`, it raises NotReady where it would have to wait for another writer
        for longer than IMPATIENT_MS.

        It may not append to `changes`: for that, see `write_changes`. On PostgreSQL it runs beside
        other writers, at isolation level READ COMMITTED; on SQLite there is one writer at a time.
        """
        with self._reachable(), self.engine.connect() as connection:
            connection.execution_options(takeback_write=True)
            with self._impatience(connection, patient=patient), connection.begin():
                if not patient and self.engine.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {IMPATIENT_MS}")
                yield connection

    @contextmanager
    def write_changes(self) -> Iterator[Tx]:
        """A write transaction that may append to `changes`; one at a time in the whole store.

        They run one after the other so that positions commit in order: whoever follows the table
        never passes a position that is committed later. Do not open one inside another write.
        """
        with self.write() as connection:
            connection.execution_options(takeback_changes=True)
            if self.engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHANGES_LOCK)))
            yield connection

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as err:
            if _is_full(err):
                self._log_fault("store full")
                raise StoreFull from err
            if _is_unusable(err):
                self._log_fault("store unusable")
                raise NotReady(UNUSABLE) from err
            if err.connection_invalidated or isinstance(err, sa.exc.OperationalError):
                raise NotReady from err
            raise
        except sa.exc.TimeoutError as err:  # every connection is in use, and stays so
            raise NotReady from err

    def _log_fault(self, fault: str) -> None:
        """Log it, but no error's text, which may hold anything; and not with every request."""
        now = time.monotonic()
        if now - self._logged.get(fault, -FAULT_SECONDS) >= FAULT_SECONDS:
            self._logged[fault] = now
            log.error(fault)

    @contextmanager
    def _impatience(self, connection: Tx, *, patient: bool) -> Iterator[None]:
        """Have SQLite refuse soon what it would have to wait for."""
        raw = connection.connection.dbapi_connection
        if patient or not isinstance(raw, sqlite3.Connection):
            yield
            return
        raw.execute(f"PRAGMA busy_timeout={IMPATIENT_MS}")
        try:
            yield
        finally:
            raw.execute(f"PRAGMA busy_timeout={BUSY_MS}")

    def overwrite(self) -> None:
        """Let nothing erased linger: SQLite keeps it in its log until that is copied back.

        PostgreSQL does so by itself when it vacuums. Readers that are busy put it off.
        """
        if self.engine.dialect.name == "sqlite":
            with closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def migrate(self) -> None:
        """Bring the tables to what this version expects. Repeating it does nothing."""
        if self.is_current():
            return
        with self._reachable(), self._migrating() as connection:
            revisions.upgrade(connection)

    def downgrade(self, revision: str) -> None:
        """Take the tables back to an earlier revision; `base` removes them."""
        with self._reachable(), self._migrating() as connection:
            revisions.downgrade(connection, revision)

    @contextmanager
    def _migrating(self) -> Iterator[Tx]:
        """A connection that may replace a table to which others refer.

        SQLite can alter little of a table, so a migration may make it anew, and dropping the old
        one would break every reference to it. Migrations that do so check all references at their
        end, as SQLite's documentation demands (lang_altertable, 7).
        """
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            if self.engine.dialect.name == "sqlite":
                driver.execute("PRAGMA foreign_keys=OFF")
            try:
                yield connection
            finally:
                connection.rollback()
                if self.engine.dialect.name == "sqlite":
                    driver.execute("PRAGMA foreign_keys=ON")

    def is_current(self) -> bool:
        """Whether the tables are what this version expects. Raises NotReady without a store."""
        with self.read() as tx:
            return revisions.current(tx) == revisions.HEAD

    def require_current(self) -> None:
        """Raise NotReady unless the store can be reached and has the tables of this version."""
        if not self.is_current():
            raise NotReady(
                "The tables are not those of this version. Run: python -m service migrate"
            )

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


_Value = TypeVar("_Value")


def batches(values: Iterable[_Value], size: int = _PARAMETERS) -> Iterator[list[_Value]]:
    """Yield values as lists of at most `size`, by default what fits into one statement."""
    remaining = iter(values)
    return iter(lambda: list(islice(remaining, size)), [])


def upsert(tx: Tx, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT in this store's dialect: both have `on_conflict`, standard SQL has not."""
    return upsert_in(tx.dialect.name, table)


def upsert_in(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Return the same for a dialect by its name, for a statement that is built once."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def given(name: str) -> sa.BindParameter[Any]:
    """Return a parameter for a list of values, as in `column.in_(given("ids"))`.

    What every lookup asks is built once: SQLAlchemy takes longer to build a statement than the
    store to answer it.
    """
    return sa.bindparam(name, expanding=True)


def may_append_changes(tx: Tx) -> bool:
    """Whether a transaction was opened by `Database.write_changes`."""
    return bool(tx.get_execution_options().get("takeback_changes", False))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise InvalidSetting(
            f"The folder of the store, {folder}, cannot be made. Choose another one with "
            "TAKEBACK_STATE, or let this user write there."
        ) from err


def _is_full(err: DBAPIError) -> bool:
    """Whether the disk is full. PostgreSQL: class 53, insufficient resources."""
    state = getattr(err.orig, "sqlstate", None)
    return _sqlite_code(err) == sqlite3.SQLITE_FULL or state == _DISK_FULL


def _is_unusable(err: DBAPIError) -> bool:
    return _sqlite_code(err) in {
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    }


def _sqlite_code(err: DBAPIError) -> int:
    return int(getattr(err.orig, "sqlite_errorcode", 0)) & 0xFF  # the rest is detail


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: pysqlite's own comes too late
    for pragma in (
        "journal_mode=WAL",  # readers and the writer do not wait for each other
        "synchronous=FULL",  # a commit is on the disk, in WAL mode too
        "foreign_keys=ON",
        "secure_delete=ON",  # what is withdrawn is overwritten, not only unlinked
        "trusted_schema=OFF",
        f"busy_timeout={BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Tx) -> None:
    write = connection.get_execution_options().get("takeback_write", False)
    if write:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # takes no lock, so that there is no error to translate; each lookup reads a few times
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")
