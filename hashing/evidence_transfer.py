"""How evidence goes to the service and comes back over a bad connection, with a chunk in memory."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self, TypeVar

from hashing.errors import (
    FileChanged,
    InvalidEvidence,
    NameNotFound,
    NotSecure,
    NotTakeback,
    ProxyFailed,
    Refused,
    Unreachable,
)
from hashing.evidence.limits import CHUNK, MAX_FILE
from hashing.evidence.sealing import chunk_count, seal_chunk

Answer = TypeVar("Answer")
Advance = Callable[[int], None]
"""Is called with a number of bytes that went."""
PATIENCE_SECONDS: Final = 600
"""For which one call is repeated while the connection breaks or the service restarts."""
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0
MOST_WAIT_SECONDS: Final = 120
"""That a service may ask to wait before the next call. Longer, and it is said instead."""
_FOR_GOOD: Final = (NameNotFound, NotSecure, ProxyFailed, NotTakeback)
_BUSY: Final = frozenset({408, 429, 500, 502, 503, 504})


def patiently(once: Callable[[], Answer], broken: Callable[[], None]) -> Answer:
    """Return what a call returns that may be repeated; repeat it while that may help.

    `broken` is called before each repetition. Raises what the last one raised.
    """
    until, pause = time.monotonic() + PATIENCE_SECONDS, FIRST_PAUSE
    while True:
        try:
            return once()
        except Unreachable as err:
            if isinstance(err, _FOR_GOOD) or time.monotonic() >= until:
                raise
            wait = pause
        except Refused as err:
            wait = err.retry_after or pause
            late = time.monotonic() + wait >= until
            if err.status not in _BUSY or wait > MOST_WAIT_SECONDS or late:
                raise
        broken()
        time.sleep(wait)
        pause = min(LONGEST_PAUSE, 2 * pause)


@dataclass(frozen=True, slots=True)
class Digested:
    """A file as it was when it was read first: nothing else is ever sealed in its name."""

    size: int
    sha256: str
    chunks: tuple[bytes, ...]
    """SHA-256 of each chunk, before it is sealed."""

    @classmethod
    def of(cls, stream: BinaryIO) -> Self:
        """Read a file whole, a chunk at a time. Raises InvalidEvidence if it is too long."""
        whole, chunks, size = hashlib.sha256(), [], 0
        while part := _read(stream):
            size += len(part)
            if size > MAX_FILE:
                raise InvalidEvidence(
                    f"A file has at most {MAX_FILE // 2**30} GiB. Cut it into parts, or keep it on "
                    "your own device."
                )
            whole.update(part)
            chunks.append(hashlib.sha256(part).digest())
        return cls(size, whole.hexdigest(), tuple(chunks) or (hashlib.sha256(b"").digest(),))


def stored_again(
    stream: BinaryIO, digested: Digested, key: bytes, file_id: str
) -> Iterator[tuple[int, bytes]]:
    """Read a file again; yield each chunk's number, and it sealed. Raises FileChanged.

    The nonces of chunks are fixed, so a chunk that is not what it was must not be sealed.
    """
    stream.seek(0)
    count = chunk_count(digested.size)
    for n in range(count):
        part = _read(stream)
        if hashlib.sha256(part).digest() != digested.chunks[n]:
            raise FileChanged
        yield n, seal_chunk(key, file_id, n, part, last=n == count - 1)


def continued(
    part: Path, count: int, size: int, chunk: Callable[[int], bytes], advance: Advance
) -> None:
    """Write chunks one after the other, all but the last of one size, after those that are there.

    A chunk of which only a part is there is written again.
    """
    with part.open("ab") as file:
        there = min(file.tell() // size, count - 1)
        file.truncate(there * size)
        advance(there * size)
        for n in range(there, count):
            some = chunk(n)
            file.write(some)
            file.flush()
            advance(len(some))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(stream: BinaryIO) -> bytes:
    """Read a chunk: a stream may give less at once, without being at its end."""
    parts, missing = [], CHUNK
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
