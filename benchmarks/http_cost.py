"""What a lookup costs by HTTP: processor time of the server, and requests a second.

    python -m benchmarks.http_cost [--signals 100000] [--items 1 100 1000] [--rounds 10]
        [--clients 1 4] [--checkouts before=FOLDER after=FOLDER] [--json FILE]

Each version runs `python -m service serve` over SQLite with so many random signals, and is asked on
connections that are kept. An item is a picture with one plain PDQ value; none, one in a hundred, or
all of a request are known. Versions are asked in turn, for a second each time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import checkouts, machine
from benchmarks.checkouts import Child

PACKAGES = ("fastapi", "starlette", "uvicorn", "h11", "pydantic", "sqlalchemy", "numpy", "numba")
SECONDS = 1.0


def costs(
    children: list[Child], *, items: int, hits: int, clients: int, rounds: int
) -> list[dict[str, Any]]:
    """Return a row per checkout: medians over the rounds."""
    cpu: dict[str, list[float]] = {child.label: [] for child in children}
    rate: dict[str, list[float]] = {child.label: [] for child in children}
    for turn in range(rounds + 1):
        for child in children if turn % 2 else children[::-1]:
            took = child.ask(call="ask", items=items, hits=hits, clients=clients, seconds=SECONDS)
            if turn:  # the first round warms up
                cpu[child.label].append(1000 * took["cpu"] / took["requests"])
                rate[child.label].append(took["requests"] / took["seconds"])
    return [
        {
            "checkout": child.label,
            "items": items,
            "known": hits,
            "clients": clients,
            "cpu_ms": float(np.median(cpu[child.label])),
            "per_second": float(np.median(rate[child.label])),
        }
        for child in children
    ]


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    checkouts.add_argument(parser)
    parser.add_argument("--signals", type=int, default=100_000)
    parser.add_argument("--items", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory(prefix="takeback-") as name,
        checkouts.children("http_child.py", chosen.checkouts, Path(name)) as children,
    ):
        for child in children:
            child.ask(call="fill", signals=chosen.signals)
        for items in chosen.items:
            for hits in sorted({0, max(1, items // 100), items}):
                for clients in chosen.clients:
                    rows += costs(
                        children, items=items, hits=hits, clients=clients, rounds=chosen.rounds
                    )
                    _show(rows[-len(children) :])
    if chosen.json:
        about = {**machine.described(PACKAGES), "signals": chosen.signals, "rows": rows}
        chosen.json.write_text(json.dumps(about, indent=1) + "\n")


def _show(rows: list[dict[str, Any]]) -> None:
    base = rows[0]
    for row in rows:
        told = "  ".join(
            f"{column} {row[column]:9.2f} (×{row[column] / base[column]:.2f})"
            for column in ("cpu_ms", "per_second")
        )
        print(
            f"{row['checkout']:10} {row['items']:5} items, {row['known']:4} known, "
            f"{row['clients']} clients  {told}",
            flush=True,
        )


if __name__ == "__main__":
    main()
