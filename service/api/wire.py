"""Models of the API's requests and answers. Undocumented names are refused.

Validation errors never quote a value: it may be a signal.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from hashing.signals import ContentKind
from service import limits
from service.domain.audit import Audited, Kind
from service.domain.case import EntryStatus, Hold
from service.domain.sighting import Feedback, Source, Verdict
from service.edge import incoming
from service.edge.incoming import GIVES_WAY, ItemIn, StrictIn

MAX_ITEMS = 1000
MAX_ADDRESS = 2048

Address = Annotated[
    str, StringConstraints(min_length=8, max_length=MAX_ADDRESS, pattern=r"^https?://[^\s]+$")
]
Token = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{24}$")]
Reference = Token


class LookupIn(StrictIn):
    """Up to 1,000 uploads, each with its signals."""

    LIMIT = limits.LOOKUP

    items: Annotated[
        list[Annotated[ItemIn, GIVES_WAY]], Field(min_length=1, max_length=MAX_ITEMS), FailFast()
    ]


class ObservationIn(ItemIn):
    """Content that was seen at an address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"address": "https://example.org/a", **incoming.PICTURE}]}
    )

    address: Address
    watch: Token | None = None
    """The watch on whose visit it was seen, with the lease of that visit."""
    lease: Token | None = None
    declared: bool = False
    """Whether the site has said so, by `md5` or `sha256`, and nobody hashed it there."""


class ObservationsIn(StrictIn):
    """Up to 1,000 observations."""

    LIMIT = limits.OBSERVATIONS

    observations: Annotated[
        list[Annotated[ObservationIn, GIVES_WAY]],
        Field(min_length=1, max_length=MAX_ITEMS),
        FailFast(),
    ]


class ResponseIn(StrictIn):
    """What a platform did about one match reference."""

    match: Reference
    value: Literal["pending_review", "blocked", "not_blocked"]

    @property
    def outcome(self) -> Feedback:
        """Return the value as an enum of the domain."""
        return Feedback(self.value)


class FeedbackIn(StrictIn):
    """Up to 1,000 responses; all are kept, or none."""

    feedback: Annotated[list[ResponseIn], Field(min_length=1, max_length=MAX_ITEMS), FailFast()]


class CaseOut(BaseModel):
    """A case was opened, or was open already with the same content."""

    case_number: str = Field(examples=["481-902-3475"])


class AddedOut(BaseModel):
    """How many entries are new; those the case had already are not counted.

    `held`: how many the case had already, held for review, so that they are not matched.
    """

    added: int
    held: int


class LabelledOut(BaseModel):
    """The entry whose label was changed, as `n`."""

    n: int


class WithdrawnOut(BaseModel):
    """How many entries were withdrawn by this request, and until when that can be undone.

    `erase_on` is the day of the first request, however often it is repeated; null when all is
    erased already.
    """

    withdrawn: int
    erase_on: date | None


class UndoneOut(BaseModel):
    """How many entries are back as they were."""

    undone: int


class SightingOut(BaseModel):
    """Where an entry was found, on which day, and what was done."""

    platform: str
    seen_on: date
    source: Source
    outcome: Feedback | None


class EntryOut(BaseModel):
    """What happened to one entry. `erase_on`, while withdrawing: on that day it is erased.

    `held`, while quarantined: `waiting` for a person to review it, or `kept` by that person.
    `sealed_label`: as the owner's device sealed it, in hexadecimal; null if there is none.
    """

    n: int
    kind: ContentKind
    status: EntryStatus
    held: Hold | None
    added_on: date
    erase_on: date | None
    sealed_label: str | None
    sightings: list[SightingOut]


class StatusOut(BaseModel):
    """What happened to a case, by entry, platform and day. `erase_on` is as an entry's."""

    case_number: str
    opened_on: date
    withdrawn_on: date | None
    erase_on: date | None
    entries: list[EntryOut]
    says: str


class ActOut(BaseModel):
    """What somebody did with a case, or with an entry of it.

    `organisation`: of the member who did it. `entry`: null if it was done with the whole case.
    """

    day: date
    by: Kind = Field(examples=["operator"])
    organisation: str | None = Field(examples=[None])
    act: Audited = Field(examples=["entry_released"])
    entry: int | None = Field(examples=[1])


class AuditOut(BaseModel):
    """Who did what with a case, the newest first: at most the last 500 acts."""

    acts: list[ActOut]


class SpanOut(BaseModel):
    """A part of a video, in seconds from its beginning."""

    from_s: float = Field(examples=[12.0])
    until_s: float = Field(examples=[40.5])


class MatchOut(BaseModel):
    """An opaque reference to an entry: the same for every match of it, for you alone.

    Of a video that matches by its frames, `span` is the part of yours that was found.
    """

    match: str = Field(examples=["mfrggzdfmztwq2lknnwg23tp"])
    verdict: Verdict
    span: SpanOut | SkipJsonSchema[None] = None


class ChallengeOut(BaseModel):
    """The proof of work that opening a case takes now; none if there are 0 pieces."""

    challenge: str = Field(examples=["29763421.0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"])
    pieces: int


class ItemOut(BaseModel):
    """The answer for one item."""

    verdict: Verdict
    matches: list[MatchOut]


class LookupOut(BaseModel):
    """One answer an item, in the order asked."""

    items: list[ItemOut]


class ObservedOut(BaseModel):
    """How many observations were kept; one handed in twice on a day is kept once."""

    kept: int


class FeedbackOut(BaseModel):
    """How many responses were kept."""

    kept: int
