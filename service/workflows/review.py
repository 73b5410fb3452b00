"""A person decides on entries that are held, or concern a reviewer, without seeing content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from hashing.signals import ContentKind
from service.domain import admission, reviewing
from service.domain.audit import OPERATOR, Audited, By
from service.domain.case import Concern, Entry, EntryStatus, HoldReason
from service.domain.errors import InvalidRequest, NotFound
from service.domain.member import Member, MemberRole
from service.domain.reviewing import Decision, Why
from service.domain.sighting import Feedback
from service.domain.watch import Clock
from service.search import surroundings
from service.search.surroundings import NearestExclusion
from service.store import (
    concerns,
    entries,
    feedback,
    grants,
    memberships,
    sightings,
    veils,
)
from service.store.database import Tx
from service.store.feedback import Opinion
from service.workflows import recording
from service.workflows.context import Context, Today

MATCH_DAYS = 7
"""How many days a reviewer reads, of those on which an entry matched."""
PAGE = 20
"""Entries on one page of the desk."""
DECIDED = frozenset({EntryStatus.ACTIVE, EntryStatus.QUARANTINED})


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


class Seen(NamedTuple):
    """An entry as a lead of another organisation reads it: nothing that says of which case it is.

    Not in it are the day of the entry, other cases, distances, exact numbers, and today's matches:
    whoever has the content could make these, and find out that somebody else has it.
    """

    entry_id: int
    kind: ContentKind
    status: EntryStatus
    concerns: Mapping[Concern, date]
    """Those of `reviewing.SHOWN`, and since which day."""
    matches: Mapping[date, int]
    """At least so many; 0 means fewer than `reviewing.SMALLEST_MATCHES`."""
    opinions: list[tuple[str, Feedback]]
    as_excluded: bool | None
    """Whether it is as near to an exclusion as what is held; None if none is near."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What may be decided about it."""
        return reviewing.open_to(self.status)


class Listed(NamedTuple):
    """A page of what waits, and beyond which entry the next one begins."""

    found: list[Seen]
    next_after: int | None


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
        _match(tx, entry, now)
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


def may_review(context: Context, member: Member) -> bool:
    """Whether a member reviews: she leads an organisation that the operator has named."""
    with context.database.read() as tx:
        return _is_reviewer(tx, member)


def listed(context: Context, member: Member, now: Today, *, after: int = 0) -> Listed:
    """Return what waits for a reviewer, oldest first, beyond an entry. Raises NotFound.

    Entries of cases that her organisation may see, or could before, are not among them: on its
    pages of a case she would read which of them she has just decided on.
    """
    with context.database.read() as tx:
        _require_reviewer(tx, member)
        raised = _raised(tx)
        known = {one.id: one for one in entries.held(tx)} | entries.by_id(tx, raised)
        own = grants.cases_ever_held(tx, member.organisation_id)
    waits = [one for one in sorted(known) if one > after and known[one].case_id not in own]
    shown = waits[:PAGE]
    found = [_seen(context, known[one], raised.get(one, {}), now) for one in shown]
    return Listed(found, shown[-1] if len(waits) > PAGE else None)


def seen(context: Context, member: Member, entry_id: int, now: Today) -> Seen:
    """Return one entry that waits for a reviewer. Raises NotFound."""
    with context.database.read() as tx:
        _require_reviewer(tx, member)
        entry = entries.by_id(tx, [entry_id]).get(entry_id)
        if entry is None or _is_of_own(tx, member, entry) or not _waits(tx, entry):
            raise _not_waiting()
        raised = _raised(tx).get(entry_id, {})
    return _seen(context, entry, raised, now)


def decide(
    context: Context, member: Member, entry_id: int, wanted: tuple[Decision, Why], now: Clock
) -> EntryStatus | None:
    """Decide on an entry that waits, for good. Raises NotFound or InvalidRequest.

    Return None; or, if somebody else has decided today, the status that it has since. The first of
    two at once locks the entry.
    """
    decision, why = wanted
    with _writing(context, decision) as tx:
        _require_reviewer(tx, member)
        entry = entries.locked(tx, entry_id)
        if entry is None or _is_of_own(tx, member, entry):
            raise _not_waiting()
        if not _waits(tx, entry):
            if entry.status in DECIDED and entries.reviewed_on(tx, entry_id) == now.day:
                return entry.status
            raise _not_waiting()
        if decision not in reviewing.open_to(entry.status):
            raise InvalidRequest("It is matched, and cannot be kept held.")
        if decision is Decision.RELEASE:
            _match(tx, entry, now.day)
        else:
            entries.mark_reviewed(tx, entry, now.day)
        about = recording.entry(entry.case_id, entry.n)
        said = {"decision": decision, "why": why}
        recording.record(
            context, tx, member.at(now), now.day, Audited.ENTRY_REVIEWED, about, **said
        )
    context.replica.catch_up()
    return None


def _writing(context: Context, decision: Decision) -> AbstractContextManager[Tx]:
    """What is released becomes searchable; what is kept changes nothing that is searched."""
    database = context.database
    return database.write_changes() if decision is Decision.RELEASE else database.write()


def _match(tx: Tx, entry: Entry, now: Today) -> None:
    if entry.status is EntryStatus.QUARANTINED:
        entries.set_status(tx, entry, EntryStatus.ACTIVE)
    entries.mark_reviewed(tx, entry, now)


def _is_reviewer(tx: Tx, member: Member) -> bool:
    return member.role is MemberRole.LEAD and memberships.reviews(tx, member.organisation_id)


def _require_reviewer(tx: Tx, member: Member) -> None:
    if not _is_reviewer(tx, member):
        raise _not_waiting()


def _is_of_own(tx: Tx, member: Member, entry: Entry) -> bool:
    return entry.case_id in grants.cases_ever_held(tx, member.organisation_id)


def _raised(tx: Tx) -> dict[int, dict[Concern, date]]:
    """Return, of each active entry that a reviewer may read of, why, and since which day."""
    shown = {
        entry_id: {one: day for one, day in why.items() if one in reviewing.SHOWN}
        for entry_id, why in concerns.of_active(tx).items()
    }
    return {entry_id: why for entry_id, why in shown.items() if why}


def _waits(tx: Tx, entry: Entry) -> bool:
    if entry.status is EntryStatus.ACTIVE:
        return entry.id in _raised(tx)
    return entry.status is EntryStatus.QUARANTINED and not entry.reviewed


def _seen(context: Context, entry: Entry, raised: Mapping[Concern, date], now: Today) -> Seen:
    """Return what a reviewer reads of an entry."""
    with context.database.read() as tx:
        opinions = feedback.on_entries(tx, [entry.id]).get(entry.id, [])
    known = _described(context, entry, raised, opinions)
    near = known.exclusion
    return Seen(
        entry.id,
        entry.kind,
        entry.status,
        raised,
        {day: reviewing.at_least(n) for day, n in known.matches.items() if day < now},
        [(one.platform, one.value) for one in opinions],
        None if near is None else reviewing.is_as_excluded(near.distance),
    )


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
