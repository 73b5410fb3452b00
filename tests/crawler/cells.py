"""Whether this machine can shut programs in, and has a Chromium: else tests of these skip."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from textwrap import indent
from typing import Any

import pytest

from crawler.confining.cell import Cell
from crawler.egress.addresses import Address
from crawler.egress.guard import Guard
from crawler.egress.proxy import Allowance, Proxy
from crawler.extracting.extractor import readable
from crawler.outcomes import Disallowed
from crawler.rendering import flags

MUCH = Allowance(2**20, 100, 20, 30.0)


async def nothing(address: Address) -> None:
    del address
    raise Disallowed


def proxy() -> Proxy:
    """One that refuses everything."""
    return Proxy(Guard(loopback=True), nothing, MUCH)


def said(program: Sequence[str], *, memory: int = 2**30, more: Sequence[str] = ()) -> bytes:
    """Return what a program in a cell writes to its descriptor 4 until it ends."""

    async def work() -> bytes:
        cell = Cell(program, proxy(), memory=memory, readable=[*readable(), *more])
        async with cell:
            cell.connection.setblocking(False)  # noqa: FBT003
            found = b""
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(60):
                while piece := await loop.sock_recv(cell.connection, 2**16):
                    found += piece
            return found

    return asyncio.run(work())


def told(script: str, *arguments: str, more: Sequence[str] = ()) -> Any:
    """Return what a script of Python in a cell says as JSON: it is the value of `told`."""
    text = "import json, os, traceback\ntry:\n" + indent(script, " ")
    text += "\nexcept Exception:\n told = traceback.format_exc()"
    text += "\nos.write(4, json.dumps(told).encode())"
    return json.loads(said([sys.executable, "-I", "-c", text, *arguments], more=more))


@cache
def _cells_work() -> bool:
    """Whether the system permits what a cell needs, as a program that is not ours finds."""
    unshare = shutil.which("unshare")
    command = [unshare or "", "--user", "--map-root-user", "--net", "--pid", "--fork"]
    return unshare is not None and not subprocess.run([*command, "--mount-proc", "true"]).returncode  # noqa: PLW1510


def browser() -> str | None:
    """Return a Chromium that can be shut in here, if there is one."""
    return flags.find() if _cells_work() else None


@pytest.fixture
def cells(socket_enabled: None) -> None:
    del socket_enabled
    if not _cells_work():
        pytest.skip("this system does not let a program be shut in (user namespaces)")


@pytest.fixture
def chromium(cells: None) -> str:
    del cells
    found = flags.find()
    if found is None:
        pytest.skip("no Chromium")
    return found
