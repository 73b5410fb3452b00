"""Half an hour of a busy service in minutes, with kills: no answer may be wrong, nothing may grow.

    python -m benchmarks.match_soak [--minutes M] [--rounds N] [--seed S] [--json FILE]

`--minutes` is how long the service that is imitated would be busy, at the rates below: 20 signals
added, 18 removed and 50 searches a second, so 36,000, 32,400 and 90,000 in 30 minutes. They are
done as fast as the machine can, over one SQLite store of 24,000 signals, in two processes:

- *writer*: 2 threads add and remove in the store, 4 search (radii 0 to 64, one code or a batch)
  and compare every answer with a linear scan. It is killed (SIGKILL) in every round: anywhere,
  as it writes segments or the manifest, or as it starts. What it had acknowledged must be in the
  store; what it finds after its restart must be what the store holds, no more and no less.
- *replica*: follows, and commits and reloads manifests too. It is never killed, so that its memory
  tells, and asks all the time for signals that nobody touches.

After each round, at rest, both are compared with the store as a whole, and memory, files,
mappings and descriptors are counted. Segments are small (`soak_process`), so that they are written
and merged all the time. Ends with 1 if any answer was wrong, or anything grew more than signals.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Self

from tqdm import tqdm

from benchmarks import soak_rounds
from benchmarks.soak_acts import Family, prepare
from benchmarks.soak_child import AIMS, Child
from benchmarks.soak_model import Added, Effect, read_journal, stored
from benchmarks.soak_process import settings_in
from benchmarks.soak_rounds import Done, Round
from service.matching import manifest
from service.store.changes import Space
from service.store.database import Database

SEED = 20261121
ADDS, REMOVES, SEARCHES = 20, 18, 50
"""A second, of the service that is imitated: signals added and removed, and searches."""
SETTLE_SECONDS = 30
"""Until nothing is left over of a killed process: within that time something is written again."""
ATTEMPTS = 5
"""To read a manifest and its files that another process does not replace just then."""
_BAD_LOG = ("ERROR", "CRITICAL", "Traceback", "not of this store")
_SHOWN = 20


class Plan(NamedTuple):
    """How much is done."""

    minutes: float = 30
    rounds: int = 15
    seed: int = SEED
    signals: int = 24_000
    kills: int = 2
    """In each round."""
    checks: int = 300
    """Searches of each process at each quiet point, besides one for every signal."""


class Soak:
    """A store, two processes over it, and what must be in it."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.wrong: list[str] = []
        self.kills = self.caught = 0
        self._folder = folder
        self._index = settings_in(folder).index
        self._random = Random(plan.seed)
        self._database = Database(settings_in(folder).database)
        self._lives = self._committed = 0
        (folder / "tmp").mkdir()
        self._database.migrate()
        with self._database.write_changes() as tx:
            prepare(tx, Family(plan.seed), self._random, plan.signals)
        with self._database.read() as tx:
            self._known = {(one.space, one.id): one for one in stored(tx)}
        self._writer = self._started()
        self._replica = Child(folder, "replica", plan.seed)
        for child in (self._writer, self._replica):
            child.wait("loaded")

    def round(self) -> Round:
        """Do a share of the work, with kills; then compare and measure everything, at rest."""
        began, wrong, caught = time.monotonic(), len(self.wrong), self.caught
        share = [
            60 * self.plan.minutes * rate / self.plan.rounds for rate in (ADDS, REMOVES, SEARCHES)
        ]
        done = Done()
        for turn in range(self.plan.kills + 1):
            left = [max(0, math.ceil(all_) - had) for all_, had in zip(share, done, strict=False)]
            self._writer.tell(load=left)
            if turn < self.plan.kills:
                done = done.plus(*self._killed(AIMS[self.kills % len(AIMS)]))
            else:
                self._writer.wait("ran")
                done = done.plus(*self._compared())
        found = [self._checked(child) for child in (self._writer, self._replica)]
        committed = sum(each["committed"] for each in found)
        self._settle()
        files = list(self._index.iterdir())
        self._gather()
        made = Round(
            time.monotonic() - began,
            done,
            self.plan.kills,
            self.caught - caught,
            len(self._known),
            found[1]["segments"],
            committed - self._committed,
            len(files),
            sum(each.stat().st_size for each in files) / 2**20,
            self._writer.grown(),
            self._replica.grown(),
            len(self.wrong) - wrong,
        )
        self._committed = found[1]["committed"]
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in (self._writer, self._replica):
            child.kill()
        self._database.close()

    def end(self) -> None:
        """End both processes as a service ends; what only shows in their logs counts too."""
        for child in (self._writer, self._replica):
            child.stop()
        self._gather()
        if left := self.left_over():
            self.wrong.append(f"left over at the end: {left}")
        for log in (self._writer.log, self._replica.log):
            lines = log.read_text().splitlines()
            self.wrong += [f"{log.name}: {one}" for one in lines if any(b in one for b in _BAD_LOG)]

    def left_over(self) -> set[str]:
        """Return the files of the index's folder that are nobody's."""
        here = {each.name for each in self._index.iterdir()}
        return here - {manifest.NAME, "lock"} - self._named()

    def _started(self) -> Child:
        self._lives += 1
        return Child(self._folder, "writer", self.plan.seed + self._lives)

    def _killed(self, aim: str) -> Done:
        """Kill the writer, see what it had done, and start it again."""
        self.kills += 1
        self._writer.kill_at("anywhere" if aim == "start" else aim, self._random)
        self._has_a_manifest()
        self.caught += bool(self.left_over())
        self._gather()
        done = self._compared()
        self._writer = self._started()
        if aim == "start":
            self._writer.kill_at(aim, self._random)
            self._writer = self._started()
        self._writer.wait("loaded")
        self._checked(self._writer)
        return done

    def _compared(self) -> Done:
        """Compare the store with what was acknowledged; return how much that was."""
        told = read_journal(self._writer.journal)
        os.truncate(self._writer.journal, 0)
        with self._database.read() as tx:
            here = {(one.space, one.id): one for one in stored(tx)}
        done = Done(0, 0, told.searches, told.queries)
        for effect, sure in told.effects:
            if sure or _shows(effect, here):
                self._known |= {(one.space, one.id): one for one in effect.added}
                for key in effect.removed:
                    self._known.pop(key, None)
                done = done.plus(len(effect.added), len(effect.removed), 0, 0)
        if self._known != here:
            odd = self._known.items() ^ here.items()
            self.wrong.append(f"store: {len(odd)} differ from what was acknowledged")
            self._known = here
        return done

    def _checked(self, child: Child) -> dict[str, Any]:
        child.tell(check=self.plan.checks)
        found = child.wait("checked")
        if found["live"] != len(self._known):
            self.wrong.append(f"{child.name}: holds {found['live']}, not {len(self._known)}")
        return found

    def _settle(self) -> None:
        """Wait until both show one manifest, and neither disk nor processes hold anything else."""
        until = time.monotonic() + SETTLE_SECONDS
        while True:
            named, left = self._named(), self.left_over()
            maps = [child.mapped() for child in (self._writer, self._replica)]
            if maps == [sorted(named)] * len(maps) and not left:
                return
            if time.monotonic() > until:
                self.wrong.append(f"left over: files {left}, mapped {maps}, named {named}")
                return
            time.sleep(0.1)

    def _has_a_manifest(self) -> None:
        """Whatever was killed, there is a manifest, and the files it names (or a newer one)."""
        for _ in range(ATTEMPTS):
            with suppress(manifest.DamagedManifest):
                if (named := self._named()) and named <= {f.name for f in self._index.iterdir()}:
                    return
        self.wrong.append("no whole manifest after a kill")

    def _named(self) -> set[str]:
        found = manifest.read(self._index)
        return found.files() if found else set()

    def _gather(self) -> None:
        for child in (self._writer, self._replica):
            self.wrong += child.wrong()


