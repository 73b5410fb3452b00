"""The merge policy: which segments are rewritten, and which of them together with the tail.

Segments grow geometrically: the new segment takes in the tail and, smallest first, every segment
that is at most SIZE_RATIO times as large as all it has taken in so far, up to SEGMENT_CODES. When
codes are flushed TAIL_CODES at a time, none is written more than 13 times on its way to a full
segment, 7 times on average, and at most 6 segments are less than half full; when a few codes are
flushed at a time, up to 12 segments are, and some codes are written 23 times
(tests/server/test_merge_policy.py counts).

What was removed is erased from the files after a minute, and a minute more for every 10,000 codes
of its segment, so that this writes at most 20 kB a second and segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TAIL_CODES = 2**15
"""Codes in the tail that make a flush due: scanned in about 30 microseconds."""
SEGMENT_CODES = 2**24
"""Codes of a full segment: the most that one holds."""
SIZE_RATIO = 2
MAX_REMOVED_SHARE = 0.25
"""A segment is rewritten as soon as a larger share of its codes was removed."""
ERASE_AFTER_SECONDS = 60
"""A segment of which something was removed is left as it is for so long at least."""
ERASE_CODES_PER_SECOND = 10_000 / 60
"""How fast codes are rewritten so that what was removed leaves the disk."""


@dataclass(frozen=True, slots=True)
class SegmentSize:
    """What the policy knows of a segment: its codes, how many are removed, its age in seconds."""

    count: int
    removed: int
    age: float
    on_disk: bool = True
    """Whether its file is still there: another process may have deleted what this one maps."""

    @property
    def live_count(self) -> int:
        """Codes that a merge writes again."""
        return self.count - self.removed

    @property
    def needs_rewrite(self) -> bool:
        """Whether it must be rewritten: for what was removed, or because its file is gone."""
        if not self.on_disk:
            return True
        if not self.removed:
            return False
        patience = ERASE_AFTER_SECONDS + self.count / ERASE_CODES_PER_SECOND
        return self.removed > MAX_REMOVED_SHARE * self.count or self.age > patience


def is_due(tail: int, segments: Sequence[SegmentSize]) -> bool:
    """Whether anything must be written now; `tail` is the number of codes in the tail."""
    return tail >= TAIL_CODES or any(each.needs_rewrite for each in segments)


def find_merges(tail: int, segments: Sequence[SegmentSize]) -> list[set[int]]:
    """Return for each new segment the indexes of those it replaces; the first takes the tail too.

    The first may replace none, and holds nothing when the tail is empty as well.
    """
    first: set[int] = set()
    total = tail
    for index in sorted(range(len(segments)), key=lambda index: segments[index].live_count):
        live = segments[index].live_count
        if total and live <= SIZE_RATIO * total and total + live <= SEGMENT_CODES:
            first.add(index)
            total += live
    alone = [{i} for i, each in enumerate(segments) if each.needs_rewrite and i not in first]
    return [first, *alone]
