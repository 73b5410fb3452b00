"""A program in a cell: its network is our proxy, its files are memory, and it ends as a whole.

The kernel's namespaces are the wall, not the program's own good will: in its network there is no
interface but a loopback of its own, where a socket listens that this process holds; in its files
there is nothing but the system's programs, read-only, and memory of a bounded size. Linux 5.12.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from crawler.confining import inside
from crawler.egress.proxy import Proxy

_START_SECONDS = 20.0
_WATCH_SECONDS = 0.2
_GREETING_BYTES = 200


class NoCell(Exception):
    """This system does not let us shut a program in. docs/crawling.md says what it needs."""


class Cell:
    """One program, from its start until this is left. `connection` is a socket to it."""

    def __init__(
        self, program: Sequence[str], proxy: Proxy, *, memory: int, readable: Sequence[str] = ()
    ) -> None:
        """`{port}` in the program's arguments becomes that of the proxy. `memory` is in bytes.

        `readable` are more folders that it may read.
        """
        self.connection: socket.socket
        self.ended = asyncio.Event()
        """The program has ended, or was ended, because it had too much memory."""
        self.most = 0
        """Bytes of memory that it was seen to have."""
        self._program = program
        self._proxy = proxy
        self._memory = memory
        self._readable = readable
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start it. Raises NoCell. From the main thread: the system ends it with that."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection = ours
        try:
            with tempfile.TemporaryDirectory(prefix="cell-") as root, theirs:
                self._start(theirs, root)
                theirs.close()
                listener = await asyncio.to_thread(_greeted, ours)
            await self._proxy.serve(listener)
        except BaseException:
            self._kill()
            ours.close()
            raise
        self._watch = asyncio.create_task(self._watched())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None
    ) -> None:
        """End it, with every process that it started."""
        if self._watch is not None:
            self._watch.cancel()
        self._kill()
        self.connection.close()
        await self._proxy.close()

    @property
    def pid(self) -> int:
        """Of who started it, and ends with it."""
        assert self._process is not None  # noqa: S101 (it was entered)
        return self._process.pid

    def _start(self, theirs: socket.socket, root: str) -> None:
        number = theirs.fileno()
        command = [sys.executable, "-I", "-S", "-B", str(Path(inside.__file__).resolve())]
        command += [str(number), root, *self._readable, "--", *self._program]
        try:
            self._process = subprocess.Popen(  # noqa: S603 (our own module)
                command,
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
            )
        except OSError as err:
            raise NoCell from err

    async def _watched(self) -> None:
        """End the program once it has too much memory."""
        assert self._process is not None  # noqa: S101 (it was started)
        while self._process.poll() is None:
            self.most = max(self.most, await asyncio.to_thread(memory_of, self._process.pid))
            if self.most > self._memory:
                break
            await asyncio.sleep(_WATCH_SECONDS)
        self._kill()
        self.ended.set()

    def _kill(self) -> None:
        """Kill who started it: the first process within ends with that, and all others with it.

        Whoever reads from the connection reads its end.
        """
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def is_of_system(path: str) -> bool:
    """Whether a path is in every cell, without being named."""
    return Path("/", *Path(path).parts[1:2]) in {Path("/", name) for name in inside.SYSTEM}


def _greeted(connection: socket.socket) -> socket.socket:
    """Return the socket that listens within. Raises NoCell."""
    connection.settimeout(_START_SECONDS)
    try:
        said, descriptors, _, _ = socket.recv_fds(connection, _GREETING_BYTES, 1)
        connection.settimeout(None)
        if not descriptors or "port" not in json.loads(said):
            raise NoCell
    except (OSError, ValueError) as err:
        raise NoCell from err
    return socket.socket(fileno=descriptors[0])


def memory_of(pid: int) -> int:
    """Return the bytes of memory of a process and all below it, what they share counted once."""
    return sum(_proportional(each) for each in _below(pid))


def _below(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = (process / "stat").read_text(encoding="utf-8", errors="replace")
                parent = int(stat.rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(process.name))
    found = [pid]
    for each in found:
        found.extend(children.get(each, []))
    return found


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
