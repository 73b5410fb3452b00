"""Actors: who a request is from, and what a key allows."""

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
    """What a key may allow."""

    LOOKUP = "lookup"
    OBSERVE = "observe"
    FEEDBACK = "feedback"
    WATCH = "watch"
    """Ask that an address be looked at."""
    NOTICES = "notices"
    """Fetch notices that owners send it, and answer them."""
    CRAWL = "crawl"
    """Look at addresses that others asked for."""


ACTS = {
    Role.PLATFORM: frozenset({Act.LOOKUP, Act.OBSERVE, Act.FEEDBACK, Act.WATCH, Act.NOTICES}),
    Role.CRAWLER: frozenset({Act.OBSERVE, Act.CRAWL}),
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
    """Whoever has proved to know the passphrase of a case."""

    case_id: int
    case_number: str


_KEY = re.compile(r"takeback_(?P<id>[a-z2-7]{16})_(?P<secret>[a-z2-7]{52})")
"""Base32 of an id of 80 bits and a secret of 256. The prefix lets secret scanners recognise it."""


def key_text(key_id: str, secret: str) -> str:
    """Return a key in the form that its holder gets, once."""
    return f"takeback_{key_id}_{secret}"


def parse_key(untrusted: str) -> tuple[str, str]:
    """Return (key id, secret) of a key. Raises Unauthenticated."""
    found = _KEY.fullmatch(untrusted.strip())
    if not found:
        raise Unauthenticated
    return found["id"], found["secret"]
