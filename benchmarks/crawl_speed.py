"""Pages and media a second of our crawler, beside Scrapy with its FilesPipeline on the same site.

    python -m benchmarks.crawl_speed [--pages 200] [--pictures 3] [--width 320] [--rounds 5]
        [--profiles plain thorough] [--seed 1] [--padding 0] [--folder FOLDER] [--json FILE]

Both sides look at a site on the loopback, in turn, round after round, each time as a new process
that has loaded everything and waits. All processes of a side have one core, the site has another.
Processor time is the user's and the system's of all processes of a side, from the first request to
the last file or observation on the disk; starts are measured apart. Hashing alone is what the same
child takes for the same pictures without a crawler. Memory is the most of all processes of a side
together: what is resident (RSS), and with pages that several share counted once (PSS); with
anonymous files, which are nobody's; it is looked at in a round of its own, as that takes time of
those who are looked at. Figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from benchmarks import machine

PACKAGES = ("scrapy", "twisted", "aiohttp", "lxml", "cryptography", "pillow", "numpy")
OURS, PEER, HASHING = "ours", "scrapy", "hashing"
_BUYS = (
    "views and signals of each picture (the peer: one MD5 of the file, no picture is decoded)",
    "pages and pictures are parsed in confined children, never in the process with the sockets",
    "each connection is checked; bodies end at a budget, decompressed or not",
    "no byte of content on a disk (the peer keeps every file)",
    "kill -9 loses no step that was noted: each is on the disk, synchronous, sealed",
)
Figures = dict[str, float]


class Site(NamedTuple):
    """What is looked at: pages, pictures on each, their width, bytes of a page's text, the seed.

    So many MiB of padding follow each picture.
    """

    pages: int
    pictures: int
    width: int
    page_bytes: int
    seed: int
    padding: int


@contextlib.contextmanager
def served(site: Site, core: int | None) -> Iterator[str]:
    """Serve a site in a process of its own; yield its address."""
    words = [sys.executable, "-m", "benchmarks.crawl_site", *map(str, site)]
    process = _started(words, core)
    assert process.stdout  # noqa: S101 (a pipe)
    port = process.stdout.readline().strip()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        _ended(process)


class Memory(threading.Thread):
    """Watches what a process and all below it have, until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self.most: defaultdict[str, float] = defaultdict(float)

    def run(self) -> None:
        """Look ten times a second."""
        while not self._ended.wait(0.1):
            with contextlib.suppress(psutil.Error, OSError):
                self._look()

    def end(self) -> Figures:
        """Return the most of each, in MiB."""
        self._ended.set()
        self.join()
        return {name: most / 2**20 for name, most in self.most.items()}

    def _look(self) -> None:
        every = [self._process, *self._process.children(recursive=True)]
        files = _anonymous(self._process.pid)
        infos = [each.memory_full_info() for each in every]
        self.most["rss"] = max(self.most["rss"], files + sum(each.rss for each in infos))
        self.most["pss"] = max(self.most["pss"], files + sum(each.pss for each in infos))
        self.most["processes"] = max(self.most["processes"], len(every) * 2**20)


def _anonymous(pid: int) -> int:
    total = 0
    for opened in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(opened.readlink()).startswith("/memfd:"):
                total += opened.stat().st_size
    return total


def once(
    side: str, root: str, folder: Path, profile: str, core: int | None, *, watched: bool = False
) -> Figures:
    """Let one side look at the site once, watched or not. Raises RuntimeError if it does not."""
    words = [sys.executable, "-m", "benchmarks.crawl_child", side, root, str(folder), profile]
    process = _started(words, core)
    assert process.stdin  # noqa: S101 (both are pipes)
    assert process.stdout  # noqa: S101
    try:
        start = json.loads(process.stdout.readline() or "{}")
        memory = Memory(process.pid)
        if watched:
            memory.start()
        process.stdin.write("go\n")
        process.stdin.flush()
        line = process.stdout.readline()
        most = memory.end() if watched else {}
        if not line:
            raise RuntimeError(f"{side} ended with {process.wait()}")
        said = json.loads(line)
        cpu = said.pop("cpu")
        return {**start, **said, **most, **cpu, "cpu": sum(cpu.values())}
    finally:
        _ended(process)


def _started(words: list[str], core: int | None) -> subprocess.Popen[str]:
    def pin() -> None:
        if core is not None:
            os.sched_setaffinity(0, {core})

    return subprocess.Popen(  # noqa: S603 (our own modules)
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=pin,  # noqa: PLW1509 (before it starts a thread; this process has none then)
    )


