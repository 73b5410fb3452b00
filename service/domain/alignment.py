"""Two videos in time order: the best run of frames that one has in common with the other.

Frames of alike scenes, title cards and dark rooms are near each other in videos that have nothing
else in common. What a copy has, and they have not, is time: its frames are found in the order
of the other's, at one speed, in one orientation. So of all pairs of an asked and a stored frame:

1. Nearest. Of an asked frame, only the pairs within `MARGIN` bits of its nearest count. In a
   video whose frames are all alike, every frame is near every other, and its own is nearest.
2. Voting. At the speed r (stored milliseconds an asked millisecond), a pair fits every offset
   between stored and asked time that lays one frame's span over the other's. The
   offset that most evidence fits is kept for each speed of `SPEEDS`, in each orientation.
3. Chain. Of the pairs that fit, the chain with the most evidence in which both videos only go
   forward, found by dynamic programming (a longest increasing subsequence with weights). An
   asked frame that it passes over costs something: little if it is found nowhere, as an edit may
   hide it, much if it is found elsewhere in the other video, as in alike scenes, and nothing if it
   fits too (the other side folded it away). So a chain stays dense, and begins anew where
   that is better (as Smith & Waterman align, 1981).

A scene that returns, or a loop, fits several offsets and counts once at each. A folded run of
near-identical frames has a span, not a moment, and fits whatever lies within it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PERIOD_MS = 250
"""What a sampled frame stands for at most: the time until the next (docs/signals.md)."""
SPEEDS = tuple(n / 20 for n in range(10, 41))
"""0.5 to 2 by 0.05: editors change the speed in such steps, and television plays films at 25/24. Of
a speed between two steps, at least 40 seconds stay within the tolerance."""
TOLERANCE_MS = 2 * PERIOD_MS
"""On each side of a span, at speed 1: both samplings, and what the speeds between cost."""


MARGIN = 8
"""Bits. Neighbouring runs are farther apart than that (FOLD_DISTANCE, docs/signals.md), so that of
two stored runs the asked frame's own is the nearer one, up to what an edit adds to either."""


class Price(NamedTuple):
    """What an asked frame costs that a run passes over, in the unit of the evidence."""

    hidden: float
    """Of one found nowhere in the other video."""
    elsewhere: float
    """Of one found elsewhere in it."""


class Span(NamedTuple):
    """From the first to the last frame of a run, in milliseconds of its video."""

    at_ms: int
    until_ms: int


class Pair(NamedTuple):
    """An asked frame near a stored one."""

    place: int
    """Of the asked frame among those that were searched, in time order."""
    asked: Span
    stored: Span
    orientation: int
    distance: int
    evidence: float


class Run(NamedTuple):
    """Pairs in one order, speed and orientation."""

    evidence: float
    frames: int
    """How many different frames of the one video are those of as many of the other."""
    covered_ms: int
    """Time of the video with less of it in which any frame fits, in a chain or not."""
    asked: Span


class _Chain(NamedTuple):
    """A chain that ends at some pair. `ahead` compares chains that end at different places."""

    ahead: float
    evidence: float
    frames: int
    first_ms: int
    last_ms: int


def best_run(pairs: Iterable[Pair], price: Price) -> Run | None:
    """Return the run with the most evidence, of equals the one of most frames and time.

    None if there are no pairs.
    """
    near = _nearest(pairs)
    found = {pair.place for pair in near}
    best: Run | None = None
    for fitting in sorted(_on_lines(near), key=_votes, reverse=True):
        if best and _votes(fitting) < best.evidence:
            break  # no chain is worth more than all pairs that it is chosen from
        run = _run(fitting, _Toll(price, found, {pair.place for pair in fitting}))
        best = max(best or run, run)
    return best


def _nearest(pairs: Iterable[Pair]) -> list[Pair]:
    every = sorted(set(pairs))
    nearest: dict[int, int] = {}
    for pair in every:
        nearest[pair.place] = min(pair.distance, nearest.get(pair.place, pair.distance))
    return [pair for pair in every if pair.distance <= nearest[pair.place] + MARGIN]


