"""A linear scan by FAISS: of the newest codes, and wherever buckets would cost more than it."""

from __future__ import annotations

import threading

import faiss
import numpy as np

from service.matching.codes import CODE_BYTES, Rows, Words, no_rows

_this_thread = threading.local()


def scan(queries: Words, words: Words, radius: int) -> Rows:
    """Return (query, place, distance) of every code within the radius, in the order of queries.

    The codes are read where they lie, in a mapped file too.
    """
    if not len(queries) or not len(words):
        return no_rows()
    _one_thread()
    found = faiss.RangeSearchResult(len(queries))
    faiss.hamming_range_search(  # type: ignore[attr-defined]
        *(faiss.swig_ptr(each.view(np.uint8)) for each in (queries, words)),
        len(queries),
        len(words),
        radius + 1,  # FAISS leaves out what is exactly at the radius it is given
        CODE_BYTES,
        found,
    )
    limits = faiss.rev_swig_ptr(found.lims, len(queries) + 1).astype(np.int64)
    if not limits[-1]:
        return no_rows()
    rows = np.empty((limits[-1], 3), np.int64)
    rows[:, 0] = np.repeat(np.arange(len(queries)), np.diff(limits))
    rows[:, 1] = faiss.rev_swig_ptr(found.labels, int(limits[-1]))
    rows[:, 2] = faiss.rev_swig_ptr(found.distances, int(limits[-1]))
    return rows


def _one_thread() -> None:
    """Batches are shared out by us: threads of OpenMP spin for work, and a busy machine crawls."""
    if not getattr(_this_thread, "alone", False):
        faiss.omp_set_num_threads(1)
        _this_thread.alone = True
