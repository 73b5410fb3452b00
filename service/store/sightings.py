"""Sightings: entries that were seen, by lookups and observations, and what an owner reads of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from service.domain.sighting import (
    Feedback,
    SeenEvent,
    Sighting,
    Source,
    Verdict,
    is_shown_to_owner,
)
from service.store.database import Tx, batches, given, upsert, upsert_in
from service.store.schema import (
    actors,
    drained,
    entries,
    feedback,
    former_references,
    observations,
    sightings,
)


def record(tx: Tx, seen: Iterable[Sighting]) -> None:
    """Insert sightings; a repetition on a day, with all else equal, only raises its count.

    Rows are written in one order, so that writers who meet on several rows wait for each other
    and never deadlock.
    """
    rows = [_row(*counted) for counted in sorted(_counted(seen).items(), key=lambda one: one[0])]
    if rows:
        tx.execute(_recording(tx.dialect.name), rows)


@cache
def _recording(dialect: str) -> sa.Insert:
    """The statement of one row; of many at once there would be another for each number."""
    new = upsert_in(dialect, sightings)
    same = ["entry_id", "actor_id", "seen_on", "source", "verdict", "reference"]
    more = {"count": sightings.c.count + new.excluded.count}
    return new.on_conflict_do_update(index_elements=same, set_=more)


def recordable(tx: Tx, seen: Iterable[Sighting]) -> list[Sighting]:
    """Return those sightings whose entry and actor are in this store: a backup has not all."""
    every = list(seen)
    known: list[set[int]] = []
    for table, ids in (
        (entries, {one.entry_id for one in every}),
        (actors, {one.actor_id for one in every}),
    ):
        query = sa.select(table.c.id)
        known.append(
            {one for part in batches(ids) for one in tx.scalars(query.where(table.c.id.in_(part)))}
        )
    return [one for one in every if one.entry_id in known[0] and one.actor_id in known[1]]


def begin_journal(tx: Tx, name: str, now: date) -> bool:
    """Record that a journal is copied in this transaction; return False if it was copied before."""
    new = upsert(tx, drained).values(name=name, drained_on=now)
    inserted = new.on_conflict_do_nothing().returning(drained.c.name)
    return tx.scalars(inserted).one_or_none() is not None


def forget_journals(tx: Tx, before: date) -> None:
    """Forget the names of journals that were copied before a day."""
    tx.execute(sa.delete(drained).where(drained.c.drained_on < before))


_Key = tuple[int, int, date, Source, Verdict, str]


def _counted(seen: Iterable[Sighting]) -> dict[_Key, list[Sighting]]:
    """Group by the unique key: one statement may not update a row twice."""
    by_key: dict[_Key, list[Sighting]] = {}
    for one in seen:
        key = (one.entry_id, one.actor_id, one.seen_on, one.source, one.verdict, one.reference)
        by_key.setdefault(key, []).append(one)
    return by_key


def _row(key: _Key, same: list[Sighting]) -> dict[str, Any]:
    entry_id, actor_id, seen_on, source, verdict, reference = key
    return {
        "entry_id": entry_id,
        "actor_id": actor_id,
        "seen_on": seen_on,
        "source": source,
        "verdict": verdict,
        "reference": reference,
        "observation_id": same[0].observation_id,
        "count": len(same),
    }


def of_reference(tx: Tx, actor_id: int, reference: str) -> set[tuple[int, Verdict]]:
    """Return the entries of a match reference, and whether they matched or were only near.

    Nothing if this actor was never given it, now or formerly. An entry that the actor has seen only
    before it was added is none of them: it was not what the reference was given for.
    """
    given = (sightings.c.actor_id == actor_id) & (sightings.c.reference == reference)
    query = sa.select(sightings.c.entry_id, sightings.c.verdict).select_from(_OF_ENTRIES)
    rows = tx.execute(query.where(given, _SINCE_ADDED).distinct())
    if found := {(entry_id, Verdict(verdict)) for entry_id, verdict in rows}:
        return found
    table = former_references
    given = (table.c.actor_id == actor_id) & (table.c.reference == reference)
    return {(one, Verdict.MATCH) for one in tx.scalars(sa.select(table.c.entry_id).where(given))}


def matches_on(tx: Tx, entry_ids: Iterable[int], day: date) -> dict[int, int]:
    """Return how often lookups matched each of some entries on a day."""
    return {
        entry_id: int(number)
        for batch in batches(entry_ids)
        for entry_id, number in tx.execute(_MATCHES_ON, {"day": day, "entries": batch})
    }


def matches_by_day(tx: Tx, entry_id: int, days: int) -> dict[date, int]:
    """Return how often lookups matched an entry on each of the last days on which any did."""
    total = sa.func.sum(sightings.c.count)
    query = sa.select(sightings.c.seen_on, total).where(_MATCHES, sightings.c.entry_id == entry_id)
    latest = query.group_by(sightings.c.seen_on).order_by(sightings.c.seen_on.desc()).limit(days)
    return {day: int(number) for day, number in reversed(tx.execute(latest).all())}


_OF_ENTRIES = sightings.join(entries)
_SINCE_ADDED = (sightings.c.source == Source.LOOKUP) | (sightings.c.seen_on >= entries.c.added_on)
"""`domain.sighting.is_since_added` in SQL."""
_MATCHES = (sightings.c.source == Source.LOOKUP) & (sightings.c.verdict == Verdict.MATCH)
_MATCHES_ON = (
    sa.select(sightings.c.entry_id, sa.func.sum(sightings.c.count))
    .where(_MATCHES, sightings.c.seen_on == sa.bindparam("day"))
    .where(sightings.c.entry_id.in_(given("entries")))
    .group_by(sightings.c.entry_id)
)


def events(tx: Tx, case_id: int, *, confirmed: bool = False) -> list[SeenEvent]:
    """Return what an owner reads, by entry and day; each platform once a day.

    Unless she is `confirmed` to be who is shown, nothing from before the day of an entry.
    """
    same = sa.and_(
        feedback.c.entry_id == sightings.c.entry_id,
        feedback.c.actor_id == sightings.c.actor_id,
        feedback.c.verdict == sightings.c.verdict,
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
    query = sa.select(*columns).select_from(joined.outerjoin(feedback, same))
    told = sa.true() if confirmed else _SINCE_ADDED
    rows = tx.execute(query.where(entries.c.case_id == case_id, told).distinct())
    shown = {
        _event(row) for row in rows if is_shown_to_owner(Verdict(row.verdict), _outcome(row.value))
    }
    return sorted(shown, key=lambda event: (event.n, event.seen_on, event.platform, event.source))


def addresses(tx: Tx, case_id: int) -> list[tuple[date, bytes]]:
    """Return (day, sealed address) of what was observed of a case, for a confirmed owner."""
    same = sa.and_(
        feedback.c.entry_id == sightings.c.entry_id,
        feedback.c.actor_id == sightings.c.actor_id,
        feedback.c.verdict == sightings.c.verdict,
    )
    columns = (sightings.c.seen_on, observations.c.address, sightings.c.verdict, feedback.c.value)
    joined = sightings.join(entries).join(
        observations, observations.c.id == sightings.c.observation_id
    )
    query = sa.select(*columns).select_from(joined.outerjoin(feedback, same))
    rows = tx.execute(query.where(entries.c.case_id == case_id).distinct())
    shown = {
        (row.seen_on, bytes(row.address))
        for row in rows
        if is_shown_to_owner(Verdict(row.verdict), _outcome(row.value))
    }
    return sorted(shown, key=lambda one: one[0], reverse=True)


def _event(row: Any) -> SeenEvent:  # noqa: ANN401 (a row of the six columns above)
    return SeenEvent(row.n, row.name, row.seen_on, Source(row.source), _outcome(row.value))


def _outcome(value: str | None) -> Feedback | None:
    return None if value is None else Feedback(value)
