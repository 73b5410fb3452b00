"""Members of organisations: who they are, and how long what they sign in with is good for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from service.domain.audit import By, Kind
from service.domain.errors import InvalidRequest
from service.domain.watch import Clock

MAX_NAME = 80
INVITED_SECONDS = 7 * 86_400
"""How long an invitation can be accepted."""
ENROLLING_SECONDS = 30 * 60
"""How long whoever accepts one has to choose how to sign in."""
FRESH_SECONDS = 15 * 60
"""How long after signing in it may be changed: later, whoever finds a computer unlocked cannot."""
SEEN_EVERY_SECONDS = 60
"""A session is noted as used at most so often: else every request would write."""
CHALLENGE_MINUTES = 10
"""How long a passkey may take to answer."""
MIN_PASSWORD, MAX_PASSWORD = 12, 256
"""Characters (NIST SP 800-63B-4 asks for at least 8 beside a second factor, 15 without one)."""
RECOVERY_CODES = 10
MAX_PASSKEYS = 10
_CODE = re.compile(r"[a-z2-7]{16}")


class MemberRole(StrEnum):
    """What a member may do in her organisation."""

    LEAD = "lead"
    MEMBER = "member"
    OBSERVER = "observer"
    """Reads counts, and no case."""


@dataclass(frozen=True, slots=True)
class Member:
    """An advocate who is signed in. Her name is hidden from `repr`."""

    id: int
    organisation_id: int
    organisation: str
    name: str
    role: MemberRole

    def __repr__(self) -> str:
        return f"Member({self.id})"

    def at(self, now: Clock) -> By:
        """Return her as whoever acts, for the audit."""
        return By(Kind.MEMBER, self.id, minute_of_day(now.second))


def minute_of_day(second: int) -> int:
    """Return the minute of the day in UTC, of a second since 1970."""
    return second % 86_400 // 60


def folded(name: str) -> str:
    """Return what two spellings of one name have in common."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def parse_name(untrusted: str) -> str:
    """Return a name of a member or an organisation. Raises InvalidRequest."""
    name = " ".join(untrusted.split())
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidRequest(f"Give a name of 1 to {MAX_NAME} characters.")
    return name


def parse_code(untrusted: str) -> str:
    """Return a code of ours, however it was typed; "" if it is none."""
    code = re.sub(r"[\s-]", "", untrusted[:80].lower())
    return code if _CODE.fullmatch(code) else ""


def shown(code: str) -> str:
    """Return a code in groups of four, to be read and typed."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))
