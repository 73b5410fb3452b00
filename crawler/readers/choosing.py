"""Which reader reads a page, and where an address is better looked at."""

from __future__ import annotations

from typing import Protocol

from crawler.finding.collecting import References
from crawler.readers import (
    bluesky,
    boorus,
    feeds,
    forums,
    generic,
    imageboards,
    mastodon,
    sprites,
    telegram,
    xenforo,
)
from crawler.readers.page import Page


class Reader(Protocol):
    """A module of this package that knows one kind of site."""

    def entry(self, url: str) -> str | None:
        """Return the address to look at instead, if that is another."""
        ...

    def reads(self, page: Page) -> bool:
        """Whether a page is of this kind."""
        ...

    def read(self, page: Page) -> References:
        """Return what it shows."""
        ...


_READERS: tuple[Reader, ...] = (
    sprites,
    telegram,
    xenforo,
    forums,
    imageboards,
    boorus,
    bluesky,
    feeds,
    mastodon,
)
"""The first that reads a page does; `generic` reads all others."""


def entry(url: str) -> str:
    """Return where to look for what an address shows: often itself."""
    for reader in _READERS:
        if better := reader.entry(url):
            return better
    return url


def read(page: Page) -> References:
    """Return what a page shows."""
    for reader in _READERS:
        if reader.reads(page):
            return reader.read(page)
    return generic.read(page)
