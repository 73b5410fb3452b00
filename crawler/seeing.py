"""What a page shows: by its bytes, and where these show nothing, by whatever else may look.

It is asked as an inspector is. A browser looks at pages that have scripts and show no media, an
extractor at those with a player and no video; both only where the operator has switched them on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any, Protocol

from crawler.egress.addresses import parsed
from crawler.finding.collecting import References
from crawler.inspecting.answers import NotInspected
from crawler.inspecting.memory import MemoryFile
from crawler.limits import LINKS_PER_PAGE, MEDIA_PER_PAGE, PARTS_PER_PAGE
from crawler.outcomes import FetchError
from crawler.readers.page import Page
from crawler.rendering.renderer import Rendered
from hashing.signals import ContentSignals

_MOST = {"media": MEDIA_PER_PAGE, "parts": PARTS_PER_PAGE}
_SCRIPT = re.compile(rb"<script\b", re.I)
_META = re.compile(rb"<(?:meta|link)\b[^<>]{0,4096}>", re.I)
_FEW = 4
"""Media; a page with more shows some of them."""
_PLAYER = re.compile(
    rb"<video\b|og:video|twitter:player|VideoObject|\.m3u8|\.mpd\b|jwplayer|video-?js|flowplayer|"
    rb"\bplyr\b|\bhls(?:\.min)?\.js|\bdash(?:js|\.all)",
    re.I,
)
_VIDEO = re.compile(r"\.(?:mp4|m4v|webm|mkv|mov|avi|wmv|flv|mpe?g|ogv|3gp|m3u8)(?:[?#]|$)", re.I)


class Inspects(Protocol):
    """Inspector, which reads bytes."""

    async def inspect(self, medium: MemoryFile) -> ContentSignals | NotInspected:
        """Return a medium's signals, or why it has none."""
        ...

    async def read(self, page: Page) -> References:
        """Return what a page shows. Raises FetchError."""
        ...


class Renders(Protocol):
    """Renderer."""

    async def render(self, page: Page) -> Rendered:
        """Return what a page shows once its scripts have run. Raises FetchError and Disallowed."""
        ...


class Extracts(Protocol):
    """Extractor."""

    async def extract(self, page: Page) -> tuple[str, ...]:
        """Return the addresses of a page's video. Raises FetchError."""
        ...


class Seeing:
    """Looks at pages with an inspector, and what the operator has switched on."""

    def __init__(
        self,
        inspector: Inspects,
        renderer: Renders | None = None,
        extractor: Extracts | None = None,
    ) -> None:
        self._inspector = inspector
        self._renderer = renderer
        self._extractor = extractor

    async def inspect(self, medium: MemoryFile) -> ContentSignals | NotInspected:
        """Return a medium's signals, or why it has none."""
        return await self._inspector.inspect(medium)

    async def read(self, page: Page) -> References:
        """Return what a page shows. Raises FetchError and Disallowed."""
        found = await self._inspector.read(page)
        if page.status != 200 or not _is_html(page):  # noqa: PLR2004
            return found
        bodies = [page.body]
        if self._renderer and await self._shows_nothing(page, found):
            rendered = await self._renderer.render(page)
            found = await self._rendered(rendered, page, found)
            bodies += [each.body for each in rendered.pages]
        plays = any(map(_PLAYER.search, bodies)) and not any(map(_VIDEO.search, found.media))
        if self._extractor and plays:
            found = await self._extracted(self._extractor, page, found)
        return found

    async def _shows_nothing(self, page: Page, found: References) -> bool:
        """Whether scripts may have to run first: no medium, or only those of previews and counters.

        These stand in `meta` and `noscript` of pages that are empty otherwise.
        """
        if found.login or not _SCRIPT.search(page.body):
            return False
        if 0 < len(found.media) <= _FEW:
            bare = replace(page, body=_without_asides(page.body))
            return not (await self._inspector.read(bare)).media
        return not found.media

    async def _rendered(self, rendered: Rendered, page: Page, plain: References) -> References:
        """What scripts show. Without media, the trouble for which they may not have shown any."""
        each = [await self._inspector.read(document) for document in rendered.pages]
        media = [url for found in each for url in found.media]
        media += [url for seen in rendered.media if (url := _address(seen, page))]
        if not media and not plain.parts and rendered.trouble is not None:
            raise rendered.trouble
        whole = _united([plain, *each])
        cut = whole.cut or rendered.cut or len(media) > MEDIA_PER_PAGE
        return replace(whole, media=_first(media, MEDIA_PER_PAGE), cut=cut, by_scripts=True)

    async def _extracted(self, extractor: Extracts, page: Page, found: References) -> References:
        """With the video of a player. Without any media, an error if it could not be looked for."""
        try:
            videos = await extractor.extract(page)
        except FetchError:
            if not found.media and not found.parts:
                raise
            return replace(found, cut=True, by_scripts=True)
        media = _first((*videos, *found.media), MEDIA_PER_PAGE)
        return replace(found, media=media, by_scripts=True)


def _united(several: Sequence[References]) -> References:
    """All that several documents of a page show, each once and as far as the limits of one."""
    united: dict[str, Any] = {}
    for each in fields(References):
        values = [getattr(found, each.name) for found in several]
        if isinstance(values[0], bool):
            united[each.name] = any(values)
        elif isinstance(values[0], tuple):
            most = _MOST.get(each.name, LINKS_PER_PAGE)
            united[each.name] = _first(itertools.chain.from_iterable(values), most)
        else:
            united[each.name] = {key: value for one in values for key, value in one.items()}
    return References(**united)


def _without_asides(untrusted: bytes) -> bytes:
    """A page without what is not shown, or shown where there are no scripts."""
    kept, at = [], 0
    lower = untrusted.lower()
    while (begin := lower.find(b"<noscript", at)) >= 0:
        end = lower.find(b"</noscript", begin)
        kept.append(untrusted[at:begin])
        at = end if end >= 0 else len(untrusted)
        lower = lower if end >= 0 else b""
    kept.append(untrusted[at:])
    return _META.sub(b"", b"".join(kept))


def _is_html(page: Page) -> bool:
    kind = page.content_type.partition(";")[0].strip().lower()
    return kind in {"", "text/html", "application/xhtml+xml"}


def _address(untrusted: str, page: Page) -> str | None:
    try:
        return parsed(untrusted, loopback=page.loopback).url
    except FetchError:
        return None


def _first(urls: Iterable[str], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(urls))[:most]
