"""What a page shows: values that every reader returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crawler.egress.addresses import Address, joined
from crawler.limits import LINKS_PER_PAGE, MEDIA_PER_PAGE, PARTS_PER_PAGE
from crawler.outcomes import FetchError


@dataclass(frozen=True, slots=True)
class References:
    """Addresses, each once, in the order of the page.

    `media` are shown or linked as pictures or videos. `parts` are pages within this one (frames of
    players). `following` are where the same thread, album or account goes on. `links` are the other
    pages. `login` says that the page asks for a password; `cut` that more was there than is looked
    at; `by_scripts` that the page's own bytes do not say whether it has changed.
    """

    media: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    following: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    login: bool = False
    cut: bool = False
    by_scripts: bool = False


class Collector:
    """Gathers addresses of one page, each once and as far as the limits."""

    def __init__(self, base: str, *, loopback: bool = False) -> None:
        self.base = base
        self.cut = False
        self.login = False
        self._loopback = loopback
        self._tried: set[tuple[int, str]] = set()
        self._media: dict[str, None] = {}
        self._parts: dict[str, None] = {}
        self._following: dict[str, None] = {}
        self._links: dict[str, None] = {}

    def address(self, reference: str | None) -> Address | None:
        """Return where a reference leads, or None if that is nothing to ask for."""
        if not reference:
            return None
        try:
            return joined(self.base, reference, loopback=self._loopback)
        except FetchError:
            return None

    def media(self, references: Iterable[str | None]) -> None:
        """Note pictures and videos."""
        self._add(references, self._media, MEDIA_PER_PAGE)

    def parts(self, references: Iterable[str | None]) -> None:
        """Note pages within this one."""
        self._add(references, self._parts, PARTS_PER_PAGE)

    def following(self, references: Iterable[str | None]) -> None:
        """Note where the same goes on."""
        self._add(references, self._following, LINKS_PER_PAGE)

    def links(self, references: Iterable[str | None]) -> None:
        """Note other pages."""
        self._add(references, self._links, LINKS_PER_PAGE)

    def references(self) -> References:
        """Return all of it. What goes on is no mere link, and a medium is no page."""
        following = [url for url in self._following if url not in self._media]
        known = {*self._media, *self._following, *self._parts}
        links = [url for url in self._links if url not in known]
        return References(
            tuple(self._media),
            tuple(self._parts),
            tuple(following),
            tuple(links),
            self.login,
            self.cut,
        )

    def _add(self, references: Iterable[str | None], into: dict[str, None], most: int) -> None:
        for reference in references:
            if not reference or (id(into), reference) in self._tried:
                continue
            if len(into) >= most:
                self.cut = True
                return
            self._tried.add((id(into), reference))
            if address := self.address(reference):
                into[address.url] = None
