"""Models of requests and answers about notices of removal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, FailFast, StringConstraints
from pydantic import Field as PydanticField
from pydantic.config import JsonDict

from service import limits
from service.api.wire import Token
from service.domain import notice
from service.domain.notice import (
    MAX_ADDRESSES,
    MAX_LINE,
    MAX_SAYS,
    MAX_TEXT,
    ClockState,
    NoticeState,
    Reason,
    Written,
)
from service.domain.regime import (
    Addressee,
    Asks,
    ClockStart,
    Field,
    Filer,
    Needed,
    Regime,
    Status,
    Unconfirmed,
    Warned,
)
from service.domain.watch import MAX_ADDRESS
from service.edge.incoming import NONE, StrictIn
from service.workflows.noticing import LONGEST_AGO, MAX_ADDRESSEE

Typed = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ADDRESS)]
Line = Annotated[str, StringConstraints(max_length=MAX_LINE)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Platform = Annotated[str, StringConstraints(max_length=MAX_ADDRESSEE)]
Ago = Annotated[int, PydanticField(ge=0, le=LONGEST_AGO)]
_NOTICE: JsonDict = {
    "regime": "US-TIDA",
    "filer": "self",
    "addressee": "Example Videos",
    "language": "en",
    "zone": "Europe/Madrid",
    "addresses": ["https://videos.example/watch?v=5"],
    "fields": {
        "mail": "ana@example.org",
        "description": "A photo of me.",
        "circumstances": "I never agreed that it be published.",
        "signature": "Ana Example",
    },
    "statements": ["not_consented"],
}


class FieldsIn(StrictIn):
    """What is typed. Which of it a law asks for is in /v1/regimes."""

    name: Line = ""
    mail: Line = ""
    contact: Text = ""
    description: Text = ""
    work: Text = ""
    circumstances: Text = ""
    why_unlawful: Text = ""
    evidence: Text = ""
    connection: Text = ""
    audience: Literal["", "public", "private"] = ""
    authority: Text = ""
    signature: Line = ""


class DraftIn(StrictIn):
    """A notice that is being written."""

    LIMIT = limits.NOTICE
    model_config = ConfigDict(json_schema_extra={"examples": [_NOTICE]})

    regime: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{4,16}$")]
    filer: Literal["self", "holder", "agent", "guardian", "body"]
    addressee: Platform = ""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{0,3}$")] = ""
    zone: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "UTC"
    addresses: Annotated[list[Typed], PydanticField(max_length=MAX_ADDRESSES), FailFast()]
    fields: FieldsIn
    statements: Annotated[
        list[Literal["not_consented", "intimate", "true", "not_authorised", "perjury"]],
        PydanticField(max_length=5),
    ] = NONE

    def value(self, *, loopback: bool) -> Written:
        """Return it as a plain value. Raises InvalidRequest."""
        typed = self.fields.model_dump() | dict.fromkeys(self.statements, "yes")
        lines = "\n".join(one.replace("\n", " ") for one in self.addresses)
        return notice.written(self.filer, lines, typed, loopback=loopback)


class NoticeIn(DraftIn):
    """A notice to be kept: as a draft, or as one that its owner has sent herself.

    `sent_minutes_ago`: null for a draft. Without `keep_text` only regime, addressee, days and clock
    of what was sent are kept.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_NOTICE, "sent_minutes_ago": 0, "keep_text": False}]}
    )

    sent_minutes_ago: Ago | None = None
    keep_text: bool = True


class SaidIn(StrictIn):
    """What an owner says happened to a notice, and how long ago."""

    LIMIT = limits.LABEL
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"state": "received", "minutes_ago": 30}]}
    )

    state: Literal["draft", "sent", "received", "ordered", "removed", "refused"]
    minutes_ago: Ago = 0


class ToIn(StrictIn):
    """The platform to which a notice is to be sent."""

    LIMIT = limits.LABEL
    model_config = ConfigDict(json_schema_extra={"examples": [{"platform": "Example Videos"}]})

    platform: Platform


