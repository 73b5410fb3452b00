"""Which neighbours are kept where there are very many: contents take turns, compiled by Numba.

The nearest signal of each content comes before the second of any; where observers are given, they
take turns in the same way. Distances are at most 256, and ranks are small numbers, so rows are put
in order by counting: the work grows with the rows, and 70 million of them are a second, not a
minute. Rows are (code, signal id, distance), int64 (n, 3), those of one code in a row.

A place is an index into ranges, int64 (n, 4), ascending: the first and the last id of a content's
signals, the content, and who observed it.
"""

from __future__ import annotations

import numpy as np

from service.matching.kernels import compiled

UNKNOWN = -1
"""In place of a place: no range has this id."""
_FIRST, _LAST, _OBSERVER = 0, 1, 3
_DISTANCES = 257


@compiled
def places(rows, ranges, fewest, found):
    """Write the place of each row's id into `found`, int32; return how many are unknown.

    Only rows of codes that have more than `fewest` rows are looked up, all others get place 0.
    """
    unknown, at = 0, 0
    begin = 0
    while begin < rows.shape[0]:
        end = _end(rows, begin)
        if end - begin <= fewest:
            found[begin:end] = 0
        else:
            for row in range(begin, end):
                at = _located(ranges, rows[row, 1], at)
                found[row] = at
                if at == UNKNOWN:
                    unknown += 1
                    at = 0
        begin = end
    return unknown


@compiled
def wanted(limits, rows, distances, ids, removed, ranges, signals, radius):
    """Leave out what no caller keeps of one scan, before any of it is copied.

    Of query q the pairs are those from limits[q] to limits[q + 1] in `rows`, indexes into `ids`
    and `removed`, and `distances`. Returns triples, and ids that no range has: then no triples.
    All pairs of a query are kept if they are at most `signals`. Of others, so many of each content
    are kept, the nearest first, that those of each observer are `signals` or more together; of
    every content at least one. So whatever `nearest` keeps of all scans is among them.
    """
    queries, most = limits.shape[0] - 1, 0
    for query in range(queries):
        most = max(most, limits[query + 1] - limits[query])
    slots_of_rows = np.empty(most, np.int32)
    slot_of_place = np.zeros(ranges.shape[0] if most > signals else 0, np.int32)
    kept = np.empty(limits[queries], np.bool_)
    for query in range(queries):
        begin, end = limits[query], limits[query + 1]
        if end - begin <= signals:
            for i in range(begin, end):
                kept[i] = not removed[rows[i]]
            continue
        unknown, used, histograms = _counted(
            rows[begin:end], distances[begin:end], ids, removed, ranges, slot_of_place,
            slots_of_rows, radius,
        )  # fmt: skip
        if unknown.shape[0]:
            return np.empty((0, 3), np.int64), unknown
        _keep(
            slots_of_rows, distances[begin:end], histograms, ranges[used, _OBSERVER], signals,
            kept[begin:end],
        )  # fmt: skip
        for place in used:
            slot_of_place[place] = 0
    return _triples(limits, rows, distances, ids, kept), np.empty(0, np.int64)


@compiled
def _counted(rows, distances, ids, removed, ranges, slot_of_place, slots_of_rows, radius):
    """Number the contents of one query's pairs; a pair whose signal was removed has number -1.

    Returns the ids that are unknown, the place of each content, and how many signals each has at
    each distance.
    """
    unknown = np.empty(rows.shape[0], np.int64)
    used = np.empty(min(rows.shape[0], ranges.shape[0]), np.int32)
    histograms = np.zeros((used.shape[0], radius + 1), np.int32)
    missing, count, slot = 0, 0, 0
    first, last = np.int64(0), np.int64(-1)
    for i in range(rows.shape[0]):
        if removed[rows[i]]:
            slots_of_rows[i] = -1
            continue
        wanted_id = ids[rows[i]]
        if wanted_id < first or wanted_id > last:
            place = _located(ranges, wanted_id, 0)
            if place == UNKNOWN:
                unknown[missing] = wanted_id
                missing += 1
                continue
            first, last = ranges[place, _FIRST], ranges[place, _LAST]
            if not slot_of_place[place]:
                used[count] = place
                count += 1
                slot_of_place[place] = count
            slot = slot_of_place[place] - 1
        slots_of_rows[i] = slot
        histograms[slot, np.int64(distances[i])] += 1
    return unknown[:missing], used[:count], histograms[:count]


