"""What each attack that is about cost does to a lookup that matches, and how soon all is at rest.

    python -m benchmarks.attacks [--seconds S] [--only NAME …] [--json FILE]

Starts a real service (`python -m service serve`, SQLite) with a bank of a few cases. In each round
it measures the time of an ordinary lookup that matches, quiet, then while one attack goes on for
`--seconds`, in the same run; the largest resident memory of the service; and the seconds from the
end of the attack until the service uses hardly any CPU, answers, and its worker is done.

Goals: the 95th percentile under attack is at most 3 times the quiet one; memory at most 512 MiB
beside the index; rest within 10 seconds. The attacker runs on the same machine and takes CPU from
the service, which a distant one would not: the ratio is an upper bound.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import psutil

from benchmarks.attack_acts import ATTACKS, Attacked, picture, video
from demo.server import Service, running
from service.settings import VERSION

SEED = 20261130
PICTURES, FRAMES = 20, 1200
"""What the bank has beside the picture that is looked up: pictures, and frames of one video."""
PAUSE_SECONDS = 0.05
"""Between two lookups: an ordinary platform, not a load."""
MOST_RATIO, MOST_MIB, MOST_REST = 3.0, 512.0, 10.0
"""The goals."""
_QUIET_CPU = 0.1
"""Of one core, over a second: at rest."""
_GIVE_UP = 60.0


class Outcome(NamedTuple):
    """Of one attack: milliseconds, MiB and seconds."""

    attack: str
    quiet_p95: float
    attacked_p95: float
    lookups: int
    failed: int
    memory: float
    rest: float

    @property
    def ratio(self) -> float:
        """How many times as long an ordinary lookup takes."""
        return self.attacked_p95 / self.quiet_p95

    @property
    def reached(self) -> bool:
        """Whether it is within all goals."""
        within = self.ratio <= MOST_RATIO and self.memory <= MOST_MIB and self.rest <= MOST_REST
        return within and not self.failed


class Lookups:
    """An ordinary platform: one lookup that matches at a time."""

    def __init__(self, service: Service, key: str, value: str) -> None:
        self._service, self._credential = service, f"Bearer {key}"
        self._item = picture(value)

    def once(self) -> float | None:
        """Milliseconds until it is answered with a match; None if it is not."""
        began = time.perf_counter()
        with suppress(OSError):
            body = {"items": [self._item]}
            status, got = self._service.ask("POST", "/v1/lookup", body, self._credential)
            if status == 200 and got["items"][0]["verdict"] == "match":
                return 1000 * (time.perf_counter() - began)
        return None

    def during(self, stop: threading.Event) -> list[float | None]:
        """What each took until `stop` is set."""
        took = []
        while not stop.wait(PAUSE_SECONDS):
            took.append(self.once())
        return took


def measured(
    attacked: Attacked, lookups: Lookups, name: str, act: Callable[[Attacked], None], seconds: float
) -> Outcome:
    """Quiet, under attack, and back to rest."""
    quiet = _over(lookups, seconds, lambda _stop: None)
    process, most = psutil.Process(attacked.service.pid), [0.0]

    def attack(stop: threading.Event) -> None:
        attacked.stop = stop
        with ThreadPoolExecutor(1) as pool:
            pool.submit(act, attacked)
            while not stop.wait(PAUSE_SECONDS):
                most[0] = max(most[0], process.memory_info().rss / 2**20)

    during = _over(lookups, seconds, attack)
    rest = _until_rest(process, lookups)
    answered = [one for one in during if one is not None]
    return Outcome(
        name,
        _p95([one for one in quiet if one is not None]),
        _p95(answered),
        len(during),
        len(during) - len(answered),
        most[0],
        rest,
    )


def _over(
    lookups: Lookups, seconds: float, attack: Callable[[threading.Event], None]
) -> list[float | None]:
    stop = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        attacking = pool.submit(attack, stop)
        looking = pool.submit(lookups.during, stop)
        time.sleep(seconds)
        stop.set()
        attacking.result()
        return looking.result()


def _until_rest(process: psutil.Process, lookups: Lookups) -> float:
    """Seconds until it uses hardly any CPU for a second, and then answers."""
    began = time.monotonic()
    while time.monotonic() - began < _GIVE_UP:
        if process.cpu_percent(interval=1) < 100 * _QUIET_CPU and lookups.once() is not None:
            return time.monotonic() - began - 1
    return _GIVE_UP


def _p95(took: Sequence[float]) -> float:
    return float(np.percentile(took, 95)) if took else float("inf")


def outcomes(seconds: float, names: Sequence[str]) -> list[Outcome]:
    """Measure each attack on one service, one after the other."""
    random = Random(SEED)
    value = random.randbytes(32).hex()
    found = []
    # What the attacker could not do from one address alone is left to budgets that all share.
    shared = {"CASES_PER_HOUR_OF_SOURCE": "100000", "WORK_PIECES": "0"}
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "state", **shared) as service,
    ):
        attacked = Attacked(service, random, service.new_key("Attacker"), value)
        others = [picture(random.randbytes(32).hex()) for _ in range(PICTURES)]
        attacked.open([picture(value), *others, video(random, FRAMES)])
        lookups = Lookups(service, service.new_key("Ordinary"), value)
        while lookups.once() is None:
            time.sleep(0.1)
        for name in names:
            found.append(measured(attacked, lookups, name, ATTACKS[name], seconds))
            print(line(found[-1]), flush=True)
    return found


def line(one: Outcome) -> str:
    """A row of the table."""
    return (
        f"| {one.attack} | {one.quiet_p95:.0f} | {one.attacked_p95:.0f} | {one.ratio:.1f} "
        f"| {one.failed} of {one.lookups} | {one.memory:.0f} | {one.rest:.0f} "
        f"| {'yes' if one.reached else '**no**'} |"
    )


def about(seconds: float) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "service": VERSION,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {psutil.cpu_count()} cores",
        "load": psutil.getloadavg()[0],
        "seed": SEED,
        "seconds": seconds,
        "bank": {"pictures": PICTURES + 1, "frames": FRAMES},
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; return 1 if any goal is missed."""
    parser = argparse.ArgumentParser(prog="benchmarks.attacks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="of quiet, and of each attack")
    parser.add_argument("--only", nargs="+", choices=list(ATTACKS), default=list(ATTACKS))
    parser.add_argument("--json", type=Path, help="write the figures there")
    arguments = parser.parse_args(argv)
    made = about(arguments.seconds)
    print(json.dumps(made))
    print("| attack | p95 quiet, ms | attacked, ms | ratio | unanswered | MiB | rest, s | goals |")
    print("|---|---|---|---|---|---|---|---|")
    found = outcomes(arguments.seconds, arguments.only)
    if arguments.json:
        rows = [{**one._asdict(), "ratio": one.ratio, "reached": one.reached} for one in found]
        arguments.json.write_text(json.dumps({**made, "outcomes": rows}, indent=1) + "\n")
    return 0 if all(one.reached for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
