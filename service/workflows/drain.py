"""What lookups left in the journals of this machine is copied into the store, each file once."""

from __future__ import annotations

import logging
from datetime import timedelta

from service.journal import Pending
from service.store import alerts, concerns, sightings
from service.workflows.context import Context, Today

log = logging.getLogger(__name__)

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
        seen = sightings.recordable(tx, pending.sightings)
        alerts.record_new(tx, seen)
        sightings.record(tx, seen)
        most = context.settings.matches_per_day
        many = concerns.record_many_matches(tx, seen, now, most=most)
    if len(seen) < len(pending.sightings):
        log.warning("a journal names entries that this store has not: was a backup restored?")
    if many:
        log.warning(concerns.MANY_MATCHES)
