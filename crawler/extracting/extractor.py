"""The video of a page with a player: yt-dlp finds its address, and fetches no video."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import socket
import sys
from pathlib import Path

from crawler import limits
from crawler.confining.cell import Cell, NoCell, is_of_system
from crawler.egress.addresses import parsed
from crawler.egress.guard import Guard
from crawler.egress.proxy import Allowance, Permits, Proxy
from crawler.extracting import inside
from crawler.extracting.formats import NoFormats, chosen, formats
from crawler.outcomes import ErrorKind, FetchError
from crawler.readers.page import Page

_INSIDE = str(Path(inside.__file__).resolve())
_ALLOWANCE = Allowance(limits.EXTRACT_BYTES, 64, 8, limits.EXTRACT_SECONDS)


def is_installed() -> bool:
    """Whether yt-dlp is there, which no other part needs."""
    return importlib.util.find_spec("yt_dlp") is not None


class Extractor:
    """Starts yt-dlp for each page, one at a time."""

    def __init__(self, guard: Guard, permits: Permits, *, user_agent: str) -> None:
        self._guard = guard
        self._permits = permits
        self._agent = user_agent
        self._turn = asyncio.Lock()

    async def extract(self, page: Page) -> tuple[str, ...]:
        """Return the address of a page's video, if it has one. Raises FetchError."""
        async with self._turn:
            try:
                said = await self._said(page)
                found = chosen(formats(said, loopback=page.loopback))
            except (NoCell, NoFormats, OSError) as err:
                timed_out = isinstance(err, TimeoutError)
                raise FetchError(ErrorKind.TIME if timed_out else ErrorKind.UNREADABLE) from err
        return (parsed(found.url, loopback=page.loopback).url,) if found else ()

    async def _said(self, page: Page) -> bytes:
        proxy = Proxy(self._guard, self._permits, _ALLOWANCE)
        program = [sys.executable, "-I", "-B", _INSIDE]
        program += ["http://127.0.0.1:{port}", page.url, self._agent]
        cell = Cell(program, proxy, memory=limits.EXTRACT_MEMORY, readable=readable())
        async with cell, asyncio.timeout(limits.EXTRACT_SECONDS):
            return await _line(cell.connection)


async def _line(connection: socket.socket) -> bytes:
    """Return what a program says until it ends. Raises NoFormats if that is too much."""
    connection.setblocking(False)  # noqa: FBT003 (the only way to say it)
    loop = asyncio.get_running_loop()
    said = bytearray()
    while piece := await loop.sock_recv(connection, 2**16):
        said += piece
        if len(said) > limits.EXTRACT_ANSWER:
            raise NoFormats
    return bytes(said)


def readable() -> list[str]:
    """Where Python and its packages are, and the file that runs. None of them is outside these."""
    found = importlib.util.find_spec("yt_dlp")
    packages = Path(found.origin).parents[1] if found and found.origin else Path(sys.prefix)
    places = [sys.base_prefix, sys.prefix, os.path.realpath(sys.base_prefix), str(packages)]
    places += [os.path.realpath(sys.prefix), str(Path(_INSIDE).parent)]
    return sorted({each for each in places if not is_of_system(each)})
