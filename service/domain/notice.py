"""A notice: what somebody asks to be removed, whether it is complete, its states, and its clock.

All of it is pure. Nothing here sends anything, and nothing goes on to an authority by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.domain.errors import InvalidRequest
from service.domain.regime import STATEMENTS, ClockStart, Field, Filer, Regime
from service.domain.watch import target

MAX_OF_CASE = 100
"""Notices of one case at a time: a dozen places, by several laws each."""
MAX_ADDRESSES = 300
"""Addresses of one notice."""
MAX_CHARACTERS = 60_000
"""Of all addresses together."""
MAX_LINE, MAX_TEXT = 300, 2_000
"""Characters of a name, and of a text."""
DRAFT_DAYS = 30
"""A draft that nobody touched for so long is erased."""
TEXT_DAYS = 30
"""The text of a notice is erased so long after it ended; regime, addressee and days stay."""
KEPT_DAYS = 365
"""All of a notice is erased so long after something last happened to it."""
CONFIRM_MINUTES = 15
"""After an owner has seen what is to be sent, within which she presses."""
TAKER_DAYS = 14
"""A platform is offered to owners if it has asked for notices within so many days."""
MOST_LISTED = 100
"""Notices in one answer to a platform."""
MAX_SAYS = 1_000
"""Characters that a platform says about its decision."""
QUIET_SECONDS = 7 * 86_400
"""After which it is said whom to turn to, where the law names no time."""
_MINUTE = 60
WORDS: Mapping[str, str] = {
    "addressee": "to whom it is",
    "filer": "who files it: this law does not let everybody",
    "wrong_lines": "an address on every line: some lines are none",
    Field.NAME: "your name",
    Field.MAIL: "an e-mail address",
    Field.CONTACT: "a postal address and a telephone number",
    Field.ADDRESSES: "the addresses where it is",
    Field.DESCRIPTION: "what it is, so that it can be found",
    Field.WORK: "the work that was copied",
    Field.CIRCUMSTANCES: "what they need to know to see that you did not agree",
    Field.WHY_UNLAWFUL: "why it is unlawful",
    Field.EVIDENCE: "what shows that you may ask for this",
    Field.CONNECTION: "how it is connected with the country",
    Field.AUDIENCE: "whether the public can see it",
    Field.AUTHORITY: "what gives you the authority to act for somebody else",
    Field.NOT_CONSENTED: "the sentence that nobody agreed to it",
    Field.INTIMATE: "the sentence that it is intimate",
    Field.TRUE: "the sentence that it is true",
    Field.NOT_AUTHORISED: "the sentence that the use is not authorised",
    Field.PERJURY: "the sentence under penalty of perjury",
    Field.SIGNATURE: "your signature",
}
"""What is missing, in plain words."""
_ONE_LINE = {Field.NAME, Field.MAIL, Field.SIGNATURE}
_AUDIENCES = {"", "public", "private"}


class NoticeState(StrEnum):
    """What became of a notice. docs/states.md draws it."""

    DRAFT = "draft"
    OFFERED = "offered"
    """Waits for a platform with a key to fetch it. It can be taken back."""
    SENT = "sent"
    RECEIVED = "received"
    ORDERED = "ordered"
    """An authority has directed the platform."""
    REMOVED = "removed"
    REFUSED = "refused"


_ANSWERED = {NoticeState.REMOVED, NoticeState.REFUSED}
NOTICE_TRANSITIONS: dict[NoticeState, set[NoticeState]] = {
    NoticeState.DRAFT: {NoticeState.OFFERED, NoticeState.SENT},
    NoticeState.OFFERED: {NoticeState.DRAFT, NoticeState.RECEIVED},
    NoticeState.SENT: {NoticeState.RECEIVED, NoticeState.ORDERED, *_ANSWERED},
    NoticeState.RECEIVED: {NoticeState.ORDERED, *_ANSWERED},
    NoticeState.ORDERED: {*_ANSWERED},
    NoticeState.REFUSED: {NoticeState.ORDERED, NoticeState.REMOVED},
    NoticeState.REMOVED: set(),
}
"""Every transition. A notice may be erased in every state."""


class Reason(StrEnum):
    """Why a platform did what it did."""

    REMOVED = "removed"
    NOT_FOUND = "not_found"
    """Nothing is there any more."""
    NOT_INTIMATE = "not_intimate"
    NOT_IDENTIFIED = "not_identified"
    """What was asked for could not be found by what the notice says."""
    NOT_ENTITLED = "not_entitled"
    OTHER = "other"


class ClockState(StrEnum):
    """How a notice stands with its time."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    OVERDUE = "overdue"
    NO_TIME = "no_time"
    """It has begun, and the law names no time."""
    QUIET = "quiet"
    """The same, and nothing has happened for a week."""
    ENDED = "ended"


