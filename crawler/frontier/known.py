"""What was found at an address the last time, for servers that answer "not modified"."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.frontier.transactions import Tx
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


def get(tx: Tx, address: str, kind: Kind) -> Known | None:
    """Return what is known of an address."""
    row = tx.execute(
        "SELECT found, asked_at FROM known WHERE address_hash = ? AND kind = ?",
        (tx.seals.digest(address), kind.value),
    ).fetchone()
    if row is None:
        return None
    found, asked_at = row
    etag, modified, document = tx.seals.unseal(found).split("\n", 2)
    return Known(etag, modified, document, asked_at)


def put(
    tx: Tx, address: str, kind: Kind, known: Known, *, now: int, declared: bool = False
) -> None:
    """Remember an answer. One without validators helps only where its digest is `declared`."""
    of = (tx.seals.digest(address), kind.value)
    if not known.etag and not known.modified and not declared:
        tx.execute("DELETE FROM known WHERE address_hash = ? AND kind = ?", of)
        return
    found = tx.seals.seal(f"{known.etag}\n{known.modified}\n{known.document}")
    tx.execute(
        "INSERT INTO known (address_hash, kind, found, used_at, asked_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (address_hash, kind) DO UPDATE SET "
        "found = excluded.found, used_at = excluded.used_at, asked_at = excluded.asked_at",
        (*of, found, now, now),
    )


def used(tx: Tx, address: str, kind: Kind, *, now: int, asked: bool = True) -> None:
    """Note that it served; `asked` if the server said that it still holds."""
    tx.execute(
        "UPDATE known SET used_at = ?, asked_at = coalesce(?, asked_at) "
        "WHERE address_hash = ? AND kind = ?",
        (now, now if asked else None, tx.seals.digest(address), kind.value),
    )


def prune(tx: Tx, *, before: int, most: int = 1000) -> int:
    """Forget what has not served since."""
    return tx.execute(
        "DELETE FROM known WHERE (address_hash, kind) IN "
        "(SELECT address_hash, kind FROM known WHERE used_at < ? LIMIT ?)",
        (before, most),
    ).rowcount
