"""Crawlers that share a frontier: who lives keeps what it has taken, and others take the rest.

Times are those of the server: the clocks of the machines do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

from crawler.frontier.transactions import Tx

CLAIM_SECONDS = 60
"""Whoever was not heard of for so long is taken to be dead."""
KEEP_SECONDS = 15.0
"""How often a crawler says that it lives, also while it commits nothing."""
_NOW = "CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)"


@dataclass(frozen=True, slots=True)
class Crawler:
    """What one of them does. `silent` is how many seconds ago it was heard of."""

    id: int
    begun_at: int
    silent: int
    visits: int
    done: int
    steps: int
    submitting: int


def joined(tx: Tx) -> int:
    """Return the number of a new one."""
    row = tx.execute(
        f"INSERT INTO crawlers (begun_at, heard_at) VALUES ({_NOW}, {_NOW}) RETURNING id"  # noqa: S608 (our own words)
    )
    return int(row.fetchone()[0])


def counted(tx: Tx, crawler: int) -> int | None:
    """Note that a crawler lives. Returns how many transactions it has made with this one.

    None if others have buried it. Until this transaction ends, nobody does.
    """
    row = tx.execute(
        f"UPDATE crawlers SET commits = commits + 1, heard_at = {_NOW} WHERE id = ? "  # noqa: S608 (the same)
        "RETURNING commits",
        (crawler,),
    ).fetchone()
    return row and int(row[0])


def bury(tx: Tx) -> None:
    """Forget those that are dead: what they had taken is nobody's (ON DELETE SET NULL)."""
    tx.execute(
        "DELETE FROM crawlers WHERE id IN (SELECT id FROM crawlers WHERE heard_at < "  # noqa: S608 (the same)
        f"{_NOW} - ? FOR UPDATE SKIP LOCKED)",
        (CLAIM_SECONDS,),
    )


def left(tx: Tx, crawler: int) -> None:
    """Forget one that ends."""
    tx.execute("DELETE FROM crawlers WHERE id = ?", (crawler,))


def every(tx: Tx) -> list[Crawler]:
    """Return all, also those that are dead and not yet buried."""
    steps = (
        "(SELECT count({}) FROM watches w JOIN visits v ON v.watch = w.id AND v.ended_at IS NULL "
        "JOIN steps s ON s.visit = v.id WHERE w.crawler = c.id)"
    )
    rows = tx.execute(
        f"SELECT id, begun_at, {_NOW} - heard_at, "  # noqa: S608 (the same)
        "(SELECT count(*) FROM watches w WHERE w.crawler = c.id), "
        f"{steps.format('s.result')}, {steps.format('*')}, "
        "(SELECT count(*) FROM outbox o WHERE o.crawler = c.id) FROM crawlers c ORDER BY id"
    )
    return [Crawler(*row) for row in rows]
