"""robots.txt as RFC 9309 asks, with Crawl-delay, and the hosts that an operator overrides."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from protego import Protego

from crawler.limits import MAX_CRAWL_DELAY, ROBOTS_HOSTS, ROBOTS_SECONDS
from crawler.outcomes import ErrorKind, FetchError

AGENT = "TakebackCrawler"
_AGAIN_SECONDS = 300.0
"""When robots.txt of a host that could not be read is asked for again."""

Read = Callable[[str], Awaitable[tuple[int, bytes]]]
"""An origin's robots.txt: status and body. Raises FetchError."""


@dataclass(frozen=True, slots=True)
class _Known:
    until: float
    rules: Protego | None = None
    """None: everything may be looked at."""
    error: FetchError | None = None


class Robots:
    """What each origin asks of us. `overridden` hosts are looked at whatever it says."""

    def __init__(self, read: Read, *, overridden: frozenset[str] = frozenset()) -> None:
        self._read = read
        self._overridden = overridden
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}

    async def permits(self, origin: str, host: str, url: str) -> bool:
        """Whether an address may be looked at. Raises FetchError while nobody can know."""
        known = await self._of(origin)  # also for how fast
        if host in self._overridden:
            return True
        if known.error is not None:
            raise FetchError(known.error.kind, known.error.retry_after)
        return known.rules is None or bool(known.rules.can_fetch(url, AGENT))

    def delay(self, origin: str) -> float:
        """Return the Crawl-delay of an origin in seconds, 0 if it names none or is not known.

        It is kept also where robots.txt is overridden: that is about what, and not how fast.
        """
        known = self._known.get(origin)
        if known is None or known.rules is None:
            return 0.0
        return min(float(known.rules.crawl_delay(AGENT) or 0.0), MAX_CRAWL_DELAY)

    async def _of(self, origin: str) -> _Known:
        lock = self._locks.setdefault(origin, asyncio.Lock())
        async with lock:
            now = asyncio.get_running_loop().time()
            known = self._known.get(origin)
            if known is None or known.until < now:
                known = await self._fresh(origin, now)
                self._known[origin] = known
            self._known.move_to_end(origin)
        self._locks.pop(origin, None)
        while len(self._known) > ROBOTS_HOSTS:
            self._known.popitem(last=False)
        return known

    async def _fresh(self, origin: str, now: float) -> _Known:
        try:
            status, body = await self._read(origin)
        except FetchError as err:
            return _Known(now + _AGAIN_SECONDS, error=err)
        if 200 <= status < 300:  # noqa: PLR2004
            text = body.decode("utf-8", "replace")
            return _Known(now + ROBOTS_SECONDS, Protego.parse(text))
        if 400 <= status < 500 and status != 429:  # noqa: PLR2004 (RFC 9309, 2.3.1.3)
            return _Known(now + ROBOTS_SECONDS)
        return _Known(now + _AGAIN_SECONDS, error=FetchError(ErrorKind.SERVER))  # RFC 9309, 2.3.1.4
