"""Is the number of chunks well chosen? Measures a search with each cut, beside the cost model.

    python -m benchmarks.match_plan [--sizes N …] [--radius R] [--json FILE] [--svg FILE]

Codes are random (`benchmarks.sets.uniform`, seeded), queries too, so nothing is found: what is
measured is looking. Times are medians over single queries of one thread. A scan by FAISS in the
same run gives the unit of the model: one comparison. The constants of `service.matching.plan`
are compared with those that fit the times best.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from benchmarks.sets import SEED, uniform
from service.matching import plan, segment_writer
from service.matching.bit_order import Words, permute_bits
from service.matching.scan import scan

SIZES = (32_768, 131_072, 1_000_000, 10_000_000)
CUTS = (16, 17, 18, 20, 22, 24, 26, 28, 32)
QUERIES = 400


class Measured(NamedTuple):
    """One cut at one size. Times in comparisons of a linear scan; bytes of the whole file."""

    size: int
    chunks: int
    measured: float
    model: float
    bytes_per_signal: float
    chosen: bool


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--radius", type=int, default=31)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    chosen = parser.parse_args()
    rows: list[Measured] = []
    for size in chosen.sizes:
        rows += measure(size, chosen.radius)
    print(f"{len(CUTS)} cuts, radius {chosen.radius}, seed {SEED}, {QUERIES} queries that miss")
    print(
        f"{'size':>10} {'chunks':>7} {'measured':>9} {'model':>8} {'bytes':>6}   (in comparisons)"
    )
    for row in rows:
        mark = "  chosen" if row.chosen else ""
        print(
            f"{row.size:10,} {row.chunks:7} {row.measured:9,.0f} {row.model:8,.0f}"
            f" {row.bytes_per_signal:6.1f}{mark}"
        )
    for size in chosen.sizes:
        of_size = [row for row in rows if row.size == size]
        best = min(row.measured for row in of_size)
        (picked,) = (row for row in of_size if row.chosen)
        print(f"{size:10,}: the cut chosen takes {picked.measured / best:.2f} of the fastest")
    fitted = fit(rows, chosen.radius)
    print("constants that fit best:", ", ".join(f"{name} {value:.2f}" for name, value in fitted))
    if chosen.json:
        chosen.json.write_text(json.dumps([row._asdict() for row in rows], indent=1))
    if chosen.svg:
        draw(rows, chosen.radius, chosen.svg)


def measure(size: int, radius: int) -> list[Measured]:
    """Return the time of every cut at one size."""
    words, queries = permute_bits(uniform(size)), permute_bits(uniform(QUERIES, SEED + 1))
    comparison = timed(lambda one: scan(one, words, radius), queries[:50]) / size
    picked = plan.best_chunking(size)
    rows = []
    for number in sorted({*CUTS, len(picked)}):
        print(f"{size:,} codes in {number} chunks", file=sys.stderr)
        cut = plan.chunking(number)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "one.segment"
            segment = segment_writer.write(path, np.arange(size), words, chunks=cut)
            segment.search(queries, radius)
            took = timed(lambda one: segment.search(one, radius), queries)  # noqa: B023
            each = path.stat().st_size / size
        model = plan.cost(cut, size, radius)
        rows.append(Measured(size, number, took / comparison, model, each, cut == picked))
    return rows


def timed(search: Callable[[Words], object], queries: Words) -> float:
    """Return the median seconds of a query."""
    times = []
    for at in range(len(queries)):
        start = time.perf_counter()
        search(queries[at : at + 1])
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def fit(rows: Iterable[Measured], radius: int) -> list[tuple[str, float]]:
    """Return the constants with which the model is nearest to the times, relatively."""
    steps = np.array(
        [plan.expected_steps(plan.chunking(row.chunks), row.size, radius) for row in rows]
    )
    times = np.array([row.measured for row in rows])
    matrix: NDArray[np.float64] = np.column_stack([np.ones(len(times)), steps]) / times[:, None]
    found = np.linalg.lstsq(matrix, np.ones(len(times)), rcond=None)[0]
    names = ("CALL_COST", "BUCKET_COST", "POSTING_COST", "CANDIDATE_COST")
    return list(zip(names, found.tolist(), strict=True))


def draw(rows: list[Measured], radius: int, path: Path) -> None:
    """Draw time against chunks, a line a size, the model dashed."""
    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 (after the backend is chosen)

    mpl.rcParams["svg.hashsalt"] = "takeback"
    figure, axes = plt.subplots(figsize=(8, 4.5))
    for size in sorted({row.size for row in rows}):
        of_size = [row for row in rows if row.size == size]
        across = [row.chunks for row in of_size]
        (line,) = axes.plot(across, [row.measured for row in of_size], "o-", label=f"{size:,}")
        axes.plot(across, [row.model for row in of_size], "--", color=line.get_color())
        for row in of_size:
            if row.chosen:
                axes.plot(row.chunks, row.measured, "o", ms=13, mfc="none", color=line.get_color())
    axes.set_yscale("log")
    axes.set_xlabel("chunks")
    axes.set_ylabel("time of a query, in comparisons of a scan")
    axes.set_title(f"Radius {radius}: measured, model (dashed), cut chosen (ring)")
    axes.legend(title="codes")
    axes.grid(visible=True, alpha=0.3)
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")


if __name__ == "__main__":
    main()
