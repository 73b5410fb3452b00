"""Posts and profiles of Bluesky, by its public interface that needs no account.

Read in November 2026. Of a video, the picture before it is looked at: the video itself is a list of
pieces (HLS). The address of a picture has the content identifier of the file that was uploaded: its
SHA-256. What is shown is encoded anew, and has another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from crawler.finding import digests
from crawler.finding.collecting import Collector, References
from crawler.limits import JSON_DEPTH
from crawler.readers.page import Page

_API = "https://public.api.bsky.app/xrpc/"
_THREAD, _FEED = "app.bsky.feed.getPostThread", "app.bsky.feed.getAuthorFeed"
_POST = re.compile(r"https://bsky\.app/profile/([^/?#]{3,300})/post/([A-Za-z0-9]{1,40})/?")
_PROFILE = re.compile(r"https://bsky\.app/profile/([^/?#]{3,300})/?")
_PATH = re.compile(r"/xrpc/app\.bsky\.feed\.(?:getPostThread|getAuthorFeed)")
_PICTURES = ("fullsize", "thumb", "thumbnail")
_UPLOADED = re.compile(r"/plain/did:[^/]{1,200}/(b[a-z2-7]{58})(?:@[a-z]{3,5})?$")


def entry(url: str) -> str | None:
    """Return what the interface says of a post or a profile."""
    if post := _POST.fullmatch(url):
        uri = f"at://{post[1]}/app.bsky.feed.post/{post[2]}"
        return f"{_API}{_THREAD}?uri={quote(uri, safe='')}&depth=0&parentHeight=0"
    if profile := _PROFILE.fullmatch(url):
        return f"{_API}{_FEED}?actor={quote(profile[1], safe='')}&filter=posts_with_media&limit=50"
    return None


def reads(page: Page) -> bool:
    """Whether it is an answer of the interface."""
    return bool(_PATH.fullmatch(page.parts.path))


def read(page: Page) -> References:
    """Return the pictures of posts; a profile goes on at older ones."""
    try:
        answer = json.loads(page.body)
    except (ValueError, RecursionError):
        return References()
    if not isinstance(answer, dict):
        return References()
    into = Collector(page.url, loopback=page.loopback)
    feed = answer.get("feed")
    for each in [answer.get("thread"), *(feed if isinstance(feed, list) else [])]:
        post = each.get("post") if isinstance(each, dict) else None
        if isinstance(post, dict):
            for reference in _pictures(post.get("embed"), 0):
                uploaded = _UPLOADED.search(reference)
                into.declared(reference, digests.cid(uploaded[1] if uploaded else ""))
    cursor = answer.get("cursor")
    if isinstance(cursor, str) and cursor:
        asked = {name: values[0] for name, values in parse_qs(page.parts.query).items()}
        into.following(["?" + urlencode({**asked, "cursor": cursor})])
    return into.references()


def _pictures(embed: Any, depth: int) -> Iterator[str]:  # noqa: ANN401 (JSON of strangers)
    """Yield the addresses of an embed: images, a video's thumbnail, the same beside a quote."""
    if depth > JSON_DEPTH:
        return
    if isinstance(embed, list):
        for each in embed:
            yield from _pictures(each, depth + 1)
    if not isinstance(embed, dict):
        return
    yield from (embed[name] for name in _PICTURES if isinstance(embed.get(name), str))
    for name in ("images", "media", "external"):
        yield from _pictures(embed.get(name), depth + 1)
