"""Feedback: what each platform said about each entry that it matched. The last word counts.

What it says of matches of an entry is one thing, and what it says of what was only near it is
another, which says nothing of the entry. A platform whose every key is revoked has no opinion any
more; what it said is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.sighting import Feedback, Verdict
from service.store.actors import live_ids
from service.store.database import Tx, batches, given, upsert
from service.store.schema import actors, feedback

OF_MATCHES = feedback.c.verdict == Verdict.MATCH


class Opinion(NamedTuple):
    """The last word of a platform on an entry."""

    platform: str
    value: Feedback
    given_on: date


def record(
    tx: Tx,
    entry_id: int,
    actor_id: int,
    value: Feedback,
    now: date,
    *,
    verdict: Verdict = Verdict.MATCH,
) -> None:
    """Record a platform's feedback on an entry, in place of its earlier one on such verdicts."""
    row = {"entry_id": entry_id, "actor_id": actor_id, "verdict": verdict}
    row |= {"value": value, "given_on": now}
    latest = {"value": value, "given_on": now}
    new = upsert(tx, feedback).values(row)
    tx.execute(
        new.on_conflict_do_update(index_elements=["entry_id", "actor_id", "verdict"], set_=latest)
    )


def on_entries(tx: Tx, entry_ids: Iterable[int]) -> dict[int, list[Opinion]]:
    """Return what platforms said of matches of some entries, by their names."""
    columns = (feedback.c.entry_id, actors.c.name, feedback.c.value, feedback.c.given_on)
    query = sa.select(*columns).join(actors).where(feedback.c.actor_id.in_(live_ids()), OF_MATCHES)
    found: dict[int, list[Opinion]] = {}
    for batch in batches(entry_ids):
        rows = tx.execute(query.where(feedback.c.entry_id.in_(batch)).order_by(actors.c.name))
        for entry_id, name, value, day in rows:
            found.setdefault(entry_id, []).append(Opinion(name, Feedback(value), day))
    return found


def of_platform(tx: Tx, actor_id: int, entry_ids: Iterable[int]) -> dict[int, Feedback]:
    """Return the last word of one platform on matches of each of some entries, if there is any."""
    return {
        entry_id: Feedback(value)
        for batch in batches(entry_ids)
        for entry_id, value in tx.execute(_OF_PLATFORM, {"actor": actor_id, "entries": batch})
    }


def words_of(
    tx: Tx, actor_id: int, entry_ids: Iterable[int]
) -> dict[tuple[int, Verdict], Feedback]:
    """Return the last words of one platform on some entries, of matches and of what was near."""
    columns = sa.select(feedback.c.entry_id, feedback.c.verdict, feedback.c.value)
    return {
        (entry_id, Verdict(verdict)): Feedback(value)
        for batch in batches(entry_ids, 800)
        for entry_id, verdict, value in tx.execute(
            columns.where(feedback.c.actor_id == actor_id, feedback.c.entry_id.in_(batch))
        )
    }


_OF_PLATFORM = sa.select(feedback.c.entry_id, feedback.c.value).where(
    feedback.c.actor_id == sa.bindparam("actor"),
    feedback.c.entry_id.in_(given("entries")),
    OF_MATCHES,
)
