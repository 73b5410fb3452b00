"""The sizes of evidence, for the device and for the service, which sees only what is sealed."""

from __future__ import annotations

from typing import Final

MIB: Final = 1 << 20
ID_BYTES: Final = 16
"""Random, made on the device: of a record or of a file."""
TAG_BYTES: Final = 16
"""Of AES-GCM."""

RECORD_STEP: Final = 1024
"""Records are filled up to multiples of it, so that a length says little of what was written."""
MAX_RECORD: Final = 64 * RECORD_STEP
"""Most bytes of a record, filled up."""
RECORD_OVERHEAD: Final = 32 + 12 + TAG_BYTES
"""Commitment, nonce and tag of a stored record."""

CHUNK: Final = MIB
"""Bytes of a file that are sealed at once: little memory, and little to send again."""
FILE_STEP: Final = 64 << 10
"""Files are filled up to multiples of it: the exact size of a picture is a fingerprint of it."""
MAX_FILE: Final = 2 << 30
"""Most bytes of one file: an hour of video from a phone."""
MAX_CHUNKS: Final = MAX_FILE // CHUNK


def is_stored_record(length: int) -> bool:
    """Whether a stored record can be so long."""
    filled = length - RECORD_OVERHEAD
    return RECORD_STEP <= filled <= MAX_RECORD and filled % RECORD_STEP == 0


def is_stored_chunk(length: int, *, last: bool) -> bool:
    """Whether a stored chunk of a file can be so long."""
    filled = length - TAG_BYTES
    if not last:
        return filled == CHUNK
    return FILE_STEP <= filled <= CHUNK and filled % FILE_STEP == 0
