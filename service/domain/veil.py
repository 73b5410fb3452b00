"""Veils: bits of a stored signal that one platform's answers do not depend on (ADR 0017).

Whoever may ask without end finds every bit that decides an answer. So once a platform has come
near a stored signal with different values, it is answered by a *veiled* value in its place: in up
to MOST_BITS bits, that one is as the platform's own question was, and not as the signal is. All
thresholds grow by as many bits, so nobody is answered less than by the signal itself; but the
veiled bits change no answer, and so no number of questions finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hashing.signals import SignalType

MOST_BITS = 16
"""Bits veiled of a signal. Of a million unrelated pictures that `thorough` asks, 0.5 come within
48 + 16 bits of a veiled picture, and 0.003 within 31 + 16 (the tail in docs/accuracy.md, 2026-11).
Where a thousandth of the bank is veiled, 1 % more are falsely near; with 24 bits it were 15 %."""
EDGE_MATCH, EDGE_NEAR = range(27, 36), 5
"""Bits at which a question tells something: around the match distance, and the last so many within
which it is near. Of 12 photographs edited in 68 ways, 3–12 % of the copies that `thorough` finds
are there, 3–16 % of those that `plain` finds (2026-11); of questions that find out a value, all."""
PROBES, PROBING_SHARE = 100, 0.5
"""Contents that a platform asks in a day near one entry, and the share of them at an edge, from
which a person should look at what it does."""
KEPT_DAYS = 400
"""Days for which a veil that does not change is kept. With a new one, the questions begin anew."""


def is_probing(contents: int, at_edge: int) -> bool:
    """Whether so many contents near one entry in a day are the questions that find out a value."""
    return contents >= PROBES and at_edge >= PROBING_SHARE * contents


@dataclass(frozen=True, slots=True)
class Veil:
    """What one platform's answers about one stored signal do not depend on."""

    signal_id: int
    type: SignalType
    value: bytes = field(repr=False)
    """Of the signal."""
    near: bytes = field(repr=False)
    """Mask of the bits that are turned where it is asked whether a value is near; 32 bytes."""
    match: bytes | None = field(repr=False)
    """The same for matches; None before any, and for types that never match alone."""
    asked: bytes = field(repr=False)
    """Keyed digest of the value that was nearest when the veil was made; 8 bytes."""
    in_force: bool
    """Whether another value came near since, so that answers are made of the veiled value."""


def chosen(signal: bytes, asked: bytes, order: Sequence[int], *, first: bytes = b"") -> bytes:
    """Return the mask of the bits to veil: of those where the question differs, the first in order.

    The platform knows no more of these than its question had. `order` is secret, so that it cannot
    choose its question to decide which they are. Bits of the mask `first` come first;
    and if most differing bits are of that mask, the question was made of earlier answers, and the
    whole mask stays veiled: by luck the question has some of its bits right.
    """
    differing = int.from_bytes(signal) ^ int.from_bytes(asked)
    preferred = int.from_bytes(first)
    if 2 * (differing & preferred).bit_count() >= differing.bit_count():
        differing |= preferred
    digits = f"{differing:0{8 * len(signal)}b}"[::-1]
    bits = [bit for bit in order if digits[bit] == "1"]
    if preferred:
        bits.sort(key=lambda bit: not preferred >> bit & 1)
    return sum(1 << bit for bit in bits[:MOST_BITS]).to_bytes(len(signal))