@compiled
def _keep(slots_of_rows, distances, histograms, observers, signals, kept):
    """Say which pairs of one query are kept; `observers` are those of the contents."""
    contents, columns = histograms.shape
    totals = np.zeros(contents, np.int64)
    for slot in range(contents):
        totals[slot] = histograms[slot].sum()
    most = _most_of_each(totals, observers, signals)
    farthest = np.empty(contents, np.int64)
    left = np.empty(contents, np.int64)  # to be kept at that distance
    for slot in range(contents):
        nearer, of_content = 0, most[observers[slot]]
        farthest[slot] = columns
        for distance in range(columns):
            if nearer + histograms[slot, distance] >= of_content:
                farthest[slot] = distance
                break
            nearer += histograms[slot, distance]
        left[slot] = of_content - nearer
    for i in range(distances.shape[0]):
        slot = slots_of_rows[i]
        if slot < 0 or distances[i] > farthest[slot]:
            kept[i] = False
        elif distances[i] < farthest[slot]:
            kept[i] = True
        else:
            kept[i] = left[slot] > 0
            left[slot] -= 1


@compiled
def _most_of_each(totals, observers, signals):
    """Return how many signals of each content of an observer are as many as `signals` together."""
    last = 0
    for observer in observers:  # there is none where all signals were removed
        last = max(last, observer)
    most = np.full(last + 1, signals, np.int64)
    least = np.ones(most.shape[0], np.int64)
    for _ in range(64):
        if not (least < most).any():
            break
        middle = (least + most) >> 1
        together = np.zeros(most.shape[0], np.int64)
        for slot in range(totals.shape[0]):
            together[observers[slot]] += min(totals[slot], middle[observers[slot]])
        for observer in range(most.shape[0]):
            if together[observer] >= signals:
                most[observer] = middle[observer]
            else:
                least[observer] = min(middle[observer] + 1, most[observer])
    return most


@compiled
def _triples(limits, rows, distances, ids, kept):
    """Return (query, id, distance) of what is kept."""
    count = 0
    for one in kept:
        count += one
    triples = np.empty((count, 3), np.int64)
    count = 0
    for query in range(limits.shape[0] - 1):
        for i in range(limits[query], limits[query + 1]):
            if kept[i]:
                triples[count, 0], triples[count, 1] = query, ids[rows[i]]
                triples[count, 2] = np.int64(distances[i])
                count += 1
    return triples


@compiled
def nearest(rows, place, ranges, by_observer, signals, contents):
    """Return which rows are kept.

    All of a code that has at most `signals`; else so many of it, in turns, and the nearest of each
    content, of so many `contents`.
    """
    kept = np.ones(rows.shape[0], np.bool_)
    most = _largest(rows)
    if most <= signals:
        return kept
    nth, turn, of_place, of_observer, keys, starts, one, two = _buffers(
        rows.shape[0], most, ranges, by_observer
    )
    begin = 0
    while begin < rows.shape[0]:
        end = _end(rows, begin)
        if end - begin > signals:
            size = end - begin
            for i in range(size):
                one[i] = begin + i
                keys[begin + i] = rows[begin + i, 2]
            _sort(one, size, keys, starts, two)  # by distance
            _rank(two, size, place, of_place, nth)
            _sort(two, size, nth, starts, one)  # by rank within the content, then distance
            order = one
            if by_observer:
                for i in range(begin, end):
                    keys[i] = ranges[place[i], _OBSERVER]
                _rank(one, size, keys, of_observer, turn)
                _sort(two, size, turn, starts, one)  # by turn, then distance
            for i in range(signals, size):
                kept[order[i]] = i < contents and nth[order[i]] == 0
        begin = end
    return kept


