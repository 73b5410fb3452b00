"""Concerns: why a person should look at entries that are matched all the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from service.domain import admission
from service.domain.case import Concern, EntryStatus, HoldReason
from service.domain.sighting import Feedback, Sighting, Verdict
from service.store import actors, sightings, veils
from service.store import feedback as stored_feedback
from service.store.database import Tx, batches, upsert
from service.store.schema import concerns, entries, feedback

PROBING = "a platform asks what finds out a stored value: python -m service review list"
MANY_MATCHES = "an entry matches more often than is plausible: python -m service review list"
"""What the log says of it."""


def record(tx: Tx, entry_ids: Iterable[int], concern: Concern, now: date) -> int:
    """Record a concern about entries; return how many have it newly.

    What a person has reviewed concerns nobody again.
    """
    new = 0
    for batch in batches(sorted(set(entry_ids))):
        columns = (entries.c.id, sa.literal(concern.value), sa.literal(now, sa.Date))
        unreviewed = entries.c.id.in_(batch) & entries.c.reviewed.is_(False)
        of_entries = sa.select(*columns).where(unreviewed).order_by(entries.c.id)
        names = ["entry_id", "concern", "raised_on"]
        insert = upsert(tx, concerns).from_select(names, of_entries).on_conflict_do_nothing()
        new += tx.execute(insert).rowcount
    return new


def record_many_matches(tx: Tx, seen: Iterable[Sighting], now: date, *, most: int) -> int:
    """Record which of the entries that lookups matched do so more often than is plausible.

    `most` is how often that is, in a day. Return how many concern a reviewer newly. They are
    matched all the same: a viral upload is looked up so often by itself, and whoever has a key can
    do it on purpose.
    """
    matched = {one.entry_id for one in seen if one.verdict is Verdict.MATCH}
    numbers = sightings.matches_on(tx, matched, now)
    often = [entry_id for entry_id, number in numbers.items() if number > most]
    if not often:
        return 0
    opinions = stored_feedback.on_entries(tx, often)
    return record(
        tx,
        [
            one
            for one in often
            if admission.too_many_matches(
                numbers[one], {each.value for each in opinions.get(one, ())}, most=most
            )
        ],
        Concern.MANY_MATCHES,
        now,
    )


def settle(tx: Tx, entry_id: int) -> None:
    """Forget what was recorded about an entry: a person has decided, or it is erased."""
    tx.execute(sa.delete(concerns).where(concerns.c.entry_id == entry_id))


def of_active(tx: Tx) -> dict[int, dict[Concern, date]]:
    """Return, for each active entry that concerns a reviewer, why, and since which day."""
    found: dict[int, dict[Concern, date]] = {}
    recorded = sa.select(concerns).join(entries).where(_ACTIVE).order_by(concerns.c.entry_id)
    for entry_id, concern, day in tx.execute(recorded):
        found.setdefault(entry_id, {})[Concern(concern)] = day
    first = sa.func.min(feedback.c.given_on)
    disputes = sa.select(feedback.c.entry_id, first).join(entries).where(_ACTIVE, *_disputes())
    for entry_id, day in tx.execute(disputes.group_by(feedback.c.entry_id)):
        found.setdefault(entry_id, {})[Concern.DISPUTED] = day
    for entry_id, platforms in veils.probed(tx).items():
        found.setdefault(entry_id, {})[Concern.PROBED] = max(platforms.values())
    return found


def is_raised(tx: Tx, entry_id: int) -> bool:
    """Whether an entry concerns a reviewer."""
    recorded = sa.select(concerns.c.entry_id).where(concerns.c.entry_id == entry_id)
    disputes = sa.select(feedback.c.entry_id).join(entries).where(*_disputes())
    disputes = disputes.where(feedback.c.entry_id == entry_id)
    found = any(tx.execute(query.limit(1)).first() for query in (recorded, disputes))
    return found or bool(veils.probed(tx, [entry_id]))


def count(tx: Tx) -> dict[Concern | HoldReason, int]:
    """Return how many entries wait for a person, by reason; an entry may have several."""
    number = sa.func.count()
    recorded = sa.select(concerns.c.concern, number).select_from(concerns.join(entries))
    found: dict[Concern | HoldReason, int] = dict.fromkeys([*Concern, HoldReason.EXCLUDED], 0)
    for concern, waiting in tx.execute(recorded.where(_ACTIVE).group_by(concerns.c.concern)):
        found[Concern(concern)] = waiting
    disputed = sa.select(sa.func.count(feedback.c.entry_id.distinct())).join(entries)
    found[Concern.DISPUTED] = tx.scalar(disputed.where(_ACTIVE, *_disputes())) or 0
    found[Concern.PROBED] = len(veils.probed(tx))
    held = (entries.c.status == EntryStatus.QUARANTINED) & entries.c.reviewed.is_(False)
    found[HoldReason.EXCLUDED] = tx.scalar(sa.select(number).select_from(entries).where(held)) or 0
    return found


_ACTIVE = entries.c.status == EntryStatus.ACTIVE


def _disputes() -> tuple[sa.ColumnElement[bool], ...]:
    """Live platforms' `not_blocked`, unless a person has reviewed the entry since."""
    return (
        feedback.c.value == Feedback.NOT_BLOCKED,
        stored_feedback.OF_MATCHES,
        feedback.c.actor_id.in_(actors.live_ids()),
        entries.c.reviewed.is_(False) | (feedback.c.given_on > entries.c.reviewed_on),
    )
