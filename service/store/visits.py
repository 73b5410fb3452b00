"""Visits of crawlers: leases, what became of them, and what they found for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.watch import (
    LEASE_SECONDS,
    LONGEST_INTERVAL,
    LONGEST_LEASE_SECONDS,
    Clock,
    Look,
    Outcome,
    next_interval,
)
from service.store.database import Tx, batches, upsert
from service.store.schema import Id, cases, entries
from service.store.watch_schema import (
    findings,
    looks,
    visits,
    watch_requests,
    watches,
    withheld_addresses,
)

REMEMBERED_DAYS = 60
"""After which a crawler is not told what it saw, so that it looks at everything again: what it saw
must not expire while it reports that nothing has changed."""


class Lease(NamedTuple):
    """A watch that a crawler takes for a while."""

    watch: str
    lease: str
    address: bytes
    """Sealed, as `memory` is."""
    scope: str
    depth: int
    memory: bytes | None


class Visit(NamedTuple):
    """A visit that a crawler is on, or has reported."""

    id: int
    watch_id: int
    outcome: Outcome | None
    is_latest: bool
    """Whether no visit of the same watch began later."""


def lease(tx: Tx, actor_id: int, limit: int, now: Clock, token: Callable[[], str]) -> list[Lease]:
    """Take watches that are due and that nobody else has, those that wait for longest first.

    For whom a visit counts is decided here, once: for those who are due. So what they read of it
    does not depend on when it is reported, or compared.
    """
    free = watches.c.leased_until.is_(None) | (watches.c.leased_until <= now.second)
    due = sa.exists().where(watch_requests.c.watch_id == watches.c.id, _is_due(now))
    query = (
        sa.select(watches)
        .where(watches.c.due_at <= now.second, free, due, ~_is_withheld())
        .order_by(watches.c.due_at, watches.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_lease(tx, row, actor_id, now, token()) for row in tx.execute(query).all()]


def _lease(tx: Tx, row: sa.Row[tuple[object, ...]], actor_id: int, now: Clock, token: str) -> Lease:
    watch_id = row.id
    until = {
        "leased_until": now.second + LEASE_SECONDS,
        "renewable_until": now.second + LONGEST_LEASE_SECONDS,
    }
    tx.execute(sa.update(watches).where(watches.c.id == watch_id).values(until))
    begun = {"watch_id": watch_id, "actor_id": actor_id, "lease": token, "begun_on": now.day}
    memory = row.memory if _remembers(tx, row, now) else None
    _forget_abandoned(tx, watch_id)
    visit_id = tx.scalars(sa.insert(visits).values(begun).returning(visits.c.id)).one()
    for_whom = sa.select(watch_requests.c.id, sa.literal(visit_id, Id), sa.literal(now.day)).where(
        watch_requests.c.watch_id == watch_id, _is_due(now)
    )
    tx.execute(sa.insert(looks).from_select(["request_id", "visit_id", "looked_on"], for_whom))
    return Lease(row.reference, token, bytes(row.address), row.scope, row.depth, memory)


def _forget_abandoned(tx: Tx, watch_id: int) -> None:
    """Visits that another one follows before they were reported count for nobody."""
    unreported = sa.select(visits.c.id).where(
        visits.c.watch_id == watch_id, visits.c.outcome.is_(None)
    )
    tx.execute(sa.delete(looks).where(looks.c.visit_id.in_(unreported)))


def _remembers(tx: Tx, row: sa.Row[tuple[object, ...]], now: Clock) -> bool:
    """Whether it is enough to hear that nothing has changed, for everybody who is due.

    It is for whoever has read of the visit that saw what is there, or of one that said the same.
    """
    if row.basis_id is None:
        return False
    read = sa.exists().where(
        looks.c.request_id == watch_requests.c.id,
        looks.c.visit_id == visits.c.id,
        visits.c.basis_id == row.basis_id,
        visits.c.outcome.in_((Outcome.SEEN, Outcome.UNCHANGED)),
    )
    new = sa.select(watch_requests.c.id).where(
        watch_requests.c.watch_id == row.id, _is_due(now), ~read
    )
    if tx.execute(new.limit(1)).first():
        return False
    begun = tx.scalar(sa.select(visits.c.begun_on).where(visits.c.id == row.basis_id))
    return begun is not None and begun > now.day - timedelta(days=REMEMBERED_DAYS)


def renew(tx: Tx, visit: Visit, now: Clock) -> int:
    """Return how many seconds more a crawler has for a visit: 0 if it is to look no more.

    It is not if the visit has ended, another one has begun, the longest time is over, or nobody
    wants or may want the address looked at any longer.
    """
    wanted = sa.exists().where(watch_requests.c.watch_id == watches.c.id, _is_live(now.day))
    query = sa.select(watches).where(watches.c.id == visit.watch_id, wanted, ~_is_withheld())
    row = tx.execute(query.with_for_update()).one_or_none()
    # Asked with the row locked: another crawler may have had it just before.
    newest = (
        tx.scalar(sa.select(sa.func.max(visits.c.id)).where(visits.c.watch_id == row.id))
        if row
        else None
    )
    if row is None or row.renewable_until is None or visit.outcome or newest != visit.id:
        return 0
    until = min(now.second + LEASE_SECONDS, row.renewable_until)
    if until <= now.second:
        return 0
    this = watches.c.id == visit.watch_id
    tx.execute(sa.update(watches).where(this).values(leased_until=until))
    return int(until) - now.second


def find(tx: Tx, actor_id: int, watch: str, lease: str) -> Visit | None:
    """Return the visit that a crawler has a lease for, also if the lease has expired."""
    later = visits.alias()
    newer = sa.exists().where(later.c.watch_id == visits.c.watch_id, later.c.id > visits.c.id)
    query = (
        sa.select(visits, newer.label("newer"))
        .join(watches)
        .where(watches.c.reference == watch, visits.c.lease == lease)
        .where(visits.c.actor_id == actor_id)
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    outcome = None if row.outcome is None else Outcome(row.outcome)
    return Visit(row.id, row.watch_id, outcome, not row.newer)


def report(tx: Tx, visit: Visit, outcome: Outcome, memory: bytes | None, now: Clock) -> list[int]:
    """Record how a visit ended, for everybody it was due for; return the ids of their requests."""
    row = tx.execute(
        sa.select(watches).where(watches.c.id == visit.watch_id).with_for_update()
    ).one()
    basis = _basis(visit, outcome, row.basis_id)
    tx.execute(
        sa.update(visits).where(visits.c.id == visit.id).values(outcome=outcome, basis_id=basis)
    )
    counted = _look(tx, visit, outcome, now)
    soonest = sa.select(sa.func.min(watch_requests.c.due_at)).where(
        watch_requests.c.watch_id == visit.watch_id
    )
    due_at = tx.scalar(soonest)
    values = {
        "basis_id": basis,
        "leased_until": None,
        "due_at": now.second + LONGEST_INTERVAL if due_at is None else due_at,
    }
    if memory is not None or outcome is Outcome.GONE:
        values["memory"] = memory
    tx.execute(sa.update(watches).where(watches.c.id == visit.watch_id).values(values))
    return counted


def _basis(visit: Visit, outcome: Outcome, before: int | None) -> int | None:
    """The visit whose findings say what is there now."""
    if outcome is Outcome.SEEN:
        return visit.id
    return None if outcome in {Outcome.GONE, Outcome.MOVED} else before


def _look(tx: Tx, visit: Visit, outcome: Outcome, now: Clock) -> list[int]:
    """Count a visit for whom it was due when it began, and who still wants to read of it."""
    due = (
        sa.select(watch_requests)
        .join(looks, looks.c.request_id == watch_requests.c.id)
        .where(looks.c.visit_id == visit.id, _is_live(now.day))
    )
    rows = tx.execute(due.order_by(watch_requests.c.id)).all()
    of_visit = looks.c.visit_id == visit.id
    tx.execute(sa.update(looks).where(of_visit).values(looked_on=now.day))
    for row in rows:
        interval = next_interval(row.interval_s, outcome)
        scheduled = {"interval_s": interval, "due_at": now.second + interval}
        this = watch_requests.c.id == row.id
        tx.execute(sa.update(watch_requests).where(this).values(scheduled))
    return [row.id for row in rows]


def _is_due(now: Clock) -> sa.ColumnElement[bool]:
    return (watch_requests.c.due_at <= now.second) & _is_live(now.day)


def _is_live(today: date) -> sa.ColumnElement[bool]:
    """Whether a request still stands: of an open case, or of no case."""
    closed = sa.exists().where(
        cases.c.id == watch_requests.c.case_id, cases.c.withdrawn_on.is_not(None)
    )
    return (watch_requests.c.until_on > today) & ~closed


def _is_withheld() -> sa.ColumnElement[bool]:
    """Whether somebody says that a watch shows a person under 18."""
    return sa.exists().where(withheld_addresses.c.address_hash == watches.c.address_hash)


def audience(tx: Tx, visit_ids: Iterable[int]) -> dict[int, set[int] | None]:
    """Return which cases may read of what was seen on each visit; None means all of them.

    Those for whom it was due. Whoever asks for the address later, or was not due, must not learn
    from a visit that somebody else asked.
    """
    heard: defaultdict[int, set[int] | None] = defaultdict(set)
    for batch in batches(visit_ids):
        query = (
            sa.select(looks.c.visit_id, watch_requests.c.case_id)
            .join(watch_requests, watch_requests.c.id == looks.c.request_id)
            .where(looks.c.visit_id.in_(batch))
        )
        for visit_id, case_id in tx.execute(query):
            cases_of_visit = heard[visit_id]
            if case_id is None:
                heard[visit_id] = None
            elif cases_of_visit is not None:
                cases_of_visit.add(case_id)
    return heard


def record_findings(tx: Tx, found: Iterable[tuple[int, int]]) -> None:
    """Record which entries were found on which visits: pairs of visit and entry."""
    rows = [{"visit_id": visit, "entry_id": entry} for visit, entry in sorted(set(found))]
    for batch in batches(rows, 400):
        tx.execute(upsert(tx, findings).values(batch).on_conflict_do_nothing())


def looks_until(tx: Tx, request_id: int, visit_id: int) -> list[Look]:
    """Return the looks of one watch request, oldest first, up to that of a visit."""
    found = sa.exists().where(
        findings.c.visit_id == visits.c.basis_id,
        findings.c.entry_id == entries.c.id,
        entries.c.case_id == watch_requests.c.case_id,
    )
    query = (
        sa.select(looks.c.looked_on, visits.c.outcome, found)
        .join(visits, visits.c.id == looks.c.visit_id)
        .join(watch_requests, watch_requests.c.id == looks.c.request_id)
        .where(looks.c.request_id == request_id, looks.c.visit_id <= visit_id)
        .where(visits.c.outcome.is_not(None))
        .order_by(visits.c.id)
    )
    return [Look(day, Outcome(outcome), bool(one)) for day, outcome, one in tx.execute(query)]


def erase_findings(tx: Tx, entry_id: int) -> None:
    """Erase where an entry was found."""
    tx.execute(sa.delete(findings).where(findings.c.entry_id == entry_id))


def looks_of(tx: Tx, case_id: int) -> dict[int, list[Look]]:
    """Return the looks of each watch request of a case, oldest first, by the request's id."""
    found = sa.exists().where(
        findings.c.visit_id == visits.c.basis_id,
        findings.c.entry_id == entries.c.id,
        entries.c.case_id == case_id,
    )
    query = (
        sa.select(looks.c.request_id, looks.c.looked_on, visits.c.outcome, found)
        .join(visits, visits.c.id == looks.c.visit_id)
        .join(watch_requests, watch_requests.c.id == looks.c.request_id)
        .where(watch_requests.c.case_id == case_id, visits.c.outcome.is_not(None))
        .order_by(visits.c.id)
    )
    of_request: defaultdict[int, list[Look]] = defaultdict(list)
    for request_id, day, outcome, is_found in tx.execute(query):
        of_request[request_id].append(Look(day, Outcome(outcome), bool(is_found)))
    return of_request
