"""The JSON that comes in and goes out. Nothing is taken that is not named here.

Validation errors never repeat a value: it may be a signal.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from hashing.errors import InvalidSignal
from hashing.signals import ContentKind, ContentSignals, FrameSignal, Signal, parse
from service.domain.case import MAX_ENTRIES, EntryStatus
from service.domain.errors import InvalidRequest
from service.domain.sighting import Feedback, Source, Verdict

MAX_FRAMES = 1200
MAX_MILLISECONDS = 4 * 60 * 60 * 1000
MAX_ITEMS = 1000
MAX_NOTE = 1000
MAX_ADDRESS = 2048

Hex16 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{32}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]
Quality = Annotated[int, Field(ge=0, le=100)]
Milliseconds = Annotated[int, Field(ge=0, le=MAX_MILLISECONDS)]
Address = Annotated[
    str, StringConstraints(min_length=8, max_length=MAX_ADDRESS, pattern=r"^https?://[^\s]+$")
]
Reference = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{24}$")]

_PDQ = "f0e1d2c3b4a59687" * 4
_SHA256 = "0123456789abcdef" * 4
_PICTURE: JsonDict = {
    "kind": "picture",
    "signals": [
        {"type": "pdq", "value": _PDQ, "quality": 100},
        {"type": "sha256", "value": _SHA256},
    ],
}
_FRAME: JsonDict = {"at_ms": 0, "until_ms": 750, "type": "pdq", "value": _PDQ, "quality": 92}
_VIDEO: JsonDict = {
    "kind": "video",
    "signals": [{"type": "sha256", "value": _SHA256}],
    "frames": [_FRAME],
}


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class PerceptualIn(_In):
    """A signal that alike content comes near to."""

    type: Literal["pdq", "phash"]
    value: Hex32
    quality: Quality


class Md5In(_In):
    """The MD5 of the file's bytes."""

    type: Literal["md5"]
    value: Hex16


class Sha256In(_In):
    """The SHA-256 of the file's bytes."""

    type: Literal["sha256"]
    value: Hex32


class FrameIn(_In):
    """The PDQ signal of a run of near-identical video frames, with its span."""

    at_ms: Milliseconds
    until_ms: Milliseconds
    type: Literal["pdq"]
    value: Hex32
    quality: Quality


SignalIn = Annotated[PerceptualIn | Md5In | Sha256In, Field(discriminator="type")]


class ContentIn(_In):
    """All signals of one picture or video."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PICTURE, _VIDEO]})

    kind: Literal["picture", "video"]
    signals: Annotated[list[SignalIn], Field(max_length=4)]
    frames: Annotated[list[FrameIn], Field(max_length=MAX_FRAMES)] = []

    def value(self) -> ContentSignals:
        """Return the plain value. Raises InvalidRequest when its parts do not fit together."""
        try:
            return ContentSignals(
                ContentKind(self.kind),
                tuple(_signal(each) for each in self.signals),
                tuple(FrameSignal(f.at_ms, f.until_ms, _signal(f)) for f in self.frames),
            )
        except InvalidSignal as err:
            raise InvalidRequest(str(err)) from err


class EligibilityIn(_In):
    """The owner's answers. The last two must be true; who cannot say so is told where to turn."""

    subject: Literal["self", "authorised"]
    adults: bool
    intimate: bool


class SubmissionIn(_In):
    """The one document that leaves an owner's device."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": 1,
                    "access_key": "89abcdef01234567" * 4,
                    "eligibility": {"subject": "self", "adults": True, "intimate": True},
                    "entries": [_PICTURE, _VIDEO],
                }
            ]
        }
    )

    version: Annotated[int, Field(ge=1, le=1)]
    access_key: Hex32
    eligibility: EligibilityIn
    note: Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE)] | None = None
    entries: Annotated[list[ContentIn], Field(min_length=1, max_length=MAX_ENTRIES)]


class EntriesIn(_In):
    """More entries for an open case."""

    entries: Annotated[list[ContentIn], Field(min_length=1, max_length=MAX_ENTRIES)]


class LookupIn(_In):
    """Up to 1,000 uploads, each with its signals."""

    items: Annotated[list[ContentIn], Field(min_length=1, max_length=MAX_ITEMS)]


class ObservationIn(ContentIn):
    """Content that was seen at an address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"address": "https://example.org/a", **_PICTURE}]}
    )

    address: Address


class ObservationsIn(_In):
    """Up to 1,000 observations."""

    observations: Annotated[list[ObservationIn], Field(min_length=1, max_length=MAX_ITEMS)]


class ResponseIn(_In):
    """What a platform did about one match reference."""

    match: Reference
    value: Literal["pending_review", "blocked", "not_blocked"]

    @property
    def said(self) -> Feedback:
        """The value as the domain has it."""
        return Feedback(self.value)


class FeedbackIn(_In):
    """Up to 1,000 responses; all are kept, or none."""

    feedback: Annotated[list[ResponseIn], Field(min_length=1, max_length=MAX_ITEMS)]


class CaseOut(BaseModel):
    """A case was opened, or was open already with the same content."""

    case_number: str = Field(examples=["481-902-3475"])


class AddedOut(BaseModel):
    """How many entries are new; those the case had already are not counted."""

    added: int


class WithdrawnOut(BaseModel):
    """How many entries were withdrawn by this request."""

    withdrawn: int


class SightingOut(BaseModel):
    """Where an entry was found, on which day, and what was done."""

    platform: str
    seen_on: date
    source: Source
    outcome: Feedback | None


class EntryOut(BaseModel):
    """What happened to one entry."""

    n: int
    kind: ContentKind
    status: EntryStatus
    added_on: date
    sightings: list[SightingOut]


class StatusOut(BaseModel):
    """What happened to a case, by entry, platform and day."""

    case_number: str
    opened_on: date
    withdrawn_on: date | None
    entries: list[EntryOut]
    says: str


class MatchOut(BaseModel):
    """An opaque reference to an entry: the same for every match of it, for you alone."""

    match: str = Field(examples=["mfrggzdfmztwq2lknnwg23tp"])
    verdict: Verdict


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


def _signal(untrusted: PerceptualIn | Md5In | Sha256In | FrameIn) -> Signal:
    return parse(untrusted.type, untrusted.value, getattr(untrusted, "quality", None))
