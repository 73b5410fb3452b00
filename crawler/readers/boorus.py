"""Boorus: sites of pictures with tags, each with a public interface that names a file's MD5.

Read in November 2026: Danbooru and e621 (`/posts/1.json`), Moebooru (`/post.json`, and the same
within its pages), Gelbooru and what came of it (`page=dapi`, as JSON or XML). It is read beside the
page and not instead of it: some answer it only to accounts, and the page still shows the picture.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

from crawler.finding import digests, document
from crawler.finding.collecting import Collector, References
from crawler.limits import JSON_NODES
from crawler.readers import generic
from crawler.readers.page import Page

_DANBOORU = re.compile(r"/posts(?:/[0-9]{1,12})?")
_MOEBOORU = re.compile(r"/post(?:/show/([0-9]{1,12})(?:/[^/]*)?|/?|/index)")
_JSON = re.compile(r"/posts(?:/[0-9]{1,12})?\.json|/post(?:/index)?\.json")
_OWN_PAGE = re.compile(rb"<body[^>]{0,2000}\bc-posts\b", re.I)
_WITHIN = re.compile(rb"Post\.register_resp\(\s*(?=\{)")
_FILES = ("file_url", "jpeg_url", "large_file_url", "sample_url", "preview_file_url", "preview_url")
"""The best first: some are missing where only members may have them."""
_PARTS = {"directory", "image"}
"""Of Gelbooru before it named whole addresses."""
_NO_MEDIUM = (".zip", ".swf")


def entry(url: str) -> str | None:
    """Return nothing: a post is looked at where it is."""
    del url
    return None


def reads(page: Page) -> bool:
    """Whether it is an answer of an interface, or a page of posts that has one."""
    return _is_answer(page) or bool(_beside(page)) or bool(_WITHIN.search(page.body))


def read(page: Page) -> References:
    """Return the files of posts with what the site says of their bytes."""
    if _is_answer(page):
        into = Collector(page.url, loopback=page.loopback)
        _note(_answered(page), into)
        return into.references()
    shown = generic.read(page)
    into = Collector(page.url, loopback=page.loopback)
    if within := _WITHIN.search(page.body):
        _note(_posts(_first_value(page.body[within.end() :])), into)
    of_posts = into.references()
    return References(
        media=tuple(dict.fromkeys((*of_posts.media, *shown.media))),
        parts=(*_beside(page), *shown.parts),
        following=shown.following,
        links=shown.links,
        login=shown.login,
        cut=shown.cut or of_posts.cut,
        tracks=shown.tracks,
        digests=of_posts.digests,
    )


def _is_answer(page: Page) -> bool:
    return bool(_JSON.fullmatch(page.parts.path)) or _asked(page).get("page") == "dapi"


def _beside(page: Page) -> tuple[str, ...]:
    """Where the interface says the same as a page; nothing if the page has all of it."""
    path, query = page.parts.path, page.parts.query
    origin = f"{page.parts.scheme}://{page.parts.netloc}"
    if _DANBOORU.fullmatch(path) and _OWN_PAGE.search(page.body):
        return (f"{origin}{path}.json" + (f"?{query}" if query else ""),)
    if _MOEBOORU.fullmatch(path) and b"moebooru" in page.body.lower():
        shown = _MOEBOORU.fullmatch(path)
        if _WITHIN.search(page.body):
            return ()
        asked = urlencode({"tags": f"id:{shown[1]}"}) if shown and shown[1] else query
        return (f"{origin}/post.json?{asked}",)
    asked_of = _asked(page)
    first_of_list = asked_of.get("s") == "list" and asked_of.get("pid", "0") == "0"
    if asked_of.get("page") != "post" or not (asked_of.get("s") == "view" or first_of_list):
        return ()  # pages of a list are counted in another way there
    interface = {"page": "dapi", "s": "post", "q": "index", "json": "1"}
    interface |= {name: asked_of[name] for name in ("id", "tags") if name in asked_of}
    return (f"{origin}{path}?{urlencode(interface)}",)


def _asked(page: Page) -> dict[str, str]:
    try:
        return {name: each[0] for name, each in parse_qs(page.parts.query).items()}
    except ValueError:
        return {}


def _answered(page: Page) -> Iterator[Mapping[str, Any]]:
    """Yield the posts of an answer, which is JSON or XML."""
    if page.body.lstrip()[:1] == b"<":
        root = document.feed(page.body)
        for element in document.elements(root) if root is not None else ():
            if element.tag == "post":
                inner: dict[str, Any] = {str(each.tag): each.text for each in element}
                yield inner | dict(element.attrib)
        return
    try:
        yield from _posts(json.loads(page.body))
    except (ValueError, RecursionError):
        return


def _first_value(untrusted: bytes) -> object:
    try:
        value, _ = json.JSONDecoder().raw_decode(untrusted.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return value


def _posts(answer: object) -> Iterator[Mapping[str, Any]]:
    """Yield the posts of JSON: a list, or an object with one or several."""
    if isinstance(answer, dict):
        inner = answer.get("posts") or answer.get("post")
        answer = inner if isinstance(inner, list) else [inner or answer]
    for post in answer[:JSON_NODES] if isinstance(answer, list) else ():
        if isinstance(post, dict):
            yield post


def _note(posts: Iterator[Mapping[str, Any]], into: Collector) -> None:
    for post in posts:
        file = post.get("file")  # of e621
        of = dict(post)
        if isinstance(file, dict):
            of |= {"file_url": file.get("url"), "md5": file.get("md5")}
        if not of.get("file_url") and of.keys() >= _PARTS:
            of["file_url"] = f"/images/{of['directory']}/{of['image']}"
        for reference in (of.get(name) for name in _FILES):
            if isinstance(reference, str) and reference and not _is_none(reference):
                into.declared(reference, digests.md5(of.get("md5") or of.get("hash")))
                break


def _is_none(reference: str) -> bool:
    return reference.partition("?")[0].lower().endswith(_NO_MEDIUM)
