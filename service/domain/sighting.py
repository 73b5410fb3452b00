"""What happened to an entry: where it was seen, and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Verdict(StrEnum):
    """The answer to a lookup, one an item."""

    NONE = "none"
    NEAR = "near"
    MATCH = "match"


class Source(StrEnum):
    """How we know."""

    LOOKUP = "lookup"
    OBSERVATION = "observation"


class Feedback(StrEnum):
    """A platform's verdict on a match."""

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
    """A sighting as the owner reads it. No address, no distance, no signal, no hour."""

    n: int
    platform: str
    seen_on: date
    source: Source
    outcome: Feedback | None


def is_shown_to_owner(verdict: Verdict, outcome: Feedback | None) -> bool:
    """Whether a sighting is shown: a near one only once a person there has confirmed it."""
    return verdict is Verdict.MATCH or outcome is Feedback.BLOCKED
