"""Feedback: what each platform said about each entry that it matched. The last word counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from service.domain.sighting import Feedback
from service.store.database import Tx, batches, upsert
from service.store.schema import feedback


def record(tx: Tx, entry_id: int, actor_id: int, value: Feedback, now: date) -> None:
    """Record a platform's feedback on an entry, in place of its earlier one."""
    row = {"entry_id": entry_id, "actor_id": actor_id, "value": value, "given_on": now}
    latest = {"value": value, "given_on": now}
    new = upsert(tx, feedback).values(row)
    tx.execute(new.on_conflict_do_update(index_elements=["entry_id", "actor_id"], set_=latest))


def on_entry(tx: Tx, entry_id: int) -> list[Feedback]:
    """Return the last feedback of every platform on an entry."""
    return on_entries(tx, [entry_id]).get(entry_id, [])


def on_entries(tx: Tx, entry_ids: Iterable[int]) -> dict[int, list[Feedback]]:
    """Return the last feedback of every platform on each of some entries that have any."""
    values: dict[int, list[Feedback]] = {}
    for batch in batches(entry_ids):
        query = sa.select(feedback.c.entry_id, feedback.c.value)
        for entry_id, value in tx.execute(query.where(feedback.c.entry_id.in_(batch))):
            values.setdefault(entry_id, []).append(Feedback(value))
    return values
