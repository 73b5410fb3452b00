"""How visits of leased watches ended, until the service has acknowledged that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crawler.frontier.store import Tx


@dataclass(frozen=True, slots=True)
class Report:
    """One of them: the document that is sent."""

    visit: int
    document: str


def add(tx: Tx, visit: int, document: str) -> None:
    """Keep a report."""
    tx.execute("INSERT INTO reports VALUES (?, ?)", (visit, tx.seals.seal(document)))


def ready(tx: Tx, most: int) -> list[Report]:
    """Return those of visits of which no observation waits any more: these go first."""
    rows = tx.execute(
        "SELECT visit, document FROM reports r WHERE NOT EXISTS "
        "(SELECT 1 FROM outbox WHERE visit = r.visit AND refused = 0) ORDER BY visit LIMIT ?",
        (most,),
    )
    return [Report(row[0], tx.seals.unseal(row[1])) for row in rows]


def acknowledged(tx: Tx, reports: Iterable[Report]) -> None:
    """Forget leased watches whose visit the service knows, with all that belongs to them."""
    tx.executemany(
        "DELETE FROM watches WHERE id = (SELECT watch FROM visits WHERE id = ?)",
        [(each.visit,) for each in reports],
    )
