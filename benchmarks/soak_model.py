"""What the soak expects: every signal's life, and which answers these lives allow.

A search runs while others add and remove. What was acknowledged before it began and not touched
until it ended must be found; what was there at no moment of it must not; what lies between may.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.signals import SignalType
from service.store import signals
from service.store.changes import Space
from service.store.database import Tx

Key = tuple[Space, SignalType]
KEYS: tuple[Key, ...] = tuple(
    (space, kind) for space in Space for kind in SignalType if kind.perceptual
)
_CHUNK = 10_000
_ROOM = 2**15
_RECENT = 64
_TOLD = 5
"""Ids that a sentence about a wrong answer names at most."""


class Added(NamedTuple):
    """A signal that can be found from now on."""

    space: Space
    kind: SignalType
    id: int
    value: bytes


class Effect(NamedTuple):
    """What one transaction changes of what can be found."""

    added: tuple[Added, ...]
    removed: tuple[tuple[Space, int], ...]


class Query(NamedTuple):
    """What is asked of one index, at one radius."""

    key: Key
    values: list[bytes]
    radius: int


Answer = Sequence[tuple[int, int, int]]
"""(place in `values`, id, distance), as `soak_process` makes it of what a Searcher returns."""


def stored(tx: Tx) -> Iterator[Added]:
    """Yield everything that the store says an index must hold."""
    for space in Space:
        for part in signals.searchable(tx, space, _CHUNK):
            for one in part:
                yield Added(space, SignalType(one.type), one.id, bytes(one.value))


class _State(IntEnum):
    ABSENT = 0
    CHANGING = 1
    PRESENT = 2


class _Lives:
    """The signals of one index: ids, codes as four columns, states, and when these changed."""

    def __init__(self) -> None:
        self.count = 0
        self.ids = np.empty(_ROOM, np.int64)
        self.words = np.empty((4, _ROOM), np.uint64)
        self.state = np.empty(_ROOM, np.uint8)
        self.changed = np.empty(_ROOM, np.int64)
        self.places: dict[int, int] = {}

    def place(self, one: Added) -> int:
        known = self.places.get(one.id)
        if known is not None:
            return known
        at = self.count
        if at == len(self.ids):
            self.ids, self.state, self.changed = (
                np.concatenate([each, each]) for each in (self.ids, self.state, self.changed)
            )
            self.words = np.concatenate([self.words, self.words], axis=1)
        self.ids[at], self.words[:, at] = one.id, np.frombuffer(one.value, np.uint64)
        self.state[at] = _State.ABSENT
        self.places[one.id] = at
        self.count += 1
        return at


class Snapshot(NamedTuple):
    """One index at the end of a search: what had to be there, and what was allowed to."""

    ids: NDArray[np.int64]
    words: NDArray[np.uint64]
    certain: NDArray[np.bool_]
    allowed: NDArray[np.bool_] | None
    """None: nothing is known of what is not certain."""


class Model:
    """The lives of all signals. Every method may be called from any thread."""

    def __init__(self, present: Iterable[Added]) -> None:
        self._lock = threading.Lock()
        self._clock = 0
        self._of = {key: _Lives() for key in KEYS}
        self._recent = {key: deque[int](maxlen=_RECENT) for key in KEYS}
        self._step(Effect(tuple(present), ()), _State.PRESENT, _State.ABSENT)

    def begin(self, effect: Effect) -> None:
        """Note what is about to be committed."""
        self._step(effect, _State.CHANGING, _State.CHANGING)

    def done(self, effect: Effect) -> None:
        """Note what was acknowledged."""
        self._step(effect, _State.PRESENT, _State.ABSENT)

    def now(self) -> int:
        """Return the time, for `snapshot`."""
        with self._lock:
            return self._clock

    def snapshot(self, key: Key, since: int) -> Snapshot:
        """Return what a search that began at `since` and ends now could see."""
        lives = self._of[key]
        with self._lock:
            upto = slice(lives.count)
            state, untouched = lives.state[upto].copy(), lives.changed[upto] <= since
            ids, words = lives.ids[upto], lives.words[:, upto]
        certain = (state == _State.PRESENT) & untouched
        return Snapshot(ids, words, certain, (state != _State.ABSENT) | ~untouched)

    def some(self, key: Key, random: Random) -> bytes | None:
        """Return a code that is or was there, often one of those touched last."""
        lives = self._of[key]
        with self._lock:
            if not lives.count:
                return None
            recent = self._recent[key] if random.random() < 0.4 else None
            at = random.choice(recent) if recent else random.randrange(lives.count)
            return lives.words[:, at].tobytes()

    def known(self, effect: Effect) -> Effect:
        """Return an effect without the signals that no index holds: exact ones."""
        known = {key[0]: set[int]() for key in KEYS}
        with self._lock:
            for (space, _), lives in self._of.items():
                known[space] |= lives.places.keys() & {
                    one for of, one in effect.removed if of is space
                }
        removed = tuple((space, one) for space, one in effect.removed if one in known[space])
        return effect._replace(removed=removed)

    def present(self) -> set[Added]:
        """Return all that was acknowledged and not removed."""
        with self._lock:
            return {
                Added(*key, one, lives.words[:, at].tobytes())
                for key, lives in self._of.items()
                for one, at in lives.places.items()
                if lives.state[at] == _State.PRESENT
            }

    def _step(self, effect: Effect, added: _State, removed: _State) -> None:
        with self._lock:
            self._clock += 1
            for one in effect.added:
                lives = self._of[one.space, one.kind]
                at = lives.place(one)
                lives.state[at], lives.changed[at] = added, self._clock
                self._recent[one.space, one.kind].append(at)
            for space, one_id in effect.removed:
                for key, lives in self._of.items():
                    place = lives.places.get(one_id) if key[0] is space else None
                    if place is not None:
                        lives.state[place], lives.changed[place] = removed, self._clock
                        self._recent[key].append(place)


def wrong(query: Query, answer: Answer, seen: Snapshot) -> list[str]:
    """Compare an answer with a linear scan; return a sentence for each query that differs."""
    found: list[dict[int, int]] = [{} for _ in query.values]
    sentences = []
    for place, one, apart in answer:
        if one in found[place]:
            sentences.append(f"{_named(query)}: {one} twice")
        found[place][one] = apart
    places = [place for place, _, _ in answer]
    if places != sorted(places):
        sentences.append(f"{_named(query)}: not in the order of the queries")
    for value, here in zip(query.values, found, strict=True):
        every = distances(value, seen.words)
        near = np.flatnonzero(every <= query.radius)
        must = dict(zip(seen.ids[near].tolist(), every[near].tolist(), strict=True))
        certain = seen.ids[near[seen.certain[near]]].tolist()
        missing = [one for one in certain if one not in here]
        if seen.allowed is None:
            extra = [one for one in here if here[one] != must.get(one, here[one])]
        else:
            may = set(seen.ids[near[seen.allowed[near]]].tolist())
            extra = [one for one in here if one not in may or here[one] != must[one]]
        if missing or extra:
            told = [f"{len(some)} {some[:_TOLD]}" for some in (missing, extra)]
            sentences.append(f"{_named(query)}: missing {told[0]}, extra {told[1]}")
    return sentences


def distances(value: bytes, words: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return how many bits each of the codes, four columns, differs from one."""
    asked = np.frombuffer(value, np.uint64)
    apart = np.zeros(words.shape[1], np.uint16)
    for column, part in zip(words, asked, strict=True):
        apart += np.bitwise_count(column ^ part)
    return apart


