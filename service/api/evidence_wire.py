"""Models of requests and answers about evidence."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from service import limits
from service.domain.evidence import MAX_CHUNKS, MAX_STORED_FILE, Act, Entry, ItemState, shown_time
from service.edge.incoming import Hex32, StrictIn

ItemId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""16 random bytes, made on the device."""
_ID = "5f3c9a0d7e1b4c2f8a6d0e9b7c5f3a1d"


class FileIn(StrictIn):
    """A file that is to come in chunks."""

    LIMIT = limits.EVIDENCE
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": _ID, "size": 1_114_144, "chunks": 2, "shows_minor": False}]
        }
    )

    id: ItemId
    size: Annotated[
        int, Field(ge=1, le=MAX_STORED_FILE, description="Bytes of all its sealed chunks")
    ]
    chunks: Annotated[int, Field(ge=1, le=MAX_CHUNKS)]
    shows_minor: Annotated[
        bool, Field(description="Whether anyone shown is under 18, or may be: then nothing is kept")
    ]


class CompleteIn(StrictIn):
    """All chunks of a file have come."""

    LIMIT = limits.EVIDENCE
    model_config = ConfigDict(json_schema_extra={"examples": [{"root": "0123456789abcdef" * 4}]})

    root: Hex32


class KeptOut(BaseModel):
    """An entry of the chain."""

    sequence: int
    link: str = Field(description="64 hexadecimal digits")
    at: str = Field(description="By the service's clock, in UTC")

    @classmethod
    def of(cls, entry: Entry) -> KeptOut:
        """Return what is answered of an entry."""
        return cls(sequence=entry.sequence, link=entry.link.hex(), at=shown_time(entry.at))


class RemovedOut(BaseModel):
    """The entry that says so; none for a file that had not come whole."""

    removed: KeptOut | None


class EntryOut(KeptOut):
    """An entry of the chain, with all that its link is made of."""

    act: Act
    id: str
    digest: str

    @classmethod
    def of(cls, entry: Entry) -> EntryOut:
        """Return what is answered of an entry."""
        return cls(
            sequence=entry.sequence,
            act=entry.act,
            at=shown_time(entry.at),
            id=entry.item,
            digest=entry.digest.hex(),
            link=entry.link.hex(),
        )


class StampOut(BaseModel):
    """What an authority attests about a link."""

    sequence: int
    authority: str
    token: str = Field(description="TimeStampResp (RFC 3161) in base64")


class UnfinishedOut(BaseModel):
    """A file that has not come whole."""

    id: str
    size: int
    received: int = Field(description="Bytes that are here")
    until_on: date


class EvidenceOut(BaseModel):
    """Part of the chain, and how much the case keeps and may keep."""

    case_number: str
    entries: list[EntryOut]
    stamps: list[StampOut]
    more: bool = Field(description="Whether entries follow: ask again, after the last of these")
    bytes: int
    bytes_allowed: int
    records: int
    records_allowed: int
    files: int
    files_allowed: int
    takes_files: bool = Field(description="False once somebody was said to be under 18")
    unfinished: list[UnfinishedOut]


class ArrivalOut(BaseModel):
    """How much of a file has come."""

    id: str
    size: int
    chunks: int
    received: list[tuple[int, int]] = Field(description="Spans of chunks, from first to last")
    state: ItemState


class ReceivedOut(BaseModel):
    """A chunk is on the disk."""

    n: int


class MarkedOut(BaseModel):
    """No files are taken any more."""

    takes_files: bool
