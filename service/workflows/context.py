"""What every workflow is given: the store, the indexes that follow it, the seals."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from hashing.signals import SignalType
from service.domain.errors import NotReady
from service.matching.codes import Codes, Hits
from service.matching.index import HammingIndex
from service.matching.shelf import Opened, Shelf
from service.matching.warm import warm
from service.sealing import Seals
from service.settings import Settings
from service.store import changes, identity, signals
from service.store.changes import Change, Space
from service.store.database import Database
from service.store.signals import StoredSignal as Stored
from service.workflows import refill

log = logging.getLogger(__name__)

_CHUNK = 10_000
"""Signals or changes taken from the store at once."""
_RETRY_SECONDS = 60
"""After a failure to write, a full disk for one, until the next attempt."""

Indexes = Mapping[tuple[Space, SignalType], HammingIndex]


def _indexes() -> Indexes:
    types = [kind for kind in SignalType if kind.perceptual]
    return {(space, kind): HammingIndex() for space in Space for kind in types}


@dataclass
class Context:
    """What one process has. `load` once at the start, `catch_up` before relying on a change."""

    settings: Settings
    database: Database
    seals: Seals
    indexes: Indexes = field(default_factory=_indexes)
    work_waits: threading.Event = field(default_factory=threading.Event)
    """Set when there is something for the worker to do at once."""
    ready: bool = False
    position: int = 0
    """The last change that the indexes show."""
    _following: threading.Lock = field(default_factory=threading.Lock)
    _unwritable_until: float = 0.0

    def __post_init__(self) -> None:
        named = {_name(*key): index for key, index in self.indexes.items()}
        self.shelf = Shelf(self.settings.index, named)

    def require_current(self) -> None:
        """Raise NotReady unless the store can be reached and has the tables of this version."""
        if not self.database.is_current():
            raise NotReady(
                "The tables are not those of this version. Run: python -m service migrate"
            )

    def load(self, *, anew: bool = False) -> None:
        """Open the indexes, and read from the store what is damaged, missing, or all of it `anew`.

        Compiles the kernels first, so that no request waits for it. Raises NotReady as
        `require_current` does.
        """
        self.require_current()
        warm()
        if anew or self._opened().lost:
            with self.shelf.writing(wait=True):
                opened = self._opened()  # another process may have written it meanwhile
                self._refill(Opened(0, self._every()) if anew else opened)
        self.ready = True
        self.catch_up()
        log.info("loaded", extra={"signals": sum(map(len, self.indexes.values()))})

    def fold(self) -> None:
        """Bring new signals from memory into segments when it is due; takes seconds then.

        Also shows what another process wrote. Searches and changes go on meanwhile.
        """
        if not self.ready:
            return
        self.shelf.adopt(self._paused)
        if not self.shelf.due(self.position) or time.monotonic() < self._unwritable_until:
            return
        with self._reporting(), self.shelf.writing() as mine:
            if mine:
                self.shelf.publish(self._paused)

    def catch_up(self) -> None:
        """Show every change that is committed now. Cheap when there is none, or nothing loaded."""
        if not self.ready:
            return
        with self._following:
            while True:
                with self.database.read() as tx:
                    rows = changes.after(tx, self.position, _CHUNK)
                    added = [
                        (space, signals.searchable_by_id(tx, space, _ids(rows, space, Change.ADD)))
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

    @property
    def replica(self):
        from service.replica.follower import Replica

        return Replica(self)

    def lag(self) -> int:
        """How many changes the indexes do not show yet."""
        with self.database.read() as tx:
            return changes.last(tx) - self.position

    def search(
        self, space: Space, kind: SignalType, values: list[bytes], radius: int
    ) -> list[tuple[int, int, int]]:
        """Return (place in `values`, signal id, distance) for all that is near."""
        if not values:
            return []
        hits = self.hits(space, kind, refill.codes_of(values), radius)
        return list(
            zip(hits.queries.tolist(), hits.ids.tolist(), hits.distances.tolist(), strict=True)
        )

    def hits(self, space: Space, kind: SignalType, codes: Codes, radius: int) -> Hits:
        """Return all that is near some codes, as arrays."""
        return self.indexes[space, kind].search(codes, radius)

    def _add(self, space: Space, stored: list[Stored], removed: set[int], change: int) -> None:
        for kind, found in refill.by_type(one for one in stored if one.id not in removed).items():
            self.indexes[space, kind].add(found.ids, found.codes)
        for kind, found in refill.by_type(one for one in stored if one.id in removed).items():
            self.indexes[space, kind].renew(found.ids, found.codes, change=change)

    def _remove(self, space: Space, gone: list[int], change: int) -> None:
        for (of_space, _), index in self.indexes.items():
            if of_space is space and gone:
                index.remove(gone, change=change)

    @contextmanager
    def _paused(self) -> Iterator[int]:
        with self._following:
            yield self.position

    def _opened(self) -> Opened:
        """What is on disk, if it is of this store as it is now."""
        with self.database.read() as tx:
            self.shelf.store = identity.name(tx)
        opened = self.shelf.open()
        with self.database.read() as tx:
            if changes.last(tx) >= opened.position and all(
                refill.agrees(tx, space, index, opened.position)
                for (space, _), index in self.indexes.items()
            ):
                self.position = opened.position
                return opened
        log.warning("index is not of this store, reading it from the store")
        self.shelf.forget()
        return Opened(0, self._every())

    def _every(self) -> frozenset[str]:
        return frozenset(_name(*key) for key in self.indexes)

    def _refill(self, opened: Opened) -> None:
        """Read what was lost; what is still there is of an earlier position, and catches up."""
        with self.database.read() as tx:
            last = changes.last(tx)
            for space in Space:
                lost = [
                    kind
                    for of, kind in self.indexes
                    if of is space and _name(of, kind) in opened.lost
                ]
                found = refill.everything(tx, space) if lost else {}
                for kind in lost:
                    self.shelf.fill(_name(space, kind), *found.get(kind, refill.NOTHING))
        self.position = last if opened.lost == self._every() else opened.position
        if not self.shelf.is_empty or any(index.segments for index in self.indexes.values()):
            with self._reporting():
                self.shelf.publish(self._paused)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """A folder that is full, or cannot be written, costs speed and nothing else."""
        try:
            yield
        except OSError as err:
            self._unwritable_until = time.monotonic() + _RETRY_SECONDS
            log.error(  # noqa: TRY400
                "index cannot be written: searches go on with the old one, and slow down as signals"
                " are added; make room in its folder",
                extra={"error": os.strerror(err.errno or 0)},
            )


def _name(space: Space, kind: SignalType) -> str:
    return f"{space}-{kind}"


def _ids(rows: list[changes.Row], space: Space, change: Change) -> list[int]:
    """Signals whose last change among these rows is of one sort."""
    last = {row.signal_id: row.change for row in rows if row.space is space}
    return [signal_id for signal_id, latest in last.items() if latest is change]


def _removed(rows: list[changes.Row], space: Space) -> set[int]:
    """Signals that were removed among these rows, also if they came back."""
    return {r.signal_id for r in rows if r.space is space and r.change is Change.REMOVE}


Today = date
"""`now` of a workflow: a day, because nothing finer is kept about anyone."""
