"""A segment: immutable codes and their buckets, in one file that every process maps.

    0          magic, length and CRC-32 of the header, header (JSON)
    4096       ids          int64   (count)          ascending
               codes        uint64  (count, 4)       in the order of `bit_order.permute_bits`
    per chunk: directory    uint32  (2^width + 1)    first posting of the bucket of each value
               next values  uint16  (count + 32)     of each posting: its code's next chunk
               rows         uint8   (count, 3)       of each posting: its code's row

Numbers are little-endian; sections start at multiples of 64 bytes. The header holds the version,
the count, the number of chunks and a CRC-32 of each section.
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
from service.matching.bit_order import Words
from service.matching.codes import Ids
from service.matching.plan import Chunking
from service.matching.scan import Found, Thin, Triples, no_triples, scan_live, scan_thinned
from service.matching.threads import Pool, map_parallel

VERSION = 1
MAX_CODES = 2**24
"""Codes of one segment: so that a row takes three bytes, and merging comes to an end."""
BODY = 4096
"""Offset of the first section."""
_MAGIC = b"takeback segment"
_PREFIX = struct.Struct("<16sII")
_CACHE_LINE = 64
_CAPACITY = 256
"""Triples that the first result buffer holds."""
_MOST_THINNED = 2**18
"""Triples, 6 MB, that are thinned together, unless one query has more."""

SearchPlan = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Probes, and the radius of each chunk: see service.matching.plan."""


class DamagedSegment(Exception):
    """A segment is missing, cut short or altered; the message says which and how."""


class Section(NamedTuple):
    """One array of the file: its name, and where its bytes are in the body."""

    name: str
    start: int
    size: int


