"""A crawler takes watches, and reports how its visits ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.actor import Actor
from service.domain.errors import InvalidRequest
from service.domain.watch import CHANGING, Clock, Outcome, Scope, Target, target
from service.store import alerts, visits, watches
from service.store.database import Tx
from service.store.visits import Visit
from service.workflows.context import Context
from service.workflows.targets import new_token, sealed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeasedWatch:
    """A watch that a crawler has for a while: nothing about who asked for it."""

    watch: str
    lease: str
    target: Target
    memory: str | None
    """What the crawler had us keep at its last visit."""


@dataclass(frozen=True, slots=True)
class VisitReport:
    """How a visit ended."""

    watch: str
    lease: str
    outcome: Outcome
    memory: str | None = None
    """What to give to whoever visits next; None leaves it as it is."""
    moved_to: str | None = None
    """The new address, if the outcome is that it has moved."""

    def __repr__(self) -> str:
        return f"VisitReport({self.outcome})"


def lease(context: Context, actor: Actor, limit: int, now: Clock) -> list[LeasedWatch]:
    """Let a crawler have watches that are due, at most `limit` of them."""
    unseal = context.seals.unseal
    with context.database.write() as tx:
        leased = visits.lease(tx, actor.id, limit, now, new_token)
    return [
        LeasedWatch(
            one.watch,
            one.lease,
            Target(unseal(one.address), Scope(one.scope), one.depth),
            None if one.memory is None else unseal(one.memory),
        )
        for one in leased
    ]


def renew(
    context: Context, actor: Actor, leases: Sequence[tuple[str, str]], now: Clock
) -> list[int]:
    """Give a crawler more time for visits, by watch and lease; return the seconds for each.

    0 if it is to look no more: the lease is not its own, or has ended, or nobody wants it now.
    """
    with context.database.write() as tx:
        found = [visits.find(tx, actor.id, watch, lease) for watch, lease in leases]
        return [0 if visit is None else visits.renew(tx, visit, now) for visit in found]


def report(
    context: Context, actor: Actor, reports: Sequence[VisitReport], now: Clock
) -> list[bool]:
    """Record how visits ended; return for each whether it counts.

    It does not if its lease is not this actor's, or if another visit of the watch has begun since.
    Reporting a visit again changes nothing, and counts.
    """
    with context.database.write() as tx:
        return [_report(context, tx, actor, one, now) for one in reports]


def _report(context: Context, tx: Tx, actor: Actor, one: VisitReport, now: Clock) -> bool:
    visit = visits.find(tx, actor.id, one.watch, one.lease)
    if visit is None:
        return False
    if visit.outcome is not None:
        return True
    if not visit.is_latest:
        return False
    memory = None if one.memory is None else context.seals.seal(one.memory)
    counted = visits.report(tx, visit, one.outcome, memory, now)
    if one.outcome in CHANGING:
        alerts.record_looks(tx, counted, visit.id)
    if one.outcome is Outcome.MOVED and one.moved_to:
        _follow(context, tx, visit, counted, one.moved_to)
    return True


def _follow(
    context: Context, tx: Tx, visit: Visit, request_ids: Sequence[int], untrusted: str
) -> None:
    """Look at the address that content has moved to, for whoever asked for the old one."""
    scope, depth, followed = watches.extent(tx, visit.watch_id, request_ids)
    try:
        moved_to = target(untrusted, scope, depth, loopback=context.settings.watch_loopback)
    except InvalidRequest:
        log.warning("a site moved content to what is no public address")
        return
    if followed:
        watch_id = watches.ensure(tx, sealed(context, moved_to), new_token())
        watches.follow(tx, followed, watch_id)
