"""What reconciling costs when many entries share a title card with an observation.

    python -m benchmarks.reconcile_cost [--entries 200 400 800] [--frames 200]
        [--checkouts before=FOLDER after=FOLDER] [--json FILE]

Each entry is a video whose frames are all within 8 bits of each other, and so is the one that was
observed. The cost should grow no faster than the number of entries: CPU seconds of the worker,
and by how much its peak of memory rises. `first` says which of the two was there before.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import checkouts, machine

PACKAGES = ("numpy", "faiss-cpu", "numba", "sqlalchemy")


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    checkouts.add_argument(parser)
    parser.add_argument("--entries", type=int, nargs="+", default=[200, 400, 800])
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print(f"{'checkout':10} {'first':>12} {'entries':>8} {'seconds':>9} {'MB':>8} {'found':>6}")
    for observed_first in (False, True):
        for entries in chosen.entries:
            for checkout in chosen.checkouts:
                row = _measured(checkout, entries, chosen.frames, observed_first=observed_first)
                rows.append(row)
                print(
                    f"{row['checkout']:10} {row['first']:>12} {entries:8} {row['seconds']:9.2f} "
                    f"{row['mb']:8.0f} {row['found']:6}",
                    flush=True,
                )
    if chosen.json:
        chosen.json.write_text(
            json.dumps({**machine.described(PACKAGES), "rows": rows}, indent=1) + "\n"
        )


def _measured(checkout: str, entries: int, frames: int, *, observed_first: bool) -> dict[str, Any]:
    """A process of its own for each measurement, so that peaks of memory do not mix."""
    with (
        tempfile.TemporaryDirectory(prefix="takeback-") as name,
        checkouts.children("lookup_child.py", [checkout], Path(name)) as (child,),
    ):
        cost = child.ask(
            call="title_card", entries=entries, frames=frames, observed_first=observed_first
        )
    first = "observation" if observed_first else "entries"
    return {"checkout": child.label, "first": first, "entries": entries, **cost}


if __name__ == "__main__":
    main()
