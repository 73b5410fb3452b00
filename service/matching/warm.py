"""Warm-up: the kernels' machine code is compiled, or read from its cache, before any request."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from service.matching import turns
from service.matching.bit_order import permute_bits
from service.matching.codes import CODE_BYTES
from service.matching.segment_writer import write

_CODES = 4096
"""So many that looking into buckets is cheaper than a scan, and `Segment.search` calls kernels."""


def warm() -> None:
    """Call every compiled function once; takes seconds the first time on a machine."""
    with suppress(OSError):  # a full disk is no reason not to start
        _call_everything()


def _call_everything() -> None:
    codes = np.random.default_rng(0).integers(0, 256, (_CODES, CODE_BYTES), np.uint8)
    words = permute_bits(codes)
    with TemporaryDirectory(prefix="takeback-") as folder:
        segment = write(Path(folder) / "warm.segment", np.arange(_CODES), words)
        segment.search(words[:1], 0)
    _take_turns()


def _take_turns() -> None:
    """As `service.replica.holders` calls them."""
    rows, ranges = np.zeros((2, 3), np.int64), np.zeros((1, 4), np.int64)
    place = np.zeros(2, np.int32)
    turns.places(rows, ranges, 0, place)
    distances, removed = np.zeros(2, np.float32), np.zeros(1, np.uint8)
    own, mapped = np.zeros(1, np.int64), np.zeros(1, np.int64)
    mapped.flags.writeable = False  # as those of a segment, for which Numba compiles anew
    for ids in (own, mapped):
        turns.wanted(
            np.array([0, 2]), place.astype(np.int64), distances, ids, removed, ranges, 1, 0
        )
    for by_observer in (False, True):
        turns.nearest(rows, place, ranges, by_observer, 1, 1)
        turns.in_turns(rows, place, ranges, by_observer)
