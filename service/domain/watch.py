"""Watches: addresses that a crawler looks at again and again, and what people read of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

from service.domain.errors import InvalidRequest

MAX_ADDRESS = 2048
"""Characters of an address, as browsers and servers have it."""
MAX_DEPTH = 5
"""Links from the address to what is looked at, of a whole site."""
MAX_OF_CASE = 20
"""Addresses of one case at a time. Each costs a crawler visits for months."""
KEPT_DAYS = 180
"""Days on which an address is looked at, from the day on which it was last asked for."""
LEASE_SECONDS = 900
"""Within which a crawler that took a watch reports or renews; then another one may take it."""
LONGEST_LEASE_SECONDS = 75 * 60
"""A lease, with all that it is renewed: a visit of an hour, and time to hand in what it saw."""
MAX_LEASED = 100
"""Watches that a crawler takes at once."""
MAX_MEMORY = 4096
"""Characters that a crawler has us keep of what it saw."""
MAX_OF_ACTOR = 10_000
"""Addresses that one platform asks for at a time."""
MAX_HOPS = 3
"""How often a watch follows content that has moved to another address."""

_HOUR, _DAY = 3600, 86_400
FIRST_INTERVAL = 2 * _HOUR
LONGEST_INTERVAL = 7 * _DAY
LONGEST_AFTER_FAULT = _DAY
_PORTS = {"http": 80, "https": 443}
_MAX_LABEL = 63
_LOOPBACK = "127.0.0.1"


class Scope(StrEnum):
    """How much is looked at."""

    PAGE = "page"
    THREAD = "thread"
    """A thread, album or account: all its pages."""
    SITE = "site"
    """What can be reached by so many links on the same site."""


class AskedBy(StrEnum):
    """Who asked for a watch."""

    OWNER = "owner"
    PLATFORM = "platform"
    OPERATOR = "operator"


class Outcome(StrEnum):
    """How a visit ended."""

    SEEN = "seen"
    UNCHANGED = "unchanged"
    """It shows what it showed at the last visit that saw it."""
    GONE = "gone"
    MOVED = "moved"
    MEMBERS_ONLY = "members_only"
    REFUSED = "refused"
    """The site asks crawlers not to look there (robots.txt, RFC 9309)."""
    FAULT = "fault"


CONCLUSIVE = frozenset({Outcome.SEEN, Outcome.UNCHANGED, Outcome.GONE, Outcome.MOVED})
"""After which it is known whether content is there."""
CHANGING = CONCLUSIVE - {Outcome.UNCHANGED}
"""After which it may be otherwise than before."""


class Presence(StrEnum):
    """Whether content of a case is at an address, as its owner reads it."""

    WAITING = "waiting"
    """Nobody has looked yet."""
    NOT_FOUND = "not_found"
    """The page is there, and shows nothing of the case."""
    THERE = "there"
    GONE = "gone"
    CAME_BACK = "came_back"


@dataclass(frozen=True, slots=True)
class Target:
    """What is looked at."""

    address: str
    scope: Scope = Scope.PAGE
    depth: int = 0
    """Links followed. Only of a site."""

    def __repr__(self) -> str:
        return f"Target({self.scope})"


class Clock(NamedTuple):
    """When a crawler calls: the day in UTC, and the second since 1970."""

    day: date
    second: int


@dataclass(frozen=True, slots=True)
class Look:
    """A visit that counts for whoever asked, and whether it found content of theirs."""

    day: date
    outcome: Outcome
    found: bool


@dataclass(frozen=True, slots=True)
class Change:
    """On which day something became different."""

    day: date
    presence: Presence


@dataclass(frozen=True, slots=True)
class History:
    """What happened at an address, to one case."""

    presence: Presence
    changes: tuple[Change, ...]
    """Oldest first; the last is what `presence` is."""
    looked_on: date | None
    trouble: Outcome | None
    """Why the last visit could not tell."""


def target(
    untrusted: str, scope: Scope = Scope.PAGE, depth: int = 0, *, loopback: bool = False
) -> Target:
    """Return what is looked at, its address in its normal form.

    Two spellings of one address become the same. `loopback` permits addresses of this machine, with
    any port, for the demo and for tests. Raises InvalidRequest.
    """
    if depth and scope is not Scope.SITE:
        raise InvalidRequest("Only a whole site has a depth.")
    return Target(_normal(untrusted, loopback=loopback), scope, depth)


def _normal(untrusted: str, *, loopback: bool) -> str:
    text = untrusted.strip()
    if not text or len(text) > MAX_ADDRESS or any(one.isspace() or one < " " for one in text):
        raise InvalidRequest(f"An address has 1 to {MAX_ADDRESS} characters and no spaces.")
    parts = _parts(text if "://" in text else f"https://{text}")
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or parts.username is not None or not parts.hostname:
        raise InvalidRequest(
            "An address is like https://example.org/page, without a user name or password."
        )
    if loopback and parts.hostname == _LOOPBACK:
        return urlunsplit((scheme, parts.netloc, parts.path or "/", parts.query, ""))
    if parts.port not in {None, _PORTS[scheme]}:
        raise InvalidRequest("Only the usual ports of http and https are looked at.")
    return urlunsplit((scheme, _host(parts.hostname), parts.path or "/", parts.query, ""))


def _parts(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 (raises where it is no number)
    except ValueError as err:
        raise InvalidRequest("This is not an address. Copy it whole from the browser.") from err
    return parts


def _host(name: str) -> str:
    """Return a host in ASCII. Raises InvalidRequest unless it may be on the public internet."""
    try:
        number = ip_address(name)
    except ValueError:
        return _named(name)
    if not number.is_global or number.is_multicast:
        raise InvalidRequest("This address is not on the public internet.")
    return f"[{number}]" if number.version == 6 else str(number)  # noqa: PLR2004


def _named(name: str) -> str:
    try:
        host = name.encode("idna").decode().lower().rstrip(".")
    except UnicodeError as err:
        raise InvalidRequest("The name of the site cannot be read.") from err
    labels = host.split(".")
    if len(labels) < 2 or labels[-1].isdigit():  # noqa: PLR2004 (a name and a top-level domain)
        raise InvalidRequest("This address is not on the public internet.")
    if not all(_is_label(label) for label in labels):
        raise InvalidRequest("The name of the site cannot be read.")
    return host


def _is_label(label: str) -> bool:
    allowed = label.replace("-", "").replace("_", "")
    return 0 < len(label) <= _MAX_LABEL and allowed.isalnum() and allowed.isascii()


def history(looks: Iterable[Look]) -> History:
    """Return what happened, from the looks in their order."""
    changes: list[Change] = []
    looked_on, trouble = None, None
    for look in looks:
        looked_on = look.day
        if look.outcome not in CONCLUSIVE:
            trouble = look.outcome
            continue
        trouble = None
        before = changes[-1].presence if changes else Presence.WAITING
        after = _after(before, look, was_there=any(_is_there(each.presence) for each in changes))
        if after is not before:
            changes.append(Change(look.day, after))
    presence = changes[-1].presence if changes else Presence.WAITING
    return History(presence, tuple(changes), looked_on, trouble)


def _after(before: Presence, look: Look, *, was_there: bool) -> Presence:
    is_gone = look.outcome in {Outcome.GONE, Outcome.MOVED}
    if look.found and not is_gone:
        if _is_there(before):
            return before
        return Presence.CAME_BACK if was_there else Presence.THERE
    return Presence.GONE if is_gone or was_there else Presence.NOT_FOUND


def _is_there(presence: Presence) -> bool:
    return presence in {Presence.THERE, Presence.CAME_BACK}


def next_interval(seconds: int, outcome: Outcome) -> int:
    """Return after how many seconds to look again, from the interval before this visit.

    Hours become days and weeks while nothing changes, and hours again when something did.
    """
    if outcome is Outcome.SEEN or seconds == 0:
        return FIRST_INTERVAL
    longest = LONGEST_AFTER_FAULT if outcome is Outcome.FAULT else LONGEST_INTERVAL
    return min(2 * seconds, longest)
