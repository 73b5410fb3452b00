"""A platform asks whether signals match. A match is itself a sighting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hashing.signals import ContentSignals, SignalType
from service.domain import policy
from service.domain.actor import Actor
from service.domain.case import EntryStatus, HoldReason
from service.domain.policy import Found, Hit
from service.domain.sighting import Sighting, Source, Verdict
from service.store import banks, cases, sightings
from service.store.changes import Space
from service.store.database import Tx
from service.workflows.context import Context, Today


@dataclass(frozen=True, slots=True)
class MatchReference:
    """How a platform may speak of an entry, and how sure the match is."""

    reference: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one item: no distance, no stored signal, no case."""

    verdict: Verdict
    matches: list[MatchReference]


class _Asked(NamedTuple):
    """One perceptual value of one item."""

    item: int
    frame: int | None
    value: bytes


class _Near(NamedTuple):
    """An asked value near a stored signal."""

    asked: _Asked
    type: SignalType
    signal_id: int
    distance: int
    excluded: bool
    """Whether the asked value is near the exclude bank too."""


def lookup(
    context: Context, actor: Actor, items: Sequence[ContentSignals], now: Today
) -> list[Answer]:
    """Return one answer an item, in order, after keeping the sightings that they are."""
    near = [
        hit for kind in (SignalType.PDQ, SignalType.PHASH) for hit in _near(context, items, kind)
    ]
    with context.database.read() as tx:
        found = _found(tx, items, near)
    if not any(found):
        return [Answer(Verdict.NONE, []) for _ in items]
    with context.database.write() as tx:
        found = _found(tx, items, near)
        for one in {(one.entry_id, one.verdict) for of_item in found for one in of_item}:
            _keep(context, tx, actor, Found(*one), now)
    context.catch_up()
    return [_answer(context, actor, of_item) for of_item in found]


def _near(context: Context, items: Sequence[ContentSignals], kind: SignalType) -> list[_Near]:
    """What the index finds. A value that many items or frames share is searched once."""
    asked: defaultdict[bytes, list[_Asked]] = defaultdict(list)
    for one in _asked(items, kind):
        asked[one.value].append(one)
    values = list(asked)
    radius = policy.EXCLUDE_DISTANCE
    excluded = {at for at, _, _ in context.search(Space.EXCLUDED, kind, values, radius)}
    found = context.search(Space.BANK, kind, values, policy.radius(kind))
    return [
        _Near(one, kind, signal_id, distance, at in excluded)
        for at, signal_id, distance in found
        for one in asked[values[at]]
    ]


def _asked(items: Sequence[ContentSignals], kind: SignalType) -> list[_Asked]:
    asked = []
    for item, content in enumerate(items):
        asked += [_Asked(item, None, s.value) for s in content.signals if s.type is kind]
        frames = enumerate(content.frames)
        asked += [_Asked(item, at, f.signal.value) for at, f in frames if f.signal.type is kind]
    return asked


def _found(tx: Tx, items: Sequence[ContentSignals], near: list[_Near]) -> list[list[Found]]:
    """The entries each item matches or is near, of those that are active in this transaction.

    What is near the exclude bank matches nothing but entries that a person has released.
    """
    hits: defaultdict[int, list[Hit]] = defaultdict(list)
    places = banks.places(tx, Space.BANK, {one.signal_id for one in near})
    released = _released(tx, {places[o.signal_id].holder_id for o in near if o.signal_id in places})
    for one in near:
        place = places.get(one.signal_id)
        if place and (not one.excluded or place.holder_id in released):
            hit = Hit(place.holder_id, one.type, one.distance, one.asked.frame, place.is_frame)
            hits[one.asked.item].append(hit)
    for item, hit in _identical(tx, items):
        hits[item].append(hit)
    return [policy.judge(hits[at], asked_frames=len(item.frames)) for at, item in enumerate(items)]


def _released(tx: Tx, entry_ids: set[int]) -> set[int]:
    return {entry.id for entry in cases.entries_by_id(tx, entry_ids).values() if entry.reviewed}


def _identical(tx: Tx, items: Sequence[ContentSignals]) -> list[tuple[int, Hit]]:
    askers = defaultdict(list)
    for at, item in enumerate(items):
        for signal in item.signals:
            if not signal.type.perceptual:
                askers[signal].append(at)
    return [
        (at, Hit(place.holder_id, place.type, 0, None, stored_frame=False))
        for signal, place in banks.identical(tx, Space.BANK, askers)
        for at in askers[signal]
    ]


def _keep(context: Context, tx: Tx, actor: Actor, one: Found, now: Today) -> None:
    """Keep the sighting; hold an entry that now matches beyond all likelihood."""
    reference = context.seals.reference(actor.id, one.entry_id)
    sightings.record(
        tx, Sighting(one.entry_id, actor.id, now, Source.LOOKUP, one.verdict, reference)
    )
    entry = cases.entries_by_id(tx, [one.entry_id])[one.entry_id]
    today = sightings.matches_on(tx, one.entry_id, now)
    said = sightings.feedback_on(tx, one.entry_id)
    most = context.settings.matches_per_day
    if policy.may_hold(entry) and policy.too_many_matches(today, said, most=most):
        cases.set_status(tx, entry, EntryStatus.QUARANTINED, reason=HoldReason.MANY_MATCHES)


def _answer(context: Context, actor: Actor, found: list[Found]) -> Answer:
    references = [
        MatchReference(context.seals.reference(actor.id, one.entry_id), one.verdict)
        for one in found
    ]
    return Answer(policy.best(found), references)
