"""How visits of leased watches ended, until the service has acknowledged that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crawler.frontier.transactions import Tx, give_back, take


@dataclass(frozen=True, slots=True)
class Report:
    """One of them: the document that is sent."""

    visit: int
    document: str


def add(tx: Tx, visit: int, document: str) -> None:
    """Keep a report."""
    tx.execute(
        "INSERT INTO reports (visit, document) VALUES (?, ?)", (visit, tx.seals.seal(document))
    )


def are_none(tx: Tx) -> bool:
    """Whether there is nothing to take: to ask costs less than to take."""
    return tx.execute("SELECT 1 FROM reports LIMIT 1").fetchone() is None


def ready(tx: Tx, most: int) -> list[Report]:
    """Take those of visits of which no observation waits any more: these go first."""
    done = "NOT EXISTS (SELECT 1 FROM outbox o WHERE o.visit = reports.visit AND refused = 0)"
    rows = take(tx, "reports", "visit, document", done, (), order="visit", most=most)
    return [Report(row[0], tx.seals.unseal(row[1])) for row in rows]


def later(tx: Tx) -> None:
    """Let others try what was taken and did not arrive."""
    give_back(tx, "reports")


def acknowledged(tx: Tx, reports: Iterable[Report]) -> None:
    """Forget leased watches whose visit the service knows, with all that belongs to them."""
    tx.executemany(
        "DELETE FROM watches WHERE id = (SELECT watch FROM visits WHERE id = ?)",
        [(each.visit,) for each in reports],
    )
