"""A linear scan by FAISS: for the tail, and where it is cheaper than looking into buckets."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

from service.matching.bit_order import Words
from service.matching.codes import CODE_BYTES, Ids

Triples = NDArray[np.int64]
"""(query, id, distance), or (query, row, distance) where said so: (n, 3)."""


class Found(NamedTuple):
    """What is within the radius of some queries: row and distance of the pairs of each in a row."""

    limits: NDArray[np.int64]
    """Where the pairs of each query begin; at the end, how many there are."""
    rows: NDArray[np.int64]
    distances: NDArray[np.float32]
    """Whole numbers, as FAISS has them."""


Thin = Callable[[Found, Ids, NDArray[np.uint8], int], Triples]
"""Takes what is found, the ids of all rows, which of them were removed, and the radius."""

_PAIRS_AT_ONCE = 500_000
"""Of queries and codes, where what is found is thinned: 18 MB, if every code is near."""
_this_thread = threading.local()


def no_triples() -> Triples:
    """Return the result of a search that finds nothing."""
    return np.empty((0, 3), np.int64)


def scan(queries: Words, words: Words, radius: int) -> Triples:
    """Return (query, row, distance) of every code within the radius, in the order of queries.

    The codes are read where they lie, in a mapped file too.
    """
    if not len(queries) or not len(words):
        return no_triples()
    result = _searched(queries, words, radius)
    limits, rows, distances = _found(result, len(queries))
    if not len(rows):
        return no_triples()
    triples = np.empty((limits[-1], 3), np.int64)
    triples[:, 0] = np.repeat(np.arange(len(queries)), np.diff(limits))
    triples[:, 1] = rows
    triples[:, 2] = distances
    return triples


def scan_live(
    queries: Words, words: Words, ids: Ids, removed: NDArray[np.uint8], radius: int
) -> Triples:
    """Return (query, id, distance) of every code within the radius that was not removed."""
    triples = scan(queries, words, radius)
    if len(triples):
        triples = triples[removed[triples[:, 1]] == 0]
        triples[:, 1] = ids[triples[:, 1]]
    return triples


def scan_thinned(
    queries: Words,
    words: Words,
    ids: Ids,
    removed: NDArray[np.uint8],
    radius: int,
    thin: Thin,
) -> Triples:
    """The same, of so few queries at a time that memory is bounded; of each, what `thin` leaves."""
    size = max(1, _PAIRS_AT_ONCE // max(1, len(words)))
    found = []
    for first in range(0, len(queries) if len(words) else 0, size):
        some = queries[first : first + size]
        result = _searched(some, words, radius)  # owns the memory of what it found
        pairs = _found(result, len(some))
        if len(pairs.rows):
            triples = thin(pairs, ids, removed, radius)
            triples[:, 0] += first
            found.append(triples)
    return np.concatenate(found) if found else no_triples()


def _searched(queries: Words, words: Words, radius: int) -> faiss.RangeSearchResult:
    """FAISS's result, whose arrays live as long as it does."""
    _use_one_thread()
    result = faiss.RangeSearchResult(len(queries))
    faiss.hamming_range_search(  # type: ignore[attr-defined]
        *(faiss.swig_ptr(each.view(np.uint8)) for each in (queries, words)),
        len(queries),
        len(words),
        radius + 1,  # FAISS leaves out what is exactly at the radius it is given
        CODE_BYTES,
        result,
    )
    return result


def _found(result: faiss.RangeSearchResult, queries: int) -> Found:
    limits = faiss.rev_swig_ptr(result.lims, queries + 1).astype(np.int64)
    if not limits[-1]:
        return Found(limits, np.empty(0, np.int64), np.empty(0, np.float32))
    of = int(limits[-1])
    labels = faiss.rev_swig_ptr(result.labels, of)
    return Found(limits, labels, faiss.rev_swig_ptr(result.distances, of))


def _use_one_thread() -> None:
    """We split batches ourselves: OpenMP's threads spin for work and slow a busy machine down."""
    if not getattr(_this_thread, "is_set", False):
        faiss.omp_set_num_threads(1)
        _this_thread.is_set = True
