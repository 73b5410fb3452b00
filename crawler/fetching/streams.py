"""Videos that come in pieces (HLS), fetched as if they were one file: into one sink, in order."""

from __future__ import annotations

import asyncio

from crawler.egress.addresses import Address
from crawler.fetching.budget import Sink
from crawler.fetching.fetcher import Answer, Fetcher, Validators
from crawler.finding import playlists
from crawler.finding.playlists import Segments
from crawler.limits import STREAM_FETCH_SECONDS, VIDEO_BYTES
from crawler.outcomes import Disallowed, ErrorKind, FetchError

_OK = 200


class Streams:
    """A Fetcher that knows playlists. Each piece is a request like any other."""

    def __init__(self, fetcher: Fetcher, *, loopback: bool = False) -> None:
        self._fetcher = fetcher
        self._loopback = loopback

    async def page(self, address: Address, known: Validators | None = None) -> Answer:
        """Return a page. Raises FetchError and Disallowed."""
        return await self._fetcher.page(address, known)

    async def medium(self, address: Address, sink: Sink, known: Validators | None = None) -> Answer:
        """Fetch a medium into a sink. Raises as `page` does, and what the sink raises.

        Of a playlist, the first minutes of its smallest rendition that shows enough: an answer
        without validators, as these are of the list.
        """
        if not playlists.is_playlist(address.url):
            return await self._fetcher.medium(address, sink, known)
        answer = await self._fetcher.page(address)
        if answer.status != _OK:
            return answer
        found = playlists.parsed(answer.body, answer.address.url, loopback=self._loopback)
        if not isinstance(found, Segments):
            rendition = playlists.chosen(found)
            if rendition is None:
                raise FetchError(ErrorKind.ENCODING)
            answer = await self._fetcher.page(rendition.address)
            if answer.status != _OK:
                return answer
            found = playlists.parsed(answer.body, answer.address.url, loopback=self._loopback)
        if not isinstance(found, Segments) or not found.addresses:
            raise FetchError(ErrorKind.ENCODING)
        return await self._joined(found, sink)

    async def _joined(self, segments: Segments, sink: Sink) -> Answer:
        """Fetch pieces until one fails or time is over; if the first fails, it is the answer."""
        counted = _Counted(sink)
        first: Answer | None = None
        clock = asyncio.get_running_loop().time
        until = clock() + STREAM_FETCH_SECONDS
        for address in segments.addresses:
            if first and clock() > until:
                break
            try:
                answer = await self._fetcher.medium(address, counted)
            except (FetchError, Disallowed):
                if first is None or counted.size > VIDEO_BYTES:
                    raise
                break
            if answer.status != _OK:
                return first or answer
            first = first or Answer(address, _OK, b"")
        assert first is not None  # noqa: S101 (there is an address)
        return first


class _Counted:
    """A sink that takes as much of all pieces together as one video may have."""

    def __init__(self, sink: Sink) -> None:
        self.size = 0
        self._sink = sink

    def write(self, untrusted: bytes) -> None:
        self.size += len(untrusted)
        if self.size > VIDEO_BYTES:
            raise FetchError(ErrorKind.BYTES)
        self._sink.write(untrusted)

    async def room(self) -> None:
        await self._sink.room()
