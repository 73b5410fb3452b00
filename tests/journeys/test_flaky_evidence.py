"""Evidence over a bad connection: whole at the end, whoever was killed; in little memory."""

from __future__ import annotations

import filecmp
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest

from demo.server import Service
from hashing.passphrase import derive, new_passphrase
from tests.journeys.flaky import flaky

pytestmark = pytest.mark.enable_socket
MIB = 2**20
MOST_MEMORY = 300 * 10**6
"""Bytes of memory that server and client may each have, at any moment."""
SEED = 20261130
SIZES = [(16, 1), pytest.param((2048, 5), marks=pytest.mark.soak)]
"""MiB of attachments, and how often the server is killed."""


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Three times what is sent: a large one is on the disk, not in memory."""
    if request.node.get_closest_marker("soak") is None:
        yield tmp_path
        return
    large = Path(tempfile.mkdtemp(prefix="takeback-", dir="/var/tmp"))
    yield large
    shutil.rmtree(large)


class Watched:
    """Processes, and the most memory that any of them had: RSS, by the kernel's high-water mark."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}
        self._stop = threading.Event()
        self._seen: dict[str, Callable[[], int | None]] = {}
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def watch(self, name: str, pid: Callable[[], int | None]) -> None:
        self._seen[name] = pid

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            for name, pid in list(self._seen.items()):
                if found := pid():
                    self.most[name] = max(self.most.get(name, 0), peak(found))

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


def peak(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (OSError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return 1024 * int(found[1]) if found else 0


class Owner:
    """An owner at the command line, in a process that may be killed."""

    def __init__(self, service: Service, address: str) -> None:
        self.passphrase = new_passphrase()
        self.address = address
        document = {
            "version": 1,
            "access_key": derive(self.passphrase).access.hex(),
            "eligibility": {"subject": "self", "adults": True, "intimate": True},
            "entries": [{"kind": "picture", "signals": [{"type": "sha256", "value": "ab" * 32}]}],
        }
        self.number = service.ask("POST", "/v1/cases", document)[1]["case_number"]
        self.process: subprocess.Popen[str] | None = None

    def begin(self, action: str, *words: str) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hashing", "evidence", action),
                *("--server", self.address, "--case", self.number, *words),
            ],
            env={**os.environ, "TAKEBACK_PASSPHRASE": self.passphrase},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> str:
        assert self.process
        said, problems = self.process.communicate()
        assert self.process.returncode == 0, problems
        return said

    def run(self, action: str, *words: str) -> str:
        self.begin(action, *words)
        return self.end()

    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None


def written(path: Path, size: int) -> Path:
    chance = Random(size)
    with path.open("wb") as file:
        while size:
            part = min(size, MIB)
            file.write(chance.randbytes(part))
            size -= part
    return path


def until_chunks(state: Path, number: int, going: Callable[[], int | None]) -> None:
    """Wait until so many chunks are on the disk."""
    while sum(1 for _ in (state / "evidence").glob("*/*/*/*")) < number:
        assert going(), "the client ended too early"
        time.sleep(0.02)


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: f"{sizes[0]}-mib")
def test_attachments_arrive_whole_over_a_connection_that_breaks(
    folder: Path, sizes: tuple[int, int], record_property: Callable[[str, Any], None]
) -> None:
    mib, kills = sizes
    source, back, state = folder / "source", folder / "back", folder / "state"
    source.mkdir()
    files = [
        written(source / "large.mp4", (mib - mib // 8) * MIB - 12_345),
        written(source / "chat export.pdf", mib // 8 * MIB + 1),
    ]
    service = Service(state, WORK_PIECES="0", EVIDENCE_FREE_MIB="0")
    began, watched = time.monotonic(), Watched()
    service.start()
    try:
        with flaky(service.address, SEED) as (proxy, address):
            owner = Owner(service, address)
            watched.watch("server", lambda: None if service.ended(0) else service.pid)
            watched.watch("client", owner.pid)
            words = ("--adults", "--platform", "Telegram", *map(str, files))
            owner.begin("add", *words)
            for turn in range(1, kills + 1):
                until_chunks(state, turn * mib // (kills + 2), owner.pid)
                service.kill()
                service.start()
            assert owner.process
            owner.process.kill()
            owner.process.communicate()
            owner.begin("add", *words)
            assert "number 3" in owner.end()
            sent = time.monotonic() - began
            assert "large.mp4" in owner.run("get", "3", str(back))
        for one, name in zip(files, ("0003-1-large.mp4", "0003-2-chat export.pdf"), strict=True):
            assert filecmp.cmp(one, back / name, shallow=False)
        figures = {
            "mib": mib,
            "resets": proxy.resets,
            "seconds to send": round(sent),
            "seconds in all": round(time.monotonic() - began),
            **{f"{name} MB": size // 10**6 for name, size in watched.most.items()},
        }
        record_property("figures", figures)
        logging.getLogger(__name__).warning("%s", figures)
        assert proxy.resets > mib // 20
        assert max(watched.most.values()) < MOST_MEMORY, figures
        assert set(watched.most) == {"server", "client"}
    finally:
        watched.end()
        service.stop()


def test_memory_is_really_watched() -> None:
    assert peak(os.getpid()) >= psutil.Process().memory_info().rss // 2
