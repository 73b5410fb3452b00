"""Threads of XenForo 2 forums. Read in November 2026.

Posts are looked at, and not the pictures of who writes them. Full sizes that only members get are
addresses like any other: they answer 403, and nobody logs in.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from crawler.finding import html
from crawler.finding.collecting import Collector, References
from crawler.finding.document import Element, base_of, parsed, selected
from crawler.readers.page import Page

_MARK = re.compile(rb"<html[^>]{0,2000}\bid=[\"']XF[\"']", re.I)
_HEAD = 8192
_POSTS = ".message-body, .message-attachments, .attachmentList, .media-container, .message-lastEdit"
_PICTURES = ".bbImageWrapper, .bbImage, .lbContainer-zoomer, .file-preview, .js-lbImage"
_EMBEDS = "[data-s9e-mediaembed-iframe]"


def entry(url: str) -> str | None:
    """Return nothing: a thread is looked at where it is."""
    del url
    return None


def reads(page: Page) -> bool:
    """Whether a forum says that it is one: every template begins with it."""
    return bool(_MARK.search(page.body[:_HEAD]))


def read(page: Page) -> References:
    """Return the media of posts; a thread goes on at the next page."""
    root = parsed(page.body, page.content_type)
    if root is None:
        return References()
    into = Collector(base_of(root, page.url), loopback=page.loopback)
    for post in selected(root, _POSTS):
        _post(post, into)
    for following in selected(root, "a.pageNav-jump--next, link[rel=next]"):
        into.following([following.get("href")])
    for thread in selected(root, ".structItem-title a[href], .node-title a[href], .itemList a"):
        into.links([thread.get("href")])
    into.login = bool(selected(root, "form input[type=password]"))
    return into.references()


def _post(post: Element, into: Collector) -> None:
    for picture in selected(post, _PICTURES):
        # data-url is where the picture is; src may be the forum's proxy of it, or a placeholder.
        names = ("data-src", "data-url", "data-lb-src", "src")
        into.media([picture.get(name) for name in names])
    for link in selected(post, "a[href]"):
        if re.search(r"/attachments/[^/]+\.[0-9]+/?$", _path(link.get("href"))):
            into.media([link.get("href")])
    for embed in selected(post, _EMBEDS):
        into.parts([_embedded(embed.get("data-s9e-mediaembed-iframe") or "")])
    html.collect(post, into)


def _path(reference: str) -> str:
    """The path of a reference, empty if it is none."""
    try:
        return urlsplit(reference).path
    except ValueError:
        return ""


def _embedded(untrusted: str) -> str | None:
    """The address in what the forum's media embed keeps: a list of names and values in JSON."""
    try:
        pairs = json.loads(untrusted)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, list) or not all(isinstance(each, str) for each in pairs):
        return None
    named = dict(zip(pairs[::2], pairs[1::2], strict=False))
    return named.get("src")
