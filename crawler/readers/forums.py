"""Threads of phpBB and vBulletin forums. Read in November 2026.

Posts are looked at, and not the pictures of who writes them. Without cookies, both write a new
session into every address: it is taken out, or the same page and file would be others each time.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from crawler.finding import html
from crawler.finding.collecting import Collector, References
from crawler.finding.document import Element, base_of, parsed, selected
from crawler.readers.page import Page

_HEAD = 65536
_NAMES = (b"phpbb", b"vbulletin")
"""One of them is in each of the marks, for which it takes longer to look."""
_MARKS = re.compile(
    rb"<body[^>]{0,500}\bid=[\"']phpbb[\"']|vBulletin_init\(\)|"
    rb"<meta[^>]{0,200}\bcontent=[\"']vBulletin ",
    re.I,
)
_POSTS = (
    ".postbody .content, .postbody .attachbox, "  # phpBB
    "[id^=post_message_], .postcontent, .attachments, fieldset.fieldset, "  # vBulletin 3 and 4
    ".b-post__content, .js-post__attachments"  # vBulletin 5
)
_FULL = ("data-fullsize-url", "data-full-url")
_THREADS = "a.topictitle, a[id^=thread_title_], a.title, a.topic-title"
_NEXT = "link[rel=next], a[rel~=next], .pagination .next a, .js-pagenav-next-button[href]"
_SESSION = re.compile(r"(?:sid|s)=[0-9a-f]{32}")
_FILES = re.compile(
    r"/(?:download/file\.php\?(?:[^#]*&)?id=[0-9]|attachment\.php\?(?:[^#]*&)?attachmentid=[0-9]|"
    r"filedata/fetch\?(?:[^#]*&)?id=[0-9])"
)


def entry(url: str) -> str | None:
    """Return nothing: a thread is looked at where it is."""
    del url
    return None


def reads(page: Page) -> bool:
    """Whether a forum says which it is."""
    head = page.body[:_HEAD]
    lower = head.lower()
    return any(name in lower for name in _NAMES) and bool(_MARKS.search(head))


def read(page: Page) -> References:
    """Return the media of posts; a thread goes on at the next page."""
    root = parsed(page.body, page.content_type)
    if root is None:
        return References()
    base = base_of(root, page.url)
    into = Collector(base, loopback=page.loopback)
    posts = selected(root, _POSTS)
    for post in posts:
        _post(post, into)
    if not posts:  # a template of its own, or no thread
        html.collect(root, into)
    for following in selected(root, _NEXT):
        into.following([following.get("href")])
    for thread in selected(root, _THREADS):
        into.links([thread.get("href")])
    into.login = bool(selected(root, "form input[type=password]"))
    return _without_sessions(into.references())


def _post(post: Element, into: Collector) -> None:
    for element in post.iter("img", "a"):
        into.media(element.get(name) for name in _FULL)
        reference = element.get("href") or ""
        if _FILES.search("/" + reference):
            into.media([reference])
    html.collect(post, into)


def _without_sessions(found: References) -> References:
    lists = (found.media, found.parts, found.following, found.links)
    media, parts, following, links = (
        tuple(dict.fromkeys(_without_session(url) for url in each)) for each in lists
    )
    return References(media, parts, following, links, found.login, found.cut, found.tracks)


def _without_session(url: str) -> str:
    parts = urlsplit(url)
    kept = [each for each in parts.query.split("&") if not _SESSION.fullmatch(each)]
    return urlunsplit(parts._replace(query="&".join(kept)))
