"""Routes about addresses that crawlers look at: for owners, platforms, and crawlers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from service.api import watch_wire as wire
from service.domain import errors
from service.domain.actor import Actor, Owner
from service.domain.watch import LEASE_SECONDS, Outcome
from service.edge import credentials
from service.edge.budgets import CurrentBudgets
from service.edge.dependencies import CurrentClock, CurrentContext, Today
from service.edge.document import StrictRoute
from service.edge.problems import responses
from service.workflows import crawl, watching
from service.workflows.crawl import LeasedWatch, VisitReport
from service.workflows.watching import OwnerWatch

router = APIRouter(prefix="/v1", route_class=StrictRoute)

ThisOwner = Annotated[Owner, Depends(credentials.owner)]
WatchNumber = Annotated[int, Path(ge=1, le=100_000)]
Watcher = Annotated[Actor, Depends(credentials.may_watch)]
Crawler = Annotated[Actor, Depends(credentials.may_crawl)]
_keyed = responses(errors.Unauthenticated, errors.Forbidden)


@router.post(
    "/case/watches",
    tags=["owner"],
    responses=responses(
        errors.Unauthenticated, errors.Withdrawn, errors.WatchesFull, errors.NotEligible
    ),
)
def add_watch(
    body: wire.WatchIn,
    owner: ThisOwner,
    context: CurrentContext,
    today: Today,
    budgets: CurrentBudgets,
) -> wire.WatchOut:
    """Have an address looked at, or go on looking. The first visit follows within hours."""
    target = body.value(loopback=context.settings.watch_loopback)
    budgets.charge_watch(owner.case_id)
    if body.shows_minor:
        watching.withhold(context, target, today)
    return _watch(watching.add(context, owner, target, today))


@router.get("/case/watches", tags=["owner"], responses=responses(errors.Unauthenticated))
def read_watches(owner: ThisOwner, context: CurrentContext) -> wire.WatchesOut:
    """Tell what happened at the addresses of a case."""
    return wire.WatchesOut(watches=[_watch(one) for one in watching.of_case(context, owner)])


@router.delete(
    "/case/watches/{n}",
    tags=["owner"],
    responses=responses(errors.Unauthenticated, errors.NotFound),
)
def remove_watch(n: WatchNumber, owner: ThisOwner, context: CurrentContext) -> wire.NothingOut:
    """Look at an address no more, and forget what happened there."""
    watching.remove(context, owner, n)
    return wire.NothingOut()


@router.post(
    "/watches",
    tags=["platform"],
    responses=responses(
        errors.Unauthenticated, errors.Forbidden, errors.WatchesFull, errors.NotEligible
    ),
)
def report_address(
    body: wire.WatchIn,
    actor: Watcher,
    context: CurrentContext,
    budgets: CurrentBudgets,
    today: Today,
) -> wire.NothingOut:
    """Report an address that shows such content. What is seen there, every owner may read of."""
    target = body.value(loopback=context.settings.watch_loopback)
    budgets.charge_report(actor.id)
    if body.shows_minor:
        watching.withhold(context, target, today)
    watching.add_for_actor(context, actor, target, today)
    return wire.NothingOut()


@router.post(
    "/watches/remove",
    tags=["platform"],
    responses=_keyed,
)
def remove_address(body: wire.TargetIn, actor: Watcher, context: CurrentContext) -> wire.NothingOut:
    """Take the report of an address back, if there is one."""
    watching.remove_for_actor(context, actor, body.value(loopback=context.settings.watch_loopback))
    return wire.NothingOut()


@router.post("/watches/lease", tags=["crawler"], responses=_keyed)
def lease_watches(
    body: wire.LeaseIn, actor: Crawler, context: CurrentContext, now: CurrentClock
) -> wire.LeasesOut:
    """Take watches that are due. Report on each within `lease_seconds`, or another one may."""
    leased = crawl.lease(context, actor, body.limit, now)
    return wire.LeasesOut(watches=[_leased(one) for one in leased])


@router.post("/watches/renew", tags=["crawler"], responses=_keyed)
def renew_leases(
    body: wire.RenewIn, actor: Crawler, context: CurrentContext, now: CurrentClock
) -> wire.RenewalsOut:
    """Have more time for visits that go on, up to 75 minutes for each in all."""
    leases = [(one.watch, one.lease) for one in body.leases]
    seconds = crawl.renew(context, actor, leases, now)
    return wire.RenewalsOut(
        leases=[
            wire.RenewedOut(watch=one.watch, lease_seconds=each)
            for one, each in zip(body.leases, seconds, strict=True)
        ]
    )


@router.post("/watches/visits", tags=["crawler"], responses=_keyed)
def report_visits(
    body: wire.VisitsIn, actor: Crawler, context: CurrentContext, now: CurrentClock
) -> wire.VisitsOut:
    """Report how visits ended, after handing in what was seen. Repeating it changes nothing."""
    reports = [_report(one) for one in body.visits]
    counts = crawl.report(context, actor, reports, now)
    return wire.VisitsOut(
        visits=[
            wire.VisitOut(watch=one.watch, counts=each)
            for one, each in zip(reports, counts, strict=True)
        ]
    )


def _watch(one: OwnerWatch) -> wire.WatchOut:
    past = one.history
    return wire.WatchOut(
        n=one.n,
        address=one.address,
        scope=one.scope,
        depth=one.depth,
        asked_on=one.asked_on,
        until_on=one.until_on,
        withheld=one.withheld,
        presence=past.presence,
        changes=[wire.ChangeOut(day=each.day, presence=each.presence) for each in past.changes],
        looked_on=past.looked_on,
        trouble=past.trouble,
    )


def _leased(one: LeasedWatch) -> wire.LeasedOut:
    return wire.LeasedOut(
        watch=one.watch,
        lease=one.lease,
        lease_seconds=LEASE_SECONDS,
        address=one.target.address,
        scope=one.target.scope,
        depth=one.target.depth,
        memory=one.memory,
    )


def _report(visit: wire.VisitIn) -> VisitReport:
    return VisitReport(
        visit.watch, visit.lease, Outcome(visit.outcome), visit.memory, visit.moved_to
    )
