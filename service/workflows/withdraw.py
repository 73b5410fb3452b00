"""An owner withdraws an entry or a case, for good or with an undo, or undoes a withdrawal.

When a withdrawal returns, matching has stopped; when an undo returns, it has begun again.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from service.domain.actor import Owner
from service.domain.alert import Cause
from service.domain.case import MOST_UNDONE, Entry, EntryStatus, erase_day, refusal
from service.domain.errors import NotFound, UndoneTooOften, Withdrawn
from service.store import alerts, cases, entries
from service.store.database import Tx
from service.workflows import discarding
from service.workflows.context import Context, Today

ENTRY_ERASED = (
    "The hashes of this entry are erased, so that this cannot be undone. Add the content again "
    "to have it looked for."
)


class Withdrawal(NamedTuple):
    """How many entries a request withdrew, and the day on which they are erased.

    The day is that of the first request; None when all is erased already.
    """

    entries: int
    erase_on: date | None


def withdraw_case(context: Context, owner: Owner, now: Today) -> Withdrawal:
    """Withdraw every entry, and the case. Repeating it does not move the day."""
    with context.database.write_changes() as tx:
        case = cases.lock(tx, owner.case_id)
        if case.withdrawn_on:
            return Withdrawal(0, case.erase_on)
        left = [e for e in entries.of_case(tx, case.id) if not _is_withdrawn(e)]
        for entry in left:
            entries.begin_withdrawal(tx, entry, None)
        cases.close(tx, case.id, now, erase_day(now))
        alerts.record(tx, case.id, Cause.WITHDRAWAL)
    context.replica.catch_up()
    return Withdrawal(len(left), erase_day(now))


def withdraw_entry(context: Context, owner: Owner, n: int, now: Today) -> Withdrawal:
    """Withdraw one entry. Repeating it does not move the day. Raises NotFound."""
    with context.database.write_changes() as tx:
        case = cases.lock(tx, owner.case_id)
        entry = _entry(tx, case, n)
        if _is_withdrawn(entry):
            return Withdrawal(0, _day(case, entry))
        entries.begin_withdrawal(tx, entry, erase_day(now))
        alerts.record(tx, case.id, Cause.WITHDRAWAL)
    context.replica.catch_up()
    return Withdrawal(1, erase_day(now))


def erase_case(context: Context, owner: Owner, now: Today) -> Withdrawal:
    """Withdraw a case for good, also one that is withdrawing: nothing can be undone."""
    with context.database.write_changes() as tx:
        case = cases.lock(tx, owner.case_id)
        erased = entries.erase_all(tx, case.id)
        cases.close_for_good(tx, case, now)
    context.replica.catch_up()
    discarding.discard(context)
    return Withdrawal(erased, None)


def erase_entry(context: Context, owner: Owner, n: int) -> Withdrawal:
    """Withdraw one entry for good, also one that is withdrawing. Raises NotFound."""
    with context.database.write_changes() as tx:
        entry = _entry(tx, cases.lock(tx, owner.case_id), n)
        if entry.status is EntryStatus.WITHDRAWN:
            return Withdrawal(0, None)
        entries.erase(tx, entry)
    context.replica.catch_up()
    return Withdrawal(1, None)


def undo_case(context: Context, owner: Owner, now: Today) -> int:
    """Undo the withdrawal of a case and of the entries withdrawn with it; return how many.

    Entries that were withdrawn by themselves before stay so. Repeating it returns 0. Raises
    Withdrawn if the case is erased, or UndoneTooOften.
    """
    with context.database.write_changes() as tx:
        case = cases.lock(tx, owner.case_id)
        if case.withdrawn_on is None:
            return 0
        if case.erase_on is None:
            raise Withdrawn
        withdrawing = [e for e in entries.of_case(tx, case.id) if e.undo_to and not e.erase_on]
        _count_undone(tx, case, len(withdrawing), now)
        cases.reopen(tx, case.id)
        for entry in withdrawing:
            entries.undo_withdrawal(tx, entry)
    _match_again(context)
    return len(withdrawing)


def undo_entry(context: Context, owner: Owner, n: int, now: Today) -> int:
    """Undo the withdrawal of one entry; return 1, or 0 if it is not withdrawn.

    Raises NotFound, UndoneTooOften, and Withdrawn if the entry is erased or its whole case is
    withdrawn.
    """
    with context.database.write_changes() as tx:
        case = cases.lock(tx, owner.case_id)
        entry = _entry(tx, case, n)
        if case.withdrawn_on:
            raise refusal(case.erase_on)
        if entry.status is EntryStatus.WITHDRAWN:
            raise Withdrawn(ENTRY_ERASED)
        if entry.status is not EntryStatus.WITHDRAWING:
            return 0
        _count_undone(tx, case, 1, now)
        entries.undo_withdrawal(tx, entry)
    _match_again(context)
    return 1


def _entry(tx: Tx, case: cases.Case, n: int) -> Entry:
    entry = next((one for one in entries.of_case(tx, case.id) if one.n == n), None)
    if entry is None:
        raise NotFound
    return entry


def _is_withdrawn(entry: Entry) -> bool:
    return entry.status in {EntryStatus.WITHDRAWING, EntryStatus.WITHDRAWN}


def _day(case: cases.Case, entry: Entry) -> date | None:
    if entry.status is EntryStatus.WITHDRAWN:
        return None
    return entry.erase_on or case.erase_on


def _count_undone(tx: Tx, case: cases.Case, number: int, now: Today) -> None:
    if case.undone_today(now) + number > MOST_UNDONE:
        raise UndoneTooOften
    cases.count_undone(tx, case, number, now)


def _match_again(context: Context) -> None:
    """At once in this process. The worker then finds what was observed or excluded meanwhile."""
    context.replica.catch_up()
    context.work_waits.set()
