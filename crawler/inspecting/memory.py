"""A medium in an anonymous file of memory: it has no name, and ends with who holds it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from types import TracebackType
from typing import Self

from crawler.limits import PICTURE_BYTES, SMALL_BYTES
from crawler.outcomes import ErrorKind, FetchError
from hashing.errors import ContentError
from hashing.media.formats import HEAD_BYTES, Format, sniff


class NoMedium(Exception):
    """What an address gave is neither a picture nor a video that we read."""


class MemoryFile:
    """Takes the bytes of a medium as they come, and stops as soon as they are none.

    A sink of `fetching`. Linux only: memfd_create.
    """

    def __init__(self, large: asyncio.Lock | None = None) -> None:
        """`large` is held by the one medium that has more than SMALL_BYTES; others wait for it."""
        self._large = large
        self._is_large = False
        self.descriptor = os.memfd_create("medium", os.MFD_CLOEXEC)
        self.size = 0
        self.format: Format | None = None
        self._head = b""

    def write(self, untrusted: bytes) -> None:
        """Take a piece. Raises NoMedium by its first bytes, and FetchError if it is too large."""
        self.size += len(untrusted)
        if self.format is None:
            self._head = (self._head + untrusted)[:HEAD_BYTES]
            if len(self._head) == HEAD_BYTES:
                self._sniff()
        if self.size > PICTURE_BYTES and self.format and not self.format.is_video:
            raise FetchError(ErrorKind.BYTES)
        self.keep(untrusted)

    async def room(self) -> None:
        """Wait until this medium may have more bytes in memory."""
        if self._large and not self._is_large and self.size > SMALL_BYTES:
            await self._large.acquire()
            self._is_large = True

    def keep(self, untrusted: bytes) -> None:
        """Take a piece of whatever it is."""
        view = memoryview(untrusted)
        while view:
            view = view[os.write(self.descriptor, view) :]

    def end(self) -> None:
        """Decide of a medium that is shorter than its format's first bytes. Raises NoMedium."""
        if self.format is None:
            self._sniff()

    def _sniff(self) -> None:
        try:
            self.format = sniff(self._head)
        except ContentError as err:
            raise NoMedium from err

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            os.close(self.descriptor)
        if self._large and self._is_large:
            self._large.release()
