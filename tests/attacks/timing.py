"""Do two kinds of answers take as long as each other? A test of pairs that were timed in turns.

The order within each pair is drawn, so that without a difference a pair is as likely to be one way
round as the other. Then a sum of ranks, each with the sign of its pair, is a Rademacher sum, and by
Hoeffding's inequality (1963) exceeds z times the root of the sum of squares with a probability of
at most 2·exp(-z²/2): for any number of pairs, and whatever else the machine does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST = 5.4
"""Of |z|: by chance at most once in a million comparisons, 2·exp(-5.4²/2) = 9e-7."""
_STEPS = 40


class Compared(NamedTuple):
    """What two kinds of answers have to do with each other."""

    median_ms: float
    """Of both."""
    location: float
    """z of the ranks of differences (Wilcoxon): does one kind take longer?"""
    spread: float
    """z of how far from the middle answers are: does one kind vary more?"""
    slower: float
    """How often the first of a pair took longer than the second: 0.5 if they are alike."""
    found_from_ms: float
    """So much more for each of one kind would have been found."""

    @property
    def alike(self) -> bool:
        return max(abs(self.location), abs(self.spread)) < MOST


def compared(one: Sequence[float], other: Sequence[float]) -> Compared:
    """Compare seconds of pairs."""
    first, second = np.asarray(one), np.asarray(other)
    return Compared(
        float(np.median(np.concatenate((first, second)))) * 1000,
        _location(first - second),
        _spread(first, second),
        float(np.mean(first > second) + np.mean(first == second) / 2),
        _found_from(first - second) * 1000,
    )


def _location(differences: NDArray[np.float64]) -> float:
    return _z(np.sign(differences) * _ranks(np.abs(differences)))


def _spread(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    ranks = _ranks(np.concatenate((first, second)))
    far = np.abs(ranks - np.median(ranks))
    return _z(far[: len(first)] - far[len(first) :])


def _z(signed: NDArray[np.float64]) -> float:
    size = float(np.sqrt(np.sum(signed**2)))
    return float(np.sum(signed)) / size if size else 0.0


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 1; equal values share the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    means: NDArray[np.float64] = last - (counts - 1) / 2
    return means[which]


def _found_from(differences: NDArray[np.float64]) -> float:
    """The least that, added to each difference, is found. Infinite if there are too few pairs."""
    if np.sqrt(len(differences)) < MOST:
        return float("inf")
    low, high = 0.0, float(np.max(np.abs(differences))) * 2 + 1e-9
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _location(differences + middle) < MOST:
            low = middle
        else:
            high = middle
    return high
