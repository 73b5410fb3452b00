"""RSS and Atom: enclosures, media:content, and the HTML of entries."""

from __future__ import annotations

import re

from crawler.finding import html
from crawler.finding.collecting import Collector, References
from crawler.finding.document import Element, elements, feed, parsed
from crawler.readers.page import Page

_MARK = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}\?>)?(?:\s|<!--.{0,2000}?-->|<\?[^>]{0,400}\?>)*<(?:rss|feed|rdf:RDF)\b",
    re.I | re.S,
)
_TEXTS = {"description", "encoded", "content", "summary"}
_HEAD = 8192
_ENTRIES = 500
"""Most entries whose HTML is read; feeds have some dozens."""


def entry(url: str) -> str | None:
    """Return nothing: a feed is looked at where it is."""
    del url
    return None


def reads(page: Page) -> bool:
    """Whether it begins like a feed."""
    return bool(_MARK.match(page.body[:_HEAD].lstrip(b"\xef\xbb\xbf")))


def read(page: Page) -> References:
    """Return the media of entries, and where these lead."""
    root = feed(page.body)
    if root is None:
        return References()
    into = Collector(page.url, loopback=page.loopback)
    texts = 0
    for element in elements(root):
        name = element.tag.rpartition("}")[2].lower()
        _attributes(element, name, into)
        if name in _TEXTS and element.text and texts < _ENTRIES:
            texts += 1
            inner = parsed(element.text.encode())
            if inner is not None:
                html.collect(inner, into)
    return into.references()


def _attributes(element: Element, name: str, into: Collector) -> None:
    kind, address = element.get("type") or "", element.get("url") or element.get("href")
    medium = element.get("medium") or ""
    if name in {"enclosure", "thumbnail"} or medium in {"image", "video"}:
        into.media([address] if not kind.startswith("audio/") else [])
    elif name == "content" and kind.startswith(("image/", "video/")):
        into.media([address])
    elif name == "link":
        relation = element.get("rel") or "alternate"
        target = [address or (element.text or "").strip()]
        if relation == "enclosure":
            into.media(target if kind.startswith(("image/", "video/")) else [])
        elif relation == "next":
            into.following(target)
        elif relation == "alternate":
            into.links(target)
