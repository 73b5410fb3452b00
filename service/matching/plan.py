"""How codes are cut into chunks, and how many differing bits a search allows each chunk.

A segment of n codes cuts the 256 bits into m chunks. For each chunk it buckets the codes by the
chunk's value. A search looks only into buckets whose value is near the query's.

Which buckets suffice follows from the generalised pigeonhole principle (Qin et al., "GPH",
ICDE 2018): when chunk i may differ in r_i bits and the sum of (r_i + 1) is at least
radius + 1, then a code within the radius is within r_i in at least one chunk i.

Around that chunk there is always a stronger one (Qin and Xiao, "Pigeonring", VLDB 2018): taken
as a ring, some chunk i is within r_i and, together with the next chunk j, within
r_i + r_j + 1. (Write d_i for a chunk's distance and x_i = d_i - (r_i + 1). The x_i sum to less
than 0, so by the cycle lemma there is a chunk from which on every partial sum is below 0.) A
bucket therefore keeps beside each code the value of its next chunk, and nearly all codes are
dismissed by comparing 16 bits that lie in a row, before any of them is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

BITS = 256
BESIDE = 16
"""Bits of the next chunk that are kept beside each code."""
FEWEST, MOST = 16, 32
"""Numbers of chunks: of at most 16 bits, so that a directory of all values stays small."""
WIDEST_RADIUS = 4
"""Bits that one chunk may differ in; a search that needs more scans instead."""

# What a step costs, in the time in which a linear scan compares one code (about 1 ns). Measured
# by `python -m benchmarks.match_plan`, and drawn in docs/matching.md.
CALL = 1_500.0
"""To begin at all."""
BUCKET = 22.0
"""To look a bucket up in its directory and fetch its first line."""
POSTING = 0.45
"""To compare the next chunk of one code of a bucket."""
CANDIDATE = 16.0
"""To fetch a code that was not dismissed, and compare it."""
DIRECTORY_SHARE = 40
"""Bytes of directory that one code may cost."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """Where the chunks lie: chunk i is `widths[i]` bits from bit `firsts[i]` on."""

    firsts: tuple[int, ...]
    widths: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.widths)


@lru_cache
def chunks(number: int) -> Chunks:
    """Cut the bits into a number of chunks whose widths differ by at most one."""
    each, wider = divmod(BITS, number)
    widths = tuple(each + (i < wider) for i in range(number))
    return Chunks(tuple(sum(widths[:i]) for i in range(number)), widths)


@lru_cache
def chunks_for(count: int) -> Chunks:
    """Return the cut with which a search at 31 among so many codes is expected to be fastest."""
    small = [
        cut
        for cut in map(chunks, range(FEWEST, MOST + 1))
        if 4 * sum(2**width for width in cut.widths) <= DIRECTORY_SHARE * max(count, 1)
    ]
    return min(small or [chunks(MOST)], key=lambda cut: cost(cut, count, 31))


@lru_cache
def radii(cut: Chunks, radius: int) -> tuple[int, ...]:
    """Return r_i for each chunk, -1 for one to pass over, so that the r_i + 1 sum to radius + 1."""
    each, more = divmod(radius + 1, len(cut))
    return tuple(each - 1 + (i < more) for i in range(len(cut)))


@lru_cache
def cost(cut: Chunks, count: int, radius: int) -> float:
    """Return what a search that finds nothing is expected to cost among codes of random bits.

    The unit is one comparison of a linear scan, so that a cost above `count` says: scan.
    """
    if max(radii(cut, radius)) > WIDEST_RADIUS:
        return float("inf")
    buckets, postings, candidates = steps(cut, count, radius)
    return CALL + buckets * BUCKET + postings * POSTING + candidates * CANDIDATE


def steps(cut: Chunks, count: int, radius: int) -> tuple[float, float, float]:
    """Return how many buckets, postings in them and candidates such a search should meet."""
    allowed = radii(cut, radius)
    buckets = postings = candidates = 0.0
    for i, (width, r) in enumerate(zip(cut.widths, allowed, strict=True)):
        following = (i + 1) % len(cut)
        beside = min(cut.widths[following], BESIDE)
        for differing in range(r + 1):
            values = comb(width, differing)
            most = r + allowed[following] + 1 - differing
            passing = sum(comb(beside, k) for k in range(most + 1)) / 2**beside
            buckets += values
            postings += values * count / 2**width
            candidates += values * count / 2**width * passing
    return buckets, postings, candidates


@lru_cache
def probes(cut: Chunks, radius: int) -> NDArray[np.int64]:
    """Return the buckets to look into, as rows of: chunk, flip, most.

    The bucket is that of the query's chunk with the bits of `flip` turned over; in it only
    codes count whose next chunk differs in at most `most` bits, as far as it is kept beside.
    """
    allowed = radii(cut, radius)
    rows = [
        (chunk, flip, allowed[chunk] + allowed[(chunk + 1) % len(cut)] + 1 - differing)
        for chunk, width in enumerate(cut.widths)
        for differing in range(allowed[chunk] + 1)
        for flip in _flips(width, differing)
    ]
    return np.array([row for row in rows if row[2] >= 0], np.int64).reshape(-1, 3)


def _flips(width: int, differing: int) -> list[int]:
    return sorted(sum(1 << bit for bit in bits) for bits in combinations(range(width), differing))
