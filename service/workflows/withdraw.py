"""An owner's final act on an entry or a case. Matching stops before this returns."""

from __future__ import annotations

from service.domain.actor import Owner
from service.domain.case import EntryStatus
from service.domain.errors import NotFound
from service.store import cases
from service.workflows.context import Context, Today


def withdraw_case(context: Context, owner: Owner, now: Today) -> int:
    """Withdraw every entry, and the case; return how many entries were not withdrawn before."""
    with context.database.write() as tx:
        if cases.lock(tx, owner.case_id).withdrawn_on:
            return 0  # and the day stays the first one
        left = [e for e in cases.entries_of(tx, owner.case_id) if _is_open(e.status)]
        for entry in left:
            cases.withdraw(tx, entry)
        cases.close(tx, owner.case_id, now)
    context.catch_up()
    return len(left)


def withdraw_entry(context: Context, owner: Owner, n: int) -> int:
    """Withdraw one entry; return 1, or 0 when it was withdrawn before. Raises NotFound."""
    with context.database.write() as tx:
        cases.lock(tx, owner.case_id)
        entry = next((e for e in cases.entries_of(tx, owner.case_id) if e.n == n), None)
        if entry is None:
            raise NotFound
        if not _is_open(entry.status):
            return 0
        cases.withdraw(tx, entry)
    context.catch_up()
    return 1


def _is_open(status: EntryStatus) -> bool:
    return status is not EntryStatus.WITHDRAWN
