"""The directories of a TIFF (TIFF 6.0): planes that Pillow would mix up, and a camera's preview."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from hashing.errors import Damaged

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_CODES = {1: "B", 3: "H", 4: "I", 13: "I"}
"""Types whose values are whole numbers: BYTE, SHORT, LONG, IFD."""
_MAX_DIRECTORIES = 32
_MAX_VALUES = 1_000_000
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSETS, _SAMPLES, _COUNTS, _PLANAR, _PREDICTOR = 273, 277, 279, 284, 317
_TILE_OFFSETS, _TILE_COUNTS, _SUB_DIRECTORIES, _DNG = 324, 325, 330, 50706
_ORIENTATION = 274
_KEPT = (_WIDTH, _HEIGHT, _COMPRESSION, 266, 278, _PREDICTOR, 322, 323)
_SENSOR = frozenset({32803, 34892})
"""Photometric values of sensor data: a colour filter array, and linear (DNG 1.7)."""
_JPEGS = frozenset({6, 7})
_SEPARATE = 2
"""Of the planar configuration: each sample has a plane."""
_COLOURS = {0: 1, 1: 1, 2: 3}
"""Samples of a colour, by photometric value: grey from white, grey from black, RGB."""
_EXTRA, _PREMULTIPLIED, _STRAIGHT = 338, 1, 2
"""The tag of what further samples are, and two kinds of alpha."""

Tags = dict[int, tuple[int, ...]]


class Tiff(NamedTuple):
    """The whole numbers of the directories of a TIFF, the first one first."""

    directories: tuple[Tags, ...]

    def one(self, tag: int, default: int = 0) -> int:
        """The first value of a tag of the first directory."""
        return _one(self.directories[0], tag, default)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.one(_WIDTH), self.one(_HEIGHT)

    @property
    def orientation(self) -> int:
        """As in EXIF, 1…8."""
        named = self.one(_ORIENTATION, 1)
        return named if named in range(1, 9) else 1

    @property
    def is_raw(self) -> bool:
        """Whether it holds what a camera's sensor saw, of which other pictures are previews."""
        kinds = {_one(tags, _PHOTOMETRIC) for tags in self.directories}
        return _DNG in self.directories[0] or bool(kinds & _SENSOR)

    @property
    def is_mixed_up(self) -> bool:
        """Whether Pillow (13.0) mixes up its planes: it does unless they are three of 8 bits."""
        if self.one(_PLANAR, 1) != _SEPARATE or self.one(_SAMPLES, 1) == 1:
            return False
        bits = set(self.directories[0].get(_BITS, ()))
        usual = self.one(_SAMPLES) == 3 or self.one(_PHOTOMETRIC) not in _COLOURS  # noqa: PLR2004
        return bits != {8} or not usual


def read(tiff: bytes) -> Tiff:
    """Read the directories. Raises Damaged."""
    return Tiff(tuple(_directories(tiff)))


def preview(tiff: bytes, found: Tiff) -> bytes | None:
    """Return the largest JPEG of a camera's raw file, None if it has none."""
    best, jpeg = 0, None
    for tags in found.directories:
        offsets = tags.get(_OFFSETS, tags.get(513, ()))
        counts = tags.get(_COUNTS, tags.get(514, ()))
        area = _one(tags, _WIDTH) * _one(tags, _HEIGHT)
        is_jpeg = _one(tags, _COMPRESSION) in _JPEGS and len(offsets) == len(counts) == 1
        if not is_jpeg or _one(tags, _PHOTOMETRIC) in _SENSOR or area <= best:
            continue
        part = tiff[offsets[0] : offsets[0] + counts[0]]
        if part.startswith(b"\xff\xd8"):
            best, jpeg = area, part
    return jpeg


def decode(tiff: bytes, found: Tiff) -> Image.Image:
    """Return the first picture, whose planes are decoded one by one: the upper 8 bits of each.

    Raises Damaged, if it is not grey or RGB of 8 or 16 bits, and what the decoder raises.
    """
    tags, samples = found.directories[0], found.one(_SAMPLES)
    colours = _COLOURS.get(found.one(_PHOTOMETRIC), samples + 1)
    bits = set(tags[_BITS])
    if bits not in ({8}, {16}) or samples < colours:
        raise Damaged
    alpha = found.one(_EXTRA) if samples > colours else 0
    planes = []
    for number in range(colours + (alpha in {_PREMULTIPLIED, _STRAIGHT})):
        file = io.BytesIO(_plane(tiff, tags, number, samples))
        with Image.open(file, formats=["TIFF"]) as plane:
            numbers = np.asarray(plane)
        planes.append((numbers >> 8 if bits == {16} else numbers).astype(np.uint8))
    if found.one(_PHOTOMETRIC) == 0:
        planes[0] = ~planes[0]
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[len(planes)]
    stored = mode.replace("A", "a") if alpha == _PREMULTIPLIED else mode
    return Image.frombytes(stored, found.size, np.dstack(planes).tobytes()).convert(mode)


