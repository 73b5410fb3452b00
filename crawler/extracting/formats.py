"""Which of a video's formats is fetched: a pure choice among what an extractor says."""

from __future__ import annotations

import json
from dataclasses import dataclass

from crawler.egress.addresses import parsed
from crawler.finding.playlists import ENOUGH
from crawler.outcomes import FetchError

_MOST = 200
_DIRECT, _STREAM = {"http", "https"}, {"m3u8", "m3u8_native"}


@dataclass(frozen=True, slots=True)
class Format:
    """An address of a video. `height` is 0 where it is not known.

    `stream`: of a playlist, and not of one file.
    """

    url: str
    height: int = 0
    stream: bool = False


class NoFormats(ValueError):
    """The extractor failed, or says what none does: there may be a video, or none."""


def formats(untrusted: bytes, *, loopback: bool) -> list[Format]:
    """Return the formats that we can fetch, with a picture. Raises NoFormats."""
    try:
        said = json.loads(untrusted)["formats"][:_MOST]
        found = [
            Format(each["url"], _height(each.get("height")), each.get("protocol") in _STREAM)
            for each in said
            if each.get("protocol") in _DIRECT | _STREAM and each.get("vcodec") != "none"
        ]
        return [each for each in found if _may_be_asked(each.url, loopback=loopback)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise NoFormats from err


def chosen(formats: list[Format]) -> Format | None:
    """Return the smallest that shows enough, else the largest; one of unknown size comes last.

    One file comes before a stream: it is a request less a few, and has the signals of the file.
    """
    found = [each for each in formats if not each.stream] or formats
    enough = [each for each in found if each.height >= ENOUGH]
    if enough:
        return min(enough, key=lambda each: each.height)
    return max(found, key=lambda each: each.height, default=None)


def _height(untrusted: object) -> int:
    return untrusted if isinstance(untrusted, int) and 0 <= untrusted < 2**16 else 0


def _may_be_asked(untrusted: str, *, loopback: bool) -> bool:
    try:
        parsed(untrusted, loopback=loopback)
    except FetchError:
        return False
    return True
