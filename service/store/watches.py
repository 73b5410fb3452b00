"""Watches: which addresses are looked at, and who asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.watch import MAX_HOPS, AskedBy, Scope
from service.store.database import Tx, upsert
from service.store.schema import cases
from service.store.watch_schema import (
    looks,
    visits,
    watch_requests,
    watches,
    withheld_addresses,
)


class SealedTarget(NamedTuple):
    """What is looked at, as it is stored."""

    address: bytes
    """Sealed."""
    address_hash: bytes
    """Keyed, to recognise the same address: 32 bytes."""
    scope: Scope
    depth: int


class Asker(NamedTuple):
    """Who asks for a watch. Of what an actor or operator asks for, every case may read."""

    source: AskedBy
    case_id: int | None = None
    actor_id: int | None = None


class WatchRequest(NamedTuple):
    """A watch of a case."""

    id: int
    n: int
    target: SealedTarget
    asked_on: date
    until_on: date
    withheld: bool
    """Whether nobody looks, because somebody says that it shows a person under 18."""


class Counts(NamedTuple):
    """How much is looked at."""

    watches: int
    unvisited: int
    """Watches at which nobody has looked since they were last asked for."""
    requests: dict[AskedBy, int]
    withheld: int


def ensure(tx: Tx, target: SealedTarget, reference: str) -> int:
    """Return the id of the watch of a target; make it, due at once, if there is none."""
    same = _is_of(target)
    row = {**target._asdict(), "reference": reference, "due_at": 0}
    new = upsert(tx, watches).values(row).on_conflict_do_nothing()
    made = tx.scalars(new.returning(watches.c.id)).one_or_none()
    return int(tx.scalars(sa.select(watches.c.id).where(same)).one() if made is None else made)


def ask(tx: Tx, watch_id: int, asker: Asker, now: date, until_on: date) -> int:
    """Record that somebody asks for a watch, or does so again; return the request's id.

    It is due at once. The visits before do not count for it, so that nobody learns of them.
    """
    again = {"until_on": until_on, "due_at": 0}
    known = tx.scalars(sa.select(watch_requests.c.id).where(_is_by(watch_id, asker))).first()
    if known is not None:
        tx.execute(sa.update(watch_requests).where(watch_requests.c.id == known).values(again))
    else:
        row = {
            "watch_id": watch_id,
            **asker._asdict(),
            "n": None if asker.case_id is None else _next_n(tx, asker.case_id),
            "asked_on": now,
            "interval_s": 0,
            "hops": 0,
            **again,
        }
        new = sa.insert(watch_requests).values(row).returning(watch_requests.c.id)
        known = tx.scalars(new).one()
    tx.execute(sa.update(watches).where(watches.c.id == watch_id).values(due_at=0))
    return int(known)


def count_of_case(tx: Tx, case_id: int) -> int:
    """Return how many watches a case has."""
    of_case = sa.select(sa.func.count()).where(watch_requests.c.case_id == case_id)
    return tx.scalar(of_case) or 0


def count_of_actor(tx: Tx, actor_id: int) -> int:
    """Return how many watches an actor has asked for."""
    of_actor = sa.select(sa.func.count()).where(watch_requests.c.actor_id == actor_id)
    return tx.scalar(of_actor) or 0


def of_case(tx: Tx, case_id: int) -> list[WatchRequest]:
    """Return the watches of a case, in its order."""
    withheld = withheld_addresses.c.address_hash
    joined = watch_requests.join(watches).outerjoin(
        withheld_addresses, withheld == watches.c.address_hash
    )
    query = (
        sa.select(watch_requests, watches, withheld.is_not(None).label("withheld"))
        .select_from(joined)
        .where(watch_requests.c.case_id == case_id)
        .order_by(watch_requests.c.n)
    )
    return [
        WatchRequest(
            row.id,
            row.n,
            SealedTarget(bytes(row.address), bytes(row.address_hash), Scope(row.scope), row.depth),
            row.asked_on,
            row.until_on,
            bool(row.withheld),
        )
        for row in tx.execute(query)
    ]


def remove(tx: Tx, case_id: int, n: int) -> bool:
    """Remove a watch of a case with all that it has read of; return whether there was one."""
    this = (watch_requests.c.case_id == case_id) & (watch_requests.c.n == n)
    return _remove(tx, this) > 0


def remove_all(tx: Tx, case_id: int) -> None:
    """Remove the watches of a case."""
    _remove(tx, watch_requests.c.case_id == case_id)


def remove_of_actor(tx: Tx, actor_id: int, target: SealedTarget) -> None:
    """Remove a watch that an actor asked for."""
    same = sa.select(watches.c.id).where(_is_of(target))
    _remove(tx, (watch_requests.c.actor_id == actor_id) & watch_requests.c.watch_id.in_(same))


def extent(tx: Tx, watch_id: int, request_ids: Iterable[int]) -> tuple[Scope, int, list[int]]:
    """Return scope and depth of a watch, and which of its requests may still be followed."""
    row = tx.execute(sa.select(watches).where(watches.c.id == watch_id)).one()
    this = watch_requests.c.id.in_(list(request_ids)) & (watch_requests.c.hops < MAX_HOPS)
    return Scope(row.scope), row.depth, list(tx.scalars(sa.select(watch_requests.c.id).where(this)))


def follow(tx: Tx, request_ids: Iterable[int], watch_id: int) -> None:
    """Let some requests go on at another address, which content has moved to."""
    for one in request_ids:
        row = tx.execute(sa.select(watch_requests).where(watch_requests.c.id == one)).one()
        asker = Asker(AskedBy(row.source), row.case_id, row.actor_id)
        if tx.scalars(sa.select(watch_requests.c.id).where(_is_by(watch_id, asker))).first():
            continue  # whoever asked looks there already
        values = {
            "watch_id": watch_id,
            "hops": row.hops + 1,
            "due_at": 0,
            "interval_s": 0,
        }
        tx.execute(sa.update(watch_requests).where(watch_requests.c.id == one).values(values))
    tx.execute(sa.update(watches).where(watches.c.id == watch_id).values(due_at=0))


def withhold(tx: Tx, address_hash: bytes, now: date) -> None:
    """Never look at an address, whoever asks."""
    row = {"address_hash": address_hash, "marked_on": now}
    tx.execute(upsert(tx, withheld_addresses).values(row).on_conflict_do_nothing())


def release(tx: Tx, address_hash: bytes) -> bool:
    """Look at an address again, as an operator has decided; return whether it was withheld."""
    this = withheld_addresses.c.address_hash == address_hash
    return bool(tx.execute(sa.delete(withheld_addresses).where(this)).rowcount)


def count(tx: Tx) -> Counts:
    """Return how many watches there are, for whom, and how many addresses are withheld."""
    by_source = sa.select(watch_requests.c.source, sa.func.count()).group_by(
        watch_requests.c.source
    )
    number = sa.select(sa.func.count())
    unseen = number.select_from(watches).where(watches.c.due_at == 0)
    return Counts(
        tx.scalar(number.select_from(watches)) or 0,
        tx.scalar(unseen) or 0,
        {AskedBy(source): int(requests) for source, requests in tx.execute(by_source)},
        tx.scalar(number.select_from(withheld_addresses)) or 0,
    )


def purge(tx: Tx, now: date, visits_before: date, limit: int) -> int:
    """Erase some of what nobody reads any more; return how much. 0 means that nothing is left."""
    over = sa.select(watch_requests.c.id).where(watch_requests.c.until_on <= now).limit(limit)
    number = _remove(tx, watch_requests.c.id.in_(tx.scalars(over).all()))
    asked = sa.exists().where(watch_requests.c.watch_id == watches.c.id)
    alone = sa.select(watches.c.id).where(~asked).limit(limit)
    number += _delete(tx, watches, tx.scalars(alone).all())
    read = sa.exists().where(looks.c.visit_id == visits.c.id)
    basis = sa.exists().where(watches.c.basis_id == visits.c.id)
    looked = visits.alias()
    of_look = sa.select(looked.c.basis_id).join(looks, looks.c.visit_id == looked.c.id)
    needed = read | basis | visits.c.id.in_(of_look)
    old = sa.select(visits.c.id).where(visits.c.begun_on < visits_before, ~needed).limit(limit)
    return number + _delete(tx, visits, tx.scalars(old).all())


def _delete(tx: Tx, table: sa.Table, ids: Iterable[int]) -> int:
    return tx.execute(sa.delete(table).where(table.c.id.in_(ids))).rowcount


def _remove(tx: Tx, which: sa.ColumnElement[bool]) -> int:
    return tx.execute(sa.delete(watch_requests).where(which)).rowcount


def _next_n(tx: Tx, case_id: int) -> int:
    tx.execute(sa.select(cases.c.id).where(cases.c.id == case_id).with_for_update())
    highest = sa.select(sa.func.max(watch_requests.c.n)).where(watch_requests.c.case_id == case_id)
    return (tx.scalar(highest) or 0) + 1


def _is_of(target: SealedTarget) -> sa.ColumnElement[bool]:
    return (
        (watches.c.address_hash == target.address_hash)
        & (watches.c.scope == target.scope)
        & (watches.c.depth == target.depth)
    )


def _is_by(watch_id: int, asker: Asker) -> sa.ColumnElement[bool]:
    return (
        (watch_requests.c.watch_id == watch_id)
        & (watch_requests.c.source == asker.source)
        & watch_requests.c.case_id.is_not_distinct_from(asker.case_id)
        & watch_requests.c.actor_id.is_not_distinct_from(asker.actor_id)
    )
