"""Grants: an owner lets one organisation see one case, for a time, within a scope."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from service.domain.errors import InvalidRequest

CODE_DAYS = 7
"""Days on which a code can be redeemed, from the day on which it was made."""
DEFAULT_DAYS, MAX_DAYS = 90, 365
"""How long an organisation may see a case."""
MAX_OF_CASE = 5
"""Grants of one case at a time that are offered or held."""
KEPT_DAYS = 30
"""Days for which a grant that is over stays in the owner's list, and what an organisation noted."""
CODE_BYTES = 10
"""80 bits, for a week and only once (trust 4.5: words of 77 bits stand years of guessing)."""
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32: nothing in it is taken for another sign, read or heard."""
_CODE_LENGTH = 16
_READ_AS = str.maketrans({"i": "1", "l": "1", "o": "0"})
_CODE = re.compile(f"[{_ALPHABET}]{{{_CODE_LENGTH}}}")
_MAX_TYPED = 80


class GrantScope(StrEnum):
    """What an organisation may do with a case. Its status may be read with every scope."""

    STATUS = "status"
    """Read by day where copies were found, by platform or host, and what became of it."""
    SIGHTINGS = "sightings_and_addresses"
    """Read full addresses, and check files against the case."""
    ACT = "act_for_me"
    """Have addresses looked at and alerts muted, and write notices as an agent.

    Nothing is withdrawn without the owner.
    """
    ADD = "add_files"
    """Add content, hashed on the advocate's device."""


Scopes = frozenset[GrantScope]


class Terms(NamedTuple):
    """What is granted, and for how many days."""

    scopes: Scopes
    days: int = DEFAULT_DAYS


class Offer(NamedTuple):
    """What an intake link offers an owner."""

    organisation_id: int
    organisation: str
    member_id: int
    scopes: Scopes
    days: int


class GrantState(StrEnum):
    """What became of a grant. docs/states.md draws it."""

    OFFERED = "offered"
    """There is a code, and nobody has redeemed it yet."""
    LAPSED = "lapsed"
    """Nobody redeemed it in time."""
    HELD = "held"
    """An organisation may see the case."""
    EXPIRED = "expired"
    ENDED = "ended"
    """The owner revoked it, withdrew the case, or granted the same organisation anew."""


GRANT_TRANSITIONS: dict[GrantState, frozenset[GrantState]] = {
    GrantState.OFFERED: frozenset({GrantState.HELD, GrantState.LAPSED, GrantState.ENDED}),
    GrantState.HELD: frozenset({GrantState.EXPIRED, GrantState.ENDED}),
    GrantState.LAPSED: frozenset(),
    GrantState.EXPIRED: frozenset(),
    GrantState.ENDED: frozenset(),
}
"""Every transition. Whatever is over stays so: an undo of a withdrawal brings no grant back."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant as its owner reads it. The code is not in it: only a keyed hash is stored."""

    n: int
    """Its number in the case."""
    organisation: str | None
    """None until it is redeemed."""
    scopes: Scopes
    made_on: date
    code_until_on: date
    """The first day on which the code is good no more."""
    until_on: date
    """The first day on which the organisation sees the case no more."""
    held_on: date | None
    ended_on: date | None
    by_link: bool = False
    """Whether the case was opened with it, by a link of the organisation."""

    def state(self, now: date) -> GrantState:
        """Return what became of it by this day."""
        if self.ended_on:
            return GrantState.ENDED
        if self.held_on:
            return GrantState.HELD if now < self.until_on else GrantState.EXPIRED
        return GrantState.OFFERED if now < self.code_until_on else GrantState.LAPSED

    def is_live(self, now: date) -> bool:
        """Whether it is offered or held."""
        return self.state(now) in {GrantState.OFFERED, GrantState.HELD}


def parse_scopes(untrusted: Iterable[str]) -> Scopes:
    """Return scopes, with that which every grant has. Raises InvalidRequest."""
    try:
        return frozenset(map(GrantScope, untrusted)) | {GrantScope.STATUS}
    except ValueError as err:
        raise InvalidRequest("There is no such scope.") from err


def scopes_text(scopes: Scopes) -> str:
    """Return scopes as they are stored, in the order of the class."""
    return " ".join(one for one in GrantScope if one in scopes)


def stored_scopes(text: str) -> Scopes:
    """Return what `scopes_text` was given."""
    return frozenset(map(GrantScope, text.split()))


def terms(untrusted_scopes: Iterable[str], days: int) -> Terms:
    """Return what is granted. Raises InvalidRequest."""
    if not 1 <= days <= MAX_DAYS:
        raise InvalidRequest(f"An organisation may see a case for 1 to {MAX_DAYS} days.")
    return Terms(parse_scopes(untrusted_scopes), days)


def until(now: date, days: int) -> date:
    """Return the first day on which a grant of so many days is over."""
    return now + timedelta(days=days)


def code_until(now: date) -> date:
    """Return the first day on which a code that is made today is good no more."""
    return now + timedelta(days=CODE_DAYS)


def new_grant_code() -> str:
    """Return a code: 80 random bits in 16 signs."""
    bits = int.from_bytes(secrets.token_bytes(CODE_BYTES))
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(_CODE_LENGTH))


def shown_code(code: str) -> str:
    """Return a code in groups of four, to be read aloud and typed."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def parse_grant_code(untrusted: str) -> str:
    """Return a code in its normal form, however it was typed; "" if it is none."""
    typed = re.sub(r"[\s\-\u2010-\u2015]", "", untrusted[:_MAX_TYPED].lower())
    code = typed.translate(_READ_AS)
    return code if _CODE.fullmatch(code) else ""
