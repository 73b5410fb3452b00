"""Pages and media to what is in them, by children. What a child dies of is a result too."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from crawler.finding.collecting import References, Tile
from crawler.inspecting.answers import NotInspected, Unbelievable, references_in, signals_in
from crawler.inspecting.children import Child, Children, Died
from crawler.inspecting.memory import MemoryFile
from crawler.limits import TOGETHER_BYTES
from crawler.outcomes import ErrorKind, FetchError
from crawler.readers.page import Page
from hashing.signals import ContentSignals
from hashing.views.profile import Profile

Inspected = ContentSignals | NotInspected

CRASHED = NotInspected("decoder_crashed")
_SOON_SECONDS = 10.0
"""After more, it died of what it was given: that would take as long again."""


class Inspector:
    """Children of both roles, for one event loop after the other. `close` it."""

    def __init__(self, profile: Profile, count: int = 1) -> None:
        """`count` is how many decode media. One parses pages: it needs a hundredth of the time."""
        self._media = [Child("media", profile.value) for _ in range(count)]
        self._views = profile.views > 0  # then nothing is gained by asking about several at once
        self._pages = [Child("pages")]
        self.use_here()

    def use_here(self) -> None:
        """Serve the event loop that runs now, and no other any more."""
        self._of_media, self._of_pages = Children(self._media), Children(self._pages)

    async def inspect(self, medium: MemoryFile, tiles: Sequence[Tile] = ()) -> Inspected:
        """Return a medium's signals, or why it has none; of a sheet, with `tiles`, as a film."""
        assert medium.format is not None  # noqa: S101 (`end` was called)
        request = {"format": medium.format.value, "tiles": tiles}
        is_picture = not medium.format.is_video and not tiles
        small = is_picture and medium.size <= TOGETHER_BYTES and not self._views
        with contextlib.suppress(Died, Unbelievable):
            answer = await _twice(self._of_media, medium.descriptor, request, small=small)
            return signals_in(answer)
        return CRASHED

    async def read(self, page: Page) -> References:
        """Return what a page shows. Raises FetchError if nothing can read it."""
        request = {
            "url": page.url,
            "content_type": page.content_type,
            "loopback": page.loopback,
        }
        with MemoryFile() as file:
            file.keep(page.body)
            try:
                answer = await _twice(self._of_pages, file.descriptor, request)
                return references_in(answer, loopback=page.loopback)
            except (Died, Unbelievable) as err:
                raise FetchError(ErrorKind.UNREADABLE) from err

    @property
    def holds(self) -> list[list[str]]:
        """What confines each child that has answered."""
        return [child.holds for child in (*self._media, *self._pages) if child.holds]

    @property
    def pids(self) -> list[int]:
        """Process ids of those that live."""
        return [pid for child in (*self._media, *self._pages) if (pid := child.pid)]

    def close(self) -> None:
        """End the children."""
        for child in (*self._media, *self._pages):
            child.close()


async def _twice(
    children: Children, descriptor: int, request: dict[str, Any], *, small: bool = False
) -> bytes:
    """Ask; if a child died soon, ask another: something else may have ended it. Raises Died."""
    begun = time.monotonic()
    try:
        return await children.ask(descriptor, request, small=small)
    except Died:
        if time.monotonic() - begun > _SOON_SECONDS:
            raise
    return await children.ask(descriptor, request)
