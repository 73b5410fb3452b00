"""An operator sees what the worker set aside, and has it tried again."""

from __future__ import annotations

from service.domain.audit import OPERATOR, Audited, By
from service.store import set_aside
from service.store.set_aside import SetAside
from service.workflows.recording import record
from service.workflows.store_context import StoreContext, Today


def listed(context: StoreContext) -> list[SetAside]:
    """Return every content that the worker could not reconcile, the longest waiting first."""
    with context.database.read() as tx:
        return set_aside.listed(tx)


def number(context: StoreContext) -> int:
    """Return how many contents are set aside."""
    with context.database.read() as tx:
        return set_aside.count(tx)


def request(context: StoreContext, now: Today, *, by: By = OPERATOR) -> int:
    """Have the worker try all of it again at its next opportunity; return how many."""
    with context.database.write() as tx:
        count = set_aside.request(tx)
        record(context, tx, by, now, Audited.SET_ASIDE_RETRIED, contents=count)
    return count
