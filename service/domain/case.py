"""Cases and entries: the number people say aloud, and the one table of what may follow what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from hashing.signals import ContentKind
from service.domain.errors import IllegalTransition, Unauthenticated, Withdrawn

MAX_ENTRIES = 50
"""Entries of one case (trust.md 4.4: 20–50)."""
UNDO_DAYS = 3
"""Whole days, after the one of the withdrawal, on which it can be undone (trust.md 4.10: 72 h)."""
_DIGITS = 10


class EntryStatus(StrEnum):
    """Where an entry stands."""

    RECEIVED = "received"
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"


TRANSITIONS = {
    EntryStatus.RECEIVED: {
        EntryStatus.ACTIVE,
        EntryStatus.QUARANTINED,
        EntryStatus.WITHDRAWING,
        EntryStatus.WITHDRAWN,
    },
    EntryStatus.ACTIVE: {
        EntryStatus.QUARANTINED,
        EntryStatus.WITHDRAWING,
        EntryStatus.WITHDRAWN,
    },
    EntryStatus.QUARANTINED: {
        EntryStatus.ACTIVE,
        EntryStatus.WITHDRAWING,
        EntryStatus.WITHDRAWN,
    },
    EntryStatus.WITHDRAWING: {
        EntryStatus.RECEIVED,
        EntryStatus.ACTIVE,
        EntryStatus.QUARANTINED,
        EntryStatus.WITHDRAWN,
    },
    EntryStatus.WITHDRAWN: set(),
}
"""Every legal step; from withdrawing back to nothing but what it was (`Entry.step`).

The drawing in docs/states.md is made of this table."""


class HoldReason(StrEnum):
    """Why an entry is quarantined. Told to reviewers, never to platforms."""

    EXCLUDED = "excluded"
    MANY_CASES = "many_cases"
    MANY_MATCHES = "many_matches"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of content in a case, as the store knows it."""

    id: int
    case_id: int
    n: int
    kind: ContentKind
    status: EntryStatus
    added_on: date
    reviewed: bool
    undo_to: EntryStatus | None = None
    """What it was before the withdrawal that can still be undone."""
    hold: HoldReason | None = None
    """Why it is quarantined; for reviewers."""
    erase_on: date | None = None
    """When the undo ends. None while withdrawing: it goes with its case, on the case's day."""

    @property
    def told(self) -> EntryStatus:
        """The status that the owner is told.

        One that waits for review because others have handed in the same is told as active, which
        the content is, through theirs: else whoever opens cases could count the others.
        """
        counted = self.hold is HoldReason.MANY_CASES and not self.reviewed
        held = self.status is EntryStatus.QUARANTINED
        return EntryStatus.ACTIVE if held and counted else self.status

    def step(self, to: EntryStatus) -> EntryStatus:
        """Return `to`. Raises IllegalTransition when the table has no such step.

        From withdrawing, only back to what it was: an undo must not release what was held.
        """
        elsewhere = self.status is EntryStatus.WITHDRAWING and to not in {
            self.undo_to,
            EntryStatus.WITHDRAWN,
        }
        if elsewhere or to not in TRANSITIONS[self.status]:
            raise IllegalTransition(f"An entry cannot go from {self.status} to {to}.")
        return to


def erase_day(now: date) -> date:
    """Return the day on which what is withdrawn now is erased, and can be undone no more.

    Days are whole and in UTC, so that from any hour 72 to 96 hours are left.
    """
    return now + timedelta(days=UNDO_DAYS + 1)


def refusal(erase_on: date | None) -> Withdrawn:
    """Return why a withdrawn case takes nothing: for good, or its withdrawal can be undone."""
    if erase_on is None:
        return Withdrawn()
    return Withdrawn(
        f"This case was withdrawn. It is erased on {erase_on}; before that you can undo the "
        "withdrawal of the case, and then go on."
    )


def new_number(digit: Callable[[], int]) -> str:
    """Return a case number: nine digits from `digit`, one check digit, grouped to be read aloud."""
    digits = [digit() for _ in range(_DIGITS - 1)]
    return _grouped("".join(map(str, [*digits, _check_digit(digits)])))


def parse_number(untrusted: str) -> str:
    """Return a case number as it was made, whatever spaces or dashes it was typed with.

    Raises Unauthenticated, as a number that was never given does: who guesses learns nothing.
    """
    digits = re.sub(r"[\s\-.]", "", untrusted)
    if len(digits) != _DIGITS or not digits.isascii() or not digits.isdigit():
        raise Unauthenticated
    if _check_digit([int(d) for d in digits[:-1]]) != int(digits[-1]):
        raise Unauthenticated
    return _grouped(digits)


def _grouped(digits: str) -> str:
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"


def _check_digit(digits: list[int]) -> int:
    """ISO/IEC 7064 MOD 11,10: finds every single wrong digit and nearly every exchanged pair."""
    carry = _DIGITS
    for digit in digits:
        carry = ((carry + digit) % _DIGITS or _DIGITS) * 2 % (_DIGITS + 1)
    return (_DIGITS + 1 - carry) % _DIGITS
