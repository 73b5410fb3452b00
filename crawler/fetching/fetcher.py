"""One address to its answer: robots.txt, redirects, pauses that a host asks for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scrapy import Request
from scrapy.http import Response

from crawler.egress.addresses import Address, joined, parsed
from crawler.fetching.budget import MEDIUM, PAGE, ROBOTS, Budget, Sink
from crawler.fetching.decoding import ACCEPTED
from crawler.fetching.robots import Robots
from crawler.fetching.spider import Download, Slow
from crawler.limits import MAX_REDIRECTS, MAX_RETRY_AFTER
from crawler.outcomes import Disallowed, ErrorKind, FetchError

_PERMANENT = {301, 308}
_REDIRECTS = {*_PERMANENT, 302, 303, 307}
_BUSY = {429, 503}
_PAUSE_SECONDS = 60
"""A host that asks for fewer requests, and not for how long, is left alone so long."""
_WAITED_SECONDS = 20.0
"""A pause that ends so soon is waited for; after a longer one, the frontier comes back."""
_PAGE_TYPES = "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said to ask with, whether something has changed (RFC 9110, 13)."""

    etag: str = ""
    modified: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Headers of a conditional request; none if nothing was said."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer of a chain of redirects. `moved` says that all of them were permanent."""

    address: Address
    status: int
    body: bytes
    content_type: str = ""
    validators: Validators = Validators()
    moved: bool = False


class Fetcher:
    """Fetches by Scrapy's downloader."""

    def __init__(
        self,
        download: Download,
        slow: Slow,
        *,
        loopback: bool = False,
        overridden: frozenset[str] = frozenset(),
        avoided: frozenset[str] = frozenset(),
        delay: float = 0.0,
    ) -> None:
        self._download = download
        self._slow = slow
        self._loopback = loopback
        self._delay = delay
        self._avoided = avoided
        self._robots = Robots(self._read_robots, overridden=overridden)
        self._paused: dict[str, float] = {}

    async def page(self, address: Address, known: Validators | None = None) -> Answer:
        """Return a page. Raises FetchError and Disallowed."""
        headers = {"Accept": _PAGE_TYPES, "Accept-Encoding": ACCEPTED}
        return await self._fetch(address, PAGE, {**headers, **_conditions(known)})

    async def medium(self, address: Address, sink: Sink, known: Validators | None = None) -> Answer:
        """Fetch a medium into a sink. Raises as `page` does, and what the sink raises."""
        headers = {"Accept": "image/*,video/*;q=0.9,*/*;q=0.5", "Accept-Encoding": "identity"}
        return await self._fetch(address, MEDIUM, {**headers, **_conditions(known)}, sink)

    async def permitted(self, address: Address) -> None:
        """Raise Disallowed, or FetchError, if nobody here may ask for an address now."""
        if self._avoids(address.host):
            raise Disallowed
        if not await self._robots.permits(address.origin, address.host, address.url):
            raise Disallowed
        await self._unpaused(address.host)

    async def _fetch(
        self,
        address: Address,
        budget: Budget,
        headers: Mapping[str, str],
        sink: Sink | None = None,
    ) -> Answer:
        moved = True
        for hop in range(MAX_REDIRECTS + 1):
            if not await self._robots.permits(address.origin, address.host, address.url):
                raise Disallowed
            self._slow(address.host, max(self._delay, self._robots.delay(address.origin)))
            response = await self._ask(address, budget, headers, sink)
            if response.status not in _REDIRECTS:
                return _answer(address, response, moved=moved and hop > 0)
            moved = moved and response.status in _PERMANENT
            address = self._target(address, response)
        raise FetchError(ErrorKind.REDIRECTS)

    def _avoids(self, host: str) -> bool:
        labels = host.split(".")
        return any(".".join(labels[at:]) in self._avoided for at in range(len(labels)))

    def _target(self, address: Address, response: Response) -> Address:
        """Where a redirect leads. Raises FetchError."""
        location = response.headers.get(b"Location")
        if not location:
            raise FetchError(ErrorKind.SERVER)
        return joined(address.url, location.decode("utf-8", "replace"), loopback=self._loopback)

    async def _ask(
        self, address: Address, budget: Budget, headers: Mapping[str, str], sink: Sink | None
    ) -> Response:
        if self._avoids(address.host):  # also for robots.txt, and where that leads
            raise Disallowed
        await self._unpaused(address.host)
        meta = {"budget": budget, "sink": sink, "download_slot": address.host}
        request = Request(address.url, headers=dict(headers), meta=meta, dont_filter=True)
        response = await self._download(request)
        if response.status in _BUSY:
            seconds = _retry_after(response) or _PAUSE_SECONDS
            self._pause(address.host, seconds)
            raise FetchError(ErrorKind.BUSY, seconds)
        return response

    def _pause(self, host: str, seconds: int) -> None:
        now = asyncio.get_running_loop().time()
        self._paused = {each: until for each, until in self._paused.items() if until > now}
        self._paused[host] = now + seconds

    async def _unpaused(self, host: str) -> None:
        """Wait until a host may be asked again. Raises FetchError if that is long."""
        until = self._paused.get(host)
        if until is None:
            return
        left = until - asyncio.get_running_loop().time()
        if left > _WAITED_SECONDS:
            raise FetchError(ErrorKind.BUSY, int(left) + 1)
        await asyncio.sleep(max(0.0, left))
        self._paused.pop(host, None)

    async def _read_robots(self, origin: str) -> tuple[int, bytes]:
        address = parsed(f"{origin}/robots.txt", loopback=self._loopback)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._ask(address, ROBOTS, {"Accept-Encoding": ACCEPTED}, None)
            if response.status not in _REDIRECTS:
                return response.status, response.body
            address = self._target(address, response)
        return 404, b""  # RFC 9309, 2.3.1.2: as if there were none


def _conditions(known: Validators | None) -> dict[str, str]:
    return known.headers if known else {}


def _answer(address: Address, response: Response, *, moved: bool) -> Answer:
    return Answer(
        address,
        response.status,
        response.body,
        _header(response, b"Content-Type"),
        Validators(_header(response, b"ETag"), _header(response, b"Last-Modified")),
        moved,
    )


def _header(response: Response, name: bytes) -> str:
    value = (response.headers.get(name) or b"").decode("latin-1")
    return value if re.fullmatch(r"[\x20-\x7e]{0,300}", value) else ""


def _retry_after(response: Response) -> int | None:
    """Return the seconds of Retry-After, a number or a date (RFC 9110, 10.2.3)."""
    value = _header(response, b"Retry-After").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(int(value), MAX_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(1, min(int((at - datetime.now(UTC)).total_seconds()), MAX_RETRY_AFTER))
