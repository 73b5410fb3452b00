"""How near unrelated pictures come to each other, and how often that must be expected to go on.

The least distance of a pair, over all views, orientations and windows, is the least of thousands
of comparisons; its lower tail falls about as fast as an exponential. That is fitted where there
are pairs enough, and continued to the thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.signals import ContentSignals, SignalType
from hashing.windows import WindowSet

Words = NDArray[np.uint64]
Counts = NDArray[np.int64]
Least = NDArray[np.uint8]

FIT = (1e-6, 1e-3)
"""Shares of pairs between which the tail is fitted: enough pairs, and not the bulk."""
BANK = 10_000_000


class Stored(NamedTuple):
    """Stored PDQ values, uint64 (n, 4), and which photograph each is of."""

    words: Words
    owner: NDArray[np.intp]
    pictures: int


Distances = Mapping[WindowSet, Stored]


class Tail(NamedTuple):
    """The share of pairs within t bits, as fitted: 10 ** (level + slope · t)."""

    level: float
    slope: float

    def share(self, bits: int) -> float:
        """Return the share of unrelated pairs expected within so many bits."""
        return float(10 ** (self.level + self.slope * bits))


def stored(entries: Sequence[ContentSignals]) -> Stored:
    """Return the PDQ values of entries, whole and windows."""
    values, owner = [], []
    for at, entry in enumerate(entries):
        mine = [one for one in entry.signals if one.type is SignalType.PDQ]
        for signal in (*mine, *(one.signal for one in entry.windows)):
            values.append(np.frombuffer(signal.value, np.uint64))
            owner.append(at)
    return Stored(np.array(values), np.array(owner, np.intp), len(entries))


def nearest(item: ContentSignals | None, windows: WindowSet, distances: Distances) -> Least:
    """Return the least distances of an item's views to stored pictures: (views, pictures)."""
    known = distances[windows]
    starts = np.flatnonzero(np.r_[True, np.diff(known.owner) > 0])
    rows = []
    for view in item.views if item else ():
        values = np.frombuffer(b"".join(view.values), np.uint64).reshape(-1, 1, 4)
        apart = np.bitwise_count(known.words ^ values).sum(axis=2, dtype=np.uint8).min(axis=0)
        rows.append(np.minimum.reduceat(apart, starts))
    return np.array(rows, np.uint8).reshape(-1, known.pictures)


def fitted(counts: Counts) -> Tail | None:
    """Fit the tail of counts by distance (0…255); None when too few pairs are near enough.

    Least squares of the logarithm of the cumulated share, weighted by the pairs it rests on.
    """
    share = counts.cumsum() / counts.sum()
    bits = np.flatnonzero((share >= FIT[0]) & (share <= FIT[1]) & (counts.cumsum() >= 3))
    if len(bits) < 4:
        return None
    weight = np.sqrt(counts.cumsum()[bits])
    slope, level = np.polyfit(bits, np.log10(share[bits]), 1, w=weight)
    return Tail(float(level), float(slope))
