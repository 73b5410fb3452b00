"""What was found at an address the last time, for servers that answer "not modified"."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.frontier.store import Tx
from crawler.frontier.visits import Kind


@dataclass(frozen=True, slots=True)
class Known:
    """The validators of an answer, and what it held: a JSON document."""

    etag: str
    modified: str
    document: str


def get(tx: Tx, address: str, kind: Kind) -> Known | None:
    """Return what is known of an address."""
    row = tx.execute(
        "SELECT etag, modified, document FROM known WHERE address = ? AND kind = ?",
        (address, kind.value),
    ).fetchone()
    return Known(*row) if row else None


def put(tx: Tx, address: str, kind: Kind, known: Known, *, now: int) -> None:
    """Remember an answer; one without validators would help nobody."""
    if not known.etag and not known.modified:
        tx.execute("DELETE FROM known WHERE address = ? AND kind = ?", (address, kind.value))
        return
    tx.execute(
        "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?, ?)",
        (address, kind.value, known.etag, known.modified, known.document, now),
    )


def used(tx: Tx, address: str, kind: Kind, *, now: int) -> None:
    """Note that it served."""
    tx.execute(
        "UPDATE known SET used_at = ? WHERE address = ? AND kind = ?", (now, address, kind.value)
    )


def prune(tx: Tx, *, before: int, most: int = 1000) -> int:
    """Forget what has not served since."""
    return tx.execute(
        "DELETE FROM known WHERE rowid IN (SELECT rowid FROM known WHERE used_at < ? LIMIT ?)",
        (before, most),
    ).rowcount
