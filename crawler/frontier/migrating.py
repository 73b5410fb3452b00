"""The tables of the frontier, and older ones to these: nothing is lost, nothing stays readable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from crawler.frontier.schema import TABLES, VERSION
from crawler.frontier.sealing import Seals

_INDEXES = (
    *("watches_due", "visits_open", "visits_watch", "visits_ended", "known_used"),
    *("outbox_waiting", "outbox_once"),
)
_MOVED = "moved "
_Row = sqlite3.Row
_Values = tuple[object, ...]


def make(connection: sqlite3.Connection, seals: Seals) -> None:
    """Make the tables, in the transaction that is open."""
    for statement in TABLES.split(";"):
        connection.execute(statement)
    connection.execute("INSERT INTO keys VALUES (?)", (seals.fingerprint,))
    connection.execute(f"PRAGMA user_version = {VERSION}")


def seal_all(connection: sqlite3.Connection, seals: Seals) -> None:
    """Bring version 1 here, in one transaction; then write the file anew, without what was there.

    Version 1 had all of it as plain text.
    """
    connection.execute("PRAGMA foreign_keys = OFF")  # or tables that are dropped would empty others
    connection.execute("PRAGMA legacy_alter_table = ON")  # a new name of a table changes no other
    connection.execute("BEGIN IMMEDIATE")
    try:
        for name in _INDEXES:
            connection.execute(f"DROP INDEX IF EXISTS {name}")
        for table in _COPIES:
            connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        make(connection, seals)
        for table, (columns, copied) in _COPIES.items():
            _copy(connection, table, columns, copied, seals)
            connection.execute(f"DROP TABLE old_{table}")
        # What pages showed has more to it today: they are read again, as if they had changed.
        connection.execute("DELETE FROM known WHERE kind = 'page'")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA legacy_alter_table = OFF")
    connection.execute("PRAGMA foreign_keys = ON")


def _copy(
    connection: sqlite3.Connection,
    table: str,
    columns: str,
    copied: Callable[[_Row, Seals], _Values],
    seals: Seals,
) -> None:
    places = ", ".join("?" * (columns.count(",") + 1))
    reading = connection.cursor()
    reading.row_factory = sqlite3.Row
    rows: Iterable[_Row] = reading.execute(f"SELECT * FROM old_{table}")  # noqa: S608
    connection.executemany(
        f"INSERT INTO {table} ({columns}) VALUES ({places})",  # noqa: S608 (our own names)
        (copied(row, seals) for row in rows),
    )


def _watch(row: _Row, seals: Seals) -> _Values:
    moved_to = row["moved_to"] and seals.seal(row["moved_to"])
    address = (seals.seal(row["address"]), seals.digest(row["address"]))
    return (*_kept(row, _OF_WATCH), *address, moved_to)


def _step(row: _Row, seals: Seals) -> _Values:
    result, moved_to = row["result"], None
    if result and result.startswith(_MOVED):
        result, moved_to = "moved", seals.seal(result.removeprefix(_MOVED))
    address = (seals.seal(row["address"]), seals.digest(row["address"]))
    return (*_kept(row, _OF_STEP), *address, seals.seal(row["page"]), result, moved_to)


def _known(row: _Row, seals: Seals) -> _Values:
    found = seals.seal(f"{row['etag']}\n{row['modified']}\n{row['document']}")
    return seals.digest(row["address"]), row["kind"], found, row["used_at"], 0


def _waiting(row: _Row, seals: Seals) -> _Values:
    digest = seals.digest(f"{row['address']}\n{row['document']}")
    sealed = (seals.seal(row["address"]), seals.seal(row["document"]), digest)
    return (*_kept(row, _OF_OUTBOX), *sealed)


def _kept(row: _Row, columns: str) -> _Values:
    return tuple(row[name.strip()] for name in columns.split(","))


_OF_WATCH = (
    "id, name, lease, leased_until, scope, depth, due_at, interval, faults, outcome, looked_at, "
    "media, shown, digest"
)
_OF_VISIT = "id, watch, begun_at, ended_at, outcome, fault, media"
_OF_STEP = "id, visit, kind, depth, part, sha256"
_OF_OUTBOX = "id, visit, made_at, refused"
_COPIES: dict[str, tuple[str, Callable[[_Row, Seals], _Values]]] = {
    "watches": (f"{_OF_WATCH}, address, address_hash, moved_to", _watch),
    "visits": (_OF_VISIT, lambda row, _: _kept(row, _OF_VISIT)),
    "steps": (f"{_OF_STEP}, address, address_hash, page, result, moved_to", _step),
    "known": ("address_hash, kind, found, used_at, asked_at", _known),
    "outbox": (f"{_OF_OUTBOX}, address, document, document_hash", _waiting),
    "reports": ("visit, document", lambda row, seals: (row["visit"], seals.seal(row["document"]))),
}
"""Each table of version 1: the columns that it has today, and what of a row goes there."""
