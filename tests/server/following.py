"""What tests of indexes share: codes, the plain answer, processes over a folder, statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hashing.signals import SignalType
from service.matching import kernels, plan, segment
from service.matching.bit_order import permute_bits
from service.matching.codes import Codes, Ids, Neighbours
from service.matching.index import HammingIndex
from service.matching.scan import Triples
from service.matching.segment_directory import OpenResult, SegmentDirectory
from service.replica.searcher import IndexStatistics
from service.store.changes import Space
from service.workflows.context import Context

NAMES = ("bank-pdq", "excluded-pdq")
BANK, EXCLUDED = NAMES

State = dict[int, bytes]
"""What an index should hold: codes by id."""


def codes(*values: bytes) -> Codes:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)


def uniform(seed: int, count: int) -> Codes:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), np.uint8)


def code(seed: int) -> bytes:
    return bytes(uniform(seed, 1)[0])


def flipped(random: np.random.Generator, near: Codes, most: int) -> Codes:
    """Codes with at most so many bits turned over, anywhere."""
    bits = np.unpackbits(near, axis=1)
    for row in bits:
        row[random.choice(256, random.integers(0, most + 1), replace=False)] ^= 1
    return np.packbits(bits, axis=1)


def in_order(rows: Triples) -> Triples:
    """Triples in one order, whoever found them."""
    ordered: Triples = rows[np.lexsort(rows.T[::-1])]
    return ordered


def compared(ids: Ids, stored: Codes, asked: Codes, radius: int) -> Triples:
    """The answer by comparing everything with everything, on the bits as they were given."""
    rows = [np.empty((0, 3), np.int64)]
    for number, one in enumerate(asked):
        apart = np.bitwise_count(stored ^ one).sum(axis=1, dtype=np.int64)
        near = np.flatnonzero(apart <= radius)
        rows.append(np.stack([np.full(len(near), number), ids[near], apart[near]], axis=1))
    return in_order(np.concatenate(rows))


def loaded() -> None:
    """Load all machine code without starting a thread, so that this process may fork."""
    words, cut = permute_bits(uniform(1, 1)), plan.chunking(32)
    table = segment.layout(1, cut)
    body = np.zeros(segment.file_bytes(1, cut) - segment.BODY, np.uint8)
    directory, beside = np.zeros(2**8 + 1, np.uint32), np.zeros(1 + kernels.LANES, np.uint16)
    kernels.fill_buckets(words, 0, table, directory, beside, np.zeros(3, np.uint8))
    allowed, found = np.array(plan.chunk_radii(cut, 0), np.int64), np.empty((1, 3), np.int64)
    removed, probes = np.zeros(1, np.uint8), plan.probes(cut, 0)
    kernels.search(words, 0, table, body, removed, probes, allowed, 0, found)


def rows_of(hits: Neighbours) -> Triples:
    return in_order(np.stack([hits.queries, hits.ids, hits.distances], axis=1))


def shows(index: HammingIndex, state: State) -> bool:
    """Whether an index holds exactly this: by its length, by asking for each and for all."""
    ids = np.array(sorted(state), np.int64)
    stored = codes(*(state[one] for one in ids.tolist()))
    return len(index) == len(state) and all(
        np.array_equal(rows_of(index.search(asked, radius)), compared(ids, stored, asked, radius))
        for asked, radius in ((stored, 0), (codes(bytes(32)), 256))
    )


class Change(NamedTuple):
    name: str
    id: int
    code: bytes | None
    """None for a removal."""


class Log:
    """What a store says: changes from position 1 on, each of which changes something."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._now: dict[str, State] = {name: {} for name in NAMES}

    @property
    def position(self) -> int:
        return len(self.changes)

    def add(self, one: int, code: bytes, name: str = BANK) -> None:
        if one not in self._now[name]:
            self._now[name][one] = code
            self.changes.append(Change(name, one, code))

    def remove(self, one: int, name: str = BANK) -> None:
        if self._now[name].pop(one, None) is not None:
            self.changes.append(Change(name, one, None))

    def state(self, upto: int | None = None, name: str = BANK) -> State:
        state: State = {}
        for change in self.changes[:upto]:
            if change.name == name and change.code is None:
                del state[change.id]
            elif change.name == name and change.code is not None:
                state[change.id] = change.code
        return state


class Process:
    """Indexes over a folder that follow a log, as `service.replica.follower` does."""

    def __init__(self, folder: Path, log: Log) -> None:
        self.log = log
        self.indexes = {name: HammingIndex() for name in NAMES}
        self.directory = SegmentDirectory(folder, self.indexes)
        self.position = 0
        self._pauses: list[Callable[[], None]] = []

    @property
    def bank(self) -> HammingIndex:
        return self.indexes[BANK]

    def open(self) -> OpenResult:
        opened = self.directory.open()
        self.position = opened.position
        return opened

    def follow(self, upto: int | None = None) -> None:
        end = self.log.position if upto is None else min(upto, self.log.position)
        for change in self.log.changes[self.position : end]:
            self.position += 1
            index = self.indexes[change.name]
            if change.code is None:
                index.remove([change.id], change=self.position)
            else:
                index.add(np.array([change.id]), codes(change.code))

    @contextmanager
    def paused(self) -> Iterator[int]:
        yield self.position
        if self._pauses:
            self._pauses.pop()()

    def commit(self, meanwhile: Callable[[], None] | None = None) -> None:
        """Commit; what is to be done `meanwhile` is done after the first pause."""
        self._pauses = [meanwhile] if meanwhile else []
        with self.directory.write_lock() as locked:
            assert locked
            self.directory.commit(self.paused)

    def reload(self) -> None:
        self.directory.reload(self.paused)

    def is_current(self) -> bool:
        """Whether it shows exactly what the log says, up to where it has followed it."""
        return all(
            shows(index, self.log.state(self.position, name))
            for name, index in self.indexes.items()
        )


def started(folder: Path, log: Log) -> Process:
    process = Process(folder, log)
    process.open()
    process.follow()
    return process


def committed(folder: Path, log: Log) -> Process:
    process = started(folder, log)
    process.commit()
    return process


def two_indexes() -> Log:
    """Thirty codes, ids from 0 on, and a few in the other index."""
    log = Log()
    for one in range(30):
        log.add(one, code(one))
    for one in range(10):
        log.add(one, code(900 + one), EXCLUDED)
    return log


def statistics_of(context: Context, space: Space, signal_type: SignalType) -> IndexStatistics:
    (found,) = (
        each
        for each in context.replica.searcher.statistics()
        if (each.space, each.signal_type) == (space, signal_type)
    )
    return found


def signals_in(context: Context) -> int:
    """How many signals all indexes of a process hold."""
    return sum(each.signals for each in context.replica.searcher.statistics())


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()} - {"lock"}
