"""One process of the soak, with a real context over the store. The driver tells it what to do.

    python -m benchmarks.soak_process FOLDER NAME SEED

Lines of JSON in: {"load": [adds, removes, searches]}, {"check": searches}, {"stop": null}. Lines
out: what happened, wrong answers among it. Follows and flushes as `service.worker` does.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks.soak_acts import Acts, Family, anchors, effect_of, near
from benchmarks.soak_model import (
    KEYS,
    Answer,
    Journal,
    Key,
    Model,
    Query,
    Snapshot,
    stored,
    wrong,
)
from hashing.signals import SignalType
from service import journal, worker
from service.matching import merge_policy, segment_directory
from service.matching.codes import codes_of
from service.replica.follower import Replica
from service.sealing import Seals
from service.settings import Settings
from service.store import changes
from service.store.changes import Space
from service.store.database import Database
from service.workflows.context import Context

log = logging.getLogger(__name__)

TAIL_CODES, SEGMENT_CODES, REPLAY_LIMIT = 100, 8_000, 300
ERASE_CODES_PER_SECOND, PAUSE_SECONDS = 2_000, 0.05
"""In place of 2^15, 2^24, 20,000, 167 and 0.5: what takes hours otherwise takes seconds."""
WRITERS, SEARCHERS = 2, 4
RADII = (0, 1, 31, 40, 48, 64)
EVERYTHING = 256
"""A radius within which every code is."""
SECRET = b"^" * 32
_BATCH = 0.03
_BATCHES = (2, 8, 31, 32, 48, 64)
_COUNTED = 20
"""Searches between two lines of the journal."""
_MORE = 20
"""Signals added beyond the plan when none is left that could be removed."""
_AT_ONCE = 500
_WATCH_SECONDS = 0.01


def settings_in(folder: Path) -> Settings:
    """Return the settings of the service under test."""
    return Settings(state=folder / "state", secret=SECRET.hex())


def opened(folder: Path) -> Context:
    """Return a context that is not loaded yet."""
    settings = settings_in(folder)
    database = Database(settings.database)
    replica = Replica(database, settings.index)
    return Context(settings, database, Seals(SECRET), replica, journal.Journal(settings.journal))


class _WithCause(logging.Formatter):
    """The service names no cause in its log; here it holds nobody's secrets."""

    def format(self, record: logging.LogRecord) -> str:
        text, cause = super().format(record), sys.exc_info()[1]
        if cause is None or record.exc_info:
            return text
        frames = traceback.extract_tb(cause.__traceback__)[-3:]
        places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
        return f"{text}: {type(cause).__name__} {cause} at {places}"


class Left:
    """So many of something to do, shared by threads."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Whether there was any left; now there are so many fewer."""
        with self._lock:
            there = self.count > 0
            self.count -= count
            return there