def _shows(effect: Effect, here: dict[tuple[Space, int], Added]) -> bool:
    """Whether what was not acknowledged was done all the same: as a whole, `_compared` finds."""
    if effect.added:
        return any((one.space, one.id) in here for one in effect.added)
    return not any(key in here for key in effect.removed)


def soaked(plan: Plan, folder: Path) -> tuple[Soak, list[Round]]:
    """Do all of a plan in an empty folder, telling of each round; return what came of it."""
    print(soak_rounds.HEAD)
    with Soak(plan, folder) as soak:
        rounds = []
        for number in tqdm(range(1, plan.rounds + 1), leave=False, unit="round"):
            rounds.append(soak.round())
            tqdm.write(soak_rounds.line(number, rounds[-1]))
        soak.end()
    return soak, rounds


def main() -> None:
    """Soak, print the table and the verdict, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=30, help="worth of load (30)")
    parser.add_argument("--rounds", type=int, default=15, help="quiet points (15)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rounds too")
    chosen = parser.parse_args()
    plan = Plan(chosen.minutes, chosen.rounds, chosen.seed)
    with tempfile.TemporaryDirectory(prefix="takeback-soak-") as name:
        soak, rounds = soaked(plan, Path(name))
    verdicts = soak_rounds.grew(rounds)
    good = not soak.wrong and not any(each.startswith("grew") for each in verdicts)
    print(
        f"\nAs much as {plan.minutes:g} minutes of {ADDS} signals added, {REMOVES} removed and"
        f" {SEARCHES} searches a second, with {soak.kills} kills; {soak.caught} of these left"
        " something half written.\nFirst third of the rounds → last third:"
    )
    print(*(f"  {each}" for each in verdicts), *soak.wrong[:_SHOWN], sep="\n")
    print(f"{len(soak.wrong)} wrong: {'good' if good else 'BAD'}")
    if chosen.json:
        told = {"plan": plan._asdict(), "rounds": [soak_rounds.told(each) for each in rounds]}
        told |= {"verdicts": verdicts, "wrong": soak.wrong}
        chosen.json.write_text(json.dumps(told, indent=1) + "\n")
    sys.exit(not good)


if __name__ == "__main__":
    main()
