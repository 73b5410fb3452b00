"""A platform or crawler submits what it saw. It is kept, and matched now and later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hashing.signals import ContentSignals
from service.domain.actor import Actor
from service.store import observations, signals
from service.store.observations import NewObservation
from service.workflows.context import Context, Today


@dataclass(frozen=True, slots=True)
class Claim:
    """This content was seen at this address. The address is hidden from `repr`."""

    content: ContentSignals
    address: str

    def __repr__(self) -> str:
        return f"Claim({self.content.kind})"


def observe(context: Context, actor: Actor, claims: Sequence[Claim], now: Today) -> int:
    """Keep observations until they expire; return how many were new today."""
    expires_on = now + timedelta(days=context.settings.observation_days)
    number = 0
    with context.database.write_changes() as tx:
        for claim in claims:
            new = _sealed(context, claim)
            number += observations.insert(tx, actor.id, new, seen_on=now, expires_on=expires_on)
    context.work_waits.set()
    return number


def _sealed(context: Context, claim: Claim) -> NewObservation:
    values = {(row["type"], row["value"].hex()) for row in signals.rows_of(claim.content)}
    facts = [claim.address, sorted(values)]
    return NewObservation(
        claim.content,
        context.seals.seal(claim.address),
        context.seals.document_hash(json.dumps(facts).encode()),
    )