def sections(count: int, chunks: Chunking) -> Iterator[Section]:
    """Yield the sections of a segment in the order of the file."""
    sizes = [("ids", 8 * count), ("codes", 32 * count)]
    for chunk, width in enumerate(chunks.widths):
        sizes += [
            (f"directory {chunk}", 4 * (2**width + 1)),
            (f"next values {chunk}", 2 * (count + kernels.LANES)),
            (f"rows {chunk}", kernels.ROW_BYTES * count),
        ]
    start = 0
    for name, size in sizes:
        yield Section(name, start, size)
        start += -(-size // _CACHE_LINE) * _CACHE_LINE


def file_bytes(count: int, chunks: Chunking) -> int:
    """Return the size of the whole file."""
    last = list(sections(count, chunks))[-1]
    return BODY + -(-(last.start + last.size) // _CACHE_LINE) * _CACHE_LINE


def layout(count: int, chunks: Chunking) -> NDArray[np.int64]:
    """Return the table by which the kernels find everything in the body."""
    starts = [each.start for each in sections(count, chunks)]
    rows = [[count, starts[0], starts[1], 0, 0]]
    for chunk, (first, width) in enumerate(zip(chunks.firsts, chunks.widths, strict=True)):
        rows.append([first, width, *starts[2 + 3 * chunk : 5 + 3 * chunk]])
    return np.array(rows, np.int64)


def header(count: int, chunks: Chunking, checksums: list[int]) -> bytes:
    """Return all bytes before the body."""
    values = {"version": VERSION, "count": count, "chunks": len(chunks), "checksums": checksums}
    text = json.dumps(values).encode()
    return (_PREFIX.pack(_MAGIC, len(text), zlib.crc32(text)) + text).ljust(BODY, b"\0")


class Segment:
    """An open segment, and which of its codes have been removed since it was written."""

    def __init__(self, path: Path) -> None:
        """Map a file and check every byte. Raises DamagedSegment."""
        self.path = path
        self._file, self.written_at = _mapped(path)
        values = _read_header(self._file, path)
        self.count: int = values["count"]
        self.chunks = plan.chunking(values["chunks"])
        if len(self._file) != file_bytes(self.count, self.chunks):
            raise DamagedSegment(f"{path.name}: cut short, or longer than it says")
        self._body = np.frombuffer(self._file, np.uint8, offset=BODY)
        self._check(values["checksums"])
        self._layout = layout(self.count, self.chunks)
        ids, codes, *_ = sections(self.count, self.chunks)
        self.ids: Ids = self._body[ids.start :][: ids.size].view(np.int64)
        self.words: Words = self._body[codes.start :][: codes.size].view(np.uint64).reshape(-1, 4)
        self.removed = np.zeros(self.count, np.uint8)
        """The tombstone bitmap, a byte a code: not 0 for what is never returned."""
        self.live_count: int = self.count
        self._plans: dict[int, SearchPlan | None] = {}

    def _check(self, checksums: list[int]) -> None:
        every = list(sections(self.count, self.chunks))
        actual = map_parallel(
            Pool.BUILD, lambda each: zlib.crc32(self._body[each.start :][: each.size].data), every
        )
        for each, checksum, expected in zip(every, actual, checksums, strict=True):
            if checksum != expected:
                raise DamagedSegment(f"{self.path.name}: {each.name} is altered")

    def search(self, queries: Words, radius: int, thin: Thin | None = None) -> Triples:
        """Return (query, id, distance) of every code within the radius, in the order of queries.

        With `thin`, what it leaves of them.
        """
        if radius not in self._plans:
            self._plans[radius] = self._plan(radius)
        search_plan = self._plans[radius]
        if search_plan is None:
            return self._scan(queries, radius, thin)
        found, capacity, query = [], _CAPACITY, 0
        while query < len(queries):
            triples = np.empty((capacity, 3), np.int64)
            count, query = kernels.search(
                queries, query, self._layout, self._body, self.removed, *search_plan, radius,
                triples,
            )  # fmt: skip
            several = thin if count > _CAPACITY else None
            found.append(_thinned(triples[:count], radius, several) if several else triples[:count])
            capacity *= 4 if not count or not thin or capacity < _MOST_THINNED else 1
        every = np.concatenate(found) if len(found) > 1 else found[0] if found else no_triples()
        return self._scan_abandoned(queries, every, radius, thin)

    def locate(self, ids: Ids) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return for each id its row, and whether it is in this segment and not removed."""
        rows = np.minimum(np.searchsorted(self.ids, ids), self.count - 1)
        return rows, (self.ids[rows] == ids) & (self.removed[rows] == 0)

    def remove(self, ids: Ids) -> None:
        """Stop returning these ids; ids that are not in this segment are ignored."""
        rows, present = self.locate(ids)
        self.remove_rows(rows[present])

    def remove_rows(self, rows: NDArray[np.intp]) -> None:
        """Stop returning the codes in these rows."""
        newly = np.unique(rows[self.removed[rows] == 0])
        self.removed[newly] = 1
        self.live_count -= len(newly)

    def with_removed(self, removed: NDArray[np.bool_]) -> Segment:
        """Return the same segment with more codes removed; this one does not change.

        It is for the next state of an index: whoever searches in the current one must still find
        what only the next one has in another segment.
        """
        other = copy(self)
        other.removed = ((self.removed != 0) | removed).view(np.uint8)
        other.live_count = self.count - int(np.count_nonzero(other.removed))
        return other

    def _plan(self, radius: int) -> SearchPlan | None:
        """The buckets to look into; None when a scan is cheaper."""
        if plan.cost(self.chunks, self.count, radius) > self.count:
            return None
        radii = np.array(plan.chunk_radii(self.chunks, radius), np.int64)
        return plan.probes(self.chunks, radius), radii

    def _scan(self, queries: Words, radius: int, thin: Thin | None) -> Triples:
        if thin:
            return scan_thinned(queries, self.words, self.ids, self.removed, radius, thin)
        return scan_live(queries, self.words, self.ids, self.removed, radius)

    def _scan_abandoned(
        self, queries: Words, triples: Triples, radius: int, thin: Thin | None
    ) -> Triples:
        """Answer by a scan the queries that exceeded their budget in crowded buckets."""
        abandoned = triples[:, 1] == kernels.ABANDONED
        if not abandoned.any():
            return triples
        numbers = triples[abandoned, 0]
        scanned = self._scan(queries[numbers], radius, thin)
        scanned[:, 0] = numbers[scanned[:, 0]]
        triples = np.concatenate([triples[~abandoned], scanned])
        return triples[np.argsort(triples[:, 0], kind="stable")]


def _thinned(triples: Triples, radius: int, thin: Thin) -> Triples:
    """What is left of pairs that are all there; what was abandoned stays, as one pair of its query.

    Most queries find little, and then nothing is left out.
    """
    queries, begins = np.unique(triples[:, 0], return_index=True)
    limits = np.append(begins, len(triples))
    rows = np.arange(len(triples))
    ids, distances = triples[:, 1].copy(), triples[:, 2].astype(np.float32)
    removed = np.zeros(len(triples), np.uint8)
    left = thin(Found(limits, rows, distances), ids, removed, radius)
    left[:, 0] = queries[left[:, 0]]
    return left


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


def _read_header(file: mmap.mmap, path: Path) -> dict[str, Any]:
    if len(file) < BODY:
        raise DamagedSegment(f"{path.name}: cut short")
    magic, length, checksum = _PREFIX.unpack_from(file)
    text = file[_PREFIX.size : min(_PREFIX.size + length, BODY)]
    if magic != _MAGIC or zlib.crc32(text) != checksum:
        raise DamagedSegment(f"{path.name}: its header is altered")
    values: dict[str, Any] = json.loads(text)
    if values["version"] != VERSION:
        raise DamagedSegment(f"{path.name}: of version {values['version']}, not {VERSION}")
    return values
