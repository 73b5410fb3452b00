"""Is every answer that of a linear scan? Compares ids and distances with `IndexBinaryFlat`.

    python -m benchmarks.match_exact [--size 10M] [--questions 200] [--seed N]

For each set of codes the index has most of them in segments, a thousand in its tail, and one in a
hundred removed again; the scan has exactly those that remain. Asked are stored codes with 0 to
64 bits turned, and codes of the same distribution that are not stored. Exit code 1 on any
difference.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import faiss
import numpy as np

from benchmarks.sets import BITS, SEED, SETS, Codes, turned
from benchmarks.system import size_of
from service.matching.bit_order import permute_bits
from service.matching.codes import Ids
from service.matching.index import HammingIndex
from service.matching.scan import Triples
from service.matching.segment_directory import SegmentDirectory

RADII = (0, 1, 31, 40, 48, 64)
NEWEST = 1000
REMOVED = 100
"""One in so many is removed."""


def main() -> int:
    """Compare, print a line a set and radius, return how the process ends."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=size_of, default=size_of("10M"))
    parser.add_argument("--questions", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    faiss.omp_set_num_threads(2)
    print(f"{'set':8} {'size':>11} {'radius':>6} {'questions':>9} {'pairs':>9} {'differences':>11}")
    wrong = 0
    for name, made in SETS.items():
        codes = made(chosen.size, chosen.seed)
        fresh = made(chosen.questions, chosen.seed + 1)
        asked = np.concatenate([near(codes, chosen.questions, chosen.seed), fresh])
        with tempfile.TemporaryDirectory() as folder:
            index, live = indexed(codes, Path(folder), chosen.seed)
            scan = faiss.IndexBinaryFlat(BITS)
            scan.add(codes[live])
            del codes
            for radius in RADII:
                ours, true = found(index, asked, radius), scanned(scan, live, asked, radius)
                differences = len(ours ^ true)
                wrong += differences
                print(
                    f"{name:8} {chosen.size:11,} {radius:6} {len(asked):9,} {len(true):9,}"
                    f" {differences:11}",
                    flush=True,
                )
    return min(wrong, 1)


def near(codes: Codes, count: int, seed: int) -> Codes:
    """Return stored codes with up to as many bits turned as the widest radius."""
    rng = np.random.default_rng([seed, count])
    some = codes[rng.integers(0, len(codes), count)]
    return turned(some, rng.integers(0, max(RADII) + 1, count), rng)


def indexed(codes: Codes, folder: Path, seed: int) -> tuple[HammingIndex, Ids]:
    """Return an index of the codes under their places, and the places that are not removed."""
    ids = np.arange(len(codes), dtype=np.int64)
    index = HammingIndex()
    directory = SegmentDirectory(folder, {"codes": index})
    first = len(codes) - NEWEST
    with directory.write_lock(wait=True):
        directory.rebuild("codes", ids[:first], permute_bits(codes[:first]))
        directory.commit(_paused)
    index.add(ids[first:], codes[first:])
    gone = np.random.default_rng(seed).choice(ids, len(ids) // REMOVED, replace=False)
    index.remove(gone.tolist())
    return index, np.setdiff1d(ids, gone)


@contextmanager
def _paused() -> Iterator[int]:
    """Nothing else changes the index: it stays at the first position."""
    yield 0


def found(index: HammingIndex, asked: Codes, radius: int) -> set[tuple[int, int, int]]:
    """Return (query, id, distance) as the index has them; one at a time and in a batch alike."""
    hits = index.search(asked, radius)
    singly = [index.search(asked[at : at + 1], radius) for at in range(len(asked))]
    rows = np.column_stack([hits.queries, hits.ids, hits.distances])
    ones = [
        np.column_stack([each.queries + at, each.ids, each.distances])
        for at, each in enumerate(singly)
    ]
    batch, single = _pairs(rows), _pairs(np.concatenate(ones))
    if batch != single or len(batch) != len(rows):
        print("a batch and its questions one by one differ", file=sys.stderr)
        return set()
    return batch


def scanned(
    scan: faiss.IndexBinaryFlat, live: Ids, asked: Codes, radius: int
) -> set[tuple[int, int, int]]:
    """Return the same as FAISS has it, which leaves out what is exactly at its radius."""
    limits, distances, places = scan.range_search(asked, radius + 1)
    queries = np.repeat(np.arange(len(asked)), np.diff(limits.astype(np.int64)))
    return _pairs(np.column_stack([queries, live[places], distances.astype(np.int64)]))


def _pairs(rows: Triples) -> set[tuple[int, int, int]]:
    return set(map(tuple, rows.tolist()))


if __name__ == "__main__":
    sys.exit(main())
