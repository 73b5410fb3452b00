"""What a member may do with what was granted to her organisation, and what she keeps about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.domain.errors import InvalidRequest, NotGranted
from service.domain.grant import GrantScope, Scopes
from service.domain.member import Member, MemberRole
from service.domain.sighting import SeenEvent
from service.domain.watch import History

MAX_TAGS, MAX_TAG = 8, 30
MAX_TITLE, MAX_BODY = 80, 4000
MUTE_DAYS = (7, 14, 30)
"""For how long a member may have nothing sent to an owner. The owner may end it at any time."""
MAX_NOTES = 200
"""Notes of one organisation about one case."""
SMALLEST_SHOWN = 5
"""A count below this, but 0, is not shown: it might be about somebody whom the reader knows."""
_REFERENCE = re.compile("[a-z2-7]{16}")
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a formula may begin with; some programs also take the wide forms for one."""


class Layer(StrEnum):
    """Who reads a note."""

    TEAM = "team"
    OWNER = "owner"
    """The team, and the owner on the page of their case."""


@dataclass(frozen=True, slots=True)
class HeldCase:
    """A case that an organisation may see now."""

    grant_id: int
    case_id: int
    case_number: str
    reference: str
    """By which pages of this organisation name the case: random, and nobody else has it."""
    scopes: Scopes
    held_on: date
    until_on: date
    opened_on: date
    confirmed_on: date | None
    """When a member confirmed that the owner is who is shown."""

    def __repr__(self) -> str:
        return f"HeldCase({self.grant_id})"

    def require(self, scope: GrantScope) -> None:
        """Raise NotGranted unless the owner has granted this, too."""
        if scope not in self.scopes:
            raise NotGranted


def is_reference(untrusted: str) -> bool:
    """Whether this has the form of a case's reference."""
    return bool(_REFERENCE.fullmatch(untrusted))


def require_reader(member: Member) -> None:
    """Raise NotGranted if a member may see counts alone."""
    if member.role is MemberRole.OBSERVER:
        raise NotGranted("Your role shows counts, and no case.")


def may_open(member: Member, assigned_to: int | None) -> bool:
    """Whether a member may see a case of her organisation that is assigned like this."""
    if member.role is MemberRole.LEAD:
        return True
    return member.role is MemberRole.MEMBER and assigned_to in {None, member.id}


def parse_tags(untrusted: str) -> tuple[str, ...]:
    """Return tags that were typed with commas between them. Raises InvalidRequest."""
    typed = (" ".join(one.split()) for one in untrusted.split(","))
    tags = tuple(dict.fromkeys(one for one in typed if one))
    if len(tags) > MAX_TAGS or any(len(one) > MAX_TAG or not one.isprintable() for one in tags):
        raise InvalidRequest("tags")
    return tags


def parse_note(untrusted_title: str, untrusted_body: str) -> tuple[str, str]:
    """Return title and text of a note. Raises InvalidRequest."""
    title = " ".join(untrusted_title.split())
    body = untrusted_body.replace("\r\n", "\n").strip()
    lines = body.split("\n")
    if not title or len(title) > MAX_TITLE or not title.isprintable():
        raise InvalidRequest("note")
    if not body or len(body) > MAX_BODY or not all(line.isprintable() for line in lines):
        raise InvalidRequest("note")
    return title, body


def items(events: Sequence[SeenEvent], histories: Sequence[History]) -> int:
    """Return how much there is to read: what is new is what is more than at the last look."""
    outcomes = sum(event.outcome is not None for event in events)
    return len(events) + outcomes + sum(len(one.changes) for one in histories)


def shown_count(number: int) -> int | None:
    """Return a count as it may be shown; None if it is too small for that."""
    return number if number == 0 or number >= SMALLEST_SHOWN else None


def safe_cell(text: str) -> str:
    """Return text for a cell of CSV that no program takes for a formula (OWASP, CSV Injection)."""
    starts = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if starts else text