def spread(image: Image.Image, found: Tiff) -> Image.Image:
    """Return a grey picture of more than 8 bits as one whose darkest is 0, and which has 16.

    Pillow (13.0) leaves white as 0 where the file says so, and 12 bits as they are.
    """
    bits = found.one(_BITS, 16)
    numbers = np.asarray(image).astype(np.uint16) << (16 - bits if bits in range(9, 16) else 0)
    return Image.fromarray(~numbers if found.one(_PHOTOMETRIC, 1) == 0 else numbers)


def _directories(tiff: bytes) -> Iterator[Tags]:
    """Yield the whole numbers of each directory, and of those below it, the first one first.

    Raises Damaged.
    """
    order = _ORDERS[tiff[:4]]
    todo = [_at(tiff, order + "I", 4)]
    seen: set[int] = set()
    while todo and len(seen) < _MAX_DIRECTORIES:
        offset = todo.pop(0)
        if not offset or offset in seen:
            continue
        seen.add(offset)
        tags, following = _tags(tiff, order, offset)
        yield tags
        todo += [*tags.get(_SUB_DIRECTORIES, ())[:_MAX_DIRECTORIES], following]


def _plane(tiff: bytes, tags: Tags, number: int, samples: int) -> bytes:
    """One plane as a grey TIFF: the same bytes, with a directory of its own behind them."""
    order = _ORDERS[tiff[:4]]
    own = {tag: tags[tag] for tag in _KEPT if tag in tags}
    own |= {_BITS: tags[_BITS][:1], _PHOTOMETRIC: (1,), _SAMPLES: (1,), _PLANAR: (1,)}
    for tag in (_OFFSETS, _COUNTS, _TILE_OFFSETS, _TILE_COUNTS):
        if tag in tags:
            each = len(tags[tag]) // samples
            own[tag] = tags[tag][number * each : (number + 1) * each]
    start = len(tiff) + len(tiff) % 2
    after = start + 2 + 12 * len(own) + 4
    entries, values = b"", b""
    for tag, numbers in sorted(own.items()):
        packed = struct.pack(f"{order}{len(numbers)}I", *numbers)
        place = packed if len(numbers) == 1 else struct.pack(order + "I", after + len(values))
        entries += struct.pack(order + "HHI", tag, 4, len(numbers)) + place
        values += packed if len(numbers) > 1 else b""
    directory = struct.pack(order + "H", len(own)) + entries + bytes(4) + values
    header = tiff[:4] + struct.pack(order + "I", start)
    return header + tiff[8:].ljust(start - 8, b"\0") + directory


def _tags(tiff: bytes, order: str, offset: int) -> tuple[Tags, int]:
    count = _at(tiff, order + "H", offset)
    tags: Tags = {}
    for entry in range(offset + 2, offset + 2 + 12 * count, 12):
        try:
            tag, kind, length = struct.unpack_from(order + "HHI", tiff, entry)
            code = _CODES.get(kind)
            if not code or length > _MAX_VALUES:
                continue
            values = f"{order}{length}{code}"
            small = struct.calcsize(values) <= 4  # noqa: PLR2004 (the value's own place)
            at = entry + 8 if small else _at(tiff, order + "I", entry + 8)
            tags.setdefault(tag, struct.unpack_from(values, tiff, at))
        except struct.error:  # an entry or its values are beyond the end
            continue
    end = offset + 2 + 12 * count
    return tags, _at(tiff, order + "I", end) if end + 4 <= len(tiff) else 0


def _at(tiff: bytes, code: str, offset: int) -> int:
    try:
        (value,) = struct.unpack_from(code, tiff, offset)
    except struct.error as err:
        raise Damaged from err
    return int(value)


def _one(tags: Tags, tag: int, default: int = 0) -> int:
    return next(iter(tags.get(tag, ())), default)