class _Toll:
    """What all asked frames before a place cost together, if a chain passes over each."""

    def __init__(self, price: Price, found: set[int], fitting: set[int]) -> None:
        self._price = price
        self._found, self._elsewhere = sorted(found), sorted(found - fitting)

    def before(self, place: int) -> float:
        """Return the cost of places 0 to `place` - 1."""
        hidden = place - bisect_left(self._found, place)
        elsewhere = bisect_left(self._elsewhere, place)
        return hidden * self._price.hidden + elsewhere * self._price.elsewhere


def _votes(pairs: Sequence[Pair]) -> float:
    return sum(pair.evidence for pair in pairs)


def _on_lines(pairs: Iterable[Pair]) -> list[tuple[Pair, ...]]:
    """The pairs that fit the best offset of each orientation and speed; no set of them twice."""
    of_orientation: defaultdict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        of_orientation[pair.orientation].append(pair)
    return list({line: None for oriented in of_orientation.values() for line in _fitting(oriented)})


def _fitting(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, ...]]:
    spans = np.array([(*pair.asked, *pair.stored) for pair in pairs], np.float64)
    weights = np.array([pair.evidence for pair in pairs])
    for speed in SPEEDS:
        slack = TOLERANCE_MS * (1 + speed) / 2
        low = spans[:, 2] - speed * spans[:, 1] - slack
        high = spans[:, 3] - speed * spans[:, 0] + slack
        offset = _most_voted(low, high, weights)
        fits = np.flatnonzero((low <= offset) & (offset <= high))
        yield tuple(pairs[at] for at in fits.tolist())


def _most_voted(
    low: NDArray[np.float64], high: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    """The point that lies in the intervals with the most weight together: one where one begins."""
    begun, ended = np.argsort(low), np.argsort(high)
    before = np.concatenate(([0.0], np.cumsum(weights[ended])))
    votes = np.cumsum(weights[begun]) - before[np.searchsorted(high[ended], low[begun])]
    return float(low[begun][np.argmax(votes)])


def _run(pairs: Sequence[Pair], toll: _Toll) -> Run:
    chain = _best_chain(pairs, toll)
    covered = min(_time(pair.asked for pair in pairs), _time(pair.stored for pair in pairs))
    return Run(chain.evidence, chain.frames, covered, Span(chain.first_ms, chain.last_ms))


def _best_chain(pairs: Sequence[Pair], toll: _Toll) -> _Chain:
    """The chain with the most evidence, less what it skips.

    `ends` is a Fenwick tree: the best chain that ends at or before each stored frame. Pairs of one
    asked frame come latest stored frame first, so that none of them follows another.
    """
    order = {stored: at for at, stored in enumerate(sorted({p.stored for p in pairs}), 1)}
    ends: list[_Chain | None] = [None] * (len(order) + 1)
    chains = []
    for pair in sorted(pairs, key=lambda pair: (pair.place, -order[pair.stored])):
        before = _best_until(ends, order[pair.stored] - 1)
        chain = _longer(before, pair, toll)
        chains.append(chain)
        at = order[pair.stored]
        while at < len(ends):
            ends[at] = max(ends[at] or chain, chain)
            at += at & -at
    return max(chains, key=lambda chain: chain[1:])


def _best_until(ends: Sequence[_Chain | None], at: int) -> _Chain | None:
    best = None
    while at:
        here = ends[at]
        best = max(best, here) if best and here else best or here
        at -= at & -at
    return best


def _longer(before: _Chain | None, pair: Pair, toll: _Toll) -> _Chain:
    """The chain and this pair, or this pair alone where what lies between costs more.

    A place that fits costs nothing, so that the toll up to a chain's last pair is that after it.
    """
    paid = toll.before(pair.place)
    carried = before.ahead - paid if before else 0.0
    if before is None or carried <= 0:
        alone = pair.evidence
        return _Chain(alone + paid, alone, 1, pair.asked.at_ms, pair.asked.until_ms)
    evidence = carried + pair.evidence
    last_ms = max(before.last_ms, pair.asked.until_ms)
    return _Chain(evidence + paid, evidence, before.frames + 1, before.first_ms, last_ms)


def _time(spans: Iterable[Span]) -> int:
    """Milliseconds in any of the spans, each with the frame that ends it."""
    total, reached = 0, 0
    for span in sorted(set(spans)):
        until = span.until_ms + PERIOD_MS
        total += max(until - max(span.at_ms, reached), 0)
        reached = max(reached, until)
    return total
