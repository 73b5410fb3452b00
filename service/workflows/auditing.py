"""Reading the audit: the operator all of it, an owner what was done with the case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from service.domain.actor import Owner
from service.domain.audit import Audited, Check, Fault, Head, Kind, Row
from service.store import audit_log, memberships
from service.workflows.store_context import StoreContext, Today

OWNERS_READ = 500
"""Acts that an owner reads, the newest."""
PRUNED_AT_ONCE = 5_000
"""Rows deleted in one transaction."""


class Verified(NamedTuple):
    """What became of a check."""

    fault: Fault | None
    rows: int
    head: Head


class Done(NamedTuple):
    """An act as an owner reads it."""

    day: str
    by: str
    """The kind of whoever did it."""
    organisation: str | None
    """Of the member who did it."""
    act: str
    entry: int | None

    @property
    def on(self) -> date:
        """The day as a date."""
        return date.fromisoformat(self.day)


def head(context: StoreContext) -> Head:
    """Return the last row's number and digest, to be kept elsewhere."""
    with context.database.read() as tx:
        return audit_log.head(tx)


def verify(context: StoreContext, kept: Head | None = None) -> Verified:
    """Check every row; `kept` is a head that was kept elsewhere."""
    with context.database.read() as tx:
        last, pruned = audit_log.head(tx), audit_log.pruned(tx)
        fault = Check(pruned, kept).first_fault(audit_log.rows(tx), last)
    return Verified(fault, last.n - pruned.n, last)


def listed(context: StoreContext, most: int) -> list[Row]:
    """Return the newest acts, the newest first."""
    with context.database.read() as tx:
        return audit_log.last(tx, most)


def of_case(context: StoreContext, owner: Owner) -> list[Done]:
    """Return what others did with a case, the newest first."""
    with context.database.read() as tx:
        found = audit_log.existing_case_key(tx, owner.case_id)
        if found is None:
            return []
        rows = audit_log.of_case(tx, context.seals.case_tag(*found), OWNERS_READ)
        acting = {row.actor_id for row in rows if row.actor_kind == "member" and row.actor_id}
        organisations = memberships.organisations_of(tx, acting)
    return [_done(row, organisations) for row in rows]


def _done(row: Row, organisations: Mapping[int, str]) -> Done:
    entry = int(row.object_id) if row.object_kind == "entry" else None
    if row.act == Audited.ENTRY_REVIEWED:
        return Done(row.day, Kind.REVIEWER, None, row.act, entry)
    of_member = row.actor_kind == "member"
    organisation = organisations.get(row.actor_id or 0) if of_member else None
    return Done(row.day, row.actor_kind, organisation, row.act, entry)


def prune(context: StoreContext, now: Today) -> int:
    """Delete some rows that are older than is kept; return how many. 0 means that none is left."""
    before = now - timedelta(days=context.settings.audit_days)
    with context.database.write() as tx:
        return audit_log.prune(tx, before, now, PRUNED_AT_ONCE)
