"""Cases and entries: case numbers, the states of an entry, and the table of legal transitions."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from hashing.signals import ContentKind
from service.domain.errors import IllegalTransition, Unauthenticated, Withdrawn

MAX_ENTRIES = 50
"""Entries of one case (trust.md 4.4: 20–50)."""
UNDO_DAYS = 3
"""Whole days after the day of a withdrawal on which it can be undone (trust.md 4.10: 72 h)."""
MOST_UNDONE = 2 * MAX_ENTRIES
"""Entries of a case that an undo brings back on one day: every one of them, twice. An undo makes
every process read signals again; withdrawals need no limit, as each needs an undo before it."""
_DIGITS = 10
_MAX_TYPED = 100
"""Characters of a typed number that are looked at: ten digits, with what may be between them."""
_DASHES = "ーｰ一ـ"
"""Letters to Unicode: the long vowel of kana, the Chinese one, the Arabic tatweel."""


class EntryStatus(StrEnum):
    """The state of an entry."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"


TRANSITIONS = {
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
        EntryStatus.ACTIVE,
        EntryStatus.QUARANTINED,
        EntryStatus.WITHDRAWN,
    },
    EntryStatus.WITHDRAWN: set(),
}
"""Every legal transition. From withdrawing, back only to the state before it (`Entry.step`).

A test compares the drawing in docs/states.md with this table."""


class HoldReason(StrEnum):
    """Why an entry is quarantined. Reviewers read it, platforms never do."""

    EXCLUDED = "excluded"
    """It is near the exclude bank, which only the operator fills."""
    REVIEW = "review"
    """A person has decided so."""


class Concern(StrEnum):
    """Why a person should look at an entry that is matched all the same.

    Others can bring these about, so none of them takes protection from anyone. Reviewers read them;
    owners and platforms do not, as the first would tell how many other cases there are.
    """

    MANY_CASES = "many_cases"
    MANY_MATCHES = "many_matches"
    DISPUTED = "disputed"
    PROBED = "probed"


class Hold(StrEnum):
    """What the owner reads of a hold."""

    WAITING = "waiting"
    """Until a person has reviewed it."""
    KEPT = "kept"
    """A person has reviewed it, and it stays so."""


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
    """Its status before a withdrawal that can still be undone."""
    hold: HoldReason | None = None
    """Why it is quarantined, for reviewers."""
    erase_on: date | None = None
    """The day on which the undo ends; if it was withdrawn with its case, the case has the day."""
    sealed_label: bytes | None = field(default=None, repr=False)
    """What its owner calls it, as only the owner can read it."""
    listens: bool = field(default=False, compare=False)
    """Whether its case has a live channel for alerts: asked for where entries are read by id."""

    @property
    def held(self) -> Hold | None:
        """What the owner reads of a hold; None if the entry is not held."""
        if self.status is not EntryStatus.QUARANTINED:
            return None
        return Hold.KEPT if self.reviewed else Hold.WAITING

    def step(self, to: EntryStatus) -> EntryStatus:
        """Return `to`. Raises IllegalTransition if the table has no such transition.

        From withdrawing, only back to the status before: an undo must not release a held entry.
        """
        elsewhere = self.status is EntryStatus.WITHDRAWING and to not in {
            self.undo_to,
            EntryStatus.WITHDRAWN,
        }
        if elsewhere or to not in TRANSITIONS[self.status]:
            raise IllegalTransition(f"An entry cannot go from {self.status} to {to}.")
        return to


def erase_day(now: date) -> date:
    """Return the day on which a withdrawal made today becomes final and its signals are erased.

    Days are whole and in UTC, so 72 to 96 hours are left, depending on the hour.
    """
    return now + timedelta(days=UNDO_DAYS + 1)


def refusal(erase_on: date | None) -> Withdrawn:
    """Return the error of a withdrawn case: withdrawn for good, or still possible to undo."""
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
    """Return a case number in its normal form, however it was typed.

    The digits may be of any script, between any spaces, dashes and other marks; letters are
    refused. Raises Unauthenticated, like a number that was never issued: guessing reveals nothing.
    """
    if len(untrusted) > _MAX_TYPED:
        raise Unauthenticated
    kept = (one for one in untrusted if not _is_between_digits(one))
    digits = "".join(str(unicodedata.decimal(one, "?")) for one in kept)
    if len(digits) != _DIGITS or "?" in digits:
        raise Unauthenticated
    if _check_digit([int(d) for d in digits[:-1]]) != int(digits[-1]):
        raise Unauthenticated
    return _grouped(digits)


def _is_between_digits(character: str) -> bool:
    """Whether it is a space, a mark or not seen; some keyboards have a letter for a dash."""
    category = unicodedata.category(character)
    return category[0] in "ZPSM" or category == "Cf" or character.isspace() or character in _DASHES


def _grouped(digits: str) -> str:
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"


def _check_digit(digits: list[int]) -> int:
    """ISO/IEC 7064 MOD 11,10: detects every single wrong digit and nearly every swapped pair."""
    carry = _DIGITS
    for digit in digits:
        carry = ((carry + digit) % _DIGITS or _DIGITS) * 2 % (_DIGITS + 1)
    return (_DIGITS + 1 - carry) % _DIGITS
