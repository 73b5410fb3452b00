"""The shared value: what is computed from content, and all that may leave the device.

A signal is a pair of type and bytes. To people it is a "hash" or "digital fingerprint".
This module is the only part of `hashing` that the service imports; it needs nothing
but the standard library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hashing.errors import InvalidSignal

MAX_QUALITY = 100


class SignalType(StrEnum):
    """An algorithm with every parameter frozen; any change of one is a new type.

    docs/signals.md defines each to the bit.
    """

    PDQ = "pdq"
    PHASH = "phash"
    MD5 = "md5"
    SHA256 = "sha256"

    @property
    def size(self) -> int:
        """Length of the value in bytes."""
        return 16 if self is SignalType.MD5 else 32

    @property
    def perceptual(self) -> bool:
        """Whether alike content gives near values; the others only tell identical bytes."""
        return self in (SignalType.PDQ, SignalType.PHASH)


class ContentKind(StrEnum):
    """What content is. An animated picture is a video without sound."""

    PICTURE = "picture"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Signal:
    """One value of one signal type.

    `quality` is 0–100, how much detail the value rests on; None for exact types.
    The value is hidden from `repr`, so that it cannot reach a log by accident.
    """

    type: SignalType
    value: bytes
    quality: int | None = None

    def __post_init__(self) -> None:
        if len(self.value) != self.type.size:
            raise InvalidSignal(f"A {self.type} signal has {self.type.size} bytes.")
        if (self.quality is not None) is not self.type.perceptual:
            raise InvalidSignal(f"A {self.type} signal has {self._quality_rule()}.")
        if self.quality is not None and not 0 <= self.quality <= MAX_QUALITY:
            raise InvalidSignal("Quality is a whole number from 0 to 100.")

    def _quality_rule(self) -> str:
        return "a quality" if self.type.perceptual else "no quality"

    def __repr__(self) -> str:
        return f"Signal({self.type}, quality={self.quality})"

    @property
    def hex(self) -> str:
        """The value as lowercase hexadecimal, first byte first."""
        return self.value.hex()


@dataclass(frozen=True, slots=True)
class FrameSignal:
    """The PDQ signal of a run of near-identical frames, with the run's span in milliseconds."""

    at_ms: int
    until_ms: int
    signal: Signal

    def __post_init__(self) -> None:
        if not 0 <= self.at_ms <= self.until_ms:
            raise InvalidSignal("A frame's times are at_ms ≤ until_ms, both 0 or more.")
        if self.signal.type is not SignalType.PDQ:
            raise InvalidSignal("A frame signal is a pdq signal.")


@dataclass(frozen=True, slots=True)
class ContentSignals:
    """All that was computed from one piece of content: an entry of a case, an item of a lookup."""

    kind: ContentKind
    signals: tuple[Signal, ...]
    frames: tuple[FrameSignal, ...] = ()

    def __post_init__(self) -> None:
        if not self.signals and not self.frames:
            raise InvalidSignal("At least one signal is needed.")
        if self.frames and self.kind is not ContentKind.VIDEO:
            raise InvalidSignal("Only a video has frame signals.")
        types = [signal.type for signal in self.signals]
        if len(set(types)) != len(types):
            raise InvalidSignal("Give each signal type once.")


def parse(signal_type: str, untrusted: str, quality: int | None = None) -> Signal:
    """Return the signal of a type's name and its hexadecimal value, upper or lower case.

    Raises InvalidSignal when the type is unknown or the text has another length or alphabet.
    The message never repeats the value.
    """
    try:
        known = SignalType(signal_type)
    except ValueError as err:
        names = ", ".join(SignalType)
        raise InvalidSignal(f"Unknown signal type. The types are {names}.") from err
    if not re.fullmatch(r"[0-9a-fA-F]+", untrusted) or len(untrusted) != 2 * known.size:
        raise InvalidSignal(f"A {known} value is {2 * known.size} hexadecimal digits.")
    return Signal(known, bytes.fromhex(untrusted), quality)


def distance(a: Signal, b: Signal) -> int:
    """Number of bits in which two signals of one type differ (Hamming distance)."""
    if a.type is not b.type:
        raise InvalidSignal(f"A {a.type} and a {b.type} signal cannot be compared.")
    return (int.from_bytes(a.value) ^ int.from_bytes(b.value)).bit_count()
