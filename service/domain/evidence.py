"""Evidence that owners keep here, sealed on their devices: its sizes, its states, and its chain.

Nothing here can be opened without the owner's passphrase. What the service knows of an item is how
long it is, and when it came. hashing/evidence has the same chain, for whoever checks it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from service.domain.errors import InvalidRequest

CHUNK = 2**20
"""Bytes of a file that one stored chunk holds, but for the last."""
TAG = 16
"""Bytes that AES-GCM adds to a chunk."""
MAX_CHUNK = CHUNK + TAG
MAX_FILE = 2 * 2**30
"""Bytes of the longest file: an hour of a screen recording."""
_NONCE, _PAD = 12, 1024
MAX_RECORD = 64 * 2**10 + _NONCE + TAG
"""Bytes of the longest record as it is stored: nonce, padded document, tag."""
MAX_CHUNKS = MAX_FILE // CHUNK
ARRIVAL_DAYS = 7
"""Days in which a file has to come whole."""
_CHAIN = b"takeback evidence chain v1"
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
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def first_link(case_number: str) -> bytes:
    """Return link 0 of a case, which binds the chain to it."""
    return hashlib.sha256(_CHAIN + case_number.encode("ascii")).digest()


def linked(before: bytes, entry: Entry) -> Entry:
    """Return an entry with its link, which follows the link `before`."""
    said = {
        "act": entry.act.value,
        "at": shown_time(entry.at),
        "digest": entry.digest.hex(),
        "id": entry.item,
        "sequence": entry.sequence,
    }
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return entry._replace(link=hashlib.sha256(before + canonical).digest())


def root(chunk_digests: Iterable[bytes]) -> bytes:
    """Return the root of a file from the SHA-256 of each stored chunk, in order."""
    return hashlib.sha256(_ROOT + b"".join(chunk_digests)).digest()


def require_record(sealed: bytes) -> None:
    """Raise InvalidRequest unless these bytes are as long as a sealed record may be."""
    padded = len(sealed) - _NONCE - TAG
    if padded < _PAD or padded % _PAD or len(sealed) > MAX_RECORD:
        raise InvalidRequest(
            "A record is sealed before it is sent: 12 bytes of nonce, a document filled up to a "
            "multiple of 1,024 bytes, at most 65,536, and 16 bytes of tag."
        )


def require_file(size: int, chunks: int) -> None:
    """Raise InvalidRequest unless a file of so many bytes has so many chunks."""
    if chunks != max(1, -(-size // CHUNK)):
        raise InvalidRequest("A file has a chunk for each 1,048,576 bytes of it, and at least one.")


def chunk_size(size: int, chunks: int, n: int) -> int:
    """Return how many bytes the stored chunk `n` of a file has."""
    return TAG + (CHUNK if n < chunks - 1 else size - (chunks - 1) * CHUNK)


def stored_size(size: int, chunks: int) -> int:
    """Return how many bytes a file has, as it is stored."""
    return size + chunks * TAG


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