class Process:
    """A context under load, and what its answers must be."""

    def __init__(self, folder: Path, name: str, seed: int) -> None:
        self._context = opened(folder)
        self._seed = seed
        self._family = Family(seed)
        self._journal = Journal(folder / f"{name}.journal")
        self._telling = threading.Lock()
        self._loads = 0
        self.committed = 0
        commit = self._context.replica.directory.commit

        def counted(paused: segment_directory.Paused) -> None:
            commit(paused)
            self.committed += 1

        self._context.replica.directory.commit = counted  # type: ignore[method-assign]

    def tell(self, **what: object) -> None:
        """Write one line to the driver."""
        with self._telling:
            print(json.dumps(what), flush=True)

    def run(self) -> None:
        """Load, then do what the driver says until it says stop."""
        began = time.monotonic()
        self._context.replica.load()
        self.tell(loaded=time.monotonic() - began)
        stop = threading.Event()
        following = threading.Thread(target=worker.follow, args=(self._context, stop))
        watching = threading.Thread(target=self._watch, args=(stop,))
        for thread in (following, watching):
            thread.start()
        for line in sys.stdin:
            ((do, given),) = json.loads(line).items()
            if do == "load":
                self._load(*given)
            elif do == "check":
                self.tell(checked=self._check(given), **self._figures())
            else:
                break
        stop.set()
        for thread in (following, watching):
            thread.join()
        self._context.database.close()

    # --- load ---

    def _load(self, adds: int, removes: int, searches: int) -> None:
        """Add, remove and search at once, until so many signals and searches are done."""
        self._loads += 1
        with self._context.database.read() as tx:
            model, acts = Model(stored(tx)), Acts(tx, self._family)
        left = Left(adds), Left(removes)
        asked = Left(searches)
        works = [lambda random: self._write(random, acts, model, left)] * WRITERS
        works += [lambda random: self._search(random, model, asked)] * SEARCHERS
        seeds = [f"{self._seed} {self._loads} {number}" for number in range(len(works))]
        threads = [
            threading.Thread(target=self._surviving, args=(work, Random(seed)))
            for work, seed in zip(works, seeds, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with self._context.database.read() as tx:
            different = model.present() ^ set(stored(tx))
        if different:
            self.tell(wrong=[f"store and model differ in {len(different)} signals"])
        self.tell(ran=True)

    def _surviving(self, work: Callable[[Random], None], random: Random) -> None:
        try:
            work(random)
        except Exception as err:
            log.exception("thread of the load")
            self.tell(wrong=[f"{type(err).__name__} in the load"])

    def _write(self, random: Random, acts: Acts, model: Model, left: tuple[Left, Left]) -> None:
        adds, removes = left
        while (more := max(adds.count, 0)) + (less := max(removes.count, 0)):
            act = (acts.add if random.random() * (more + less) < more else acts.remove)(random)
            with self._context.database.write_changes() as tx:
                before = changes.last(tx)
                act.do(tx)
                effect = model.known(effect_of(tx, before))
                number = self._journal.begin(effect)
                model.begin(effect)
            self._context.replica.catch_up()
            model.done(effect)
            self._journal.done(number)
            act.after()
            adds.take(len(effect.added))
            removes.take(len(effect.removed))
            if not (effect.added or effect.removed):  # all that could be removed is held
                adds.take(-_MORE)

    def _search(self, random: Random, model: Model, left: Left) -> None:
        calls = queries = 0
        while left.take(1):
            query = self._query(random, model, random.choice(RADII))
            since = model.now()
            answer = self._asked(query)
            if found := wrong(query, answer, model.snapshot(query.key, since)):
                self.tell(wrong=found)
            calls, queries = calls + 1, queries + len(query.values)
            if calls == _COUNTED:
                self._journal.searched(calls, queries)
                calls = queries = 0
        self._journal.searched(calls, queries)

    def _query(self, random: Random, model: Model, radius: int) -> Query:
        key = random.choice(KEYS) if random.random() < 0.5 else (Space.BANK, SignalType.PDQ)
        size = random.choice(_BATCHES) if random.random() < _BATCH else 1
        values = []
        for _ in range(size):
            known = model.some(key, random) if random.random() < 0.7 else None
            if known is None:
                values.append(self._family.code(random))
            else:
                values.append(
                    near(known, random.choice((0, random.randint(0, radius + 4))), random)
                )
        return Query(key, values, radius)

    def _asked(self, query: Query) -> Answer:
        searcher = self._context.replica.searcher
        near = searcher.search(*query.key, codes_of(query.values), query.radius)
        return list(zip(*(column.tolist() for column in near), strict=True))

    # --- always ---

    def _watch(self, stop: threading.Event) -> None:
        """Ask all the time for what nobody touches, whatever is reloaded or merged just now."""
        with self._context.database.read() as tx:
            kept = Model(anchors(tx))
        random = Random(self._seed)
        while not stop.wait(_WATCH_SECONDS):
            kind = random.choice((SignalType.PDQ, SignalType.PHASH))
            known = kept.some((Space.BANK, kind), random)
            if known is not None:
                radius = random.choice(RADII)
                value = near(known, random.randint(0, radius), random)
                query = Query((Space.BANK, kind), [value], radius)
                answer = self._asked(query)
                seen = kept.snapshot(query.key, kept.now())._replace(allowed=None)
                if found := wrong(query, answer, seen):
                    self.tell(wrong=[f"never touched: {one}" for one in found])

    # --- at a quiet point ---

    def _check(self, searches: int) -> int:
        """Compare the whole index with the store; return how many searches that took."""
        self._context.replica.catch_up()
        with self._context.database.read() as tx:
            everything = list(stored(tx))
        model = Model(everything)
        lag = self._context.replica.lag()
        found = [f"{lag} changes behind"] if lag else []
        for key in KEYS:
            found += self._whole(key, model.snapshot(key, model.now()))
        random = Random(f"{self._seed} {len(everything)}")
        for number in range(searches):
            query = self._query(random, model, RADII[number % len(RADII)])
            found += wrong(query, self._asked(query), model.snapshot(query.key, model.now()))
        if found:
            self.tell(wrong=[f"at rest: {one}" for one in found])
        return searches

    def _whole(self, key: Key, seen: Snapshot) -> list[str]:
        """Compare all that an index holds: in one scan, and each signal by its own code."""
        dump = Query(key, [bytes(32)], EVERYTHING)
        found = wrong(dump, self._asked(dump), seen)
        if (signals := self._signals(key)) != len(seen.ids):
            found.append(f"{key}: says it holds {signals}, not {len(seen.ids)}")
        codes = [row.tobytes() for row in np.ascontiguousarray(seen.words.T)]
        of: dict[bytes, list[int]] = {}
        for code, one in zip(codes, seen.ids.tolist(), strict=True):
            of.setdefault(code, []).append(one)
        each = list(of)
        for start in range(0, len(each), _AT_ONCE):
            some = each[start : start + _AT_ONCE]
            must = sorted((place, one, 0) for place, code in enumerate(some) for one in of[code])
            if sorted(self._asked(Query(key, some, 0))) != must:
                found.append(f"{key}: not every signal is found by its own code, and no other")
        return found

    def _signals(self, key: Key) -> int:
        every = self._context.replica.searcher.statistics()
        return sum(each.signals for each in every if (each.space, each.signal_type) == key)

    def _figures(self) -> dict[str, Any]:
        every = self._context.replica.searcher.statistics()
        return {
            "live": sum(each.signals for each in every),
            "segments": sum(each.segments for each in every),
            "committed": self.committed,
            "position": self._context.replica.directory.position,
        }


def main() -> None:
    """Be one process of the soak."""
    folder, name, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    handler = logging.StreamHandler()
    handler.setFormatter(_WithCause("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    merge_policy.TAIL_CODES, merge_policy.SEGMENT_CODES = TAIL_CODES, SEGMENT_CODES
    merge_policy.ERASE_CODES_PER_SECOND = ERASE_CODES_PER_SECOND
    segment_directory.REPLAY_LIMIT, worker.PAUSE_SECONDS = REPLAY_LIMIT, PAUSE_SECONDS
    Process(folder, name, seed).run()


if __name__ == "__main__":
    main()
