"""A linear scan by FAISS: for the tail, and where it is cheaper than looking into buckets."""

from __future__ import annotations

import threading

import faiss
import numpy as np
from numpy.typing import NDArray

from service.matching.bit_order import Words
from service.matching.codes import CODE_BYTES

Triples = NDArray[np.int64]
"""(query, id, distance), or (query, row, distance) where said so: (n, 3)."""

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
    limits = faiss.rev_swig_ptr(result.lims, len(queries) + 1).astype(np.int64)
    if not limits[-1]:
        return no_triples()
    triples = np.empty((limits[-1], 3), np.int64)
    triples[:, 0] = np.repeat(np.arange(len(queries)), np.diff(limits))
    triples[:, 1] = faiss.rev_swig_ptr(result.labels, int(limits[-1]))
    triples[:, 2] = faiss.rev_swig_ptr(result.distances, int(limits[-1]))
    return triples


def _use_one_thread() -> None:
    """We split batches ourselves: OpenMP's threads spin for work and slow a busy machine down."""
    if not getattr(_this_thread, "is_set", False):
        faiss.omp_set_num_threads(1)
        _this_thread.is_set = True
