"""The values that the device computes from content and the service works with.

A signal is a pair of type and bytes. To people it is a "hash" or "digital fingerprint".
This module, with the errors that it raises, is the only part of `hashing` that the service
imports; it needs nothing but the standard library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from hashing.errors import InvalidSignal

MAX_QUALITY = 100
SEALED_LABEL_BYTES = 268
"""Nonce (12), ciphertext (240) and tag (16) of every label (`hashing.labels`)."""
ORIENTATIONS = 8
"""Four quarter turns, each as it is and mirrored (the dihedral group of the square)."""


class SignalType(StrEnum):
    """An algorithm with every parameter frozen; any change of one is a new type.

    docs/signals.md defines each to the bit.
    """

    PDQ = "pdq"
    PHASH = "phash"
    MD5 = "md5"
    SHA256 = "sha256"

    size: int
    """Length of the value in bytes."""
    perceptual: bool
    """Whether similar content gives near values. The others only match identical bytes."""

    def __init__(self, name: str) -> None:
        self.size = 16 if name == "md5" else 32
        self.perceptual = name in {"pdq", "phash"}


class ContentKind(StrEnum):
    """What kind of content it is. An animated picture is a video."""

    PICTURE = "picture"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Signal:
    """One value of one signal type.

    `quality` is 0–100, how much detail the value is based on; None for exact types.
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


class Window(StrEnum):
    """A part of a picture whose signal an entry stores beside that of the whole picture.

    docs/signals.md defines each to the pixel, and says why it is stored.
    """

    CENTRE_90 = "centre-90"
    CENTRE_60 = "centre-60"
    CENTRE_50 = "centre-50"
    SQUARE = "square"
    LEFT_50 = "left-50"
    RIGHT_50 = "right-50"
    TOP_50 = "top-50"
    BOTTOM_50 = "bottom-50"


class WindowSet(StrEnum):
    """Which windows an entry gets. More windows match more cropped copies, and reveal more."""

    NONE = "none"
    STANDARD = "standard"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class WindowSignal:
    """The PDQ signal of a window of a picture."""

    window: Window
    signal: Signal

    def __post_init__(self) -> None:
        if self.signal.type is not SignalType.PDQ:
            raise InvalidSignal("A window signal is a pdq signal.")


FULL_VIEW = "full"
"""Name of the view that is the picture itself: its first value is the picture's PDQ value."""


@dataclass(frozen=True, slots=True)
class ViewSignals:
    """The PDQ values of one view of content at lookup time, in up to eight orientations.

    `view` is its name, for people; `values` are 1 to 8 values of 32 bytes, in the order of
    docs/signals.md, upright first. They are hidden from `repr`.
    """

    view: str
    quality: int
    values: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.values) <= ORIENTATIONS:
            raise InvalidSignal(f"A view has 1 to {ORIENTATIONS} values.")
        if any(len(value) != SignalType.PDQ.size for value in self.values):
            raise InvalidSignal(f"A value of a view has {SignalType.PDQ.size} bytes.")
        if not 0 <= self.quality <= MAX_QUALITY:
            raise InvalidSignal("Quality is a whole number from 0 to 100.")

    def __repr__(self) -> str:
        return f"ViewSignals({self.view}, quality={self.quality}, {len(self.values)} values)"


@dataclass(frozen=True, slots=True)
class FrameSignal:
    """The PDQ signal of a run of near-identical frames, with the run's span in milliseconds.

    `views` are those of the run's first frame; only a lookup has them.
    """

    at_ms: int
    until_ms: int
    signal: Signal
    views: tuple[ViewSignals, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.at_ms <= self.until_ms:
            raise InvalidSignal("A frame's times are at_ms ≤ until_ms, both 0 or more.")
        if self.signal.type is not SignalType.PDQ:
            raise InvalidSignal("A frame signal is a pdq signal.")


@dataclass(frozen=True, slots=True)
class ContentSignals:
    """All that was computed from one piece of content: an entry of a case, or an item of a lookup.

    A picture has `windows` as an entry and `views` as an item of a lookup. A video has neither:
    its frame signals have the views. `incomplete` says that the file breaks off, and that only
    what it shows was hashed; that is told to whoever hashes it, and never sent. `sealed_label` is
    what its owner calls an entry, as only the owner can read it; it is hidden from `repr`.
    """

    kind: ContentKind
    signals: tuple[Signal, ...]
    frames: tuple[FrameSignal, ...] = ()
    windows: tuple[WindowSignal, ...] = ()
    views: tuple[ViewSignals, ...] = ()
    incomplete: bool = False
    sealed_label: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.signals and not self.frames and not self.views:
            raise InvalidSignal("At least one signal is needed.")
        if self.frames and self.kind is not ContentKind.VIDEO:
            raise InvalidSignal("Only a video has frame signals.")
        if (self.windows or self.views) and self.kind is not ContentKind.PICTURE:
            raise InvalidSignal("Only a picture has windows and views; a video's frames have.")
        if self.windows and len({one.window for one in self.windows}) != len(self.windows):
            raise InvalidSignal("Give each window once.")
        if len({signal.type for signal in self.signals}) != len(self.signals):
            raise InvalidSignal("Give each signal type once.")
        if self.sealed_label is not None and len(self.sealed_label) != SEALED_LABEL_BYTES:
            raise InvalidSignal(f"A sealed label has {SEALED_LABEL_BYTES} bytes.")


_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")


def parse(signal_type: str, untrusted: str, quality: int | None = None) -> Signal:
    """Return a signal from the name of its type and its hexadecimal value, upper or lower case.

    Raises InvalidSignal when the type is unknown or the text is not as many hexadecimal digits as
    the type has. The message never repeats the value.
    """
    try:
        known = SignalType(signal_type)
    except ValueError as err:
        names = ", ".join(SignalType)
        raise InvalidSignal(f"Unknown signal type. The types are {names}.") from err
    if len(untrusted) != 2 * known.size or not _HEXADECIMAL.fullmatch(untrusted):
        raise InvalidSignal(f"A {known} value is {2 * known.size} hexadecimal digits.")
    return Signal(known, bytes.fromhex(untrusted), quality)


def distance(a: Signal, b: Signal) -> int:
    """Return the number of bits in which two signals of one type differ (Hamming distance).

    Raises InvalidSignal when they are of two types.
    """
    if a.type is not b.type:
        raise InvalidSignal(f"A {a.type} and a {b.type} signal cannot be compared.")
    return (int.from_bytes(a.value) ^ int.from_bytes(b.value)).bit_count()
