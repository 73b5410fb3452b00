"""References to JSON and back: between a child and its parent, and in the frontier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crawler.egress.addresses import parsed
from crawler.finding.collecting import Digests, References, Tile
from crawler.limits import LINKS_PER_PAGE, SHEETS_PER_TRACK, TILES_PER_SHEET

Json = dict[str, Any]
_LISTS = ("media", "parts", "following", "links", "tracks")
_MARKS = ("login", "cut")
_HEXADECIMAL = re.compile(r"(?:[0-9a-f]{32})?\|(?:[0-9a-f]{64})?")


def document(found: References) -> Json:
    """Return the JSON object of what a page shows."""
    return {
        **{name: list(getattr(found, name)) for name in _LISTS},
        **{name: getattr(found, name) for name in _MARKS},
        "digests": {url: list(said) for url, said in found.digests.items()},
        "sheets": {url: [list(tile) for tile in tiles] for url, tiles in found.sheets.items()},
    }


def references(untrusted: Json, *, loopback: bool) -> References:
    """Return what an object is of. Every address is parsed again.

    Raises FetchError, ValueError, KeyError, TypeError or AttributeError if it is none.
    """
    media, parts, following, links, tracks = (
        _addresses(untrusted[name], loopback=loopback) for name in _LISTS
    )
    login, cut = (bool(untrusted[name]) for name in _MARKS)
    shown = set(media)
    digests = {url: _digests(said) for url, said in untrusted["digests"].items() if url in shown}
    sheets = _sheets(untrusted["sheets"], loopback=loopback)
    return References(media, parts, following, links, login, cut, tracks, digests, sheets)


def tile(untrusted: list[Any]) -> Tile:
    """Return a tile from its numbers. Raises ValueError or TypeError."""
    if not all(type(each) is int and 0 <= each < 2**31 for each in untrusted):
        raise ValueError
    return Tile(*untrusted)


def _addresses(values: list[str], *, loopback: bool) -> tuple[str, ...]:
    if len(values) > LINKS_PER_PAGE:
        raise ValueError
    return tuple(parsed(each, loopback=loopback).url for each in values)


def _digests(said: list[str]) -> Digests:
    if not _HEXADECIMAL.fullmatch("|".join(said)):
        raise ValueError
    return Digests(*said)


def _sheets(sheets: Mapping[str, list[Any]], *, loopback: bool) -> dict[str, tuple[Tile, ...]]:
    if len(sheets) > SHEETS_PER_TRACK or any(len(t) > TILES_PER_SHEET for t in sheets.values()):
        raise ValueError
    return {
        parsed(url, loopback=loopback).url: tuple(tile(each) for each in tiles)
        for url, tiles in sheets.items()
    }
