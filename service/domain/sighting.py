"""Sightings: who saw an entry when, and what they did about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Verdict(StrEnum):
    """The answer to a lookup, one per item."""

    NONE = "none"
    NEAR = "near"
    MATCH = "match"


class Source(StrEnum):
    """What a sighting comes from."""

    LOOKUP = "lookup"
    OBSERVATION = "observation"
    DECLARED = "declared"
    """A site says, by an MD5 or SHA-256, that it has this very file; nobody has hashed it there."""


class Feedback(StrEnum):
    """What a platform did about a match."""

    PENDING_REVIEW = "pending_review"
    BLOCKED = "blocked"
    NOT_BLOCKED = "not_blocked"


@dataclass(frozen=True, slots=True)
class Sighting:
    """An entry seen by a platform or crawler on a day."""

    entry_id: int
    actor_id: int
    seen_on: date
    source: Source
    verdict: Verdict
    reference: str
    observation_id: int | None = None


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """A sighting as the owner reads it: no address, no distance, no signal, no time of day."""

    n: int
    platform: str
    seen_on: date
    source: Source
    outcome: Feedback | None


def is_shown_to_owner(verdict: Verdict, outcome: Feedback | None) -> bool:
    """Whether the owner reads of a sighting: of a near one only if the platform confirmed it."""
    return verdict is Verdict.MATCH or outcome is Feedback.BLOCKED


def is_since_added(seen: Sighting, added_on: date) -> bool:
    """Whether an owner reads of a sighting before it is confirmed that she is who is shown.

    Not of what was observed before the day on which her entry was added: whoever has the same
    content would read, by a case of their own, what happened before it. A lookup finds only what
    is there already.
    """
    return seen.source is Source.LOOKUP or seen.seen_on >= added_on
