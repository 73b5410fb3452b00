"""The operator looks at messages that could not be sent, has them tried again or forgets them."""

from __future__ import annotations

from collections.abc import Iterable

from service.domain.watch import Clock
from service.store import alerts, deliveries
from service.store.deliveries import DeadLetter
from service.workflows.store_context import StoreContext


def listed(context: StoreContext) -> list[DeadLetter]:
    """Return every one, oldest first: nothing of whose it is, or of where it was to go."""
    with context.database.read() as tx:
        return deliveries.dead(tx)


def counts(context: StoreContext, second: int) -> dict[str, int]:
    """Return how many alerts are not planned yet, and how many messages wait, are late or dead."""
    with context.database.read() as tx:
        return {"new": alerts.count(tx), **deliveries.counts(tx, second)}


def retry(context: StoreContext, now: Clock, ids: Iterable[int] = ()) -> int:
    """Have all or some of them tried again; return how many."""
    with context.database.write() as tx:
        return deliveries.retry_dead(tx, now.second, ids)


def drop(context: StoreContext, ids: Iterable[int] = ()) -> int:
    """Forget all or some of them; return how many."""
    with context.database.write() as tx:
        return deliveries.drop_dead(tx, ids)
