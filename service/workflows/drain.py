"""What lookups left in the journals of this machine is copied into the store, each file once."""

from __future__ import annotations

from datetime import timedelta

from service.domain import admission
from service.domain.case import EntryStatus, HoldReason
from service.domain.sighting import Verdict
from service.journal import Pending
from service.store import entries, feedback, sightings
from service.store.database import Tx
from service.workflows.context import Context, Today

REMEMBERED_DAYS = 7
"""For which the store knows the name of a journal that it has: until it is surely deleted."""


def drain(context: Context, now: Today) -> int:
    """Copy every journal that nobody writes to; return how many.

    A file is deleted after its sightings are committed. If a process is killed between the two,
    the next one finds by its name that it is in the store already. Raises NotReady.
    """
    number = 0
    for pending in context.journal.take():
        _copy(context, pending, now)
        context.journal.discard(pending)
        number += 1
    return number


def _copy(context: Context, pending: Pending, now: Today) -> None:
    with context.database.write() as tx:
        if not sightings.begin_journal(tx, pending.name, now):
            return
        sightings.forget_journals(tx, now - timedelta(days=REMEMBERED_DAYS))
        sightings.record(tx, pending.sightings)
        suspicious = _too_often(context, tx, pending, now)
    if suspicious:
        with context.database.write_changes() as tx:
            for entry in entries.by_id(tx, suspicious).values():
                if admission.may_hold(entry):
                    entries.set_status(
                        tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.MANY_MATCHES
                    )
        context.replica.catch_up()


def _too_often(context: Context, tx: Tx, pending: Pending, now: Today) -> list[int]:
    """The entries that match more often on this day than is plausible."""
    matched = {one.entry_id for one in pending.sightings if one.verdict is Verdict.MATCH}
    numbers = sightings.matches_on(tx, matched, now)
    most = context.settings.matches_per_day
    often = [entry_id for entry_id, number in numbers.items() if number > most]
    replies = feedback.on_entries(tx, often)
    return [
        one
        for one in often
        if admission.too_many_matches(numbers[one], replies.get(one, ()), most=most)
    ]
