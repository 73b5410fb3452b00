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
        "SELECT found FROM known WHERE address_hash = ? AND kind = ?",
        (tx.seals.digest(address), kind.value),
    ).fetchone()
    return Known(*tx.seals.unseal(row[0]).split("\n", 2)) if row else None


def put(tx: Tx, address: str, kind: Kind, known: Known, *, now: int) -> None:
    """Remember an answer; one without validators would help nobody."""
    of = (tx.seals.digest(address), kind.value)
    if not known.etag and not known.modified:
        tx.execute("DELETE FROM known WHERE address_hash = ? AND kind = ?", of)
        return
    found = tx.seals.seal(f"{known.etag}\n{known.modified}\n{known.document}")
    tx.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)", (*of, found, now))


def used(tx: Tx, address: str, kind: Kind, *, now: int) -> None:
    """Note that it served."""
    tx.execute(
        "UPDATE known SET used_at = ? WHERE address_hash = ? AND kind = ?",
        (now, tx.seals.digest(address), kind.value),
    )


def prune(tx: Tx, *, before: int, most: int = 1000) -> int:
    """Forget what has not served since."""
    return tx.execute(
        "DELETE FROM known WHERE rowid IN (SELECT rowid FROM known WHERE used_at < ? LIMIT ?)",
        (before, most),
    ).rowcount
