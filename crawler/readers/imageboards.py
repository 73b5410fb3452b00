"""Threads of imageboards as JSON: 4chan, vichan and what came of it, LynxChan.

Read in November 2026. On 4chan the JSON is looked at instead of the page, as its owners ask
programs to; elsewhere beside it, as a part of the page, because not every board has it.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

from crawler.finding import digests
from crawler.finding.collecting import Collector, Digests, References
from crawler.limits import JSON_NODES
from crawler.readers import generic
from crawler.readers.page import Page

_FOUR = re.compile(
    r"https?://boards\.(?:4chan|4channel)\.org/([a-z0-9]{1,10})/thread/([0-9]{1,12})(?:/[^?]*)?"
)
_FOUR_MEDIA = {"a.4cdn.org": "https://i.4cdn.org"}
_THREAD = re.compile(r"(/(?:[^/?#]+/)?([^/?#]{1,40}))/(?:res|thread)/([0-9]{1,12})\.(html|json)")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


def entry(url: str) -> str | None:
    """Return the JSON of a thread of 4chan."""
    thread = _FOUR.fullmatch(url)
    return f"https://a.4cdn.org/{thread[1]}/thread/{thread[2]}.json" if thread else None


def reads(page: Page) -> bool:
    """Whether it is a thread by its path, as a page or as JSON."""
    return bool(_THREAD.fullmatch(page.parts.path))


def read(page: Page) -> References:
    """Return the files of a thread."""
    thread = _THREAD.fullmatch(page.parts.path)
    assert thread is not None  # noqa: S101 (`reads` says so)
    if thread[4] == "json":
        return _files(page, thread[1])
    shown = generic.read(page)
    beside = page.url.partition("?")[0].removesuffix("html") + "json"
    return replace(shown, parts=(*shown.parts, beside))


def _files(page: Page, board: str) -> References:
    try:
        thread = json.loads(page.body)
    except (ValueError, RecursionError):
        return References()
    into = Collector(page.url, loopback=page.loopback)
    if not isinstance(thread, dict):
        return References()
    posts = thread.get("posts")
    for post in [thread, *(posts if isinstance(posts, list) else [])][:JSON_NODES]:
        if isinstance(post, dict):
            for reference, said in _of_post(post, _folder(page, board)):
                into.declared(reference, said)
    return into.references()


def _folder(page: Page, board: str) -> str:
    """Where the files of a board are."""
    parts = urlsplit(page.url)
    if parts.hostname in _FOUR_MEDIA:
        return f"{_FOUR_MEDIA[parts.hostname]}{board}"
    return f"{board}/src"


def _of_post(post: dict[str, Any], folder: str) -> list[tuple[str, Digests]]:
    """Return the files of a post: vichan's own and `extra_files`, LynxChan's `files`."""
    extra = post.get("extra_files")
    named = (post, *(extra if isinstance(extra, list) else ()))
    found = [
        (reference, digests.md5(each.get("md5")))
        for each in named
        if isinstance(each, dict) and (reference := _named(each, folder))
    ]
    files = post.get("files")
    paths = (
        [each.get("path") for each in files if isinstance(each, dict)]
        if isinstance(files, list)
        else []
    )
    of_files = [quote(each, safe="/%:?=&") for each in paths if isinstance(each, str) and each]
    return [*found, *((each, Digests()) for each in of_files)]


def _named(file: dict[str, Any], folder: str) -> str | None:
    if file.get("filedeleted"):
        return None
    name, extension = str(file.get("tim", "")), file.get("ext")
    if not isinstance(extension, str) or not _EXTENSION.fullmatch(extension):
        return None
    return f"{folder}/{name}{extension}" if _NAME.fullmatch(name) else None
