"""Evidence that owners keep here, sealed on their devices: its sizes, its states, and its chain.

Nothing here can be opened without the owner's passphrase. What the service knows of an item is how
long it is, filled up, and when it came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from hashing.evidence import chain, limits
from hashing.evidence.limits import CHUNK, MAX_FILE, TAG_BYTES
from service.domain.errors import InvalidRequest

MAX_CHUNKS = limits.MAX_CHUNKS
"""Of one file."""
MAX_CHUNK = CHUNK + TAG_BYTES
"""Bytes of the longest chunk as it is stored."""
MAX_STORED_FILE = MAX_FILE + MAX_CHUNKS * TAG_BYTES
"""Bytes of the longest file as it is stored."""
MAX_RECORD = limits.MAX_RECORD + limits.RECORD_OVERHEAD
"""Bytes of the longest record as it is stored."""
ARRIVAL_DAYS = 7
"""Days in which a file has to come whole."""
_ROOT = b"takeback evidence file v1"


class Act(StrEnum):
    """What an entry of the chain says."""

    RECORD = "record"
    FILE = "file"
    REMOVED = "removed"


class ItemKind(StrEnum):
    """What an item is."""

    RECORD = "record"
    FILE = "file"


class ItemState(StrEnum):
    """Where an item is: coming, kept, or gone but for its links."""

    ARRIVING = "arriving"
    KEPT = "kept"
    REMOVED = "removed"


ITEM_TRANSITIONS = {
    ItemState.ARRIVING: {ItemState.KEPT},
    ItemState.KEPT: {ItemState.REMOVED},
    ItemState.REMOVED: set(),
}
"""Every step. A file that never came whole is forgotten, and its id may come again; one that was
removed stays, so that its id does not come again with other bytes. A record begins as kept."""


class Entry(NamedTuple):
    """One entry of a chain."""

    sequence: int
    """From 1 on, without a gap."""
    act: Act
    at: int
    """Seconds since 1970 by the service's clock; never before those of the entry before."""
    item: str
    """The item's id: 32 hexadecimal digits."""
    digest: bytes
    """SHA-256 of a stored record, or the root of a file; of a removed one, what it was."""
    link: bytes = b""
    """SHA-256 of the link before and this entry: 32 bytes."""


def shown_time(second: int) -> str:
    """Return a second as an entry has it: `2026-11-30T15:20:31Z`."""
    return chain.moment_text(datetime.fromtimestamp(second, UTC))


def first_link(case_number: str) -> bytes:
    """Return the link before the first entry of a case, which binds the chain to it."""
    return chain.start(case_number)


def linked(before: bytes, entry: Entry) -> Entry:
    """Return an entry with its link, which follows the link `before`."""
    at = datetime.fromtimestamp(entry.at, UTC)
    said = chain.Entry(entry.sequence, entry.act.value, at, entry.item, entry.digest.hex())
    return entry._replace(link=chain.following(before, said))


def root(chunk_digests: Iterable[bytes]) -> bytes:
    """Return the root of a file from the SHA-256 of each stored chunk, in order."""
    return hashlib.sha256(_ROOT + b"".join(chunk_digests)).digest()


def require_record(sealed: bytes) -> None:
    """Raise InvalidRequest unless these bytes are as long as a sealed record may be."""
    if not limits.is_stored_record(len(sealed)):
        raise InvalidRequest(
            "A record is sealed and filled up before it is sent: it has 60 bytes, and 1 to 64 "
            "times 1,024 more."
        )


def require_file(size: int, chunks: int) -> None:
    """Raise InvalidRequest unless a file can be stored as so many bytes in so many chunks."""
    last = size - (chunks - 1) * MAX_CHUNK
    if not (last > 0 and limits.is_stored_chunk(last, last=True)):
        raise InvalidRequest(
            "The size of a file is that of its sealed chunks: all but the last have 1,048,592 "
            "bytes, and the last has 16, and 1 to 16 times 65,536 more."
        )


def chunk_size(size: int, chunks: int, n: int) -> int:
    """Return how many bytes the chunk `n` of a file has, as it is stored."""
    return MAX_CHUNK if n < chunks - 1 else size - (chunks - 1) * MAX_CHUNK


def spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return ascending numbers as spans from a first to a last one."""
    found: list[tuple[int, int]] = []
    for one in numbers:
        if found and found[-1][1] == one - 1:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found


def missing(received: Sequence[int], chunks: int) -> int | None:
    """Return the first chunk that has not come, None if all have."""
    return next((n for n, has in enumerate([*received, None]) if n != has and n < chunks), None)
