"""A file sealed again while it is read, to see whether it is what was stored."""

from __future__ import annotations

import hashlib

from hashing.evidence.limits import CHUNK, MAX_CHUNKS
from hashing.evidence.sealing import chunk_count, seal_chunk


class Sealing:
    """Seals a file of `size` bytes as it was: the same key and content give the same chunks."""

    def __init__(self, key: bytes, file_id: str, size: int) -> None:
        self._key, self._id = key, file_id
        self._size = min(size, MAX_CHUNKS * CHUNK)
        self._plain = bytearray()
        self._digests: list[bytes] = []

    def add(self, part: bytes) -> None:
        """Take the next part of the file."""
        self._plain += part
        while len(self._plain) >= CHUNK:
            self._seal(bytes(self._plain[:CHUNK]))
            del self._plain[:CHUNK]

    def digests(self) -> list[bytes]:
        """Return the SHA-256 of each chunk, once the whole file was read."""
        if self._plain or not self._digests:
            self._seal(bytes(self._plain))
        return self._digests

    def _seal(self, plain: bytes) -> None:
        number = len(self._digests)
        last = number == chunk_count(self._size) - 1
        if last or len(plain) == CHUNK:
            stored = seal_chunk(self._key, self._id, number, plain, last=last)
            self._digests.append(hashlib.sha256(stored).digest())
