"""Records and files as only their key opens them. A file is sealed in chunks, one in memory.

AES-256-GCM. A stored record begins with a commitment to its key, because this cipher alone has
none: one ciphertext could be made that two keys open to two records (Albertini et al., 2022). A
file needs none, as its record names the SHA-256 of its content. Order and end of chunks are in
their nonces (STREAM: Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final

from hashing.errors import InvalidEvidence, NotOpened
from hashing.evidence.limits import (
    CHUNK,
    FILE_STEP,
    MAX_FILE,
    MAX_RECORD,
    RECORD_STEP,
    TAG_BYTES,
    is_stored_chunk,
    is_stored_record,
)

_RECORD = b"takeback evidence record v1"
_FILE = b"takeback evidence file v1"
_COMMITMENT_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_LAST: Final = 1 << 95
"""The highest bit of a nonce: on the last chunk of a file."""


def seal_record(
    key: bytes, record_id: str, plain: bytes, random: Callable[[int], bytes] = os.urandom
) -> bytes:
    """Return a record as it is stored: commitment, nonce, ciphertext, tag.

    Raises InvalidEvidence if it is longer than 64 KiB.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 (30 ms to load)

    if len(plain) > MAX_RECORD:
        raise InvalidEvidence(f"A record has at most {MAX_RECORD:,} bytes; this has more.")
    bound = _RECORD + bytes.fromhex(record_id)
    nonce = random(_NONCE_BYTES)
    filled = plain.ljust(_filled(len(plain), RECORD_STEP), b"\0")
    sealed = AESGCM(key).encrypt(nonce, filled, bound)
    return hashlib.sha256(bound + key).digest() + nonce + sealed


def open_record(key: bytes, record_id: str, stored: bytes) -> bytes:
    """Return the record without what fills it up. Raises NotOpened."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 (30 ms to load)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 (the same)

    bound = _RECORD + bytes.fromhex(record_id)
    commitment, rest = stored[:_COMMITMENT_BYTES], stored[_COMMITMENT_BYTES:]
    right = hmac.compare_digest(commitment, hashlib.sha256(bound + key).digest())
    if not (right and is_stored_record(len(stored))):
        raise NotOpened
    try:
        filled = AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound)
    except InvalidTag as err:
        raise NotOpened from err
    return filled.rstrip(b"\0")


def chunk_count(size: int) -> int:
    """Return in how many chunks a file of `size` bytes is sealed. Raises InvalidEvidence."""
    if size > MAX_FILE:
        raise InvalidEvidence(f"A file has at most {MAX_FILE:,} bytes; this has {size:,}.")
    return max(1, -(-size // CHUNK))


def stored_size(size: int) -> int:
    """Return how many bytes a file of `size` bytes takes where it is stored."""
    return _filled(size, FILE_STEP) + TAG_BYTES * chunk_count(size)


def seal_chunk(key: bytes, file_id: str, number: int, plain: bytes, *, last: bool) -> bytes:
    """Return chunk `number` (from 0) as it is stored: ciphertext, tag. The same in, the same out.

    `key` is that of this content alone (EvidenceKeys.file_key). All chunks but the last are full.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 (30 ms to load)

    if len(plain) > CHUNK or not (last or len(plain) == CHUNK):
        raise InvalidEvidence(f"Chunk {number} has {len(plain):,} bytes.")
    filled = plain.ljust(_filled(len(plain), FILE_STEP), b"\0")
    bound = _FILE + bytes.fromhex(file_id)
    return AESGCM(key).encrypt(_nonce(number, last=last), filled, bound)


def open_chunk(key: bytes, file_id: str, number: int, stored: bytes, *, size: int) -> bytes:
    """Return what chunk `number` of a file of `size` bytes holds. Raises NotOpened."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 (30 ms to load)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 (the same)

    last = number == chunk_count(size) - 1
    if not is_stored_chunk(len(stored), last=last):
        raise NotOpened
    bound = _FILE + bytes.fromhex(file_id)
    try:
        filled = AESGCM(key).decrypt(_nonce(number, last=last), stored, bound)
    except InvalidTag as err:
        raise NotOpened from err
    length = min(CHUNK, size - number * CHUNK)
    if len(filled) != _filled(length, FILE_STEP) or any(filled[length:]):
        raise NotOpened
    return filled[:length]


def seal_file(key: bytes, file_id: str, stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the chunks of a file as they are stored. Raises InvalidEvidence if its size differs."""
    count = chunk_count(size)
    for number in range(count):
        length = min(CHUNK, size - number * CHUNK)
        if len(plain := _read(stream, length)) != length:
            raise InvalidEvidence("The file became shorter while it was read.")
        yield seal_chunk(key, file_id, number, plain, last=number == count - 1)
    if stream.read(1):
        raise InvalidEvidence("The file became longer while it was read.")


def open_file(key: bytes, file_id: str, chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield what the stored chunks of a file of `size` bytes hold. Raises NotOpened.

    Whether `size` is right to the byte, only the SHA-256 of what is yielded tells.
    """
    count, number = chunk_count(size), -1
    for number, stored in enumerate(chunks):
        if number == count:
            raise NotOpened
        yield open_chunk(key, file_id, number, stored, size=size)
    if number != count - 1:
        raise NotOpened


class Root:
    """The root of a file: one digest of all its stored chunks, which come one after the other."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256(_FILE)

    def add(self, digest: bytes) -> None:
        """Add the SHA-256 of the next stored chunk: 32 bytes."""
        self._sum.update(digest)

    def hexdigest(self) -> str:
        """Return the root in hexadecimal."""
        return self._sum.hexdigest()


def _filled(length: int, step: int) -> int:
    """Return the next multiple of `step`, at least one of it."""
    return max(1, -(-length // step)) * step


def _nonce(number: int, *, last: bool) -> bytes:
    return (number | (_LAST if last else 0)).to_bytes(_NONCE_BYTES, "big")


def _read(stream: BinaryIO, length: int) -> bytes:
    """Read as much as is there, up to `length`: a raw stream may give less at once."""
    parts, missing = [], length
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
