"""A platform or crawler submits what it saw. It is kept, and matched now and later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from hashing.signals import ContentSignals
from service.domain.actor import Actor
from service.domain.errors import Conflict
from service.store import observations, signals, visits
from service.store.database import Tx
from service.store.observations import NewObservation
from service.workflows.context import Context, Today


class LeasedVisit(NamedTuple):
    """A watch, and the lease that a crawler has for it."""

    watch: str
    lease: str


@dataclass(frozen=True, slots=True)
class Claim:
    """This content was seen at this address. The address is hidden from `repr`."""

    content: ContentSignals
    address: str
    leased: LeasedVisit | None = None
    """The visit of a watch on which it was seen."""
    declared: bool = False
    """Whether the site has said so, by exact signals; nobody hashed it there."""

    def __repr__(self) -> str:
        return f"Claim({self.content.kind})"


def observe(context: Context, actor: Actor, claims: Sequence[Claim], now: Today) -> int:
    """Keep observations until they expire; return how many were new today.

    Raises Conflict, and keeps none, if one is of a visit that this actor is not on, or no longer.
    """
    expires_on = now + timedelta(days=context.settings.observation_days)
    number = 0
    with context.database.write_changes() as tx:
        on_visit = _visits(tx, actor, {claim.leased for claim in claims if claim.leased})
        for claim in claims:
            new = _sealed(context, claim, on_visit[claim.leased] if claim.leased else None)
            number += observations.insert(tx, actor.id, new, seen_on=now, expires_on=expires_on)
    context.work_waits.set()
    return number


def _visits(tx: Tx, actor: Actor, leases: set[LeasedVisit]) -> dict[LeasedVisit, int]:
    found = {}
    for each in leases:
        visit = visits.find(tx, actor.id, each.watch, each.lease)
        if visit is None or not visit.is_latest:
            raise Conflict(
                "This lease is not yours, or another visit has begun since. Lease again, and look "
                "again."
            )
        found[each] = visit.id
    return found


def _sealed(context: Context, claim: Claim, visit_id: int | None) -> NewObservation:
    values = {(row["type"], row["value"].hex()) for row in signals.rows_of(claim.content)}
    facts: list[Any] = [claim.address, sorted(values)]
    if visit_id or claim.declared:  # else as it has always been, to recognise what is repeated
        facts += [visit_id, claim.declared]
    return NewObservation(
        claim.content,
        context.seals.seal(claim.address),
        context.seals.document_hash(json.dumps(facts).encode()),
        visit_id,
        claim.declared,
    )
