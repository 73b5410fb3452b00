"""The proof of work for opening a case, which keeps machines from opening very many.

It consists of pieces. A piece is a number (nonce) for which SHA-256 of (seed, piece, nonce) begins
with PIECE_BITS zeros, as in Hashcash (Back, 2002); the seed is made of a challenge of the service
and of the access key of the new case, so that work is worth one case and no other.
docs/submission.md has it in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from itertools import count

from hashing.errors import Overpriced

PIECE_BITS = 14
"""Zero bits of a piece: 16,384 attempts on average."""
MOST_PIECES = 2_000
"""Most pieces that are computed for a service: half a minute on a computer."""
_LABEL = b"takeback work v1"
_LIMIT = (1 << (256 - PIECE_BITS)).to_bytes(32)
"""The digest of a piece is below it: bytes are compared as numbers are."""


@dataclass(frozen=True, slots=True)
class Work:
    """A proof of work: the challenge, and a nonce for each piece, in order."""

    challenge: str
    nonces: tuple[int, ...] = ()


def extended(
    work: Work, access_key: bytes, pieces: int, advance: Callable[[float], None] | None = None
) -> Work:
    """Return the same work with so many pieces; those that it has are kept.

    `advance` is called with the part that is done, 0 to 1. Raises Overpriced.
    """
    if pieces > MOST_PIECES:
        raise Overpriced
    seed = sha256(_LABEL + work.challenge.encode() + access_key).digest()
    nonces = list(work.nonces)
    while len(nonces) < pieces:
        nonces.append(_nonce(seed + len(nonces).to_bytes(4)))
        if advance:
            advance(len(nonces) / pieces)
    return Work(work.challenge, tuple(nonces))


def _nonce(prefix: bytes) -> int:
    """Return the first nonce of a piece, from 0 to 2³² − 1: there is always one."""
    attempts = (nonce.to_bytes(4) for nonce in count())
    found = next(each for each in attempts if sha256(prefix + each).digest() < _LIMIT)
    return int.from_bytes(found)
