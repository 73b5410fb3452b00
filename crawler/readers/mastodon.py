"""Posts of Mastodon, and of servers that answer like it. Read in November 2026.

Its pages need JavaScript; beside them are public interfaces that need no account: a post as JSON,
an account as RSS. Whether a host is one is known by its page alone, so they are parts of that.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from crawler.finding.collecting import Collector, References
from crawler.readers import generic
from crawler.readers.page import Page

_MARK = re.compile(rb"<div[^>]{0,200}id=[\"']mastodon[\"']|\"repository\":\s*\"mastodon/", re.I)
_STATUS = re.compile(r"/(?:@[^/]{1,200}|users/[^/]{1,100}/statuses)/([0-9]{1,30})")
_ACCOUNT = re.compile(r"/@[A-Za-z0-9_.-]{1,100}")
_JSON = re.compile(r"/api/v1/statuses/[0-9]{1,30}")
_ADDRESSES = ("url", "remote_url", "preview_url")


def entry(url: str) -> str | None:
    """Return nothing: an address does not say what its host is."""
    del url
    return None


def reads(page: Page) -> bool:
    """Whether it is a page of such a server, or a post as JSON."""
    if _JSON.fullmatch(page.parts.path):
        return True
    named = b"mastodon" in page.body.lower()  # soon known, and in each of the marks
    return named and bool(_MARK.search(page.body))


def read(page: Page) -> References:
    """Return the media of a post; of an account, its feed beside what the page has."""
    path = page.parts.path
    if _JSON.fullmatch(path):
        return _post(page)
    shown = generic.read(page)
    origin = f"{page.parts.scheme}://{page.parts.netloc}"
    beside: tuple[str, ...] = ()
    if post := _STATUS.fullmatch(path):
        beside = (f"{origin}/api/v1/statuses/{post[1]}",)
    elif _ACCOUNT.fullmatch(path):
        beside = (f"{origin}{path}.rss",)
    return replace(shown, parts=(*beside, *shown.parts))


def _post(page: Page) -> References:
    try:
        post = json.loads(page.body)
    except (ValueError, RecursionError):
        return References()
    into = Collector(page.url, loopback=page.loopback)
    for each in (post, post.get("reblog") if isinstance(post, dict) else None):
        into.media(_attached(each))
    return into.references()


def _attached(post: Any) -> list[str]:  # noqa: ANN401 (JSON of strangers)
    attached = post.get("media_attachments") if isinstance(post, dict) else None
    if not isinstance(attached, list):
        return []
    values = [each.get(name) for each in attached if isinstance(each, dict) for name in _ADDRESSES]
    return [each for each in values if isinstance(each, str)]
