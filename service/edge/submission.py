"""Models of the documents by which owners submit content, through the API or the pages.

Validation errors never quote a value: it may be a signal.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, FailFast, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from service import limits
from service.domain.case import MAX_ENTRIES
from service.domain.errors import NotEligible, TooLarge
from service.domain.work import MOST_PIECES
from service.edge import incoming
from service.edge.bodies import Callers
from service.edge.incoming import EntryIn, Hex32, SealedLabel, StrictIn
from service.workflows.intake import NewCase

MAX_NOTE = 1000
IntakeCode = Annotated[str, StringConstraints(pattern=r"^[0-9a-hjkmnp-tv-z-]{16,19}$")]
"""Of a link by which an organisation helps, as it is shown."""
Nonce = Annotated[int, Field(ge=0, lt=2**32)]


def _few_frames(entries: list[EntryIn]) -> list[EntryIn]:
    if sum(len(entry.frames) for entry in entries) > limits.MAX_FRAMES:
        raise TooLarge
    return entries


Entries = Annotated[
    list[EntryIn],
    Field(min_length=1, max_length=MAX_ENTRIES),
    FailFast(),
    AfterValidator(_few_frames),
]


class EligibilityIn(StrictIn):
    """The owner's answers. The last two must be true; who cannot say so is told where to turn."""

    subject: Literal["self", "authorised"]
    adults: bool
    intimate: bool


class WorkIn(StrictIn):
    """The proof of work for a new case: a challenge of the service, and a nonce for each piece."""

    challenge: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}\.[0-9a-f]{40}$")]
    nonces: Annotated[list[Nonce], Field(max_length=MOST_PIECES), FailFast()]


class _OwnerDocument(StrictIn):
    LIMIT = limits.SUBMISSION
    CALLERS = Callers.OPENING


class SubmissionIn(_OwnerDocument):
    """The one document that leaves an owner's device."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": 1,
                    "access_key": "89abcdef01234567" * 4,
                    "eligibility": {"subject": "self", "adults": True, "intimate": True},
                    "entries": [*incoming.ENTRIES],
                }
            ]
        }
    )

    version: Annotated[int, Field(ge=1, le=1)]
    access_key: Hex32
    work: WorkIn | SkipJsonSchema[None] = None
    eligibility: EligibilityIn
    note: Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE)] | None = None
    intake_code: IntakeCode | SkipJsonSchema[None] = None
    entries: Entries

    def new_case(self) -> NewCase:
        """Return it as a plain value. Raises NotEligible or InvalidRequest."""
        if not (self.eligibility.adults and self.eligibility.intimate):
            raise NotEligible
        return NewCase(
            access_key=bytes.fromhex(self.access_key),
            subject=self.eligibility.subject,
            note=self.note,
            entries=tuple(entry.value() for entry in self.entries),
            intake_code=self.intake_code or "",
        )


class EntriesIn(_OwnerDocument):
    """More entries for an open case."""

    entries: Entries


class LabelIn(StrictIn):
    """The new label of an entry, sealed on the owner's device; null for none."""

    LIMIT = limits.LABEL

    model_config = ConfigDict(json_schema_extra={"examples": [{"sealed_label": "0f" * 268}]})

    sealed_label: SealedLabel | None

    def value(self) -> bytes | None:
        """Return it as bytes."""
        return bytes.fromhex(self.sealed_label) if self.sealed_label else None


class MoreIn(_OwnerDocument):
    """More entries for an open case, with what opens it: a form has no headers."""

    case: Annotated[str, StringConstraints(max_length=40)]
    access_key: Hex32
    stamp: Annotated[str, StringConstraints(max_length=80)]
    """When the words were typed, signed by the service (`web.owner.stamps`)."""
    entries: Entries
