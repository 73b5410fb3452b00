"""WebVTT files of players: which part of which sheet is a film's picture at which time.

A line names a picture, or a part of one as a media fragment: `sheet.jpg#xywh=160,0,160,90`
(W3C Media Fragments, 4.2.2). Percentages are not in use: such a sheet is looked at as a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.finding.collecting import Collector, References, Tile
from crawler.finding.hints import is_media
from crawler.limits import SHEETS_PER_TRACK, TILES_PER_SHEET, TRACK_CUES
from crawler.readers.page import Page

_MARK = b"WEBVTT"
_TIME = r"(?:([0-9]{1,3}):)?([0-9]{1,2}):([0-9]{1,2})[.,]([0-9]{3})"
_TIMES = re.compile(rf"\s*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t]+(\S.*))?")
_PART = re.compile(
    r"(.{1,2048})#xywh=(?:pixel:)?([0-9]{1,5}),([0-9]{1,5}),([0-9]{1,5}),([0-9]{1,5})"
)
_LONGEST_MS = 4 * 3600 * 1000
"""As long as a video may be that the service knows."""


def entry(url: str) -> str | None:
    """Return nothing: a page names it."""
    del url
    return None


def reads(page: Page) -> bool:
    """Whether it begins like such a file."""
    return page.body.lstrip(b"\xef\xbb\xbf\r\n\t ")[: len(_MARK)] == _MARK


def read(page: Page) -> References:
    """Return the sheets with their parts; a picture that is named as a whole is a medium."""
    into = Collector(page.url, loopback=page.loopback)
    sheets: dict[str, list[Tile]] = {}
    cut = False
    for at_ms, until_ms, text in _cues(page.body.decode("utf-8", "replace")):
        part = _PART.fullmatch(text)
        if not part:
            into.media([text] if is_media(text) else [])
            continue
        address = into.address(part[1])
        left, top, width, height = map(int, part.groups()[1:])
        if not address or until_ms > _LONGEST_MS or until_ms < at_ms or not width or not height:
            continue
        tiles = sheets.get(address.url)
        if tiles is None and len(sheets) < SHEETS_PER_TRACK:
            tiles = sheets[address.url] = []
        if tiles is None or len(tiles) >= TILES_PER_SHEET:
            cut = True
            continue
        tiles.append(Tile(at_ms, until_ms, left, top, width, height))
    shown = into.references()
    return References(
        media=shown.media,
        sheets={url: tuple(tiles) for url, tiles in sheets.items()},
        cut=shown.cut or cut,
    )


def _cues(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the times, in milliseconds, and the first line of each entry."""
    times: tuple[int, int] | None = None
    for count, line in enumerate(text.splitlines()):
        if count > 4 * TRACK_CUES:  # an entry has a name, its times, a line and an empty one
            return
        match = _TIMES.match(line[:4096])
        if match:
            times = _ms(*match.groups()[:4]), _ms(*match.groups()[4:8])
        shown = (match[9] or "" if match else line).strip()
        if match and not _PART.fullmatch(shown) and not is_media(shown):
            continue  # how an entry is set
        if times and shown:
            yield (*times, shown[:4096])
            times = None


def _ms(hours: str | None, minutes: str, seconds: str, thousandths: str) -> int:
    whole = 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds)
    return 1000 * whole + int(thousandths)
