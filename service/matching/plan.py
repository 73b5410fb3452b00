"""How codes are cut into chunks, how far a search looks in each chunk, and what it should cost.

This is multi-index hashing (Norouzi et al., PAMI 2014). A segment of n codes cuts the 256 bits
into m chunks, and for each chunk it sorts the codes into buckets by the chunk's value. A search
looks only into the buckets whose value is near the query's, and verifies the codes found there.

Which buckets suffice follows from the generalised pigeonhole principle (Qin et al., "GPH",
ICDE 2018): when chunk i may differ in r_i bits and the sum of (r_i + 1) is at least
radius + 1, then a code within the radius is within r_i in at least one chunk i.

A stronger statement holds (Qin and Xiao, "Pigeonring", VLDB 2018): when the chunks are taken as
a ring, some chunk i is within r_i and, together with the next chunk j, within r_i + r_j + 1.
(Write d_i for a chunk's distance and x_i = d_i - (r_i + 1). The x_i sum to less than 0, so by
the cycle lemma there is a chunk from which on every partial sum is below 0.) A bucket therefore
stores the value of the next chunk with each of its postings, and nearly all codes are dismissed
by comparing 16 bits that lie in a row, before any of them is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

BITS = 256
NEXT_CHUNK_BITS = 16
"""Bits of the next chunk that are stored with each posting."""
FEWEST_CHUNKS, MOST_CHUNKS = 16, 32
"""A chunk has at most 16 bits, so that a directory of all its values stays small."""
WIDEST_CHUNK_RADIUS = 4
"""Bits that one chunk may differ in; a search that needs more scans instead."""

# What a step costs, in the time in which a linear scan compares one code (about 1 ns). Measured
# by `python -m benchmarks.match_plan`, and drawn in docs/matching.md.
CALL_COST = 1_500.0
"""To start a search of one query."""
BUCKET_COST = 22.0
"""To look a bucket up in its directory and fetch its first cache line."""
POSTING_COST = 0.45
"""To compare the next chunk of one posting."""
CANDIDATE_COST = 16.0
"""To fetch a code that passed that filter, and compare all of it."""
DIRECTORY_BYTES_PER_CODE = 40
"""The most that the directories may take."""


@dataclass(frozen=True, slots=True)
class Chunking:
    """How the bits are cut: chunk i is `widths[i]` bits from bit `firsts[i]` on."""

    firsts: tuple[int, ...]
    widths: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.widths)


@lru_cache
def chunking(number: int) -> Chunking:
    """Cut the bits into a number of chunks whose widths differ by at most one."""
    width, wider = divmod(BITS, number)
    widths = tuple(width + (i < wider) for i in range(number))
    return Chunking(tuple(sum(widths[:i]) for i in range(number)), widths)


@lru_cache
def best_chunking(count: int) -> Chunking:
    """Return how to cut so many codes so that a search at radius 31 should be fastest."""
    small = [
        each
        for each in map(chunking, range(FEWEST_CHUNKS, MOST_CHUNKS + 1))
        if 4 * sum(2**width for width in each.widths) <= DIRECTORY_BYTES_PER_CODE * max(count, 1)
    ]
    return min(small or [chunking(MOST_CHUNKS)], key=lambda each: cost(each, count, 31))


@lru_cache
def chunk_radii(chunks: Chunking, radius: int) -> tuple[int, ...]:
    """Return r_i of each chunk, so that the r_i + 1 sum to radius + 1; -1 for a chunk to skip."""
    least, more = divmod(radius + 1, len(chunks))
    return tuple(least - 1 + (i < more) for i in range(len(chunks)))


@lru_cache
def cost(chunks: Chunking, count: int, radius: int) -> float:
    """Return what a search that finds nothing should cost among `count` random codes.

    The unit is one comparison of a linear scan: where the cost is above `count`, scan.
    """
    if max(chunk_radii(chunks, radius)) > WIDEST_CHUNK_RADIUS:
        return float("inf")
    buckets, postings, candidates = expected_steps(chunks, count, radius)
    return CALL_COST + buckets * BUCKET_COST + postings * POSTING_COST + candidates * CANDIDATE_COST


def expected_steps(chunks: Chunking, count: int, radius: int) -> tuple[float, float, float]:
    """Return how many buckets, postings and candidates such a search should meet."""
    radii = chunk_radii(chunks, radius)
    buckets = postings = candidates = 0.0
    for i, (width, chunk_radius) in enumerate(zip(chunks.widths, radii, strict=True)):
        following = (i + 1) % len(chunks)
        bits = min(chunks.widths[following], NEXT_CHUNK_BITS)
        for differing in range(chunk_radius + 1):
            values = comb(width, differing)
            most = chunk_radius + radii[following] + 1 - differing
            passing = sum(comb(bits, k) for k in range(most + 1)) / 2**bits
            buckets += values
            postings += values * count / 2**width
            candidates += values * count / 2**width * passing
    return buckets, postings, candidates


@lru_cache
def probes(chunks: Chunking, radius: int) -> NDArray[np.int64]:
    """Return the buckets to look into, int64 (n, 3): chunk, mask, largest next distance.

    The bucket's value is that of the query's chunk with the bits of the mask inverted. Only
    postings count whose next chunk, as far as it is stored, is within that distance of the query's.
    """
    radii = chunk_radii(chunks, radius)
    rows = [
        (chunk, mask, radii[chunk] + radii[(chunk + 1) % len(chunks)] + 1 - differing)
        for chunk, width in enumerate(chunks.widths)
        for differing in range(radii[chunk] + 1)
        for mask in _masks(width, differing)
    ]
    return np.array([row for row in rows if row[2] >= 0], np.int64).reshape(-1, 3)


def _masks(width: int, bits: int) -> list[int]:
    """All numbers of a width that have so many bits set."""
    return sorted(sum(1 << bit for bit in set_) for set_ in combinations(range(width), bits))
