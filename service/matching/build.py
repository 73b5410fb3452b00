"""Codes in, a segment's file out: whole, or not at all."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from service.matching import kernels
from service.matching.codes import Ids, Words
from service.matching.plan import Chunks, chunks_for
from service.matching.segment import BODY, MOST, Segment, description, file_bytes, layout, sections
from service.matching.threads import Work, cores, spread

_Buckets = tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint8]]


def write(path: Path, ids: Ids, words: Words, *, cut: Chunks | None = None) -> Segment:
    """Write a segment of ids, ascending, and their codes, (n, 4); return it, opened.

    It has another name until all of it is on the disk. Raises OSError when it cannot be
    written (then nothing is left behind), ValueError for no codes or more than MOST.
    """
    if not 0 < len(ids) <= MOST or np.any(np.diff(ids) <= 0):
        raise ValueError(f"A segment has 1 to {MOST} ids, ascending, each once.")
    cut = cut or chunks_for(len(ids))
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            _make_room(file, file_bytes(len(ids), cut))
            checksums = _write_sections(file, ids, words, cut)
            file.seek(0)
            file.write(description(len(ids), cut, checksums))
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        sync_folder(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Segment(path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlast a loss of power."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _make_room(file: BinaryIO, size: int) -> None:
    """Learn now, not after minutes, that the disk is full."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    file.truncate(size)


def _write_sections(file: BinaryIO, ids: Ids, words: Words, cut: Chunks) -> list[int]:
    starts = [each.start for each in sections(len(ids), cut)]
    checksums: list[int] = []

    def put(array: NDArray[np.generic]) -> None:
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        file.seek(BODY + starts[len(checksums)])
        file.write(data)
        checksums.append(zlib.crc32(data))

    table = layout(len(ids), cut)
    put(ids)
    put(words)
    at_once = cores()
    for first in range(0, len(cut), at_once):
        chunks = range(first, min(first + at_once, len(cut)))
        for bucket in spread(Work.BUILD, lambda chunk: _buckets_of(words, chunk, table), chunks):
            for array in bucket:
                put(array)
    return checksums


def _buckets_of(words: Words, chunk: int, table: NDArray[np.int64]) -> _Buckets:
    count, width = len(words), int(table[chunk + 1, kernels.WIDTH])
    directory = np.zeros(2**width + 1, np.uint32)
    beside = np.zeros(count + kernels.LANES, np.uint16)
    local = np.empty(kernels.LOCAL_BYTES * count, np.uint8)
    kernels.fill_buckets(words, chunk, table, directory, beside, local)
    return directory, beside, local
