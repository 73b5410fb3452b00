"""When an address is looked at again: hours, then days, then weeks; sooner after a change."""

from __future__ import annotations

from crawler.outcomes import Outcome

FIRST = 2 * 3600
"""Seconds: after the first look, and after every change."""
LONGEST = 14 * 24 * 3600
FAULT = 1800
"""After a first fault; each further one doubles it."""
LONGEST_FAULT = 24 * 3600
CLOSED = 7 * 24 * 3600
"""Where robots.txt refuses us, or only members can look: it may open again."""


def interval_after(
    outcome: Outcome, *, changed: bool, interval: int, faults: int, retry_after: int | None = None
) -> int:
    """Return the seconds until the next visit.

    `interval` is what the last visit led to (0 before the first), `faults` how many visits in a row
    were faults, with this one. A server's Retry-After is kept.
    """
    if outcome is Outcome.FAULT:
        waited = min(FAULT << min(faults - 1, 10), LONGEST_FAULT)
        return max(waited, retry_after or 0)
    if outcome in {Outcome.REFUSED, Outcome.MEMBERS_ONLY}:
        return CLOSED
    if changed or not interval:
        return FIRST
    return max(FIRST, min(2 * interval, LONGEST))
