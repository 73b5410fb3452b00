"""What a busy service does to its store, at random: entries and observations come and go.

Entries are opened in bursts, held for review and set free again (the same ids come back),
withdrawn; observations come and expire together; the exclude bank only grows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

import sqlalchemy as sa

from benchmarks.soak_model import Added, Effect
from hashing.signals import ContentKind, ContentSignals, FrameSignal, Signal, SignalType
from service.domain.actor import Role
from service.domain.case import EntryStatus, HoldReason
from service.store import actors, cases, changes, exclusions, signals
from service.store import entries as stored_entries
from service.store import observations as stored_observations
from service.store.changes import Change, Space
from service.store.database import Tx
from service.store.entries import NewEntry
from service.store.observations import NewObservation
from service.store.schema import entries, observations

TODAY = date(2026, 11, 21)
ANCHORS = 1000
"""Entries, the first, that are never touched: whoever searches at any time must find them."""
FAMILIES = 400
"""Codes that others are near to."""
FLIPS = (0, 1, 2, 8, 20, 31, 32, 40, 41, 48, 60)
"""By how many bits a member differs from its family: on both sides of every radius asked."""
HOT = 0.08
"""Share of codes in one narrow family, which crowds the index's groups."""
RECENT = 8
"""Entries touched last, of which half of all that is held, freed or withdrawn is taken."""
EXPIRING = 3
"""Days of observations that expire together."""
_EVERYTHING = 10**6