@compiled
def in_turns(rows, place, ranges, by_observer):
    """Return the order in which rows of many codes are kept: of each content the nearest first.

    Of rows that are equal so far, those of a code that is near few signals come first.
    """
    size = rows.shape[0]
    codes = 0
    for row in range(size):
        codes = max(codes, rows[row, 0] + 1)
    nth, turn, of_place, of_observer, keys, starts, one, two = _buffers(
        size, max(size, codes), ranges, by_observer
    )
    code = rows[:, 0].astype(np.int32)
    of_code = np.empty(size, np.int32)
    for i in range(size):
        one[i], keys[i] = i, rows[i, 2]
    _sort(one, size, keys, starts, two)
    _rank(two, size, place, of_place, nth)
    _rank(two, size, code, np.zeros(codes, np.int32), of_code)
    _sort(two, size, of_code, starts, one)
    _sort(one, size, nth, starts, two)
    if by_observer:
        for i in range(size):
            keys[i] = ranges[place[i], _OBSERVER]
        _rank(two, size, keys, of_observer, turn)
        _sort(two, size, turn, starts, one)
        return one[:size]  # they are longer where there are more codes than rows
    return two[:size]


@compiled
def _end(rows, begin):
    """Return the row after the last one of the same code."""
    end = begin + 1
    while end < rows.shape[0] and rows[end, 0] == rows[begin, 0]:
        end += 1
    return end


@compiled
def _largest(rows):
    """Return how many rows the code has that has most."""
    most, begin = 0, 0
    while begin < rows.shape[0]:
        end = _end(rows, begin)
        most = max(most, end - begin)
        begin = end
    return most


@compiled
def _located(ranges, wanted, at):
    """Return the place of an id. Looked at first are `at` and the next: ids often ascend."""
    for near in range(at, min(at + 2, ranges.shape[0])):
        if ranges[near, _FIRST] <= wanted <= ranges[near, _LAST]:
            return near
    low, high = 0, ranges.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if ranges[middle, _FIRST] <= wanted:
            low = middle + 1
        else:
            high = middle
    if low and wanted <= ranges[low - 1, _LAST]:
        return low - 1
    return UNKNOWN


@compiled
def _buffers(rows, most, ranges, by_observer):
    """Arrays for as many rows, of which at most so many are sorted at once."""
    observers = 1
    if by_observer:
        for place in range(ranges.shape[0]):
            observers = max(observers, ranges[place, _OBSERVER] + 1)
    return (
        np.empty(rows, np.int32),
        np.empty(rows if by_observer else 0, np.int32),
        np.zeros(ranges.shape[0], np.int32),
        np.zeros(observers, np.int32),
        np.empty(rows, np.int32),
        np.empty(max(_DISTANCES, most) + 1, np.int32),
        np.empty(most, np.int32),
        np.empty(most, np.int32),
    )


@compiled
def _sort(order, size, keys, starts, out):
    """Write the first `size` rows of `order` into `out`, by key; equal ones stay in order."""
    last = 0
    for i in range(size):
        last = max(last, keys[order[i]])
    starts[: last + 2] = 0
    for i in range(size):
        starts[keys[order[i]] + 1] += 1
    for key in range(last):
        starts[key + 1] += starts[key]
    for i in range(size):
        row = order[i]
        key = keys[row]
        out[starts[key]] = row
        starts[key] += 1


@compiled
def _rank(order, size, groups, counts, ranks):
    """Write the rank of each row within its group; `counts` are zeros before and after."""
    for i in range(size):
        row = order[i]
        ranks[row] = counts[groups[row]]
        counts[groups[row]] += 1
    for i in range(size):
        counts[groups[order[i]]] = 0
