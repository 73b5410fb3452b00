"""The boxes of AVIF and HEIF (ISO/IEC 14496-12, 4.2; 23008-12), and what they say of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import NamedTuple

from hashing.errors import Damaged
from hashing.media.stripped import MAX_PIECES

FULL = 4
"""Bytes of a full box's version and flags, at its start."""
_ORIENTATIONS = ((1, 4, 2), (8, 5, 7), (3, 2, 4), (6, 7, 5))
"""By rotations of 90° to the left, then by mirror: none, on axis 0, on axis 1."""
Crop = tuple[int, int, int, int]


class Box(NamedTuple):
    """One box: its type, where it begins, and where its content starts and ends."""

    kind: bytes
    begin: int
    start: int
    end: int


class Entry(NamedTuple):
    """Which properties an item has, by number from 1; where their count is, and their end."""

    item: int
    counted: int
    end: int
    numbers: tuple[int, ...]


class Meta(NamedTuple):
    """What the `meta` box says: boxes, the primary item, each item's type and properties."""

    meta: Box
    iprp: Box
    ipma: Box
    infos: dict[int, Box]
    kinds: dict[int, bytes]
    primary: int
    properties: tuple[Box, ...]
    associated: dict[int, tuple[int, ...]]
    auxiliary: dict[int, int]
    tiles: tuple[int, ...]

    def of(self, item: int, kind: bytes) -> Box | None:
        """The first property of a type that an item has."""
        own = (self.properties[n - 1] for n in self.associated.get(item, ()) if n)
        return next((box for box in own if box.kind == kind), None)


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes, one after another, in a part of some bytes.

    The last may break off. Raises Damaged when one is shorter than its header, or there are more
    than MAX_PIECES; those before it have been yielded, as what follows a picture may be no box.
    """
    end = len(data) if end is None else end
    count = 0
    while start + 8 <= end:
        size, header = int.from_bytes(data[start : start + 4]), 8
        if size == 1:
            size, header = int.from_bytes(data[start + 8 : start + 16]), 16
        past = start + size if size else end
        count += 1
        if past < start + header or count > MAX_PIECES:
            raise Damaged
        yield Box(data[start + 4 : start + 8], start, start + header, min(past, end))
        start = past


def child(data: bytes, parent: Box | None, kind: bytes, skip: int = 0) -> Box | None:
    """Return the first box of a type in another box, after `skip` bytes."""
    if not parent:
        return None
    inside = boxes(data, parent.start + skip, parent.end)
    return next((box for box in inside if box.kind == kind), None)


def is_sequence_alone(data: bytes) -> bool:
    """Whether there are moving pictures (`moov`) and no `meta` box, in which stills would be."""
    kinds: set[bytes] = set()
    with suppress(Damaged):
        kinds.update(box.kind for box in boxes(data))
    return b"moov" in kinds and b"meta" not in kinds


def read(data: bytes) -> Meta:
    """Return what the `meta` box of an AVIF or HEIF says. Raises Damaged."""
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    pitm = child(data, meta, b"pitm", FULL)
    iprp = child(data, meta, b"iprp", FULL)
    container, ipma = child(data, iprp, b"ipco"), child(data, iprp, b"ipma")
    if not meta or not pitm or not iprp or not container or not ipma:
        raise Damaged
    primary = _number(data, pitm.start + FULL, wide=data[pitm.start] > 0)
    infos, kinds = _items(data, child(data, meta, b"iinf", FULL))
    auxiliary, tiles = _references(data, child(data, meta, b"iref", FULL), primary)
    properties = tuple(boxes(data, container.start, container.end))
    associated = {entry.item: entry.numbers for entry in entries(data, ipma)}
    if any(number > len(properties) for numbers in associated.values() for number in numbers):
        raise Damaged
    return Meta(
        *(meta, iprp, ipma, infos, kinds, primary), properties, associated, auxiliary, tiles
    )


def size(data: bytes, found: Meta, item: int | None = None) -> tuple[int, int]:
    """Return the (width, height) of an item, by default the primary one. Raises Damaged."""
    box = found.of(found.primary if item is None else item, b"ispe")
    if not box or box.end - box.start < FULL + 8:
        raise Damaged
    at = box.start + FULL
    return int.from_bytes(data[at : at + 4]), int.from_bytes(data[at + 4 : at + 8])


def orientation(data: bytes, found: Meta) -> int:
    """Return how the primary picture is turned (`irot`, then `imir`), as EXIF's orientation."""
    turn, mirror = found.of(found.primary, b"irot"), found.of(found.primary, b"imir")
    turns = data[turn.start] & 3 if turn else 0
    return _ORIENTATIONS[turns][1 + (data[mirror.start] & 1) if mirror else 0]