class Family:
    """Makes codes, random ones and near-duplicates; the same families for one seed."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self._bases = [random.randbytes(32) for _ in range(FAMILIES)]

    def code(self, random: Random) -> bytes:
        """Return a new code."""
        drawn = random.random()
        if drawn < HOT:
            return near(self._bases[0], random.randrange(12), random)
        if drawn < 0.5:
            return near(random.choice(self._bases), random.choice(FLIPS), random)
        return random.randbytes(32)

    def content(self, random: Random) -> ContentSignals:
        """Return a picture, or a video of a few frames."""
        exact = [Signal(SignalType.SHA256, random.randbytes(32))] if random.random() < 0.3 else []
        if random.random() < 0.8:
            kinds = [SignalType.PDQ, SignalType.PHASH][: random.choice((1, 2, 2))]
            perceptual = [Signal(kind, self.code(random), 100) for kind in kinds]
            return ContentSignals(ContentKind.PICTURE, (*perceptual, *exact))
        frames = [
            FrameSignal(1000 * at, 1000 * at + 999, Signal(SignalType.PDQ, self.code(random), 100))
            for at in range(random.randint(1, 6))
        ]
        return ContentSignals(ContentKind.VIDEO, tuple(exact), tuple(frames))


def near(value: bytes, bits: int, random: Random) -> bytes:
    """Return the value with so many of its bits turned."""
    mask = sum(1 << place for place in random.sample(range(256), bits))
    return (int.from_bytes(value) ^ mask).to_bytes(32)


class Act(NamedTuple):
    """A thing to do in one transaction, and what to note when it is acknowledged or was not."""

    do: Callable[[Tx], None]
    after: Callable[[], None]


class Acts:
    """Acts for any number of writers; no two of them have the same entry in hand."""

    def __init__(self, tx: Tx, family: Family) -> None:
        self._family = family
        self._lock = threading.Lock()
        of = sa.select(entries.c.id).where(entries.c.id > ANCHORS).order_by(entries.c.id)
        self._active = list(tx.scalars(of.where(entries.c.status == EntryStatus.ACTIVE)))
        self._held = list(tx.scalars(of.where(entries.c.status == EntryStatus.QUARANTINED)))
        last = tx.scalar(sa.select(sa.func.max(observations.c.expires_on)))
        self._day = last or TODAY
        self._days_in_hand: set[date] = set()

    def add(self, random: Random) -> Act:
        """Return an act that adds: mostly one thing, at times a burst."""
        count = random.choice((20, 40, 60)) if random.random() < 0.03 else 1
        drawn = random.random()
        if drawn < 0.03:
            return self._exclude(random, count)
        if drawn < 0.40:
            return self._observe(random, count)
        if drawn < 0.65 and (freed := self._taken(self._held, random, count)):
            return self._step(freed, EntryStatus.ACTIVE, self._active)
        contents = [self._family.content(random) for _ in range(count)]
        made: list[int] = []

        def do(tx: Tx) -> None:
            made.extend(open_case(tx, contents, random))

        return Act(do, lambda: self._give(self._active, made))

    def remove(self, random: Random) -> Act:
        """Return an act that removes: expiry, or an entry held or withdrawn, at times many."""
        count = random.choice((10, 20, 40)) if random.random() < 0.03 else 1
        drawn = random.random()
        if drawn < 0.35:
            return Act(self._expire, lambda: None)
        some = self._taken(self._active, random, count)
        if drawn < 0.7:
            return self._step(some, EntryStatus.QUARANTINED, self._held)
        return self._step(some, EntryStatus.WITHDRAWN, None)

    def _exclude(self, random: Random, count: int) -> Act:
        kinds = (SignalType.PDQ, SignalType.PHASH)
        found = [Signal(random.choice(kinds), self._family.code(random), 100) for _ in range(count)]
        return Act(lambda tx: _exclude(tx, found), lambda: None)

    def _observe(self, random: Random, count: int) -> Act:
        contents = [self._family.content(random) for _ in range(count)]
        with self._lock:
            self._day += timedelta(days=1)
            day = self._day
            self._days_in_hand.add(day)

        def do(tx: Tx) -> None:
            for content in contents:
                new = NewObservation(content, b"", random.randbytes(32))
                stored_observations.insert(tx, 1, new, seen_on=TODAY, expires_on=day)

        return Act(do, lambda: self._days_in_hand.discard(day))

    def _expire(self, tx: Tx) -> None:
        """Let the oldest days end, but none of which an observation is not acknowledged yet."""
        first = tx.scalar(sa.select(sa.func.min(observations.c.expires_on)))
        if first is not None:
            with self._lock:
                before = min(self._days_in_hand, default=date.max)
            last = min(first + timedelta(days=EXPIRING - 1), before - timedelta(days=1))
            stored_observations.purge(tx, last, _EVERYTHING)

    def _step(self, some: list[int], to: EntryStatus, pool: list[int] | None) -> Act:
        reason = HoldReason.REVIEW if to is EntryStatus.QUARANTINED else None

        def do(tx: Tx) -> None:
            for entry in stored_entries.by_id(tx, some).values():
                if to is EntryStatus.WITHDRAWN:
                    stored_entries.erase(tx, entry)
                else:
                    stored_entries.set_status(tx, entry, to, reason=reason)

        return Act(do, lambda: None if pool is None else self._give(pool, some))

    def _taken(self, pool: list[int], random: Random, count: int) -> list[int]:
        with self._lock:
            taken = []
            for _ in range(min(count, len(pool))):
                among = len(pool) if random.random() < 0.5 else min(RECENT, len(pool))
                at = len(pool) - 1 - random.randrange(among)
                pool[at], pool[-1] = pool[-1], pool[at]
                taken.append(pool.pop())
            return taken

    def _give(self, pool: list[int], some: list[int]) -> None:
        with self._lock:
            pool.extend(some)


def open_case(tx: Tx, contents: list[ContentSignals], random: Random) -> list[int]:
    """Open a case that is active at once; return the ids of its entries."""
    values = {
        "number": f"{random.randrange(10**12):012}",
        "access_hash": random.randbytes(32),
        "document_hash": random.randbytes(32),
        "subject": "self",
        "opened_on": TODAY,
    }
    case_id = cases.insert(tx, values)
    new = [NewEntry(content, random.randbytes(32), None) for content in contents]
    stored_entries.insert(tx, case_id, new, TODAY)
    return [entry.id for entry in stored_entries.of_case(tx, case_id)]


def prepare(tx: Tx, family: Family, random: Random, signals: int) -> None:
    """Fill an empty store: what is never touched first, then about so many signals."""
    actors.create(tx, Role.CRAWLER, "Soak", TODAY)
    open_case(tx, [family.content(random) for _ in range(ANCHORS)], random)
    acts = Acts(tx, family)
    while changes.last(tx) < signals:
        acts.add(random).do(tx)


def effect_of(tx: Tx, before: int) -> Effect:
    """Return what this transaction has changed since a position."""
    rows = changes.after(tx, before, _EVERYTHING)
    added = [
        Added(space, SignalType(one.type), one.id, bytes(one.value))
        for space in Space
        for one in signals.searchable_by_id(
            tx,
            space,
            [one for r in rows if (r.space, r.change) == (space, Change.ADD) for one in r.ids],
        )
    ]
    removed = [(row.space, one) for row in rows if row.change is Change.REMOVE for one in row.ids]
    return Effect(tuple(added), tuple(removed))


def anchors(tx: Tx) -> list[Added]:
    """Return the signals of the bank that nobody ever touches."""
    table = signals.TABLES[Space.BANK]
    ids = tx.scalars(sa.select(table.c.id).where(table.c.entry_id <= ANCHORS)).all()
    return [
        Added(Space.BANK, SignalType(one.type), one.id, bytes(one.value))
        for one in signals.searchable_by_id(tx, Space.BANK, ids)
    ]


def _exclude(tx: Tx, found: list[Signal]) -> None:
    exclusions.insert(tx, found, TODAY)
