"""The driver's end of a process of the soak: to start it, talk to it, kill it, measure it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import psutil

from service.matching import manifest

ROOT = Path(__file__).parents[1]
WAIT_SECONDS = 600
AIMS = ("anywhere", "commit", "segment", "manifest", "start")
"""When a process is killed: under load; as it holds the folder's lock, writes a segment or the
manifest; or as it loads."""
_ANYWHERE_SECONDS = 3.0
_AIMING_SECONDS = 10.0
_INTO_COMMIT_SECONDS = 0.06
_LOADING_SECONDS = 3.0
_MB = 2**20


class Grown(NamedTuple):
    """What a process holds."""

    rss_mb: float
    anonymous_mb: float
    """Without mapped files; that of the whole process where the system does not say."""
    descriptors: int
    mappings: int
    """Of segments."""


class Died(Exception):
    """A process of the soak ended by itself; its log has the reason."""


class Child:
    """A process of the soak, just started."""

    def __init__(self, folder: Path, name: str, seed: int) -> None:
        self.name = name
        self.journal = folder / f"{name}.journal"
        self.log = folder / f"{name}.log"
        self._index = folder / "state" / "index"
        self._told: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._wrong: list[str] = []
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 (our own module)
                [sys.executable, "-m", "benchmarks.soak_process", str(folder), name, str(seed)],
                cwd=ROOT,
                env=os.environ | {"TMPDIR": str(folder / "tmp")},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def tell(self, **what: object) -> None:
        """Send one command."""
        assert self.process.stdin is not None  # noqa: S101 (for mypy)
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()

    def wait(self, word: str) -> dict[str, Any]:
        """Return the next line that has a word. Raises Died."""
        while (told := self._told.get(timeout=WAIT_SECONDS)) is not None:
            if word in told:
                return told
        raise Died(f"{self.name}: {self.log.read_text()[-2000:]}")

    def wrong(self) -> list[str]:
        """Return what was found wrong since this was asked, faults in the log included."""
        found, self._wrong = self._wrong, []
        return [f"{self.name}: {one}" for one in found]

    def stop(self) -> None:
        """Let it end."""
        self.tell(stop=None)
        self._ended()

    def kill(self) -> None:
        """Kill it as it stands."""
        self.process.kill()
        self._ended()

    def kill_at(self, aim: str, random: Random) -> None:
        """Kill it at a moment of a sort, or soon, when there is no such moment."""
        if aim == "start":
            time.sleep(random.uniform(0, _LOADING_SECONDS))
        elif aim == "anywhere":
            time.sleep(random.uniform(0, _ANYWHERE_SECONDS))
        else:
            until = time.monotonic() + _AIMING_SECONDS
            while not self._writes(aim) and time.monotonic() < until:
                time.sleep(0.0005)
            if aim == "commit":
                time.sleep(random.uniform(0, _INTO_COMMIT_SECONDS))
        self.kill()

    def grown(self) -> Grown:
        """Measure it."""
        process = psutil.Process(self.process.pid)
        with process.oneshot():
            rss, descriptors = process.memory_info().rss, process.num_fds()
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup")
        anonymous = (
            next(
                1024 * int(line.split()[1])
                for line in rollup.read_text().splitlines()
                if line.startswith("Anonymous:")
            )
            if rollup.exists()
            else process.memory_full_info().uss
        )
        return Grown(rss / _MB, anonymous / _MB, descriptors, len(self.mapped()))

    def mapped(self) -> list[str]:
        """Return the names of the segments it has mapped; of erased ones with what says so."""
        maps = psutil.Process(self.process.pid).memory_maps(grouped=False)
        return sorted(Path(m.path).name for m in maps if ".segment" in m.path)

    def _writes(self, aim: str) -> bool:
        if not self._holds_lock():
            return False
        if aim == "manifest":
            return (self._index / f"{manifest.NAME}.part").exists()
        return aim == "commit" or any(
            each.name.endswith(".part") and manifest.NAME not in each.name
            for each in self._index.iterdir()
        )

    def _holds_lock(self) -> bool:
        """Whether it is this process that writes, as far as the system says."""
        locks, lock = Path("/proc/locks"), self._index / "lock"
        if not locks.exists() or not lock.exists():
            return lock.exists()
        inode, pid = str(lock.stat().st_ino), str(self.process.pid)
        lines = (line.split() for line in locks.read_text().splitlines())
        return any(
            "FLOCK" in words and pid in words and words[-3].endswith(f":{inode}") for words in lines
        )

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 (for mypy)
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                continue  # killed as it wrote
            told = json.loads(line)
            if "wrong" in told:
                self._wrong += told["wrong"]
            else:
                self._told.put(told)
        self._told.put(None)

    def _ended(self) -> None:
        self.process.wait(WAIT_SECONDS)
        self._reading.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
