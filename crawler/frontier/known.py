"""What was found at an address the last time, for servers that answer "not modified"."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from crawler.frontier.visits import Kind


@dataclass(frozen=True, slots=True)
class Known:
    """The validators of an answer, and what it held: a JSON document.

    `asked_at` is when the server itself last said so.
    """

    etag: str
    modified: str
    document: str
    asked_at: int = 0


def get(tx: sqlite3.Connection, address: str, kind: Kind) -> Known | None:
    """Return what is known of an address."""
    row = tx.execute(
        "SELECT etag, modified, document, asked_at FROM known WHERE address = ? AND kind = ?",
        (address, kind.value),
    ).fetchone()
    return Known(*row) if row else None


def put(
    tx: sqlite3.Connection,
    address: str,
    kind: Kind,
    known: Known,
    *,
    now: int,
    declared: bool = False,
) -> None:
    """Remember an answer. One without validators helps only where its digest is `declared`."""
    if not known.etag and not known.modified and not declared:
        tx.execute("DELETE FROM known WHERE address = ? AND kind = ?", (address, kind.value))
        return
    tx.execute(
        "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?, ?, ?)",
        (address, kind.value, known.etag, known.modified, known.document, now, now),
    )


def used(tx: sqlite3.Connection, address: str, kind: Kind, *, now: int, asked: bool = True) -> None:
    """Note that it served; `asked` if the server said that it still holds."""
    tx.execute(
        "UPDATE known SET used_at = ?1, asked_at = iif(?2, ?1, asked_at) "
        "WHERE address = ?3 AND kind = ?4",
        (now, asked, address, kind.value),
    )


def prune(tx: sqlite3.Connection, *, before: int, most: int = 1000) -> int:
    """Forget what has not served since."""
    return tx.execute(
        "DELETE FROM known WHERE rowid IN (SELECT rowid FROM known WHERE used_at < ? LIMIT ?)",
        (before, most),
    ).rowcount
