"""The proof of work for opening a case: how much of it is asked, and whether it was done.

It consists of pieces. A piece is a number (nonce) for which SHA-256 of (seed, piece, nonce) begins
with PIECE_BITS zeros, as in Hashcash (Back, 2002); the seed is made of a challenge of the service
and of the access key of the new case, so that work is worth one case and no other. Many small
pieces take nearly the same time for everybody, and more can be added to those that are done.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from math import floor, log2

PIECE_BITS = 14
"""Zero bits of a piece: 16,384 attempts on average, 0.07 s on an old phone."""
MOST_TIMES = 16
"""The most that is asked, as a multiple of the least: half a minute on an old phone."""
LATELY_SECONDS = 600
"""The time (constant of an exponential decay) over which opened cases are counted as recent."""
FREE_OF_SOURCE = 4
"""Recent cases of one network address for which the price does not rise: friends in one flat."""
MOST_PIECES = 2_000
"""Most pieces of any document: 16 times the most that an operator may ask."""
_LABEL = b"takeback work v1"
_LIMIT = (1 << (256 - PIECE_BITS)).to_bytes(32)
"""The digest of a piece is below it: bytes are compared as numbers are."""
_HOUR = 3_600


def times_asked(lately: float, cases_per_hour: float, shift: float) -> int:
    """Return how many times the least work is asked because of what all open: 1, 2, 4, 8 or 16.

    It doubles when twice as many cases are opened; from `cases_per_hour` on it is MOST_TIMES, or
    half of it. `lately` are the recent cases of all. `shift`, from -0.5 to 0.5, is where between
    two steps the price rises, in doublings: drawn anew by who asks, so that nobody can see in the
    price that one case was opened.
    """
    share = lately / unpriced(cases_per_hour) if lately > 0 else 0.0
    if share == 0:  # so it is for the least numbers, too
        return 1
    doublings = floor(log2(share) + shift)
    return min(MOST_TIMES, 1 << max(0, min(doublings, MOST_TIMES)))


def unpriced(cases_per_hour: float) -> float:
    """Return how many recent cases of all do not raise the price."""
    return cases_per_hour * LATELY_SECONDS / _HOUR / MOST_TIMES


def pieces_asked(least: int, *, times: int, lately_of_source: float) -> int:
    """Return how many pieces opening a case takes now: `least` while little is asked.

    `times` are those of all, `lately_of_source` the recent cases of the network address that asks.
    """
    of_source = min(float(MOST_TIMES), lately_of_source / FREE_OF_SOURCE)
    return round(least * max(1.0, times, of_source))


def is_done(challenge: str, access_key: bytes, nonces: Sequence[int], pieces: int) -> bool:
    """Whether the first `pieces` of the nonces are right: about a microsecond for each.

    Nonces are from 0 to 2³² − 1.
    """
    if len(nonces) < pieces:
        return False
    seed = sha256(_LABEL + challenge.encode() + access_key).digest()
    return all(_is_piece(seed, n, nonce) for n, nonce in enumerate(nonces[:pieces]))


def _is_piece(seed: bytes, piece: int, nonce: int) -> bool:
    return sha256(seed + piece.to_bytes(4) + nonce.to_bytes(4)).digest() < _LIMIT
