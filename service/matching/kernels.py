"""The inner loops of the index, compiled by Numba and cached on disk; they release Python's lock.

A segment comes as one array of bytes, `body`, and a table, `layout`, that says at which offset
everything is in it (`service.matching.segment` makes both). A code, and so a query, is four
64-bit words.

A search makes three passes over small buffers, so that memory is prefetched well before it is
read: look the buckets up in the directories; filter their postings by the next chunk; fetch the
candidates that remain and verify all 256 bits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from service.matching.bits import LANES, lowest_bit, near_lanes, popcount, prefetch

# The columns of `layout`. Its first row describes the segment, every other row one chunk;
# everything but COUNT, FIRST_BIT and WIDTH is an offset in the body, in bytes.
COUNT, IDS, CODES = 0, 1, 2
FIRST_BIT, WIDTH, DIRECTORY, NEXT_VALUES, ROWS = 0, 1, 2, 3, 4

BITS_SHA256 = "3fd5ccf736c79aa5"
"""The first digits of the SHA-256 of bits.py. Numba reuses cached machine code for as long as
this file is the same and does not look at bits.py, so a change there has to change this file."""
ABANDONED = -1
"""In place of an id: the query exceeded its budget in crowded buckets and has to be scanned."""
ROW_BYTES = 3
"""Bytes of a posting's row, the number of a code in its segment."""
NEXT_CHUNK_BITS = 16
"""Bits of the next chunk that are stored with a posting."""

_WORD = 64
_BUCKETS = 128
_CANDIDATES = 2048
_BUDGET = 20_000
# Costs in comparisons of a linear scan, as in service.matching.plan, rounded down.
_BUCKET_COST, _CANDIDATE_COST, _POSTINGS_PER_COST = 16, 20, 6


def compiled(function):
    """Compile a function, and cache its machine code on disk."""
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no place for a cache: every start compiles anew
        return njit(nogil=True)(function)


@compiled
def chunk_value(codes, row, first, width):
    """Return `width` bits of a code from bit `first` on."""
    word, shift = first // _WORD, first % _WORD
    value = codes[row, word] >> np.uint64(shift)
    if shift + width > _WORD:
        value |= codes[row, word + 1] << np.uint64(_WORD - shift)
    return np.int64(value & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)))


@compiled
def next_chunk(layout, chunk):
    """Return the next chunk of the ring, and how many of its bits are stored with a posting."""
    following = chunk + 1 if chunk + 2 < layout.shape[0] else 0
    return following, min(layout[following + 1, WIDTH], NEXT_CHUNK_BITS)


# --- search ---
# Only `search` allocates: counting references in the inner loops took as long as all the rest.


@compiled
def search(queries, start, layout, body, removed, probes, chunk_radii, radius, triples):
    """Write (query, id, distance) of the queries from `start` on into `triples`, int64 (n, 3).

    `removed` has one byte a code, not 0 for what is never returned. `probes` and `chunk_radii`
    are those of service.matching.plan for the radius. Returns how many triples were written,
    and the query at which there was no more room, or the number of queries.
    """
    directories, next_values = body.view(np.uint32), body.view(np.uint16)
    words = body.view(np.uint64)
    asked = np.empty((2, chunk_radii.shape[0]), np.int64)  # the query's value: this chunk, the next
    buckets = np.empty((2, _BUCKETS), np.int64)  # first posting, last posting + 1
    candidates = np.empty((2, _CANDIDATES), np.int64)  # where its row or code is, chunk
    count = 0
    for query in range(start, queries.shape[0]):
        for chunk in range(chunk_radii.shape[0]):
            following, bits = next_chunk(layout, chunk)
            first, width = layout[chunk + 1, FIRST_BIT], layout[chunk + 1, WIDTH]
            asked[0, chunk] = chunk_value(queries, query, first, width)
            asked[1, chunk] = chunk_value(queries, query, layout[following + 1, FIRST_BIT], bits)
        before, budget = count, layout[0, COUNT] + _BUDGET
        for begin in range(0, probes.shape[0], _BUCKETS):
            end = min(begin + _BUCKETS, probes.shape[0])
            budget -= _look_up_buckets(
                layout, directories, next_values, probes, begin, end, asked, buckets
            )
            probe = begin
            while probe < end and budget >= 0:
                probe, found = _filter_postings(
                    layout, body, next_values, probes, begin, probe, end, asked, buckets,
                    candidates,
                )  # fmt: skip
                budget -= _CANDIDATE_COST * found
                _fetch_candidates(layout, body, words, candidates, found)
                count = _verify_candidates(
                    queries, query, layout, words, removed, chunk_radii, radius, candidates, found,
                    triples, count,
                )  # fmt: skip
            if budget < 0 or count > triples.shape[0]:
                break
        if budget < 0:
            count = _append(triples, before, query, ABANDONED, 0)
        if count > triples.shape[0]:
            return before, query
    return count, queries.shape[0]


