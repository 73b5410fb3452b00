"""A replica: the indexes of one process, which follow the store's table of changes."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from hashing.signals import SignalType
from service.matching.index import HammingIndex
from service.matching.segment_directory import OpenResult, SegmentDirectory
from service.matching.warm import warm
from service.replica import loader
from service.replica.holders import Holders
from service.replica.searcher import Indexes, LocalSearcher, Searcher
from service.store import changes, identity
from service.store import signals as stored_signals
from service.store.changes import Change, Space
from service.store.database import Database
from service.store.signals import StoredSignal

log = logging.getLogger(__name__)

_BATCH = 10_000
"""Signals whose changes are applied at once, and as many more as belong to the last change."""
_BATCH_CHANGES = 1000
"""Changes read from the store at once."""
_RETRY_SECONDS = 60
"""From a failure to write, such as a full disk, until the next attempt."""


class Replica:
    """Indexes of all that the store wants found, kept current, and their segments on disk.

    Call `load` once at the start, `catch_up` before you rely on a change, and `flush` now and
    then in a thread of its own. Any thread may call these, also while others search.
    """

    def __init__(self, database: Database, path: Path) -> None:
        """Start with empty indexes; segments are kept in the directory `path`."""
        self.database = database
        self._indexes = _empty_indexes()
        named = {_name(*key): index for key, index in self._indexes.items()}
        self.directory = SegmentDirectory(path, named)
        self.holders = Holders(database)
        self.searcher: Searcher = LocalSearcher(self._indexes, self.holders)
        self.ready = False
        """Whether it has been loaded."""
        self.position = 0
        """Of the last change that the indexes include."""
        self._changing = threading.RLock()
        self._retry_at = 0.0
        self._name = secrets.token_hex(16)

    def require_current(self) -> None:
        """Raise NotReady unless the store can be reached and has the tables of this version."""
        self.database.require_current()

    def load(self, *, anew: bool = False) -> None:
        """Open the indexes; read from the store what is damaged or missing, or all of it `anew`.

        Compiles the kernels first, so that no request waits for it. Raises NotReady as
        `require_current` does.
        """
        self.require_current()
        warm()
        if anew or self._open().lost:
            with self.directory.write_lock(wait=True):
                opened = self._open()  # another process may have rebuilt them meanwhile
                self._rebuild(OpenResult(0, self._names()) if anew else opened)
        self.ready = True
        self.catch_up()
        signals = sum(each.signals for each in self.searcher.statistics())
        log.info("loaded", extra={"signals": signals})

    def flush(self) -> None:
        """Write new signals from memory to segments when that is due; takes seconds then.

        Also reloads what another process has committed. Searches and changes go on meanwhile.
        """
        if not self.ready:
            return
        self.directory.reload(self._paused)
        if not self.directory.is_flush_due(self.position) or time.monotonic() < self._retry_at:
            return
        with self._logging_failure(), self.directory.write_lock() as locked:
            if locked:
                self.directory.commit(self._paused)

    def catch_up(self) -> None:
        """Apply every change that is committed now. Cheap when there is none, or before `load`."""
        if not self.ready:
            return
        with self._changing:
            while True:
                with self.database.read() as tx:
                    if changes.is_pruned(tx, self.position):
                        break
                    rows = changes.after(tx, self.position, _BATCH_CHANGES, most_signals=_BATCH)
                    added = [
                        (
                            space,
                            stored_signals.searchable_by_id(
                                tx, space, _ids(rows, space, Change.ADD)
                            ),
                        )
                        for space in Space
                    ]
                if not rows:
                    return
                upto = rows[-1].position
                for space in Space:
                    self._remove(space, _ids(rows, space, Change.REMOVE), upto)
                for space, stored in added:
                    self._add(space, stored, _removed(rows, space), upto)
                self.position = upto
        self._begin_anew()

    def report(self, now: date) -> None:
        """Record how far this process has followed, so that older changes can be deleted."""
        if self.ready:
            reached = self.position if self.directory.position < 0 else self.directory.position
            with self.database.write() as tx:
                changes.set_followed(tx, self._name, min(self.position, reached), now)

    def _begin_anew(self) -> None:
        """Read everything from the store: changes that this process has not seen are deleted."""
        with self.directory.write_lock(wait=True), self._changing:
            with self.database.read() as tx:
                if not changes.is_pruned(tx, self.position):
                    return  # another thread has done it
            log.warning("changes were deleted before they were seen here, reading the store anew")
            self.ready = False  # half an index would find only half
            self._rebuild(OpenResult(0, self._names()))
            self.ready = True

    def lag(self) -> int:
        """Return how many changes the indexes do not include yet."""
        with self.database.read() as tx:
            return changes.last(tx) - self.position

    def _add(
        self, space: Space, stored: list[StoredSignal], removed: set[int], change: int
    ) -> None:
        new = loader.by_type(each for each in stored if each.id not in removed)
        for signal_type, signals in new.items():
            self._indexes[space, signal_type].add(signals.ids, signals.codes)
        returned = loader.by_type(each for each in stored if each.id in removed)
        for signal_type, signals in returned.items():
            index = self._indexes[space, signal_type]
            index.replace(signals.ids, signals.codes, change=change)

    def _remove(self, space: Space, ids: list[int], change: int) -> None:
        for (of_space, _), index in self._indexes.items():
            if of_space is space and ids:
                index.remove(ids, change=change)

    @contextmanager
    def _paused(self) -> Iterator[int]:
        with self._changing:
            yield self.position

    def _open(self) -> OpenResult:
        """Open what is on disk, if it is of this store as it is now."""
        with self.database.read() as tx:
            self.directory.store_name = identity.name(tx)
        opened = self.directory.open()
        if self._is_of_store(opened.position):
            self.position = opened.position
            return opened
        log.warning("index is not of this store, reading it from the store")
        self.directory.discard()
        return OpenResult(0, self._names())

    def _is_of_store(self, position: int) -> bool:
        with self.database.read() as tx:
            is_known = changes.last(tx) >= position and not changes.is_pruned(tx, position)
            return is_known and all(
                loader.is_of_store(tx, space, index, position)
                for (space, _), index in self._indexes.items()
            )

    def _names(self) -> frozenset[str]:
        return frozenset(_name(*key) for key in self._indexes)

    def _rebuild(self, opened: OpenResult) -> None:
        """Read what was lost; other indexes are at an earlier position, and catch up later."""
        with self.database.read() as tx:
            last = changes.last(tx)
            for space in Space:
                lost = [
                    signal_type
                    for of_space, signal_type in self._indexes
                    if of_space is space and _name(space, signal_type) in opened.lost
                ]
                found = loader.read_all(tx, space) if lost else {}
                for signal_type in lost:
                    signals = found.get(signal_type, loader.NO_SIGNALS)
                    self.directory.rebuild(_name(space, signal_type), *signals)
        self.position = last if opened.lost == self._names() else opened.position
        if not self.directory.is_empty:
            with self._logging_failure():
                self.directory.commit(self._paused)

    @contextmanager
    def _logging_failure(self) -> Iterator[None]:
        """A directory that is full or cannot be written costs speed, and nothing else."""
        try:
            yield
        except OSError as err:
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            log.error(  # noqa: TRY400
                "index cannot be written: searches go on with the old one, and slow down as signals"
                " are added; make room in its folder",
                extra={"error": os.strerror(err.errno or 0)},
            )


def _empty_indexes() -> Indexes:
    perceptual = [each for each in SignalType if each.perceptual]
    return {(space, each): HammingIndex() for space in Space for each in perceptual}


def _name(space: Space, signal_type: SignalType) -> str:
    """Name of an index, with which its files begin."""
    return f"{space}-{signal_type}"


def _ids(rows: list[changes.Row], space: Space, change: Change) -> list[int]:
    """Signals of a space whose last change among these rows is an addition, or a removal."""
    last = {one: row.change for row in rows if row.space is space for one in row.ids}
    return [signal_id for signal_id, latest in last.items() if latest is change]


def _removed(rows: list[changes.Row], space: Space) -> set[int]:
    """Signals that were removed among these rows, whether or not they came back."""
    removals = (row for row in rows if row.space is space and row.change is Change.REMOVE)
    return {one for row in removals for one in row.ids}
