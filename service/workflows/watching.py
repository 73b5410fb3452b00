"""Somebody asks that an address be looked at, reads what happened there, or asks no more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NoReturn

from service.domain.actor import Actor, Owner
from service.domain.audit import OPERATOR, Audited, By
from service.domain.case import refusal
from service.domain.errors import NotEligible, NotFound, WatchesFull
from service.domain.watch import (
    KEPT_DAYS,
    MAX_OF_ACTOR,
    MAX_OF_CASE,
    AskedBy,
    History,
    Scope,
    Target,
    history,
)
from service.store import cases, visits, watches
from service.store.database import Tx, batches
from service.store.watches import Asker
from service.workflows.recording import record
from service.workflows.store_context import StoreContext, Today
from service.workflows.targets import new_token, sealed

log = logging.getLogger(__name__)

IMPORTED_AT_ONCE = 200
"""Addresses of the operator in one transaction, for which others wait."""
_FOR_MINORS = (
    "Nobody will look at this address. For pictures of anyone under 18, NCMEC Take It Down, the "
    "Internet Watch Foundation or, in the UK, Report Remove can have them taken down."
)


@dataclass(frozen=True, slots=True)
class OwnerWatch:
    """An address of a case, as its owner reads it. The address is hidden from `repr`."""

    n: int
    address: str
    scope: Scope
    depth: int
    asked_on: date
    until_on: date
    withheld: bool
    """Whether nobody looks there, because it may show a person under 18."""
    history: History

    def __repr__(self) -> str:
        return f"OwnerWatch({self.n})"


def add(
    context: StoreContext,
    owner: Owner,
    target: Target,
    now: Today,
    *,
    also: Callable[[Tx], None] | None = None,
) -> OwnerWatch:
    """Have an address looked at for a case, or go on with it. Raises Withdrawn or WatchesFull.

    `also` is done last in the same transaction, and may raise to undo all of it.
    """
    with context.database.write() as tx:
        case = cases.lock(tx, owner.case_id)
        if case.withdrawn_on:
            raise refusal(case.erase_on)
        request_id = _ask(context, tx, Asker(AskedBy.OWNER, case_id=case.id), target, now)
        if watches.count_of_case(tx, case.id) > MAX_OF_CASE:
            raise WatchesFull
        (added,) = (one for one in _of_case(context, tx, case.id) if one[0] == request_id)
        if also:
            also(tx)
    return added[1]


def add_for_actor(context: StoreContext, actor: Actor, target: Target, now: Today) -> None:
    """Have an address looked at that a platform reports. Raises WatchesFull."""
    with context.database.write() as tx:
        _ask(context, tx, Asker(AskedBy.PLATFORM, actor_id=actor.id), target, now)
        if watches.count_of_actor(tx, actor.id) > MAX_OF_ACTOR:
            raise WatchesFull


def add_for_operator(
    context: StoreContext, targets: Iterable[Target], now: Today, *, by: By = OPERATOR
) -> None:
    """Have addresses looked at that the operator names, some in each transaction."""
    for some in batches(targets, IMPORTED_AT_ONCE):
        with context.database.write() as tx:
            for target in some:
                _ask(context, tx, Asker(AskedBy.OPERATOR), target, now)
            record(context, tx, by, now, Audited.ADDRESSES_IMPORTED, addresses=len(some))


def withhold(context: StoreContext, target: Target, now: Today) -> NoReturn:
    """Never look at an address that shows a person under 18. Always raises NotEligible."""
    with context.database.write() as tx:
        watches.withhold(tx, context.seals.address_hash(target.address), now)
    log.warning("an address was withheld: see `python -m service watches status`")
    raise NotEligible(_FOR_MINORS)


def release(context: StoreContext, target: Target, now: Today, *, by: By = OPERATOR) -> None:
    """Look at an address again that was withheld. Raises NotFound."""
    with context.database.write() as tx:
        if not watches.release(tx, context.seals.address_hash(target.address)):
            raise NotFound("This address is not withheld.")
        record(context, tx, by, now, Audited.ADDRESS_RELEASED)


def counts(context: StoreContext) -> watches.Counts:
    """Return how many addresses are looked at, and for whom."""
    with context.database.read() as tx:
        return watches.count(tx)


def of_case(context: StoreContext, owner: Owner) -> list[OwnerWatch]:
    """Return the addresses of a case, and what happened there."""
    with context.database.read() as tx:
        return [one for _, one in _of_case(context, tx, owner.case_id)]


def remove(context: StoreContext, owner: Owner, n: int) -> None:
    """Look at an address no more for a case, and forget what happened there. Raises NotFound."""
    with context.database.write() as tx:
        cases.lock(tx, owner.case_id)
        if not watches.remove(tx, owner.case_id, n):
            raise NotFound


def remove_for_actor(context: StoreContext, actor: Actor, target: Target) -> None:
    """Look at an address no more that a platform reported, if it has."""
    with context.database.write() as tx:
        watches.remove_of_actor(tx, actor.id, sealed(context, target))


def _ask(context: StoreContext, tx: Tx, asker: Asker, target: Target, now: Today) -> int:
    watch_id = watches.ensure(tx, sealed(context, target), new_token())
    return watches.ask(tx, watch_id, asker, now, now + timedelta(days=KEPT_DAYS))


def _of_case(context: StoreContext, tx: Tx, case_id: int) -> list[tuple[int, OwnerWatch]]:
    looks = visits.looks_of(tx, case_id)
    return [
        (
            one.id,
            OwnerWatch(
                one.n,
                context.seals.unseal(one.target.address),
                one.target.scope,
                one.target.depth,
                one.asked_on,
                one.until_on,
                one.withheld,
                history(looks.get(one.id, ())),
            ),
        )
        for one in watches.of_case(tx, case_id)
    ]
