"""What the check of a pack found: what was changed, and what is attested of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from hashing.evidence.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Attested:
    """A time stamp of the pack that holds."""

    sequence: int
    at: datetime
    signed_by: str
    vouched: bool


@dataclass(slots=True)
class Findings:
    """What was found. Without faults, nothing was changed."""

    faults: list[str] = field(default_factory=list)
    """One sentence for each thing that is not as it was made."""
    notes: list[str] = field(default_factory=list)
    """What is as it was made, and a reader should know."""
    attested: list[Attested] = field(default_factory=list)
    manifest: Manifest | None = None
    manifest_stamp: Attested | None = None
    """Over the whole manifest, if the pack has one."""


def covered(found: Findings) -> Iterator[tuple[int, Attested]]:
    """Yield for each entry the earliest time stamp that holds and covers it, if there is one.

    The link of an entry is over all before it, so a stamp of entry 9 covers entries 1 to 9.
    """
    links = found.manifest.links if found.manifest else []
    for link in links:
        n = link.entry.sequence
        later = [each for each in found.attested if each.sequence >= n]
        if later:
            yield n, min(later, key=lambda each: (not each.vouched, each.at))
