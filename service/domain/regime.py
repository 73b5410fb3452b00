"""Regimes: the laws by which somebody asks for removal, as values.

A regime is data with a source and a day. What was not confirmed says so, and is shown so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

OLD_DAYS = 180
"""After which a row that nobody has checked again is shown as old."""
ENGLISH = "en"


class Standing(StrEnum):
    """How whoever files shows that she may."""

    NONE = "none"
    STATEMENT = "statement"
    EVIDENCE = "evidence"


class Status(StrEnum):
    """Whether a law can be relied on."""

    IN_FORCE = "in_force"
    ENACTED = "enacted_not_confirmed"
    """It was passed; that it is in force was not read."""
    BILL = "bill"


class Addressee(StrEnum):
    """Whom a notice is written to."""

    PLATFORM = "platform"
    AUTHORITY = "authority"


class ClockStart(StrEnum):
    """What the platform's time begins with."""

    NOTICE = "our_notice"
    DIRECTION = "direction"
    """Of an authority, to the platform."""


class Asks(StrEnum):
    """What may be asked about other copies."""

    NONE = "none"
    IDENTICAL = "identical"
    SAME = "same"
    SUBSTANTIALLY_SAME = "substantially_same"


class Filer(StrEnum):
    """Who files."""

    SELF = "self"
    HOLDER = "holder"
    """Of the copyright."""
    AGENT = "agent"
    GUARDIAN = "guardian"
    BODY = "body"
    """A designated body, a trusted flagger, or another organisation."""


class Field(StrEnum):
    """What a notice may hold, in the order in which it is asked."""

    NAME = "name"
    MAIL = "mail"
    CONTACT = "contact"
    """Postal address and telephone."""
    ADDRESSES = "addresses"
    DESCRIPTION = "description"
    WORK = "work"
    CIRCUMSTANCES = "circumstances"
    WHY_UNLAWFUL = "why_unlawful"
    EVIDENCE = "evidence"
    CONNECTION = "connection"
    AUDIENCE = "audience"
    AUTHORITY = "authority"
    """Of whoever files for somebody else. Needed whatever the regime says."""
    NOT_CONSENTED = "not_consented"
    INTIMATE = "intimate"
    TRUE = "true"
    NOT_AUTHORISED = "not_authorised"
    PERJURY = "perjury"
    SIGNATURE = "signature"


STATEMENTS = (
    Field.NOT_CONSENTED,
    Field.INTIMATE,
    Field.TRUE,
    Field.NOT_AUTHORISED,
    Field.PERJURY,
)
"""Fields that are a sentence of the regime, which whoever files makes her own."""


class Needed(StrEnum):
    """Why a field is asked for."""

    LAW = "law"
    """A notice without it is refused."""
    PRACTICE = "practice"
    """It helps, and may be left empty."""


class Warned(StrEnum):
    """What whoever chooses a regime is told first."""

    IDENTITY_FORWARDED = "identity_forwarded"
    ONLY_IF_YOU_TOOK_IT = "only_if_you_took_it"
    PUT_BACK = "put_back"
    PERJURY = "perjury"
    NO_SINGLE_CASES = "no_single_cases"
    OWN_FORM = "own_form"
    PUBLIC_ONLY = "public_only"
    PRIVATE_ONLY = "private_only"


class Unconfirmed(StrEnum):
    """What of a row nobody could read in the law itself."""

    LAW_TEXT = "law_text"
    EFFECTIVE_FROM = "effective_from"
    MINUTES = "minutes"
    ADDRESSEE = "addressee"


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of a regime, and where the demand comes from."""

    name: Field
    needed: Needed
    basis: str


@dataclass(frozen=True, slots=True)
class Body:
    """Whom to turn to when nothing happens. `url` is "" where no address was read."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Regime:
    """One law. Names and addresses are as the law has them, never translated."""

    id: str
    name: str
    law: Mapping[str, str]
    """How a notice names it, by language."""
    countries: tuple[str, ...]
    status: Status
    effective_from: date | None
    addressee: Addressee
    addressee_name: str
    clock_starts: ClockStart
    minutes: int
    """0 where the law names no time."""
    asks: Asks
    filers: tuple[Filer, ...]
    standing: Standing
    fields: tuple[Asked, ...]
    warnings: tuple[Warned, ...]
    languages: tuple[str, ...]
    """Of the addressee."""
    escalation: tuple[Body, ...]
    source: str
    checked_on: date
    not_confirmed: tuple[Unconfirmed, ...]
    statements: Mapping[str, Mapping[Field, str]]
    """By language."""

    @property
    def required(self) -> tuple[Field, ...]:
        """The fields without which a notice is refused, in the order in which they are asked."""
        return self._with(Needed.LAW)

    @property
    def helpful(self) -> tuple[Field, ...]:
        """The fields that may be left empty."""
        return self._with(Needed.PRACTICE)

    @property
    def is_confirmed(self) -> bool:
        """Whether the law is in force, and everything of it was read in a law text."""
        return self.status is Status.IN_FORCE and not self.not_confirmed

    def is_old(self, today: date) -> bool:
        """Whether nobody has checked this for so long that it may be wrong by now."""
        return is_old(self.checked_on, today)

    def language(self, wanted: str = "") -> str:
        """Return the language to write in: the wanted one, else one of the addressee, or English.

        It is English where nothing else is there, whatever the addressee reads.
        """
        known = (one for one in (wanted, *self.languages) if one in self.statements)
        return next(known, ENGLISH)

    def _with(self, needed: Needed) -> tuple[Field, ...]:
        names = {one.name for one in self.fields if one.needed is needed}
        return tuple(one for one in Field if one in names)


@dataclass(frozen=True, slots=True)
class Law:
    """All regimes, by id, and the sentences that all notices share, by language."""

    regimes: Mapping[str, Regime]
    texts: Mapping[str, Mapping[str, str]]


class InvalidLaw(ValueError):
    """The data about regimes is not as it has to be. Says where, for whoever edits it."""


def is_old(checked_on: date, today: date) -> bool:
    """Whether what was checked on a day is to be shown as old."""
    return today - checked_on > timedelta(days=OLD_DAYS)


def may_apply(law: Law, countries: Iterable[str]) -> tuple[list[Regime], list[Regime]]:
    """Return the regimes of some countries, and all others; those to rely on come first."""
    here = {one for one in countries if one}
    ranked = sorted(law.regimes.values(), key=lambda one: list(Status).index(one.status))
    near = [one for one in ranked if here & set(one.countries)]
    return near, [one for one in ranked if one not in near]
