"""Observations, the sightings they and lookups make, and what platforms said about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hashing.signals import ContentSignals
from service.domain.sighting import Feedback, SeenEvent, Sighting, Source, Verdict, tell_owner
from service.store import banks, changes
from service.store.changes import Change, Space
from service.store.database import Tx
from service.store.schema import (
    actors,
    entries,
    feedback,
    observations,
    observed_signals,
    sightings,
)


class Observation(NamedTuple):
    """A claim that content was seen at an address. The address is sealed."""

    id: int
    actor_id: int
    seen_on: date


class NewObservation(NamedTuple):
    """What an actor hands in."""

    content: ContentSignals
    address: bytes
    document_hash: bytes


def observe(tx: Tx, actor_id: int, new: NewObservation, *, seen_on: date, expires_on: date) -> bool:
    """Keep an observation with its signals; return False when it is there already."""
    row = {
        "actor_id": actor_id,
        "kind": new.content.kind,
        "address": new.address,
        "document_hash": new.document_hash,
        "seen_on": seen_on,
        "expires_on": expires_on,
    }
    kept = _insert(tx, observations).values(row).on_conflict_do_nothing()
    observation_id = tx.scalars(kept.returning(observations.c.id)).one_or_none()
    if observation_id is None:
        return False
    rows = [{**each, "observation_id": observation_id} for each in banks.rows_of(new.content)]
    banks.add(tx, Space.OBSERVED, rows)
    return True


def observations_by_id(tx: Tx, ids: Iterable[int]) -> dict[int, Observation]:
    """Return observations by id."""
    columns = (observations.c.id, observations.c.actor_id, observations.c.seen_on)
    return {
        row.id: Observation(*row)
        for part in banks.parts(ids)
        for row in tx.execute(sa.select(*columns).where(observations.c.id.in_(part)))
    }


def purge_observations(tx: Tx, now: date, limit: int) -> int:
    """Erase observations whose time is over, some at a time; return how many."""
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
    return len(ids)


def record(tx: Tx, seen: Sighting) -> None:
    """Keep a sighting; one more of the same day, source and verdict is only counted."""
    row = {
        "entry_id": seen.entry_id,
        "actor_id": seen.actor_id,
        "seen_on": seen.seen_on,
        "source": seen.source,
        "verdict": seen.verdict,
        "reference": seen.reference,
        "observation_id": seen.observation_id,
        "count": 1,
    }
    new = _insert(tx, sightings).values(row)
    same = ["entry_id", "actor_id", "seen_on", "source", "verdict"]
    again = new.on_conflict_do_update(index_elements=same, set_={"count": sightings.c.count + 1})
    tx.execute(again)


def entry_of_reference(tx: Tx, actor_id: int, reference: str) -> int | None:
    """Return the entry that a match reference stands for, if this actor was given it."""
    given = (sightings.c.actor_id == actor_id) & (sightings.c.reference == reference)
    return tx.scalar(sa.select(sightings.c.entry_id).where(given).limit(1))


def matches_on(tx: Tx, entry_id: int, day: date) -> int:
    """Return how often lookups matched an entry on a day."""
    of_day = (sightings.c.entry_id == entry_id) & (sightings.c.seen_on == day)
    lookups = (
        of_day & (sightings.c.source == Source.LOOKUP) & (sightings.c.verdict == Verdict.MATCH)
    )
    return int(
        tx.scalar(sa.select(sa.func.coalesce(sa.func.sum(sightings.c.count), 0)).where(lookups))
        or 0
    )


def say(tx: Tx, entry_id: int, actor_id: int, value: Feedback, now: date) -> None:
    """Keep a platform's word on an entry; its last one counts."""
    row = {"entry_id": entry_id, "actor_id": actor_id, "value": value, "given_on": now}
    new = _insert(tx, feedback).values(row)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["entry_id", "actor_id"], set_={"value": value, "given_on": now}
        )
    )


def feedback_on(tx: Tx, entry_id: int) -> list[Feedback]:
    """Return the last word of every platform on an entry."""
    query = sa.select(feedback.c.value).where(feedback.c.entry_id == entry_id)
    return [Feedback(value) for value in tx.scalars(query)]


def events(tx: Tx, case_id: int) -> list[SeenEvent]:
    """Return what an owner is told, by entry and day; each platform and day once."""
    said = (feedback.c.entry_id == sightings.c.entry_id) & (
        feedback.c.actor_id == sightings.c.actor_id
    )
    columns = (
        entries.c.n,
        actors.c.name,
        sightings.c.seen_on,
        sightings.c.source,
        sightings.c.verdict,
        feedback.c.value,
    )
    joined = sightings.join(entries).join(actors, actors.c.id == sightings.c.actor_id)
    query = sa.select(*columns).select_from(joined.outerjoin(feedback, said))
    rows = tx.execute(query.where(entries.c.case_id == case_id).distinct())
    found = {_event(row) for row in rows if tell_owner(Verdict(row.verdict), _outcome(row.value))}
    return sorted(found, key=lambda event: (event.n, event.seen_on, event.platform, event.source))


def _event(row: Any) -> SeenEvent:  # noqa: ANN401 (a row of the six columns above)
    return SeenEvent(row.n, row.name, row.seen_on, Source(row.source), _outcome(row.value))


def _outcome(value: str | None) -> Feedback | None:
    return None if value is None else Feedback(value)


def _insert(tx: Tx, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """The insert of this store's dialect: both have `on_conflict`, the standard has not."""
    if tx.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
