"""Which of a video's formats is fetched: a pure choice among what an extractor says."""

from __future__ import annotations

import json
from dataclasses import dataclass

from crawler.egress.addresses import parsed
from crawler.outcomes import FetchError

_ENOUGH = 360
"""Lines of a picture: signals are of 64 x 64 points, and more is more to fetch."""
_MOST = 200
_DIRECT = {"http", "https"}


@dataclass(frozen=True, slots=True)
class Format:
    """An address of a video as one file. `height` is 0 where it is not known."""

    url: str
    height: int = 0


class NoFormats(ValueError):
    """The extractor failed, or says what none does: there may be a video, or none."""


def direct(untrusted: bytes, *, loopback: bool) -> list[Format]:
    """Return the formats that are one file each, with a picture. Raises NoFormats."""
    try:
        said = json.loads(untrusted)["formats"][:_MOST]
        found = [
            Format(each["url"], _height(each.get("height")))
            for each in said
            if each.get("protocol") in _DIRECT and each.get("vcodec") != "none"
        ]
        return [each for each in found if _may_be_asked(each.url, loopback=loopback)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise NoFormats from err


def chosen(formats: list[Format]) -> Format | None:
    """Return the smallest that shows enough, else the largest; one of unknown size comes last."""
    enough = [each for each in formats if each.height >= _ENOUGH]
    if enough:
        return min(enough, key=lambda each: each.height)
    return max(formats, key=lambda each: each.height, default=None)


def _height(untrusted: object) -> int:
    return untrusted if isinstance(untrusted, int) and 0 <= untrusted < 2**16 else 0


def _may_be_asked(untrusted: str, *, loopback: bool) -> bool:
    try:
        parsed(untrusted, loopback=loopback)
    except FetchError:
        return False
    return True