class OfferIn(ToIn):
    """The press: the platform, and the token that was given with the text."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"platform": "Example Videos", "token": "ab" * 32}]}
    )

    token: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class FetchIn(StrictIn):
    """Which notice a platform fetches."""

    LIMIT = limits.LABEL
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reference": "mfrggzdfmztwq2lknnwg23tp"}]}
    )

    reference: Token


class DecisionIn(FetchIn):
    """What a platform did about a notice, and why; `says` is shown to the owner."""

    LIMIT = limits.ANSWERS
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"reference": "mfrggzdfmztwq2lknnwg23tp", "removed": True, "reason": "removed"}
            ]
        }
    )

    removed: bool
    reason: Literal[
        "removed", "not_found", "not_intimate", "not_identified", "not_entitled", "other"
    ]
    says: Annotated[str, StringConstraints(max_length=MAX_SAYS)] = ""


class AskedOut(BaseModel):
    """A field of a law."""

    name: Field
    needed: Needed
    basis: str


class BodyOut(BaseModel):
    """Whom to turn to."""

    name: str
    url: str


class RegimeOut(BaseModel):
    """A law, with what of it was not confirmed. Not legal advice."""

    id: str
    name: str
    law: str
    countries: list[str]
    status: Status
    effective_from: date | None
    addressee: Addressee
    addressee_name: str
    clock_starts: ClockStart
    minutes: int
    asks: Asks
    filers: list[Filer]
    fields: list[AskedOut]
    statements: dict[Field, str]
    warnings: list[Warned]
    languages: list[str]
    escalation: list[BodyOut]
    source: str
    checked_on: date
    old: bool
    not_confirmed: list[Unconfirmed]


class RegimesOut(BaseModel):
    """Every law of the data."""

    regimes: list[RegimeOut]


class DraftOut(BaseModel):
    """The text of a notice, and what is missing of it. Nothing was stored."""

    missing: list[str]
    language: str
    is_fallback: bool
    subject: str
    text: str


class ClockOut(BaseModel):
    """How a notice stands with its time, in UTC; `seconds` until `due_at`, or since."""

    state: ClockState
    due_at: datetime | None
    seconds: int


class NoticeOut(BaseModel):
    """A notice of a case. `platform`: that fetches it, or has. `text`: null if it is not kept."""

    n: int
    regime: str
    state: NoticeState
    addressee: str
    platform: str | None
    receipt: str | None
    made_on: date
    clock: ClockOut
    reason: Reason | None
    says: str
    text: str | None


class NoticesOut(BaseModel):
    """The notices of a case, and the platforms that fetch notices by themselves."""

    notices: list[NoticeOut]
    platforms: list[str]


class TokenOut(BaseModel):
    """The text that would be sent, and what to send it with within 15 minutes."""

    text: str
    token: str


class WaitingOut(BaseModel):
    """A notice that waits for a platform (`offered`), or for its decision."""

    reference: str
    regime: str
    state: NoticeState
    due_at: datetime | None


class WaitingsOut(BaseModel):
    """Up to 100 notices, the oldest first."""

    notices: list[WaitingOut]


class FetchedOut(BaseModel):
    """A notice. From `received_at` on its time runs."""

    reference: str
    receipt: str
    regime: str
    received_at: datetime
    due_at: datetime | None
    language: str
    text: str
    filer: Filer
    addresses: list[str]
    fields: dict[Field, str]
    statements: list[Field]


def regime_out(one: Regime, today: date) -> RegimeOut:
    """Return a law as it travels."""
    return RegimeOut(
        id=one.id,
        name=one.name,
        law=one.law["en"],
        countries=list(one.countries),
        status=one.status,
        effective_from=one.effective_from,
        addressee=one.addressee,
        addressee_name=one.addressee_name,
        clock_starts=one.clock_starts,
        minutes=one.minutes,
        asks=one.asks,
        filers=list(one.filers),
        fields=[
            AskedOut(name=each.name, needed=each.needed, basis=each.basis) for each in one.fields
        ],
        statements=dict(one.statements["en"]),
        warnings=list(one.warnings),
        languages=list(one.languages),
        escalation=[BodyOut(name=each.name, url=each.url) for each in one.escalation],
        source=one.source,
        checked_on=one.checked_on,
        old=one.is_old(today),
        not_confirmed=list(one.not_confirmed),
    )