def clean_aperture(data: bytes, found: Meta) -> Crop | None:
    """Return the part of the primary picture that its `clap` keeps (14496-12, 12.1.4).

    None, if there is none, or it is not made of whole pixels inside the picture.
    """
    box = found.of(found.primary, b"clap")
    if not box or box.end - box.start < 32:  # noqa: PLR2004 (four fractions)
        return None
    whole = size(data, found)
    numbers = [
        int.from_bytes(data[at : at + 4], signed=True) for at in range(box.start, box.end, 4)
    ]
    if any(numbers[n] <= 0 for n in (0, 1, 2, 3, 5, 7)):
        return None
    kept = [Fraction(numbers[2 * n], numbers[2 * n + 1]) for n in range(4)]
    sides = []
    for side, length, shift in zip(whole, kept[:2], kept[2:], strict=True):
        low = Fraction(side - 1, 2) + shift - (length - 1) / 2
        sides.append((low, low + length))
        if low.denominator != 1 or length.denominator != 1 or low < 0 or low + length > side:
            return None
    (left, right), (top, bottom) = ((int(a), int(b)) for a, b in sides)
    return left, top, right, bottom


def entries(data: bytes, box: Box) -> Iterator[Entry]:
    """Yield the associations of each item (`ipma`). Raises Damaged."""
    version, wide = data[box.start], data[box.start + 3] & 1
    step, top = (2, 0x7FFF) if wide else (1, 0x7F)
    at = box.start + FULL + 4
    for _ in range(min(int.from_bytes(data[at - 4 : at]), MAX_PIECES)):
        item = _number(data, at, wide=version > 0)
        counted = at + (4 if version > 0 else 2)
        at = counted + 1 + step * (data[counted] if counted < box.end else 0)
        if at > box.end:
            raise Damaged
        places = range(counted + 1, at, step)
        numbers = tuple(int.from_bytes(data[n : n + step]) & top for n in places)
        yield Entry(item, counted, at, numbers)


def _items(data: bytes, box: Box | None) -> tuple[dict[int, Box], dict[int, bytes]]:
    """Each item's `infe`, and its type."""
    if not box:
        return {}, {}
    infos, kinds = {}, {}
    for info in boxes(data, box.start + FULL + (4 if data[box.start] else 2), box.end):
        version = data[info.start]
        if info.kind != b"infe" or version < 2:  # noqa: PLR2004 (earlier ones have no type)
            continue
        at = info.start + FULL
        item = _number(data, at, wide=version > 2)  # noqa: PLR2004
        at += 6 if version > 2 else 4  # noqa: PLR2004
        infos[item], kinds[item] = info, data[at : at + 4]
    return infos, kinds


def _references(
    data: bytes, box: Box | None, primary: int
) -> tuple[dict[int, int], tuple[int, ...]]:
    """Of each auxiliary item, which one it belongs to; and the tiles of the primary one."""
    auxiliary: dict[int, int] = {}
    tiles: tuple[int, ...] = ()
    if not box:
        return auxiliary, tiles
    wide = data[box.start] > 0
    step = 4 if wide else 2
    for reference in boxes(data, box.start + FULL, box.end):
        at = reference.start
        item = _number(data, at, wide=wide)
        count = int.from_bytes(data[at + step : at + step + 2])
        at += step + 2
        others = [_number(data, at + n * step, wide=wide) for n in range(count)]
        if reference.kind == b"auxl" and others:
            auxiliary[item] = others[0]
        if reference.kind == b"dimg" and item == primary:
            tiles = tuple(others)
    return auxiliary, tiles


def _number(data: bytes, at: int, *, wide: bool) -> int:
    return int.from_bytes(data[at : at + (4 if wide else 2)])
