"""Observations until the service has acknowledged them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crawler.frontier.transactions import Tx, give_back, take


@dataclass(frozen=True, slots=True)
class Waiting:
    """An observation that was not acknowledged: the document that is sent."""

    id: int
    document: str


def add(tx: Tx, visit: int, address: str, document: str, *, now: int) -> None:
    """Keep an observation; the same one of the same visit is kept once."""
    tx.execute(
        "INSERT INTO outbox (visit, address, document, document_hash, made_at) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            *(visit, tx.seals.seal(address), tx.seals.seal(document)),
            *(tx.seals.digest(f"{address}\n{document}"), now),
        ),
    )


def is_empty(tx: Tx) -> bool:
    """Whether there is nothing to take: to ask costs less than to take."""
    return tx.execute("SELECT 1 FROM outbox WHERE refused = 0 LIMIT 1").fetchone() is None


def waiting(tx: Tx, most: int) -> list[Waiting]:
    """Take the oldest."""
    rows = take(tx, "outbox", "id, document", "refused = 0", (), order="id", most=most)
    return [Waiting(row[0], tx.seals.unseal(row[1])) for row in rows]


def of_visit(tx: Tx, visit: int) -> list[tuple[str, str]]:
    """Return address and document of what a visit observed and is still here."""
    rows = tx.execute("SELECT address, document FROM outbox WHERE visit = ? ORDER BY id", (visit,))
    return [(tx.seals.unseal(row[0]), tx.seals.unseal(row[1])) for row in rows]


def acknowledged(tx: Tx, ids: Iterable[int]) -> None:
    """Forget what the service has."""
    tx.executemany("DELETE FROM outbox WHERE id = ?", [(each,) for each in ids])


def later(tx: Tx) -> None:
    """Let others try what was taken and could not be submitted."""
    give_back(tx, "outbox")


def refused(tx: Tx, number: int) -> None:
    """Set aside what the service will never take, so that it holds up nothing."""
    tx.execute("UPDATE outbox SET refused = 1 WHERE id = ?", (number,))


def counts(tx: Tx) -> tuple[int, int]:
    """Return how many wait, and how many were refused."""
    row = tx.execute(
        "SELECT count(*) - coalesce(sum(refused), 0), coalesce(sum(refused), 0) FROM outbox"
    )
    waits, no = row.fetchone()
    return int(waits), int(no)


def prune(tx: Tx, *, before: int, most: int = 1000) -> int:
    """Forget what was refused, or was never to be submitted, that long ago."""
    return tx.execute(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE made_at < ? LIMIT ?)",
        (before, most),
    ).rowcount