def _named(query: Query) -> str:
    space, kind = query.key
    return f"{space}-{kind} radius {query.radius} batch {len(query.values)}"


class Journal:
    """What is begun and what was acknowledged, a line each, for whoever comes after a kill."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._number = 0

    def begin(self, effect: Effect) -> int:
        """Note what is about to be committed; return a number for `done`."""
        with self._lock:
            self._number += 1
            number = self._number
        added = [[each.space, each.kind, each.id, each.value.hex()] for each in effect.added]
        self._write({"begun": number, "added": added, "removed": effect.removed})
        return number

    def done(self, number: int) -> None:
        """Note that it was acknowledged."""
        self._write({"done": number})

    def searched(self, calls: int, queries: int) -> None:
        """Note how many searches were answered and found right since the last such line."""
        self._write({"searched": calls, "queries": queries})

    def _write(self, told: object) -> None:
        os.write(self._file, json.dumps(told).encode() + b"\n")  # in one go: appended as a whole


class Told(NamedTuple):
    """Effects in order, each with whether it was acknowledged; searches, and codes in them."""

    effects: list[tuple[Effect, bool]]
    searches: int
    queries: int


def read_journal(path: Path) -> Told:
    """Return what a journal says, whose process may have been killed at any moment."""
    begun: dict[int, Effect] = {}
    done: set[int] = set()
    searches = queries = 0
    for line in path.read_bytes().split(b"\n")[:-1]:
        told = json.loads(line)
        if "done" in told:
            done.add(told["done"])
        elif "begun" in told:
            begun[told["begun"]] = Effect(
                tuple(
                    Added(Space(space), SignalType(kind), one, bytes.fromhex(value))
                    for space, kind, one, value in told["added"]
                ),
                tuple((Space(space), one) for space, one in told["removed"]),
            )
        else:
            searches, queries = searches + told["searched"], queries + told["queries"]
    return Told([(effect, n in done) for n, effect in sorted(begun.items())], searches, queries)
