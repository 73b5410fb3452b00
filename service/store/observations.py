"""Observations: claims of platforms and crawlers that content was seen at an address."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from hashing.signals import ContentKind, ContentSignals
from service.store import changes, set_aside
from service.store import signals as stored_signals
from service.store.changes import Change, Space
from service.store.database import Tx, batches, upsert
from service.store.schema import observations, observed_signals, sightings


class Observation(NamedTuple):
    """Who saw content of what kind, and on which day."""

    id: int
    actor_id: int
    kind: ContentKind
    seen_on: date
    visit_id: int | None = None
    """The visit of a watch on which it was seen."""
    declared: bool = False
    """Whether a site has said so, and nobody hashed it there."""


class NewObservation(NamedTuple):
    """What an actor submits. The address is sealed."""

    content: ContentSignals
    address: bytes
    document_hash: bytes
    visit_id: int | None = None
    declared: bool = False


def insert(tx: Tx, actor_id: int, new: NewObservation, *, seen_on: date, expires_on: date) -> bool:
    """Insert an observation with its signals; return False if it exists already."""
    row = {
        "actor_id": actor_id,
        "kind": new.content.kind,
        "address": new.address,
        "document_hash": new.document_hash,
        "seen_on": seen_on,
        "expires_on": expires_on,
        "visit_id": new.visit_id,
        "declared": new.declared,
    }
    query = upsert(tx, observations).values(row).on_conflict_do_nothing()
    observation_id = tx.scalars(query.returning(observations.c.id)).one_or_none()
    if observation_id is None:
        return False
    rows = stored_signals.rows_of(new.content)
    stored_signals.insert(
        tx, Space.OBSERVED, [{**each, "observation_id": observation_id} for each in rows]
    )
    return True


def by_id(tx: Tx, ids: Iterable[int]) -> dict[int, Observation]:
    """Return observations by id."""
    table = observations
    columns = (
        *(table.c.id, table.c.actor_id, table.c.kind),
        *(table.c.seen_on, table.c.visit_id, table.c.declared),
    )
    return {
        row.id: Observation(
            row.id,
            row.actor_id,
            ContentKind(row.kind),
            row.seen_on,
            row.visit_id,
            bool(row.declared),
        )
        for batch in batches(ids)
        for row in tx.execute(sa.select(*columns).where(table.c.id.in_(batch)))
    }


def purge(tx: Tx, now: date, limit: int) -> int:
    """Erase observations that have expired, at most `limit` of them; return how many."""
    over = sa.select(observations.c.id).where(observations.c.expires_on <= now).limit(limit)
    ids = tx.scalars(over).all()
    of_these = observed_signals.c.observation_id.in_(ids)
    gone = tx.scalars(sa.select(observed_signals.c.id).where(of_these)).all()
    changes.append(tx, Space.OBSERVED, Change.REMOVE, gone)
    tx.execute(sa.delete(observed_signals).where(of_these))
    tx.execute(
        sa.update(sightings).where(sightings.c.observation_id.in_(ids)).values(observation_id=None)
    )
    tx.execute(sa.delete(observations).where(observations.c.id.in_(ids)))
    set_aside.remove(tx, Space.OBSERVED, ids)
    return len(ids)
