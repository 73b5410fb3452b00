"""Neighbours of many values, within limits that hold for every caller.

A frame that many videos share, such as a title card, may be near a hundred thousand signals. How
many neighbours are kept is limited here, the nearest first, before any becomes an object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.signals import SignalType
from service.domain.match_policy import EXCLUDE_DISTANCE
from service.matching.codes import CODE_BYTES, Codes, Most, Neighbours
from service.replica.follower import Replica
from service.replica.searcher import Searcher
from service.store.changes import Space

Column = NDArray[np.int64]

PERCEPTUAL = tuple(each for each in SignalType if each.perceptual)
_FIRST_CODES = 32
_MOST_CODES = 1024
"""Codes searched in one call: few at first, then as many as stay within the next limit."""
_MOST_AT_ONCE = 2_000_000
"""Neighbours aimed at in one call, before those over the limits are dropped: 48 MB."""
_PER_VALUE = 1000
"""Neighbours kept of one value, and beyond that the nearest one of each further content."""
_CONTENTS_PER_VALUE = 10_000
"""Contents near one value of which a neighbour is kept: 200 cases of 50 entries."""
_ROWS_AT_ONCE = 1_000_000
"""Neighbours collected in one search before those over the next limit are dropped: 24 MB."""
_PER_SEARCH = 200_000
"""Neighbours kept of all values together, each counted as often as its value occurs."""


class Distinct(NamedTuple):
    """Codes without repetitions."""

    codes: Codes
    code_of: Column
    """For each code given, its index among the distinct ones."""
    times: Column
    """How often each distinct code was given."""


class Pairs(NamedTuple):
    """Given codes near stored signals: columns of one length."""

    given: Column
    """Index of the code among those given."""
    signal_id: Column
    distance: Column


def distinct(codes: Codes) -> Distinct:
    """Return codes without repetitions, in the order of their first occurrence."""
    number: dict[bytes, int] = {}
    each = np.ascontiguousarray(codes).view(f"V{CODE_BYTES}")[:, 0].tolist()
    code_of = np.array([number.setdefault(code, len(number)) for code in each], np.int64)
    once = np.frombuffer(b"".join(number), np.uint8).reshape(-1, CODE_BYTES)
    return Distinct(once, code_of, np.bincount(code_of, minlength=len(number)))


def nearest(
    replica: Replica,
    space: Space,
    signal_type: SignalType,
    codes: Distinct,
    radius: int,
    *,
    searcher: Searcher | None = None,
) -> Pairs:
    """Return the stored signals near codes, within the limits. Equal codes are searched once.

    Where a limit is reached, every content has its nearest signal before any has its second, and
    so on: one content with very many signals near a value takes no other's place. Among what was
    observed, whoever saw it has a turn in the same way: one crawler's flood hides nobody else's.
    """
    most = Most(_PER_VALUE, _CONTENTS_PER_VALUE)
    near = np.empty((0, 3), np.int64)
    for each in _calls(searcher or replica.searcher, space, signal_type, codes, radius, most):
        rows = replica.holders.nearest(space, np.stack(each, axis=1), most)
        near = np.concatenate((near, rows))
        if len(near) > _ROWS_AT_ONCE:
            near = near[replica.holders.in_turns(space, near)[:_PER_SEARCH]]
    if not len(near):
        return Pairs(*near.T)
    if codes.times[near[:, 0]].sum() > _PER_SEARCH:
        near = near[replica.holders.in_turns(space, near)]
        near = near[np.cumsum(codes.times[near[:, 0]]) <= _PER_SEARCH]
    code, signal_id, distance = near.T
    times = codes.times[code]
    rows = np.repeat(np.arange(len(near)), times)  # once for each given code that is this one
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    first = np.cumsum(codes.times) - codes.times
    given = np.argsort(codes.code_of, kind="stable")[first[code[rows]] + nth]
    return Pairs(given, signal_id[rows], distance[rows])


def ids_near(
    searcher: Searcher, space: Space, signal_type: SignalType, codes: Distinct, radius: int
) -> set[int]:
    """Return the ids of all stored signals near any of some codes: every one, without a limit."""
    near: set[int] = set()
    for neighbours in _calls(searcher, space, signal_type, codes, radius):
        near.update(np.unique(neighbours.ids).tolist())
    return near


def are_excluded(searcher: Searcher, signal_type: SignalType, codes: Distinct) -> Column:
    """Return 1 for each distinct code that is near the exclude bank, 0 for the others."""
    excluded = np.zeros(len(codes.codes), np.int64)
    space = Space.EXCLUDED
    for neighbours in _calls(searcher, space, signal_type, codes, EXCLUDE_DISTANCE):
        excluded[neighbours.queries] = 1
    return excluded


def _calls(
    searcher: Searcher,
    space: Space,
    signal_type: SignalType,
    codes: Distinct,
    radius: int,
    most: Most | None = None,
) -> Iterator[Neighbours]:
    """Search in calls of such a size that the neighbours of one fit into memory."""
    start, size = 0, _FIRST_CODES
    while start < len(codes.codes):
        part = codes.codes[start : start + size]
        neighbours = searcher.search(space, signal_type, part, radius, most)
        yield neighbours._replace(queries=neighbours.queries + start)
        start += len(part)
        per_code = max(1, len(neighbours.ids) // len(part))
        size = max(1, min(16 * size, _MOST_CODES, _MOST_AT_ONCE // per_code))


def ranks(group: Column, *by: NDArray[np.int64] | NDArray[np.float64]) -> Column:
    """Return the rank of each row within its group, 0 for the least."""
    order = np.lexsort((*by[::-1], group))
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    sizes = np.diff(begins, append=len(order))
    ranked = np.empty(len(order), np.int64)
    ranked[order] = np.arange(len(order)) - np.repeat(begins, sizes)
    return ranked


def groups(*columns: Column) -> Column:
    """Number the different rows of the columns, in their order."""
    order = np.lexsort(columns[::-1])
    changed = np.zeros(len(order), bool)
    for column in columns:
        changed[1:] |= column[order][1:] != column[order][:-1]
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(changed)
    return numbers


def count_distinct(group: Column, values: Column) -> Column:
    """Return how many different values each group has, indexed by the group's number."""
    return np.bincount(group[np.unique(groups(group, values), return_index=True)[1]])
