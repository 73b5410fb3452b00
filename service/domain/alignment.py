"""Aligns two videos in time: the longest stretch of frames that they have in common, in order.

Frames of similar scenes, title cards and dark rooms are near each other in videos that are not
copies. What only a copy has is time: its frames occur in the order of the original's, at one
speed, in one orientation. Given all pairs of a query frame and a stored frame that are near:

1. Nearest neighbours. Of a query frame, only the pairs within `MARGIN` bits of its nearest pair
   count. In a video whose frames are all alike, every frame is near every other one, and the
   right one is nearest.
2. Voting (a Hough transform). At speed r (stored milliseconds per query millisecond), a pair
   supports every time offset that lays one frame's span over the other's. For each speed of
   `SPEEDS` and each orientation, the offset with the most evidence is kept.
3. Chaining. Of the pairs that support the offset, the chain with the most evidence in which both
   videos only go forward, by dynamic programming (a weighted longest increasing subsequence).
   Skipping a query frame has a cost: small if it was found nowhere, because an edit may hide it;
   large if it was found elsewhere in the other video, as happens in similar scenes; none if it
   supports the offset too (the other video merged it into a neighbour). So a chain stays dense,
   and restarts where a new start is worth more (as in Smith & Waterman's local alignment, 1981).

A scene that recurs, or a loop, supports several offsets and counts once at each. A run of
near-identical frames has a span, not a moment, and fits whatever lies within that span.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PERIOD_MS = 250
"""The longest time a sampled frame stands for: until the next sample (docs/signals.md)."""
SPEEDS = tuple(n / 20 for n in range(10, 41))
"""0.5 to 2 in steps of 0.05: editors change the speed in such steps, and television plays films at
25/24. At a speed between two steps, at least 40 seconds stay within the tolerance."""
TOLERANCE_MS = 2 * PERIOD_MS
"""On each side of a span, at speed 1: the sampling error of both videos, and that of the steps."""
MARGIN = 8
"""Bits. Neighbouring runs are farther apart than that (FOLD_DISTANCE, docs/signals.md), so of two
stored runs the right one is nearer, up to what an edit adds to both distances."""


class SkipCost(NamedTuple):
    """What it costs a chain to skip one query frame, in the unit of the evidence."""

    hidden: float
    """If the frame was found nowhere in the other video."""
    elsewhere: float
    """If it was found, but somewhere else in that video."""


class Span(NamedTuple):
    """From the first to the last frame of a run, in milliseconds of its video."""

    at_ms: int
    until_ms: int


class VideoExtent(NamedTuple):
    """How much of a video there is. A picture has the extent `NO_VIDEO`."""

    frames: int = 0
    """Frame signals: runs of near-identical frames."""
    duration_ms: int = 0
    """From the start of the first run to the end of the last."""


NO_VIDEO = VideoExtent()


class FramePair(NamedTuple):
    """A query frame that is near a stored frame."""

    frame: int
    """Index of the query frame among those that were searched, in time order."""
    query: Span
    stored: Span
    orientation: int
    distance: int
    evidence: float


class Alignment(NamedTuple):
    """Frame pairs in one order, at one speed, in one orientation."""

    evidence: float
    frames: int
    """How many different frames of each video are in the chain."""
    covered_ms: int
    """Time that the pairs at this speed and offset cover, in the video where that is less."""
    query: Span


class _Chain(NamedTuple):
    """A chain that ends at some pair. `ahead` compares chains that end at different frames."""

    ahead: float
    evidence: float
    frames: int
    first_ms: int
    last_ms: int


def best_alignment(pairs: Iterable[FramePair], skip_cost: SkipCost) -> Alignment | None:
    """Return the alignment with the most evidence; of equals, that with most frames and time.

    None if there are no pairs.
    """
    near = _nearest(pairs)
    matched = {pair.frame for pair in near}
    best: Alignment | None = None
    for fitting in sorted(_candidate_lines(near), key=_total_evidence, reverse=True):
        if best and _total_evidence(fitting) < best.evidence:
            break  # no chain is worth more than all the pairs it is chosen from
        costs = _SkipCosts(skip_cost, matched, {pair.frame for pair in fitting})
        alignment = _align(fitting, costs)
        best = max(best or alignment, alignment)
    return best


def _nearest(pairs: Iterable[FramePair]) -> list[FramePair]:
    every = sorted(set(pairs))
    nearest: dict[int, int] = {}
    for pair in every:
        nearest[pair.frame] = min(pair.distance, nearest.get(pair.frame, pair.distance))
    return [pair for pair in every if pair.distance <= nearest[pair.frame] + MARGIN]


class _SkipCosts:
    """Sums of the costs of skipping all query frames before a given one."""

    def __init__(self, cost: SkipCost, matched: set[int], fitting: set[int]) -> None:
        self._cost = cost
        self._matched, self._elsewhere = sorted(matched), sorted(matched - fitting)

    def before(self, frame: int) -> float:
        """Return the cost of skipping frames 0 to `frame` - 1."""
        hidden = frame - bisect_left(self._matched, frame)
        elsewhere = bisect_left(self._elsewhere, frame)
        return hidden * self._cost.hidden + elsewhere * self._cost.elsewhere


def _total_evidence(pairs: Sequence[FramePair]) -> float:
    return sum(pair.evidence for pair in pairs)


def _candidate_lines(pairs: Iterable[FramePair]) -> list[tuple[FramePair, ...]]:
    """The pairs that support the best offset of each orientation and speed, without duplicates."""
    by_orientation: defaultdict[int, list[FramePair]] = defaultdict(list)
    for pair in pairs:
        by_orientation[pair.orientation].append(pair)
    lines = (line for oriented in by_orientation.values() for line in _supporters(oriented))
    return list(dict.fromkeys(lines))


def _supporters(pairs: Sequence[FramePair]) -> Iterator[tuple[FramePair, ...]]:
    """For each speed, the pairs that support the offset with the most evidence."""
    spans = np.array([(*pair.query, *pair.stored) for pair in pairs], np.float64)
    weights = np.array([pair.evidence for pair in pairs])
    for speed in SPEEDS:
        slack = TOLERANCE_MS * (1 + speed) / 2
        low = spans[:, 2] - speed * spans[:, 1] - slack
        high = spans[:, 3] - speed * spans[:, 0] + slack
        offset = _most_voted(low, high, weights)
        fits = np.flatnonzero((low <= offset) & (offset <= high))
        yield tuple(pairs[row] for row in fits.tolist())


def _most_voted(
    low: NDArray[np.float64], high: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    """The point covered by the intervals of the greatest total weight: where one begins."""
    begun, ended = np.argsort(low), np.argsort(high)
    before = np.concatenate(([0.0], np.cumsum(weights[ended])))
    votes = np.cumsum(weights[begun]) - before[np.searchsorted(high[ended], low[begun])]
    return float(low[begun][np.argmax(votes)])


def _align(pairs: Sequence[FramePair], costs: _SkipCosts) -> Alignment:
    chain = _best_chain(pairs, costs)
    covered = min(_time(pair.query for pair in pairs), _time(pair.stored for pair in pairs))
    return Alignment(chain.evidence, chain.frames, covered, Span(chain.first_ms, chain.last_ms))


def _best_chain(pairs: Sequence[FramePair], costs: _SkipCosts) -> _Chain:
    """The chain with the most evidence, less the cost of what it skips.

    `ends` is a Fenwick tree: the best chain that ends at or before each stored frame. Pairs of one
    query frame come latest stored frame first, so that none of them follows another.
    """
    order = {stored: at for at, stored in enumerate(sorted({p.stored for p in pairs}), 1)}
    ends: list[_Chain | None] = [None] * (len(order) + 1)
    chains = []
    for pair in sorted(pairs, key=lambda pair: (pair.frame, -order[pair.stored])):
        before = _best_until(ends, order[pair.stored] - 1)
        chain = _extended(before, pair, costs)
        chains.append(chain)
        at = order[pair.stored]
        while at < len(ends):
            ends[at] = max(ends[at] or chain, chain)
            at += at & -at
    return max(chains, key=lambda chain: chain[1:])


def _best_until(ends: Sequence[_Chain | None], at: int) -> _Chain | None:
    best = None
    while at:
        chain = ends[at]
        best = max(best, chain) if best and chain else best or chain
        at -= at & -at
    return best


def _extended(before: _Chain | None, pair: FramePair, costs: _SkipCosts) -> _Chain:
    """The chain with this pair, or this pair alone if the frames between cost more.

    A frame that fits costs nothing, so the costs up to a chain's last pair are those after it.
    """
    paid = costs.before(pair.frame)
    carried = before.ahead - paid if before else 0.0
    if before is None or carried <= 0:
        alone = pair.evidence
        return _Chain(alone + paid, alone, 1, pair.query.at_ms, pair.query.until_ms)
    evidence = carried + pair.evidence
    last_ms = max(before.last_ms, pair.query.until_ms)
    return _Chain(evidence + paid, evidence, before.frames + 1, before.first_ms, last_ms)


def _time(spans: Iterable[Span]) -> int:
    """Milliseconds in any of the spans, counting the sampling period of each last frame."""
    total, reached = 0, 0
    for span in sorted(set(spans)):
        until = span.until_ms + PERIOD_MS
        total += max(until - max(span.at_ms, reached), 0)
        reached = max(reached, until)
    return total
