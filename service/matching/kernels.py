"""The inner loops of the index, compiled by Numba and cached on disk; they hold no lock of Python.

A segment comes as one block of bytes, `body`, and the table `layout` of where things are in it
(service.matching.segment has both). A code, and so a query, is four 64-bit words.

A search goes in three passes over small buffers, so that memory is asked for long before it is
needed: buckets are looked up in the directories; the next chunks beside their codes are
compared; the few codes that remain are fetched and compared whole.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from service.matching.bits import LANES, lowest, near, popcount, prefetch

# The columns of `layout`. Its first row is of the segment, every other one of a chunk; places
# in the body are in bytes.
COUNT, IDS, CODES = 0, 1, 2
FIRST, WIDTH, DIRECTORY, BESIDE, LOCALS = 0, 1, 2, 3, 4

MADE_OF = "028c2a7d2537a2b2"
"""Of bits.py, the beginning of its SHA-256: Numba keeps machine code for as long as this file is
the same, and does not look at that one."""
ABANDONED = -1
"""In place of an id: this query met crowded buckets, and scanning is cheaper."""
LOCAL_BYTES = 3
"""A code's number within its segment, as it stands in a bucket."""
BESIDE_BITS = 16
"""Bits of the next chunk that stand beside it."""

_WORD = 64
_BUCKETS = 128
_CANDIDATES = 2048
_PATIENCE = 20_000
# What steps cost in comparisons of a linear scan, as in service.matching.plan, rounded down.
_PER_BUCKET, _PER_CANDIDATE, _POSTINGS_AS_ONE = 16, 20, 6


def _compiled(function):
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # nowhere to keep machine code: every start makes it anew
        return njit(nogil=True)(function)


@_compiled
def part(codes, row, first, width):
    """Return `width` bits of a code from bit `first` on."""
    word, shift = first // _WORD, first % _WORD
    value = codes[row, word] >> np.uint64(shift)
    if shift + width > _WORD:
        value |= codes[row, word + 1] << np.uint64(_WORD - shift)
    return np.int64(value & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)))


@_compiled
def following(layout, chunk):
    """Return the next chunk of the ring, and how many of its bits stand beside this one."""
    after = chunk + 1 if chunk + 2 < layout.shape[0] else 0
    return after, min(layout[after + 1, WIDTH], BESIDE_BITS)


# --- search ---
# Only `search` makes arrays: counting references in the inner loops took as long as all the rest.


@_compiled
def search(queries, begin, layout, body, dead, probes, allowed, radius, found):
    """Write (query, id, distance) rows for the queries from `begin` on into `found`.

    `dead` has one byte a code, not 0 for what is never returned. `probes` and `allowed` are
    those of service.matching.plan for the radius. `found` is int64 (room, 3). Returns how many
    rows were written, and the query before which room ran out.
    """
    numbers, values, words = body.view(np.uint32), body.view(np.uint16), body.view(np.uint64)
    asked = np.empty((2, allowed.shape[0]), np.int64)  # this chunk, what must be beside it
    buckets = np.empty((2, _BUCKETS), np.int64)  # start, end
    candidates = np.empty((2, _CANDIDATES), np.int64)  # place of the local number, chunk
    hits = 0
    for query in range(begin, queries.shape[0]):
        for chunk in range(allowed.shape[0]):
            after, bits = following(layout, chunk)
            first, width = layout[chunk + 1, FIRST], layout[chunk + 1, WIDTH]
            asked[0, chunk] = part(queries, query, first, width)
            asked[1, chunk] = part(queries, query, layout[after + 1, FIRST], bits)
        before, patience = hits, layout[0, COUNT] + _PATIENCE
        for start in range(0, probes.shape[0], _BUCKETS):
            end = min(start + _BUCKETS, probes.shape[0])
            patience -= _look_up(layout, numbers, values, probes, start, end, asked, buckets)
            at = start
            while at < end and patience >= 0:
                at, chosen = _dismiss(
                    layout, body, values, probes, start, at, end, asked, buckets, candidates
                )
                patience -= _PER_CANDIDATE * chosen
                _fetch(layout, body, words, candidates, chosen)
                hits = _verify(
                    queries, query, layout, words, dead, allowed, radius, candidates, chosen,
                    found, hits,
                )  # fmt: skip
            if patience < 0 or hits > found.shape[0]:
                break
        if patience < 0:
            hits = _note(found, before, query, ABANDONED, 0)
        if hits > found.shape[0]:
            return before, query
    return hits, queries.shape[0]


