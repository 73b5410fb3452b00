"""Which segments are written anew, together with the tail: the policy alone.

Segments grow geometrically: what is newest takes in every segment that is at most AHEAD times as
large as all that it has taken in so far, up to FULL. Of codes that come TAIL at a time, none is
written more than 13 times on its way to a full segment, 7 times on average, and at most 6
segments are less than half full; of codes that come a few at a time it may be 12, and some
are written 23 times (tests/server/test_merging.py counts).

What was removed is erased from the files a minute later, and a minute more for every 10,000
codes of the segment, so that this costs a disk at most 20 kB a second and segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TAIL = 2**15
"""Codes in the tail that make a segment due: scanned in about 30 microseconds."""
FULL = 2**24
AHEAD = 2
EMPTY = 0.25
"""Share of removed codes that makes a segment due by itself."""
ERASED_AFTER = 60
"""Seconds that a segment is left as it is, at least, although something was removed from it."""
ERASED_PER_SECOND = 10_000 / 60
"""Codes rewritten in a second so that what was removed leaves the disk."""


@dataclass(frozen=True, slots=True)
class Size:
    """A segment: its codes, how many of them are removed, its age in seconds."""

    count: int
    removed: int
    age: float
    on_disk: bool = True
    """Whether its file is still there: another process may have swept what this one maps."""

    @property
    def live(self) -> int:
        """Codes that will be written again."""
        return self.count - self.removed

    @property
    def worn(self) -> bool:
        """Whether it must be written again, for what was removed from it or with its file."""
        if not self.on_disk:
            return True
        if not self.removed:
            return False
        patience = ERASED_AFTER + self.count / ERASED_PER_SECOND
        return self.removed > EMPTY * self.count or self.age > patience


def due(tail: int, sizes: Sequence[Size]) -> bool:
    """Whether anything must be written now."""
    return tail >= TAIL or any(each.worn for each in sizes)


def taken(tail: int, sizes: Sequence[Size]) -> list[set[int]]:
    """Return the segments, by place, that each new segment takes in; the first takes the tail."""
    first: set[int] = set()
    total = tail
    for place in sorted(range(len(sizes)), key=lambda place: sizes[place].live):
        live = sizes[place].live
        if total and live <= AHEAD * total and total + live <= FULL:
            first.add(place)
            total += live
    alone = [{place} for place, size in enumerate(sizes) if size.worn and place not in first]
    return [first, *alone]