class Reading(NamedTuple):
    """What a notice's clock shows."""

    state: ClockState
    due_at: int | None
    """The second at which the time is over."""
    seconds: int
    """Until then, or since then."""


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody has written into a notice. Hidden from `repr`."""

    filer: Filer
    addresses: tuple[str, ...] = field(repr=False)
    values: Mapping[Field, str] = field(repr=False)
    """Of the fields that are text; none is empty."""
    statements: frozenset[Field] = field(repr=False, default=frozenset())
    """Sentences of the regime that whoever files has made her own."""
    wrong_lines: tuple[int, ...] = field(repr=False, default=())
    """Lines of the addresses that are no address, counted from 1."""

    def has(self, name: Field) -> bool:
        """Whether a field was filled in."""
        if name is Field.ADDRESSES:
            return bool(self.addresses)
        return name in self.statements or name in self.values


def written(
    filer: str, untrusted_addresses: str, untrusted: Mapping[str, str], *, loopback: bool = False
) -> Written:
    """Return what was written. Raises InvalidRequest for what is too long or unknown.

    A line that is no address is only noted, so that whoever wrote it can be told which.
    """
    if filer not in set(Filer):
        raise InvalidRequest("There is no such way to file.")
    if len(untrusted_addresses) > MAX_CHARACTERS + MAX_ADDRESSES:
        raise InvalidRequest("These are more addresses than one notice takes.")
    addresses: dict[str, None] = {}
    wrong = []
    for number, line in enumerate(untrusted_addresses.splitlines(), 1):
        if not line.strip():
            continue
        try:
            addresses[target(line, loopback=loopback).address] = None
        except InvalidRequest:
            wrong.append(number)
    if len(addresses) > MAX_ADDRESSES:
        raise InvalidRequest(f"One notice takes {MAX_ADDRESSES} addresses. Write another one.")
    values: dict[Field, str] = {}
    for one in Field:
        if one not in {*STATEMENTS, Field.ADDRESSES} and (text := _text(one, untrusted)):
            values[one] = text
    if values.get(Field.AUDIENCE, "") not in _AUDIENCES:
        raise InvalidRequest("There is no such audience.")
    said = frozenset(one for one in STATEMENTS if untrusted.get(one) == "yes")
    return Written(Filer(filer), tuple(addresses), values, said, tuple(wrong))


def missing(regime: Regime, notice: Written) -> tuple[Field, ...]:
    """Return the fields without which a regime's notice is refused, in the order of the form."""
    needed = set(regime.required)
    if notice.filer not in {Filer.SELF, Filer.HOLDER}:
        needed.add(Field.AUTHORITY)
    return tuple(one for one in Field if one in needed and not notice.has(one))


def may_file(regime: Regime, notice: Written) -> bool:
    """Whether somebody in this position may file."""
    return notice.filer in regime.filers


def stored(notice: Written) -> str:
    """Return what is sealed of it, as JSON."""
    return json.dumps(
        {
            "filer": notice.filer,
            "addresses": notice.addresses,
            "values": notice.values,
            "statements": sorted(notice.statements),
        }
    )


def restored(text: str) -> Written:
    """Return what `stored` was given."""
    known = json.loads(text)
    return Written(
        Filer(known["filer"]),
        tuple(known["addresses"]),
        {Field(name): value for name, value in known["values"].items()},
        frozenset(map(Field, known["statements"])),
    )


def may_become(state: NoticeState, after: NoticeState, regime: Regime | None) -> bool:
    """Whether a notice can take a step. Only some laws have an authority that directs."""
    directs = regime is not None and regime.clock_starts is ClockStart.DIRECTION
    return after in NOTICE_TRANSITIONS[state] and (after is not NoticeState.ORDERED or directs)


def starts_clock(regime: Regime, after: NoticeState) -> bool:
    """Whether a step begins the platform's time, or begins it anew: from the receipt, if known."""
    if regime.clock_starts is ClockStart.DIRECTION:
        return after is NoticeState.ORDERED
    return after in {NoticeState.SENT, NoticeState.RECEIVED}


def reading(regime: Regime, state: NoticeState, clock_from: int | None, now: int) -> Reading:
    """Return what the clock shows at a second. A time ends at its minute, in UTC."""
    if state in _ANSWERED:
        return Reading(ClockState.ENDED, None, 0)
    if clock_from is None:
        return Reading(ClockState.NOT_STARTED, None, 0)
    if not regime.minutes:
        since = now - clock_from
        state_of = ClockState.QUIET if since >= QUIET_SECONDS else ClockState.NO_TIME
        return Reading(state_of, None, since)
    due = clock_from + regime.minutes * _MINUTE
    if now >= due:
        return Reading(ClockState.OVERDUE, due, now - due)
    return Reading(ClockState.RUNNING, due, due - now)


def minute_of(second: int) -> int:
    """Return the second at which a minute began: nothing finer is kept of an owner."""
    return second - second % _MINUTE


def local(second: int, zone: str) -> datetime:
    """Return a second as clocks show it somewhere. Summer time matters here alone."""
    return datetime.fromtimestamp(second, ZoneInfo(zone))


def address_lines(addresses: Iterable[str]) -> str:
    """Return addresses as they are typed: one a line."""
    return "\n".join(addresses)


def _text(name: Field, untrusted: Mapping[str, str]) -> str:
    lines = untrusted.get(name, "").strip().splitlines()
    text = "\n".join(line.rstrip() for line in lines)
    if name in _ONE_LINE:
        text = " ".join(text.split())
    if len(text) > (MAX_LINE if name in _ONE_LINE else MAX_TEXT):
        raise InvalidRequest(f"{name}: too long")
    if any(ord(one) < 32 and one != "\n" for one in text.replace("\t", " ")):  # noqa: PLR2004 (controls)
        raise InvalidRequest(f"{name}: signs that nobody can read")
    return text