def _ended(process: subprocess.Popen[str]) -> None:
    assert process.stdin  # noqa: S101 (a pipe)
    process.stdin.close()
    process.wait()


def compared(root: str, profile: str, rounds: int, folder: Path) -> dict[str, Figures]:
    """Return the medians of each side, over rounds in which they take turns."""
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if len(cores) > 1 else None
    came: defaultdict[str, list[Figures]] = defaultdict(list)
    sides = [OURS, PEER, HASHING]
    for turn in range(rounds):
        for side in sides[turn % 3 :] + sides[: turn % 3]:
            with tempfile.TemporaryDirectory(dir=folder, prefix="takeback-") as name:
                came[side].append(once(side, root, Path(name), profile, core))
                time.sleep(0.2)
    medians = {
        side: {name: statistics.median(each[name] for each in every) for name in every[0]}
        for side, every in came.items()
    }
    for side, figures in medians.items():
        with tempfile.TemporaryDirectory(dir=folder, prefix="takeback-") as name:
            seen = once(side, root, Path(name), profile, core, watched=True)
        figures |= {name: seen[name] for name in ("rss", "pss", "processes")}
    return medians


def rows(profile: str, found: dict[str, Figures]) -> list[dict[str, Any]]:
    """Return the rows of the table: the peer, ours, and ours without what hashing alone takes."""
    ours, peer, hashing = found[OURS], found[PEER], found[HASHING]
    if (ours["pages"], ours["media"]) != (peer["pages"], peer["media"]):
        raise RuntimeError(f"Not the same was found: {ours}, {peer}")
    bare = {
        **ours,
        "cpu": ours["cpu"] - hashing["cpu"],
        "children": ours["children"] - hashing["cpu"],
        "seconds": ours["seconds"] - hashing["cpu"],
    }
    sides = (("Scrapy", peer), (f"ours, {profile}", ours), ("ours but hashing", bare))
    return [_row(name, side, peer) for name, side in sides]


def _row(name: str, side: Figures, peer: Figures) -> dict[str, Any]:
    return {
        "side": name,
        **side,
        "pages_per_cpu_second": side["pages"] / side["cpu"],
        "media_per_cpu_second": side["media"] / side["cpu"],
        "pages_per_second": side["pages"] / side["seconds"],
        "ratio_cpu": peer["cpu"] / side["cpu"],
        "ratio_clock": peer["seconds"] / side["seconds"],
    }


def show(table: list[dict[str, Any]]) -> None:
    """Print a table."""
    print(
        f"{'':18}{'CPU s':>7}{'children':>9}{'pages/CPU s':>12}{'media/CPU s':>12}"
        f"{'ratio':>7}{'clock s':>9}{'ratio':>7}{'RSS MiB':>9}{'PSS MiB':>9}{'start s':>9}"
    )
    for row in table:
        print(
            f"{row['side']:18}{row['cpu']:7.2f}{row['children']:9.2f}"
            f"{row['pages_per_cpu_second']:12.1f}{row['media_per_cpu_second']:12.1f}"
            f"{row['ratio_cpu']:7.2f}{row['seconds']:9.2f}{row['ratio_clock']:7.2f}"
            f"{row['rss']:9.0f}{row['pss']:9.0f}{row['start_seconds']:9.2f}"
        )


def main() -> None:
    """Measure, print the tables, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=200, help="at most what a visit looks at")
    parser.add_argument("--pictures", type=int, default=3, help="of a page")
    parser.add_argument("--width", type=int, default=320, help="of a picture, in pixels")
    parser.add_argument("--page-bytes", type=int, default=8000, help="of a page's text")
    parser.add_argument("--padding", type=int, default=0, help="MiB after each picture")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profiles", nargs="+", default=["plain", "thorough"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where both write: on a disk, not in memory")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    site = Site(
        chosen.pages, chosen.pictures, chosen.width, chosen.page_bytes, chosen.seed, chosen.padding
    )
    cores = sorted(os.sched_getaffinity(0))
    about = {**machine.described(PACKAGES), **site._asdict(), "rounds": chosen.rounds}
    print(f"{about}\n")
    results = []
    with served(site, cores[-1] if len(cores) > 1 else None) as root:
        for profile in chosen.profiles:
            table = rows(profile, compared(root, profile, chosen.rounds, chosen.folder))
            show(table)
            print()
            results.append({"profile": profile, "rows": table})
    print("What the difference buys:", *(f"- {each}" for each in _BUYS), sep="\n")
    if chosen.json:
        chosen.json.write_text(json.dumps({**about, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
