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