@_compiled
def _look_up(layout, numbers, values, probes, start, end, asked, buckets):
    """First pass: ask the directories where the buckets are. Returns what this costs."""
    for i in range(start, end):
        chunk = probes[i, 0]
        place = (layout[chunk + 1, DIRECTORY] >> 2) + (asked[0, chunk] ^ probes[i, 1])
        prefetch(numbers, place)
        buckets[0, i - start] = place
    postings = 0
    for i in range(start, end):
        place = buckets[0, i - start]
        beside = layout[probes[i, 0] + 1, BESIDE] >> 1
        first, last = beside + np.int64(numbers[place]), beside + np.int64(numbers[place + 1])
        buckets[0, i - start], buckets[1, i - start] = first, last
        postings += last - first
        for line in range(first & -LANES, last, LANES):
            prefetch(values, line)
    return _PER_BUCKET * (end - start) + postings // _POSTINGS_AS_ONE


@_compiled
def _dismiss(layout, body, values, probes, start, at, end, asked, buckets, candidates):
    """Second pass: keep as candidates what is near in the next chunk too.

    Returns the probe to go on from, when there are too many for one go, and how many there are.
    """
    chosen = 0
    for i in range(at, end):
        chunk, most = probes[i, 0], np.uint16(probes[i, 2])
        value = np.uint16(asked[1, chunk])
        place, last = buckets[0, i - start], buckets[1, i - start]
        while place < last:
            if chosen > _CANDIDATES - LANES:
                buckets[0, i - start] = place
                return i, chosen
            close = near(values, place, value, most)
            if last - place < LANES:
                close &= (np.uint32(1) << np.uint32(last - place)) - np.uint32(1)
            number = place - (layout[chunk + 1, BESIDE] >> 1)
            while close:
                posting = number + np.int64(lowest(close))
                local = layout[chunk + 1, LOCALS] + LOCAL_BYTES * posting
                prefetch(body, local)
                candidates[0, chosen], candidates[1, chosen] = local, chunk
                chosen += 1
                close &= close - np.uint32(1)
            place += LANES
    return end, chosen


@_compiled
def _fetch(layout, body, words, candidates, chosen):
    """Third pass, first half: read the candidates' numbers and ask for their codes."""
    for i in range(chosen):
        at = candidates[0, i]
        local = np.int64(body[at]) | np.int64(body[at + 1]) << 8 | np.int64(body[at + 2]) << 16
        candidates[0, i] = (layout[0, CODES] >> 3) + 4 * local
        prefetch(words, candidates[0, i])


@_compiled
def _verify(queries, query, layout, words, dead, allowed, radius, candidates, chosen, found, hits):
    """Third pass, second half: compare whole codes; note each that is within the radius once.

    Returns how many rows there are, or would be were there room.
    """
    first = layout[0, CODES] >> 3
    for i in range(chosen):
        at = candidates[0, i]
        one = queries[query, 0] ^ words[at]
        two = queries[query, 1] ^ words[at + 1]
        three = queries[query, 2] ^ words[at + 2]
        four = queries[query, 3] ^ words[at + 3]
        apart = np.int64(popcount(one) + popcount(two) + popcount(three) + popcount(four))
        if apart <= radius:
            local = (at - first) >> 2
            if not dead[local] and _is_first(
                layout, allowed, candidates[1, i], (one, two, three, four)
            ):
                identity = np.int64(words[(layout[0, IDS] >> 3) + local])
                hits = _note(found, hits, query, identity, apart)
    return hits


