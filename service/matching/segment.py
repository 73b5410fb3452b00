"""A segment: codes that change no more, with their buckets, in one file that every process maps.

    0          magic, length and CRC-32 of the description, description (JSON)
    4096       ids        int64   (count)          ascending
               codes      uint64  (count, 4)       in the order of `codes.arranged`
    a chunk:   directory  uint32  (2^width + 1)    where the bucket of each value begins
               beside     uint16  (count + 32)     the next chunk of each code of the bucket
               local      uint8   (count, 3)       its number in this segment

Numbers are little-endian; sections begin at multiples of 64 bytes. The description holds the
version, the count, the number of chunks and a CRC-32 a section.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.matching import kernels, plan
from service.matching.codes import Ids, Rows, Words, no_rows
from service.matching.plan import Chunks
from service.matching.scan import scan
from service.matching.threads import Work, spread

VERSION = 1
MOST = 2**24
"""Codes of one segment: so that a number takes three bytes, and a merge has an end."""
BODY = 4096
"""Where the sections begin."""
_MAGIC = b"takeback segment"
_HEAD = struct.Struct("<16sII")
_LINE = 64
_ROOM = 256
"""Rows that an answer has room for at first."""


class DamagedSegment(Exception):
    """A segment is missing, cut short or altered; the message says which and how."""


class Section(NamedTuple):
    """One array of the file: its name, and where in the body its bytes are."""

    name: str
    start: int
    size: int


def sections(count: int, cut: Chunks) -> Iterator[Section]:
    """Yield the sections of a segment in the order of the file."""
    sizes = [("ids", 8 * count), ("codes", 32 * count)]
    for chunk, width in enumerate(cut.widths):
        sizes += [
            (f"directory {chunk}", 4 * (2**width + 1)),
            (f"beside {chunk}", 2 * (count + kernels.LANES)),
            (f"local {chunk}", kernels.LOCAL_BYTES * count),
        ]
    start = 0
    for name, size in sizes:
        yield Section(name, start, size)
        start += -(-size // _LINE) * _LINE


def file_bytes(count: int, cut: Chunks) -> int:
    """Return the size of the whole file."""
    last = list(sections(count, cut))[-1]
    return BODY + -(-(last.start + last.size) // _LINE) * _LINE


def layout(count: int, cut: Chunks) -> NDArray[np.int64]:
    """Return the table by which the kernels find everything in the body."""
    starts = [each.start for each in sections(count, cut)]
    rows = [[count, starts[0], starts[1], 0, 0]]
    for chunk, (first, width) in enumerate(zip(cut.firsts, cut.widths, strict=True)):
        rows.append([first, width, *starts[2 + 3 * chunk : 5 + 3 * chunk]])
    return np.array(rows, np.int64)


def description(count: int, cut: Chunks, checksums: list[int]) -> bytes:
    """Return what stands before the body."""
    told = {"version": VERSION, "count": count, "chunks": len(cut), "checksums": checksums}
    text = json.dumps(told).encode()
    return (_HEAD.pack(_MAGIC, len(text), zlib.crc32(text)) + text).ljust(BODY, b"\0")


class Segment:
    """An open segment, and which of its codes have been removed since it was written."""

    def __init__(self, path: Path) -> None:
        """Map a file and check every byte. Raises DamagedSegment."""
        self.path = path
        self._file, self.written_at = _mapped(path)
        told = _described(self._file, path)
        self.count: int = told["count"]
        self.cut = plan.chunks(told["chunks"])
        if len(self._file) != file_bytes(self.count, self.cut):
            raise DamagedSegment(f"{path.name}: cut short, or longer than it says")
        self._body = np.frombuffer(self._file, np.uint8, offset=BODY)
        self._check(told["checksums"])
        self._layout = layout(self.count, self.cut)
        ids, codes, *_ = sections(self.count, self.cut)
        self.ids: Ids = self._body[ids.start :][: ids.size].view(np.int64)
        self.words: Words = self._body[codes.start :][: codes.size].view(np.uint64).reshape(-1, 4)
        self.removed = np.zeros(self.count, np.uint8)
        self.live: int = self.count
        self._probes: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]] | None] = {}

    def _check(self, checksums: list[int]) -> None:
        every = list(sections(self.count, self.cut))
        found = spread(
            Work.BUILD, lambda each: zlib.crc32(self._body[each.start :][: each.size].data), every
        )
        for each, is_now, was in zip(every, found, checksums, strict=True):
            if is_now != was:
                raise DamagedSegment(f"{self.path.name}: {each.name} is altered")

    def search(self, queries: Words, radius: int) -> Rows:
        """Return (query, id, distance) of every code within the radius, in the order of queries."""
        if radius not in self._probes:
            self._probes[radius] = self._probes_for(radius)
        probes = self._probes[radius]
        if probes is None:
            return self._scanned(queries, radius)
        found, room, query = [], _ROOM, 0
        while query < len(queries):
            rows = np.empty((room, 3), np.int64)
            hits, query = kernels.search(
                queries, query, self._layout, self._body, self.removed, *probes, radius, rows
            )
            found.append(rows[:hits])
            room *= 4
        every = np.concatenate(found) if len(found) > 1 else found[0] if found else no_rows()
        return self._with_abandoned(queries, every, radius)

    def locate(self, ids: Ids) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return for each id where it would be, and whether it is there and not removed."""
        places = np.minimum(np.searchsorted(self.ids, ids), self.count - 1)
        return places, (self.ids[places] == ids) & (self.removed[places] == 0)

    def remove(self, ids: Ids) -> None:
        """Return these ids no more; those that are not here are passed over."""
        places, here = self.locate(ids)
        self.remove_places(places[here])

    def remove_places(self, places: NDArray[np.intp]) -> None:
        """Return the codes at these places no more."""
        fresh = np.unique(places[self.removed[places] == 0])
        self.removed[fresh] = 1
        self.live -= len(fresh)

    def without(self, removed: NDArray[np.bool_]) -> Segment:
        """Return the same segment with more codes removed; this one stays as it is.

        For a view to come: who searches the one before must not miss what is elsewhere in it.
        """
        other = copy(self)
        other.removed = ((self.removed != 0) | removed).view(np.uint8)
        other.live = self.count - int(np.count_nonzero(other.removed))
        return other

    def _probes_for(self, radius: int) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """The buckets to look into; None when a scan is cheaper."""
        if plan.cost(self.cut, self.count, radius) > self.count:
            return None
        return plan.probes(self.cut, radius), np.array(plan.radii(self.cut, radius), np.int64)

    def _scanned(self, queries: Words, radius: int) -> Rows:
        rows = scan(queries, self.words, radius)
        if len(rows):
            rows = rows[self.removed[rows[:, 1]] == 0]
            rows[:, 1] = self.ids[rows[:, 1]]
        return rows

    def _with_abandoned(self, queries: Words, rows: Rows, radius: int) -> Rows:
        """Answer by a scan the queries that met crowded buckets."""
        abandoned = rows[:, 1] == kernels.ABANDONED
        if not abandoned.any():
            return rows
        numbers = rows[abandoned, 0]
        scanned = self._scanned(queries[numbers], radius)
        scanned[:, 0] = numbers[scanned[:, 0]]
        rows = np.concatenate([rows[~abandoned], scanned])
        return rows[np.argsort(rows[:, 0], kind="stable")]


def _mapped(path: Path) -> tuple[mmap.mmap, float]:
    """The file, and when it was written, in seconds since the epoch."""
    try:
        with path.open("rb") as file:
            written_at = os.fstat(file.fileno()).st_mtime
            return mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ), written_at
    except FileNotFoundError as err:
        raise DamagedSegment(f"{path.name}: missing") from err
    except (OSError, ValueError) as err:  # a file of no bytes cannot be mapped
        raise DamagedSegment(f"{path.name}: cannot be read") from err


def _described(file: mmap.mmap, path: Path) -> dict[str, Any]:
    if len(file) < BODY:
        raise DamagedSegment(f"{path.name}: cut short")
    magic, length, checksum = _HEAD.unpack_from(file)
    text = file[_HEAD.size : min(_HEAD.size + length, BODY)]
    if magic != _MAGIC or zlib.crc32(text) != checksum:
        raise DamagedSegment(f"{path.name}: its description is altered")
    told: dict[str, Any] = json.loads(text)
    if told["version"] != VERSION:
        raise DamagedSegment(f"{path.name}: of version {told['version']}, not {VERSION}")
    return told
