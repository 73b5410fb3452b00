"""Who a request is from, and what their key is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from service.domain.errors import Forbidden, Unauthenticated


class Role(StrEnum):
    """Roles that hold keys. Owners hold passphrases instead."""

    PLATFORM = "platform"
    CRAWLER = "crawler"


class Act(StrEnum):
    """What a key may be used for."""

    LOOKUP = "lookup"
    OBSERVE = "observe"
    FEEDBACK = "feedback"


ACTS = {
    Role.PLATFORM: frozenset({Act.LOOKUP, Act.OBSERVE, Act.FEEDBACK}),
    Role.CRAWLER: frozenset({Act.OBSERVE}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """The holder of a key."""

    id: int
    role: Role
    name: str

    def require(self, act: Act) -> None:
        """Raise Forbidden unless this actor's role may do that."""
        if act not in ACTS[self.role]:
            raise Forbidden


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever proved to have the passphrase of a case."""

    case_id: int
    case_number: str


_KEY = re.compile(r"takeback_(?P<id>[a-z2-7]{16})_(?P<secret>[a-z2-7]{52})")
"""Base32 of 80 bits that name the key and 256 that prove it; the prefix is for secret scanners."""


def key_text(key_id: str, secret: str) -> str:
    """Return a key as its holder gets it, once."""
    return f"takeback_{key_id}_{secret}"


def parse_key(untrusted: str) -> tuple[str, str]:
    """Return (key id, secret) of a key. Raises Unauthenticated."""
    found = _KEY.fullmatch(untrusted.strip())
    if not found:
        raise Unauthenticated
    return found["id"], found["secret"]
