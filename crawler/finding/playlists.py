"""Playlists of HLS (RFC 8216): which rendition, and which segments. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.egress.addresses import Address, joined
from crawler.limits import PLAYLIST_LINES, STREAM_SECONDS, STREAM_SEGMENTS
from crawler.outcomes import ErrorKind, FetchError

ENOUGH = 360
"""Lines of a picture: signals are of 64 x 64 points, and more is more to fetch."""
_ENOUGH_BITS = 400_000
"""A second, where nothing says how many lines there are."""
_ATTRIBUTE = re.compile(r'([A-Z0-9-]{1,64})=("[^"]{0,2048}"|[^",]{0,256})')


@dataclass(frozen=True, slots=True)
class Rendition:
    """One playlist of a video. `height` and `bits` are 0 where they are not said."""

    address: Address
    height: int
    bits: int


@dataclass(frozen=True, slots=True)
class Segments:
    """The pieces of a video, in order, as far as they are fetched."""

    addresses: tuple[Address, ...]


def is_playlist(url: str) -> bool:
    """Whether an address ends like a playlist of HLS."""
    return urlsplit(url).path.lower().endswith(".m3u8")


def parsed(untrusted: bytes, base: str, *, loopback: bool = False) -> list[Rendition] | Segments:
    """Return the renditions of a video, or the segments of one. Raises FetchError.

    ENCODING: no playlist, or one whose segments are encrypted, or parts of a file.
    """
    lines = [each.strip() for each in untrusted.decode("utf-8", "replace").splitlines()]
    if not lines or not lines[0].removeprefix("\ufeff").startswith("#EXTM3U"):
        raise FetchError(ErrorKind.ENCODING)
    lines = lines[:PLAYLIST_LINES]
    if any(line.startswith("#EXT-X-STREAM-INF:") for line in lines):
        return _renditions(lines, base, loopback=loopback)
    return _segments(lines, base, loopback=loopback)


def chosen(renditions: list[Rendition]) -> Rendition | None:
    """Return the smallest that shows enough, else the largest."""
    enough = [
        each
        for each in renditions
        if each.height >= ENOUGH or (not each.height and each.bits >= _ENOUGH_BITS)
    ]
    if enough:
        return min(enough, key=_size)
    return max(renditions, key=_size, default=None)


def _size(rendition: Rendition) -> tuple[int, int]:
    return rendition.height, rendition.bits


def _renditions(lines: list[str], base: str, *, loopback: bool) -> list[Rendition]:
    found = []
    told: dict[str, str] | None = None
    for line in lines:
        if line.startswith("#EXT-X-STREAM-INF:"):
            told = dict(_ATTRIBUTE.findall(line))
        elif line and not line.startswith("#") and told is not None:
            height = re.fullmatch(r"[0-9]{1,5}x([0-9]{1,5})", told.get("RESOLUTION", ""))
            bits = re.fullmatch(r"[0-9]{1,10}", told.get("BANDWIDTH", ""))
            address = joined(base, line, loopback=loopback)
            found.append(
                Rendition(address, int(height[1]) if height else 0, int(bits[0]) if bits else 0)
            )
            told = None
    return found


def _segments(lines: list[str], base: str, *, loopback: bool) -> Segments:
    found: list[Address] = []
    seconds = 0.0
    for line in lines:
        if line.startswith("#EXT-X-KEY:") and "METHOD=NONE" not in line:
            raise FetchError(ErrorKind.ENCODING)
        if line.startswith("#EXT-X-BYTERANGE:"):
            raise FetchError(ErrorKind.ENCODING)
        if line.startswith("#EXT-X-MAP:"):
            told = dict(_ATTRIBUTE.findall(line))
            if found or "URI" not in told or "BYTERANGE" in told:
                break  # another beginning: what follows is another film, such as an advertisement
            found.append(joined(base, told["URI"].strip('"'), loopback=loopback))
        elif line.startswith("#EXTINF:"):
            length = re.match(r"#EXTINF:([0-9]{1,5}(?:\.[0-9]{0,9})?)", line)
            seconds += float(length[1]) if length else 0.0
        elif line and not line.startswith("#"):
            found.append(joined(base, line, loopback=loopback))
            if len(found) >= STREAM_SEGMENTS or seconds >= STREAM_SECONDS:
                break
    return Segments(tuple(found))