@_compiled
def _is_first(layout, allowed, chunk, differing):
    """Whether no chunk before this one finds the same code."""
    for earlier in range(chunk):
        after, bits = following(layout, earlier)
        here = _ones(differing, layout[earlier + 1, FIRST], layout[earlier + 1, WIDTH])
        there = _ones(differing, layout[after + 1, FIRST], bits)
        if here <= allowed[earlier] and here + there <= allowed[earlier] + allowed[after] + 1:
            return False
    return True


@_compiled
def _ones(code, first, width):
    """Return how many of `width` bits of a code, four words, are set from bit `first` on."""
    total = 0
    for word in range(4):
        low, high = max(first - 64 * word, 0), min(first + width - 64 * word, 64)
        if low < high:
            mask = ~np.uint64(0) >> np.uint64(64 - (high - low)) << np.uint64(low)
            total += np.int64(popcount(code[word] & mask))
    return total


@_compiled
def _note(found, hits, query, identity, apart):
    """Write a row, if there is room, and return how many there would be."""
    if hits < found.shape[0]:
        found[hits, 0], found[hits, 1], found[hits, 2] = query, identity, apart
    return hits + 1


# --- build ---


@_compiled
def diagonals(codes):
    """Return codes, uint16 (n, 16), with their bits in the order in which a segment cuts them.

    A perceptual hash is a square of 16 rows of frequencies. Neighbours in a row or a column
    lean the same way, so the bits of a chunk are taken from the diagonals: bit `row` of word
    `k` is bit (row + k) mod 16 of word `row`. Distances do not change.
    """
    arranged = np.empty_like(codes)
    rows = np.empty(16, np.uint32)
    for code in range(codes.shape[0]):
        for row in range(16):
            doubled = np.uint32(codes[code, row]) * np.uint32(0x10001)
            rows[row] = doubled >> np.uint32(row) & np.uint32(0xFFFF)
        # Transpose by swapping the off-diagonal blocks of 8 x 8, then of 4 x 4, 2 x 2 and 1.
        size, mask = 8, np.uint32(0x00FF)
        while size:
            for row in range(16):
                if not row & size:
                    other = row + size
                    swap = (rows[row] >> np.uint32(size) ^ rows[other]) & mask
                    rows[other] ^= swap
                    rows[row] ^= swap << np.uint32(size)
            size >>= 1
            mask ^= mask << np.uint32(size)
        for row in range(16):
            arranged[code, row] = np.uint16(rows[row])
    return arranged


@_compiled
def fill_buckets(codes, chunk, layout, directory, beside, local):
    """Sort the codes, uint64 (n, 4), into the buckets of one chunk.

    Fills `directory`, uint32 (2^width + 1), zeros at first; `beside`, uint16, the next chunk
    of each code; and `local`, uint8, the LOCAL_BYTES of its number.
    """
    first, width = layout[chunk + 1, FIRST], layout[chunk + 1, WIDTH]
    after, bits = following(layout, chunk)
    count = codes.shape[0]
    for code in range(count):
        directory[part(codes, code, first, width) + 1] += np.uint32(1)
    for value in range(1, directory.shape[0]):
        directory[value] += directory[value - 1]
    # First by the upper half of the value, then by all of it: a step then writes to few places
    # at a time, which stay in cache. What moves is value, next chunk and number in one word.
    lower = width // 2
    upper_free = directory[:: 1 << lower].copy()
    moved = np.empty(count, np.uint64)
    for code in range(count):
        value = part(codes, code, first, width)
        place = np.int64(upper_free[value >> lower])
        upper_free[value >> lower] += np.uint32(1)
        next_chunk = part(codes, code, layout[after + 1, FIRST], bits)
        moved[place] = np.uint64(code << 32 | next_chunk << 16 | value)
    free = directory.copy()
    for i in range(count):
        value, next_chunk = np.int64(moved[i] & 0xFFFF), np.int64(moved[i] >> 16 & 0xFFFF)
        code = np.int64(moved[i] >> 32)
        place = np.int64(free[value])
        free[value] += np.uint32(1)
        beside[place] = np.uint16(next_chunk)
        for byte in range(LOCAL_BYTES):
            local[LOCAL_BYTES * place + byte] = np.uint8(code >> (8 * byte) & 255)
