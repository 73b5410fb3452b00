"""The preview of public Telegram channels (t.me/s/…), which needs no account.

Read in November 2026. Only messages are looked at: the channel's picture and those of who writes
say nothing about what is shown.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from crawler.finding import css
from crawler.finding.collecting import Collector, References
from crawler.finding.document import Element, parsed, selected
from crawler.readers.page import Page

_HOSTS = {"t.me", "telegram.me", "telegram.dog"}
_CHANNEL = re.compile(r"/(?:s/)?([A-Za-z][A-Za-z0-9_]{3,63})(?:/([0-9]{1,12}))?/?")
_NAMES = {"share", "joinchat", "addstickers", "proxy", "login", "iv"}
"""First parts of a path that are no channel."""
_PICTURES = (
    ".tgme_widget_message_photo_wrap, .tgme_widget_message_video_thumb, "
    ".tgme_widget_message_roundvideo_thumb, .link_preview_image, .link_preview_right_image"
)
_MARK = b"tgme_widget_message"


def entry(url: str) -> str | None:
    """Return the preview of a channel, or the embedded view of one message."""
    parts = urlsplit(url)
    named = _CHANNEL.fullmatch(parts.path)
    if parts.hostname not in _HOSTS or not named or named[1].lower() in _NAMES:
        return None
    channel, message = named.groups()
    if message:
        return f"https://t.me/{channel}/{message}?embed=1&mode=tme"
    return f"https://t.me/s/{channel}" + (f"?{parts.query}" if parts.query else "")


def reads(page: Page) -> bool:
    """Whether it is a page of t.me, or one made like its previews."""
    return page.parts.hostname in _HOSTS or _MARK in page.body


def read(page: Page) -> References:
    """Return the media of messages; it goes on at older ones. Without messages, members only."""
    root = parsed(page.body, page.content_type)
    if root is None:
        return References()
    into = Collector(page.url, loopback=page.loopback)
    messages = selected(root, ".tgme_widget_message")
    for message in messages:
        _message(message, into)
    for more in selected(root, "a.tme_messages_more[data-before], a.tme_messages_more[href]"):
        into.following([more.get("href")])
    for older in selected(root, "link[rel=prev]"):
        into.following([older.get("href")])
    into.login = not messages
    return into.references()


def _message(message: Element, into: Collector) -> None:
    for part in selected(message, _PICTURES):
        into.media(css.addresses(part.get("style") or ""))
    for video in selected(message, "video"):
        into.media([video.get("src"), video.get("poster")])
    for link in selected(message, ".tgme_widget_message_text a[href]"):
        into.links([link.get("href")])
