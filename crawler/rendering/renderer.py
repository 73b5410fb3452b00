"""Pages to what they show once their scripts have run: one at a time, each in a browser anew."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from crawler import limits
from crawler.confining.cell import Cell, NoCell, is_of_system
from crawler.egress.guard import Guard
from crawler.egress.proxy import Allowance, Proxy
from crawler.outcomes import Disallowed, ErrorKind, FetchError
from crawler.readers.page import Page
from crawler.rendering import flags
from crawler.rendering.loading import Crashed, Load
from crawler.rendering.requests import Permits, Requests
from crawler.rendering.snapshot import Document, NoSnapshot

_ALLOWANCE = Allowance(
    limits.RENDER_BYTES, limits.RENDER_CONNECTIONS, 64, limits.RENDER_SECONDS + 5
)
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a page shows: its documents as pages, that of the address first, and other media.

    `cut` says that there was more than is looked at. `trouble`: why that may not be all of it.
    """

    pages: tuple[Page, ...]
    media: tuple[str, ...]
    cut: bool = False
    trouble: FetchError | Disallowed | None = None


class Renderer:
    """Starts a Chromium for each page. Nothing of a page is left for the next one."""

    def __init__(
        self, program: str, guard: Guard, permits: Permits, *, user_agent: str, sandbox: bool = True
    ) -> None:
        """`permits` raises Disallowed, or FetchError, for what is not to be asked for."""
        self._command = flags.command(program, user_agent=user_agent, sandbox=sandbox)
        folder = str(Path(program).resolve().parent)
        self._readable = [] if is_of_system(folder) else [folder]
        self._guard = guard
        self._permits = permits
        self._turn = asyncio.Lock()
        self.most = 0
        """Bytes of memory that a browser was seen to have."""

    async def render(self, page: Page) -> Rendered:
        """Return what a page shows. Raises FetchError."""
        async with self._turn:
            try:
                return await self._rendered(page)
            except NoCell as err:
                raise FetchError(ErrorKind.UNREADABLE) from err

    async def _rendered(self, page: Page) -> Rendered:
        requests = Requests(page, self._permits)
        proxy = Proxy(self._guard, requests.permits_connection, _ALLOWANCE)
        load = Load(requests)
        trouble: FetchError | Disallowed | None = None
        pages: tuple[Page, ...] = ()
        async with Cell(
            self._command, proxy, memory=limits.RENDER_MEMORY, readable=self._readable
        ) as cell:
            try:
                seconds = limits.RENDER_SECONDS
                documents = await load.documents(cell.connection, page.url, seconds)
                pages = tuple(_page(each, page) for each in documents)
                load.cut = load.cut or any(each.cut for each in documents)
            except TimeoutError:
                trouble = FetchError(ErrorKind.TIME)
            except (Crashed, NoSnapshot):
                trouble = FetchError(ErrorKind.UNREADABLE)
            finally:
                self.most = max(self.most, cell.most)
        if proxy.overspent.is_set() or requests.cut:
            trouble = trouble or FetchError(ErrorKind.BYTES)
        if load.cut:
            trouble = trouble or FetchError(ErrorKind.TIME)
        cut = requests.cut or trouble is not None
        trouble = trouble or requests.trouble
        return Rendered(pages, tuple(requests.media), cut=cut, trouble=trouble)


def _page(document: Document, page: Page) -> Page:
    """A document as a page. What its references are relative to: itself, or else its parent."""
    known = [document.url, document.base, page.url]
    url = next(each for each in known if each.startswith(("https://", "http://")))
    return Page(url, document.html, _HTML, page.loopback)
