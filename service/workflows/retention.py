"""Forgetting: observations that have expired, and what was withdrawn and can be undone no more."""

from __future__ import annotations

import time
from datetime import timedelta

from service.domain import notice, veil
from service.store import (
    cases,
    changes,
    channels,
    deliveries,
    entries,
    notices,
    observations,
    sessions,
    veils,
    watches,
)
from service.workflows.context import Context, Today

PURGED_AT_ONCE = 500
"""Observations erased in one transaction."""
ERASED_AT_ONCE = 20
"""Entries erased in one transaction, or one case, which may have 50. Each may have 1,200 frames."""

CHANGES_AT_ONCE = 10_000
"""Changes deleted in one transaction."""
VEILS_AT_ONCE = 5_000
"""Veils deleted in one transaction."""
WATCHES_AT_ONCE = 500
"""Requests, watches and visits erased in one transaction, of each."""
ALERTS_AT_ONCE = 500
"""Messages and channels deleted in one transaction, of each."""
NOTICES_AT_ONCE = 500
"""Notices erased in one transaction, and as many texts."""
SESSIONS_AT_ONCE = 1_000
"""Sessions deleted in one transaction."""
SILENT_DAYS = 2
"""Whole days after which a process that has reported nothing counts as ended."""


def purge_observations(context: Context, now: Today) -> int:
    """Erase some observations that have expired; return how many. 0 means that none is left."""
    with context.database.write_changes() as tx:
        return observations.purge(tx, now, PURGED_AT_ONCE)


def erase_withdrawn(context: Context, now: Today) -> int:
    """Erase some of what was withdrawn and can be undone no more.

    Returns how many entries; 0 means that none is left. A case is erased whole, or not yet.
    """
    with context.database.write_changes() as tx:
        case = cases.due(tx, now)
        if case:
            erased = entries.erase_all(tx, case.id)
            cases.close_for_good(tx, case, now)
            return erased or 1
        alone = entries.due(tx, now, ERASED_AT_ONCE)
        for entry in alone:
            entries.erase(tx, entry)
    return len(alone)


def prune_changes(context: Context, now: Today) -> int:
    """Delete some changes that every follower has passed; return how many. 0: none is left.

    A process that was not heard of for days keeps nothing: should it come back, it begins anew.
    """
    with context.database.write() as tx:
        changes.forget_followers(tx, now - timedelta(days=SILENT_DAYS))
        return changes.prune(tx, CHANGES_AT_ONCE)


def prune_veils(context: Context, now: Today) -> int:
    """Delete some veils that have not changed for very long; return how many. 0: none is left."""
    with context.database.write() as tx:
        return veils.prune(tx, now - timedelta(days=veil.KEPT_DAYS), VEILS_AT_ONCE)


def purge_watches(context: Context, now: Today) -> int:
    """Erase some watches that nobody asks for any more, and visits that nobody reads of."""
    visits_before = now - timedelta(days=context.settings.observation_days)
    with context.database.write() as tx:
        return watches.purge(tx, now, visits_before, WATCHES_AT_ONCE)


def purge_alerts(context: Context, now: Today) -> int:
    """Delete some messages that were sent or given up long ago, and channels never confirmed."""
    with context.database.write() as tx:
        purged = deliveries.purge(tx, now, ALERTS_AT_ONCE)
        return purged + channels.purge(tx, now, ALERTS_AT_ONCE)


def purge_notices(context: Context, now: Today) -> int:
    """Erase some notices, and texts, that nothing has happened to for long; return how many."""
    drafts, texts, all_of_it = (
        now - timedelta(days=days)
        for days in (notice.DRAFT_DAYS, notice.TEXT_DAYS, notice.KEPT_DAYS)
    )
    with context.database.write() as tx:
        limit = NOTICES_AT_ONCE
        return notices.purge(tx, drafts=drafts, texts=texts, all_of_it=all_of_it, limit=limit)


def purge_sessions(context: Context, _now: Today) -> int:
    """Delete some sessions of members that are over; return how many. 0 means that none is left."""
    idle = context.settings.session_idle_minutes * 60
    with context.database.write() as tx:
        return sessions.purge(tx, int(time.time()), idle, SESSIONS_AT_ONCE)


def overwrite_erased(context: Context) -> None:
    """Leave no trace of what was erased in SQLite's log."""
    context.database.overwrite()
