"""What a lead of an organisation may decide in a review, why, and how coarsely she reads it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from service.domain.case import Concern, EntryStatus
from service.domain.errors import InvalidRequest
from service.domain.match_policy import EXCLUDE_DISTANCE

SMALLEST_MATCHES = 10
"""Fewer matches in a day are not told apart: one would be an upload that the reader has made."""
SHOWN = frozenset({Concern.MANY_MATCHES, Concern.DISPUTED})
"""Concerns that are told. Whoever opens cases with somebody's content until one is in many of them
has counted the others; and what a platform asks is between that platform and the operator."""


class Decision(StrEnum):
    """What becomes of an entry. To hold one that is matched is the operator's alone."""

    RELEASE = "release"
    KEEP = "keep"


class Why(StrEnum):
    """Why somebody decided so: words of this list, so that none is about a person."""

    NOTHING_AGAINST = "nothing_against"
    LIKELY_ATTACK = "likely_attack"
    IN_DOUBT = "in_doubt"
    NEAR_PUBLIC = "near_public"
    PLATFORMS_SAY_SO = "platforms_say_so"


REASONS: Mapping[Decision, tuple[Why, ...]] = MappingProxyType(
    {
        Decision.RELEASE: (Why.NOTHING_AGAINST, Why.LIKELY_ATTACK, Why.IN_DOUBT),
        Decision.KEEP: (Why.NEAR_PUBLIC, Why.PLATFORMS_SAY_SO),
    }
)


def parse(untrusted_decision: str, untrusted_why: str) -> tuple[Decision, Why]:
    """Return a decision and why. Raises InvalidRequest, also if this is no reason for it."""
    try:
        decision, why = Decision(untrusted_decision), Why(untrusted_why)
    except ValueError:
        raise InvalidRequest("Say why you decide so.") from None
    if why not in REASONS[decision]:
        raise InvalidRequest("Say why you decide so.")
    return decision, why


def open_to(status: EntryStatus) -> tuple[Decision, ...]:
    """Return what may be decided about an entry that waits: only what is held can be kept held."""
    if status is EntryStatus.QUARANTINED:
        return (Decision.RELEASE, Decision.KEEP)
    return (Decision.RELEASE,)


def at_least(matches: int) -> int:
    """Return the power of ten that a number reaches; 0 if it is below SMALLEST_MATCHES."""
    return 10 ** (len(str(matches)) - 1) if matches >= SMALLEST_MATCHES else 0


def is_as_excluded(distance: int) -> bool:
    """Whether what is so many bits from an exclusion is held for it."""
    return distance <= EXCLUDE_DISTANCE
