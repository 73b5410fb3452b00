"""What the operator has switched on, and whether this machine can do it: said before any visit."""

from __future__ import annotations

import os

from crawler.confining.cell import Cell, NoCell
from crawler.egress.guard import Guard
from crawler.egress.proxy import Allowance, Permits, Proxy
from crawler.extracting.extractor import Extractor, is_installed
from crawler.inspecting.inspector import Inspector
from crawler.readers.page import Page
from crawler.rendering import flags
from crawler.rendering.renderer import Renderer
from crawler.seeing import Seeing
from crawler.settings import InvalidSetting, Settings

_OFF, _ON = {"", "0"}, "1"
_NOTHING, _SMALL = Allowance(0, 0, 0, 1.0), 2**20


async def seen_by(
    settings: Settings, inspector: Inspector, guard: Guard, permits: Permits
) -> Seeing | Inspector:
    """Return what looks at pages. Raises InvalidSetting for what this machine cannot do."""
    renderer = extractor = None
    looks_on = settings.browser not in _OFF
    if looks_on or settings.video_extractor:
        await _cells(guard, permits)
    if looks_on:
        renderer = await _renderer(settings, guard, permits)
    if settings.video_extractor:
        if not is_installed():
            raise InvalidSetting("CRAWLER_VIDEO_EXTRACTOR needs the package yt-dlp.")
        extractor = Extractor(guard, permits, user_agent=settings.user_agent)
    if renderer is None and extractor is None:
        return inspector
    return Seeing(inspector, renderer, extractor)


async def _cells(guard: Guard, permits: Permits) -> None:
    """Raise InvalidSetting where nothing can be shut in."""
    try:
        async with Cell(["/bin/true"], Proxy(guard, permits, _NOTHING), memory=_SMALL):
            pass
    except NoCell as err:
        raise InvalidSetting(
            "CRAWLER_BROWSER and CRAWLER_VIDEO_EXTRACTOR: this system does not let the crawler "
            "shut a program in. docs/crawling.md says what it needs."
        ) from err


async def _renderer(settings: Settings, guard: Guard, permits: Permits) -> Renderer:
    program = flags.find() if settings.browser == _ON else settings.browser
    if not program or not os.access(program, os.X_OK):
        raise InvalidSetting("CRAWLER_BROWSER names no Chromium that is on this machine.")
    renderer = Renderer(
        program,
        guard,
        permits,
        user_agent=settings.user_agent,
        sandbox=settings.browser_sandbox,
    )
    rendered = await renderer.render(Page("http://example.com/", b"<p>", "text/html"))
    if rendered.trouble is not None:
        raise InvalidSetting(
            "CRAWLER_BROWSER: Chromium does not start. See CRAWLER_BROWSER_SANDBOX in "
            "docs/crawling.md."
        )
    return renderer