@compiled
def _look_up_buckets(layout, directories, next_values, probes, begin, end, asked, buckets):
    """First pass: read from the directories where the buckets are. Returns what this costs."""
    for i in range(begin, end):
        chunk = probes[i, 0]
        at = (layout[chunk + 1, DIRECTORY] >> 2) + (asked[0, chunk] ^ probes[i, 1])
        prefetch(directories, at)
        buckets[0, i - begin] = at
    postings = 0
    for i in range(begin, end):
        at = buckets[0, i - begin]
        values = layout[probes[i, 0] + 1, NEXT_VALUES] >> 1
        first, last = values + np.int64(directories[at]), values + np.int64(directories[at + 1])
        buckets[0, i - begin], buckets[1, i - begin] = first, last
        postings += last - first
        for line in range(first & -LANES, last, LANES):
            prefetch(next_values, line)
    return _BUCKET_COST * (end - begin) + postings // _POSTINGS_PER_COST


@compiled
def _filter_postings(
    layout, body, next_values, probes, begin, probe, end, asked, buckets, candidates
):
    """Second pass: the postings whose next chunk is near too become candidates.

    Returns the probe to continue with, before `end` when the candidates' buffer is full, and how
    many candidates there are.
    """
    found = 0
    for i in range(probe, end):
        chunk, most = probes[i, 0], np.uint16(probes[i, 2])
        value = np.uint16(asked[1, chunk])
        at, last = buckets[0, i - begin], buckets[1, i - begin]
        while at < last:
            if found > _CANDIDATES - LANES:
                buckets[0, i - begin] = at
                return i, found
            near = near_lanes(next_values, at, value, most)
            if last - at < LANES:
                near &= (np.uint32(1) << np.uint32(last - at)) - np.uint32(1)
            first = at - (layout[chunk + 1, NEXT_VALUES] >> 1)
            while near:
                posting = first + np.int64(lowest_bit(near))
                row = layout[chunk + 1, ROWS] + ROW_BYTES * posting
                prefetch(body, row)
                candidates[0, found], candidates[1, found] = row, chunk
                found += 1
                near &= near - np.uint32(1)
            at += LANES
    return end, found


@compiled
def _fetch_candidates(layout, body, words, candidates, found):
    """Third pass, first half: read the candidates' rows and prefetch their codes."""
    for i in range(found):
        at = candidates[0, i]
        row = np.int64(body[at]) | np.int64(body[at + 1]) << 8 | np.int64(body[at + 2]) << 16
        candidates[0, i] = (layout[0, CODES] >> 3) + 4 * row
        prefetch(words, candidates[0, i])


@compiled
def _verify_candidates(
    queries, query, layout, words, removed, chunk_radii, radius, candidates, found, triples, count
):
    """Third pass, second half: compare whole codes; append each within the radius once.

    Returns how many triples there are, or would be if there were room.
    """
    first = layout[0, CODES] >> 3
    for i in range(found):
        at = candidates[0, i]
        one = queries[query, 0] ^ words[at]
        two = queries[query, 1] ^ words[at + 1]
        three = queries[query, 2] ^ words[at + 2]
        four = queries[query, 3] ^ words[at + 3]
        distance = np.int64(popcount(one) + popcount(two) + popcount(three) + popcount(four))
        if distance <= radius:
            row = (at - first) >> 2
            if not removed[row] and _is_first_chunk(
                layout, chunk_radii, candidates[1, i], (one, two, three, four)
            ):
                signal_id = np.int64(words[(layout[0, IDS] >> 3) + row])
                count = _append(triples, count, query, signal_id, distance)
    return count


