"""Writes the file of a segment: whole, or not at all."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from service.matching import kernels
from service.matching.bit_order import Words
from service.matching.codes import Ids
from service.matching.plan import Chunking, best_chunking
from service.matching.segment import (
    BODY,
    MAX_CODES,
    Segment,
    file_bytes,
    header,
    layout,
    sections,
)
from service.matching.threads import Pool, cores, map_parallel

_Buckets = tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint8]]
"""Directory, next values and rows of one chunk."""


def write(path: Path, ids: Ids, words: Words, *, chunks: Chunking | None = None) -> Segment:
    """Write a segment of ids, ascending, and their codes, (n, 4); return it, opened.

    The file has the suffix .part until all of it is on the disk. Raises OSError when it cannot be
    written (then nothing is left behind), ValueError for no codes or more than MAX_CODES.
    """
    if not 0 < len(ids) <= MAX_CODES or np.any(np.diff(ids) <= 0):
        raise ValueError(f"A segment has 1 to {MAX_CODES} ids, ascending, each once.")
    chunks = chunks or best_chunking(len(ids))
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            _reserve_space(file, file_bytes(len(ids), chunks))
            checksums = _write_sections(file, ids, words, chunks)
            file.seek(0)
            file.write(header(len(ids), chunks, checksums))
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        sync_folder(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Segment(path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reserve_space(file: BinaryIO, size: int) -> None:
    """Learn now, not after minutes, that the disk is full."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    file.truncate(size)


def _write_sections(file: BinaryIO, ids: Ids, words: Words, chunks: Chunking) -> list[int]:
    """Write every section; return their checksums."""
    starts = [each.start for each in sections(len(ids), chunks)]
    checksums: list[int] = []

    def put(array: NDArray[np.generic]) -> None:
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        file.seek(BODY + starts[len(checksums)])
        file.write(data)
        checksums.append(zlib.crc32(data))

    table = layout(len(ids), chunks)
    put(ids)
    put(words)
    threads = cores()
    for first in range(0, len(chunks), threads):  # so many in memory at once
        some = range(first, min(first + threads, len(chunks)))
        for buckets in map_parallel(Pool.BUILD, lambda chunk: _buckets(words, chunk, table), some):
            for array in buckets:
                put(array)
    return checksums


def _buckets(words: Words, chunk: int, table: NDArray[np.int64]) -> _Buckets:
    count, width = len(words), int(table[chunk + 1, kernels.WIDTH])
    directory = np.zeros(2**width + 1, np.uint32)
    next_values = np.zeros(count + kernels.LANES, np.uint16)
    rows = np.empty(kernels.ROW_BYTES * count, np.uint8)
    kernels.fill_buckets(words, chunk, table, directory, next_values, rows)
    return directory, next_values, rows
