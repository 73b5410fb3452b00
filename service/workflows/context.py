"""What every workflow is given: the store, the indexes that follow it, the seals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from hashing.signals import SignalType
from service.domain.errors import NotReady
from service.matching.index import CODE_BYTES, HammingIndex
from service.sealing import Seals
from service.settings import Settings
from service.store import banks, changes
from service.store.banks import Stored
from service.store.changes import Change, Space
from service.store.database import Database

log = logging.getLogger(__name__)

_CHUNK = 10_000
"""Signals or changes taken from the store at once."""

Indexes = Mapping[tuple[Space, SignalType], HammingIndex]


def _indexes() -> Indexes:
    types = [kind for kind in SignalType if kind.perceptual]
    return {(space, kind): HammingIndex() for space in Space for kind in types}


@dataclass
class Context:
    """One process's view. `load` once at the start, `catch_up` before relying on a change."""

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

    def require_current(self) -> None:
        """Raise NotReady unless the store can be reached and has the tables of this version."""
        if not self.database.is_current():
            raise NotReady(
                "The tables are not those of this version. Run: python -m service migrate"
            )

    def load(self) -> None:
        """Fill the indexes from the store. Raises NotReady as `require_current` does."""
        self.require_current()
        with self._following, self.database.read() as tx:
            position = changes.last(tx)
            for space in Space:
                for stored in banks.findable(tx, space, _CHUNK):
                    self._add(space, stored)
            self.position = position
        self.ready = True
        log.info("loaded", extra={"signals": sum(map(len, self.indexes.values()))})

    def catch_up(self) -> None:
        """Show every change that is committed now. Cheap when there is none, or nothing loaded."""
        if not self.ready:
            return
        with self._following:
            while True:
                with self.database.read() as tx:
                    rows = changes.after(tx, self.position, _CHUNK)
                    added = [
                        (space, banks.findable_of(tx, space, _ids(rows, space, Change.ADD)))
                        for space in Space
                    ]
                for space in Space:
                    self._remove(space, _ids(rows, space, Change.REMOVE))
                for space, stored in added:
                    self._add(space, stored)
                if not rows:
                    return
                self.position = rows[-1].position

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
        codes = np.frombuffer(b"".join(values), np.uint8).reshape(-1, CODE_BYTES)
        hits = self.indexes[space, kind].search(codes, radius)
        return list(
            zip(hits.queries.tolist(), hits.ids.tolist(), hits.distances.tolist(), strict=True)
        )

    def _add(self, space: Space, stored: list[Stored]) -> None:
        for kind in SignalType:
            of_kind = [one for one in stored if one.type == kind]
            if of_kind:
                codes = np.frombuffer(b"".join(one.value for one in of_kind), np.uint8)
                ids = np.array([one.id for one in of_kind], np.int64)
                self.indexes[space, kind].add(ids, codes.reshape(-1, CODE_BYTES))

    def _remove(self, space: Space, ids: Iterable[int]) -> None:
        gone = list(ids)
        for (of_space, _), index in self.indexes.items():
            if of_space is space and gone:
                index.remove(gone)


def _ids(rows: list[changes.Row], space: Space, change: Change) -> list[int]:
    """Signals whose last change among these rows is of one sort."""
    last = {row.signal_id: row.change for row in rows if row.space is space}
    return [signal_id for signal_id, latest in last.items() if latest is change]


Today = date
"""`now` of a workflow: a day, because nothing finer is kept about anyone."""
