"""A person decides on entries that are held, or concern a reviewer, without seeing content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from service.domain import admission
from service.domain.audit import OPERATOR, Audited, By
from service.domain.case import Concern, Entry, EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.sighting import Feedback
from service.search import surroundings
from service.search.surroundings import NearestExclusion
from service.store import concerns, entries, feedback, sightings, veils
from service.store.database import Tx
from service.store.feedback import Opinion
from service.workflows import recording
from service.workflows.context import Context, Today

MATCH_DAYS = 7
"""How many days a reviewer reads, of those on which an entry matched."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that waits for a person, and all that is known to decide on it."""

    entry: Entry
    concerns: Mapping[Concern, date] = field(default_factory=dict)
    """Why, and since which day. If the entry is held, `entry.hold` says why."""
    other_cases: int = 0
    """With the same content, now."""
    opinions: list[Opinion] = field(default_factory=list)
    matches: Mapping[date, int] = field(default_factory=dict)
    """How often lookups matched it, on the last days on which any did."""
    exclusion: NearestExclusion | None = None
    probing: Mapping[str, date] = field(default_factory=dict)
    """Which platforms ask what finds out its signals, and last when."""


def waiting(context: Context) -> Iterator[Waiting]:
    """Yield what waits for review: what is held first, then what most platforms dispute.

    Needs a replica that is loaded. Whether there are many cases is judged anew, now: an entry
    whose other cases were withdrawn waits no more, and waits again if that is undone.
    """
    with context.database.read() as tx:
        held = entries.held(tx)
        raised = concerns.of_active(tx)
        opinions = feedback.on_entries(tx, [*(entry.id for entry in held), *raised])
        active = entries.by_id(tx, raised)
    for entry in held:
        yield _described(context, entry, {}, opinions.get(entry.id, []))
    for entry_id in sorted(raised, key=lambda one: (-_disputes(opinions.get(one, [])), one)):
        of_entry = opinions.get(entry_id, [])
        described = _described(context, active[entry_id], raised[entry_id], of_entry)
        if described.concerns:
            yield described


def waiting_by_reason(context: Context) -> dict[Concern | HoldReason, int]:
    """Return how many entries wait, by reason; `many_cases` as when they were added."""
    with context.database.read() as tx:
        return concerns.count(tx)


def release(context: Context, entry_id: int, now: Today, *, by: By = OPERATOR) -> None:
    """Match an entry: again if it is held, further if it is not. Raises NotFound.

    From now on only a person can hold it.
    """
    with context.database.write_changes() as tx:
        entry = _entry(tx, entry_id)
        if entry.status is EntryStatus.ACTIVE and not concerns.is_raised(tx, entry_id):
            raise _not_waiting()
        if entry.status is EntryStatus.QUARANTINED:
            entries.set_status(tx, entry, EntryStatus.ACTIVE)
        entries.mark_reviewed(tx, entry, now)
        _record(context, tx, by, now, Audited.ENTRY_RELEASED, entry)
    context.replica.catch_up()


def keep(context: Context, entry_id: int, now: Today, *, by: By = OPERATOR) -> None:
    """Leave a held entry held, and take it off the list of those that wait. Raises NotFound."""
    with context.database.write() as tx:
        entry = _entry(tx, entry_id)
        if entry.status is not EntryStatus.QUARANTINED:
            raise _not_waiting("It is matched. To stop that: python -m service review hold ENTRY")
        entries.mark_reviewed(tx, entry, now)
        _record(context, tx, by, now, Audited.ENTRY_KEPT, entry)


def hold(context: Context, entry_id: int, now: Today, *, by: By = OPERATOR) -> None:
    """Match an entry no more, for anybody, until a person releases it. Raises NotFound."""
    with context.database.write_changes() as tx:
        entry = _entry(tx, entry_id)
        if entry.status is EntryStatus.ACTIVE:
            entries.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.REVIEW)
        entries.mark_reviewed(tx, entry, now)
        _record(context, tx, by, now, Audited.ENTRY_HELD, entry)
    context.replica.catch_up()


def _described(
    context: Context, entry: Entry, raised: Mapping[Concern, date], opinions: list[Opinion]
) -> Waiting:
    other_cases = surroundings.other_cases(context.replica, entry.id)
    most = context.settings.cases_per_signal
    now_raised = {
        concern: day
        for concern, day in raised.items()
        if concern is not Concern.MANY_CASES or admission.is_in_many_cases(other_cases, most=most)
    }
    with context.database.read() as tx:
        matches = sightings.matches_by_day(tx, entry.id, MATCH_DAYS)
        probing = veils.probed(tx, [entry.id]).get(entry.id, {})
    near = surroundings.nearest_exclusion(context.replica, entry.id)
    return Waiting(entry, now_raised, other_cases, opinions, matches, near, probing)


def _disputes(opinions: list[Opinion]) -> int:
    return sum(one.value is Feedback.NOT_BLOCKED for one in opinions)


def _entry(tx: Tx, entry_id: int) -> Entry:
    entry = entries.by_id(tx, [entry_id]).get(entry_id)
    if entry is None or entry.status not in {EntryStatus.QUARANTINED, EntryStatus.ACTIVE}:
        raise _not_waiting()
    return entry


def _record(context: Context, tx: Tx, by: By, now: Today, act: Audited, entry: Entry) -> None:
    recording.record(context, tx, by, now, act, recording.entry(entry.case_id, entry.n))


def _not_waiting(more: str = "") -> NotFound:
    return NotFound(f"There is no entry with this number that waits for review. {more}".rstrip())
