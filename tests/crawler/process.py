"""The crawler as people run it: a process with settings of its own, in folders of the test."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


class Crawler:
    """`python -m crawler` with everything that it could write to in one folder."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.state = folder / "state" / "crawler.sqlite3"
        for name in ("home", "tmp", "work"):
            (folder / name).mkdir(parents=True)
        kept = {
            name: os.environ[name] for name in ("PATH", "OPENBLAS_CORETYPE") if name in os.environ
        }
        self._environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONFAULTHANDLER": "1",  # if it crashes, it says where
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "CRAWLER_STATE": str(self.state),
            "CRAWLER_LOOPBACK": "1",
            "CRAWLER_DELAY": "0",
            **settings,
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "crawler", *words],
            env=self._environment,
            cwd=self.folder / "work",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        """Return what it says. Fails if it ends otherwise than with `code`."""
        out, err = (process := self.start(*words)).communicate(timeout=120)
        assert process.returncode == code, f"{process.returncode}: {out}{err}"
        return out, err

    def watch(self, addresses: Sequence[str]) -> None:
        listed = self.folder / "list.txt"
        listed.write_text("".join(f"{each}\n" for each in addresses))
        self.run("import", str(listed))

    def written(self) -> set[str]:
        """Every file below its folder that the test has not put there."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)) for path in files} - {"list.txt"}


def blocks_written() -> int:
    """Blocks that processes which the test has started, and ended, had written to a device.

    The kernel counts them when a page of memory is to be written to a disk, for each process with
    all its own that have ended (getrusage, ru_oublock). Files in memory are not counted.
    """
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_oublock


def counts_blocks(folder: Path) -> bool:
    """Whether what a process writes to a folder is counted: not if the folder is in memory."""
    before = blocks_written()
    write = "import sys; open(sys.argv[1], 'wb').write(bytes(2**20))"
    subprocess.run([sys.executable, "-c", write, str(folder / "block")], check=True)
    (folder / "block").unlink()
    return blocks_written() > before


def memory_of(pid: int) -> int:
    """Bytes of a process in memory; what it shares with others, in parts (proc(5), Pss).

    So the sum over processes counts a page once, also where one is a copy of another.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return 1024 * int(line.split()[1])
    return 0


def anonymous_files(pid: int) -> int:
    """Bytes that a process has in files of memory: they are in nobody's own memory."""
    total = 0
    for opened in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if str(opened.readlink()).startswith("/memfd:"):
                total += opened.stat().st_size
    return total


class Watched:
    """Looks at a process and its children all the time: memory, and files opened for writing."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.most = 0
        self.opened: set[str] = set()
        self._parent = psutil.Process(process.pid)
        self._process = process
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> None:
        self._thread.join()

    def _look(self) -> None:
        while self._process.poll() is None:
            with suppress(psutil.Error, OSError):
                everyone = [self._parent, *self._parent.children(recursive=True)]
                used = sum(memory_of(each.pid) for each in everyone)
                self.most = max(self.most, used + anonymous_files(self._parent.pid))
                for each in everyone:
                    self._files(each.pid)
            time.sleep(0.01)

    def _files(self, pid: int) -> None:
        for opened in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if not stat.S_ISREG(opened.stat().st_mode):
                    continue
                flags = Path(f"/proc/{pid}/fdinfo/{opened.name}").read_text().split("flags:")[1]
                target = str(opened.readlink())
                if int(flags.split()[0], 8) & (os.O_WRONLY | os.O_RDWR):
                    self.opened.add(target)
