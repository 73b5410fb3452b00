"""An exact Hamming-radius index over 256-bit codes, for now a scan by FAISS.

The interface is what stays: `add`, `remove`, `search`, all visible at once; results equal a
linear scan. The index is a cache of the store and holds nothing that cannot be read again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

CODE_BYTES = 32
Codes = NDArray[np.uint8]
Ids = NDArray[np.int64]

_COMPACT_ABOVE = 4096
"""Removed codes that are carried along at least, before the rest is copied without them."""
_GONE = -1


class Hits(NamedTuple):
    """Pairs within the radius, as three arrays of one length, in the order of the queries."""

    queries: NDArray[np.intp]
    ids: Ids
    distances: NDArray[np.int32]


class HammingIndex:
    """Codes with an id each. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scan = faiss.IndexBinaryFlat(8 * CODE_BYTES)
        self._ids: Ids = np.empty(0, np.int64)
        self._place: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._place)

    def add(self, ids: Ids, codes: Codes) -> None:
        """Add codes, uint8 (n, 32), under ids of 0 or more; an id already there is passed over."""
        with self._lock:
            firsts = np.sort(np.unique(ids, return_index=True)[1])
            fresh = firsts[[one not in self._place for one in ids[firsts].tolist()]]
            if not len(fresh):
                return
            start = len(self._ids)
            self._ids = np.concatenate([self._ids, ids[fresh]])
            self._scan.add(np.ascontiguousarray(codes[fresh]))
            self._place.update(
                zip(self._ids[start:].tolist(), range(start, len(self._ids)), strict=True)
            )

    def remove(self, ids: Iterable[int]) -> None:
        """Forget codes by id; an unknown id is passed over."""
        with self._lock:
            for one in ids:
                place = self._place.pop(int(one), None)
                if place is not None:
                    self._ids[place] = _GONE
            if len(self._ids) - len(self._place) > max(_COMPACT_ABOVE, len(self._place)):
                self._compact()

    def search(self, codes: Codes, radius: int) -> Hits:
        """Return every pair of a query, uint8 (n, 32), and a code at most `radius` bits apart."""
        with self._lock:
            # FAISS leaves out what is exactly at the radius it is given.
            limits, distances, places = self._scan.range_search(
                np.ascontiguousarray(codes), radius + 1
            )
            ids = self._ids[places]
        queries = np.repeat(np.arange(len(codes)), np.diff(limits.astype(np.int64)))
        kept = ids != _GONE
        return Hits(queries[kept], ids[kept], distances[kept].astype(np.int32))

    def _compact(self) -> None:
        kept = np.flatnonzero(self._ids != _GONE)
        stored = faiss.vector_to_array(self._scan.xb)  # type: ignore[attr-defined]
        self._scan = faiss.IndexBinaryFlat(8 * CODE_BYTES)
        self._scan.add(np.ascontiguousarray(stored.reshape(-1, CODE_BYTES)[kept]))
        self._ids = self._ids[kept]
        self._place = {int(one): place for place, one in enumerate(self._ids)}