@compiled
def _is_first_chunk(layout, chunk_radii, chunk, differing):
    """Whether no chunk before this one finds the same code."""
    for earlier in range(chunk):
        following, bits = next_chunk(layout, earlier)
        own = _set_bits(differing, layout[earlier + 1, FIRST_BIT], layout[earlier + 1, WIDTH])
        both = own + _set_bits(differing, layout[following + 1, FIRST_BIT], bits)
        allowed = chunk_radii[earlier]
        if own <= allowed and both <= allowed + chunk_radii[following] + 1:
            return False
    return True


@compiled
def _set_bits(code, first, width):
    """Return how many of `width` bits of a code, four words, are set from bit `first` on."""
    total = 0
    for word in range(4):
        low, high = max(first - 64 * word, 0), min(first + width - 64 * word, 64)
        if low < high:
            mask = ~np.uint64(0) >> np.uint64(64 - (high - low)) << np.uint64(low)
            total += np.int64(popcount(code[word] & mask))
    return total


@compiled
def _append(triples, count, query, signal_id, distance):
    """Write a triple if there is room; return how many there would be."""
    if count < triples.shape[0]:
        triples[count, 0], triples[count, 1], triples[count, 2] = query, signal_id, distance
    return count + 1


# --- build ---


@compiled
def permute_diagonally(codes):
    """Return codes, uint16 (n, 16), with their bits in the order of the square's diagonals.

    A perceptual hash is a square of 16 rows of frequencies. Neighbours in a row or a column are
    correlated, so the bits of a chunk are taken from the diagonals: bit `row` of word `k` is bit
    (row + k) mod 16 of word `row`. Distances do not change.
    """
    permuted = np.empty_like(codes)
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
            permuted[code, row] = np.uint16(rows[row])
    return permuted


@compiled
def fill_buckets(codes, chunk, layout, directory, next_values, rows):
    """Sort the codes, uint64 (n, 4), into the buckets of one chunk.

    Fills `directory`, uint32 (2^width + 1), zeros at first; `next_values`, uint16, the next chunk
    of each posting's code; and `rows`, uint8, the ROW_BYTES of its row.
    """
    first, width = layout[chunk + 1, FIRST_BIT], layout[chunk + 1, WIDTH]
    following, bits = next_chunk(layout, chunk)
    count = codes.shape[0]
    for row in range(count):
        directory[chunk_value(codes, row, first, width) + 1] += np.uint32(1)
    for value in range(1, directory.shape[0]):
        directory[value] += directory[value - 1]
    # A radix sort in two steps, by the upper half of the value and then by all of it: each step
    # writes to few places at a time, which stay in cache. What moves is value, next chunk and
    # row, packed into one word.
    lower = width // 2
    upper_free = directory[:: 1 << lower].copy()
    moved = np.empty(count, np.uint64)
    for row in range(count):
        value = chunk_value(codes, row, first, width)
        place = np.int64(upper_free[value >> lower])
        upper_free[value >> lower] += np.uint32(1)
        next_value = chunk_value(codes, row, layout[following + 1, FIRST_BIT], bits)
        moved[place] = np.uint64(row << 32 | next_value << 16 | value)
    free = directory.copy()
    for i in range(count):
        value, next_value = np.int64(moved[i] & 0xFFFF), np.int64(moved[i] >> 16 & 0xFFFF)
        row = np.int64(moved[i] >> 32)
        posting = np.int64(free[value])
        free[value] += np.uint32(1)
        next_values[posting] = np.uint16(next_value)
        for byte in range(ROW_BYTES):
            rows[ROW_BYTES * posting + byte] = np.uint8(row >> (8 * byte) & 255)
