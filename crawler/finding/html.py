"""What a page of HTML shows, whatever made it: every place where pictures and videos stand."""

from __future__ import annotations

import re
from collections.abc import Callable

from crawler.finding import css, jsonld, tracks
from crawler.finding.collecting import Collector, References
from crawler.finding.document import Element, base_of, elements, parsed
from crawler.finding.hints import inside, is_media
from crawler.finding.srcset import largest
from crawler.limits import ELEMENT_ATTRIBUTES

_LAZY = {
    "data-src", "data-original", "data-original-src", "data-lazy", "data-lazy-src",
    "data-lazyload", "data-full", "data-full-src", "data-fullsize", "data-large",
    "data-large-src", "data-large-file", "data-image", "data-img", "data-bg", "data-background",
    "data-background-image", "data-poster", "data-thumb", "data-thumb-url", "data-thumbnail",
    "data-preview", "data-zoom-image", "data-hi-res-src", "data-orig-file", "data-orig-src",
    "data-echo", "data-webm", "data-video", "data-video-src", "data-hd", "data-sd", "data-splash",
    "lowsrc", "background",
}  # fmt: skip
"""Attributes in which scripts of galleries and lazy loaders keep what they show later."""
_LAZY_SETS = {"srcset", "data-srcset", "data-lazy-srcset", "imagesrcset", "data-src-retina"}
_IS_PATH = re.compile("[./]")
_META = re.compile(
    r"(?:og:(?:image|video)(?::(?:url|secure_url))?|twitter:(?:image|image:src|player:stream)|"
    r"image|thumbnail|thumbnailurl|contenturl|msapplication-tileimage)",
    re.I,
)
_META_PART = re.compile(r"(?:twitter:player|og:video:iframe|embedurl)", re.I)
_PLAYER = re.compile(r"embed|player|video|/e/|/v/|watch|stream", re.I)
_NEXT = re.compile(
    r"(?:^|[\s_-])(?:next|older|pagenav-?jump-?--next|pagination-?next)(?:$|[\s_-])", re.I
)
_NEXT_TEXT = re.compile(
    r"\s*(?:next(?: page)?|older(?: posts)?|[›»→>]{1,2}|load more)\s*[›»→>]*\s*", re.I
)


def find(
    untrusted: bytes, address: str, content_type: str = "", *, loopback: bool = False
) -> References:
    """Return the media and links of a page."""
    root = parsed(untrusted, content_type)
    if root is None:
        return References()
    into = Collector(base_of(root, address), loopback=loopback)
    collect(root, into)
    return into.references()


def collect(root: Element, into: Collector) -> None:
    """Note what every element of a tree shows and leads to."""
    for element in elements(root):
        if read := _READERS.get(element.tag):
            read(element, into)
        if attributes := element.items():
            _attributes(element, attributes[:ELEMENT_ATTRIBUTES], into)


def _attributes(element: Element, attributes: list[tuple[str, str]], into: Collector) -> None:
    """What any element may have: a style, or what a script will show there."""
    for name, value in attributes:
        lower = name.lower()
        if ".vtt" in value.lower() and element.tag != "track":
            into.tracks(tracks.of_attribute(lower, value))
        if lower == "style":
            into.media(css.addresses(value))
        elif lower in _LAZY_SETS:
            into.media([largest(value)])
        elif (lower in _LAZY and _IS_PATH.search(value)) or (
            lower.startswith("data-") and is_media(value)
        ):
            into.media(css.addresses(value) if "url(" in value else [value])
        elif (
            lower == "itemprop"
            and element.tag != "meta"
            and value.lower() in {"image", "contenturl"}
        ):
            into.media([element.get("content"), element.get("src"), element.get("href")])


def _shown(element: Element, into: Collector) -> None:
    into.media([element.get("src"), element.get("poster")])


def _source(element: Element, into: Collector) -> None:
    kind = (element.get("type") or "").lower()
    if not kind.startswith("audio/"):
        into.media([element.get("src")])


def _embedded(element: Element, into: Collector) -> None:
    reference = element.get("data") or element.get("src")
    kind = (element.get("type") or "").lower()
    if is_media(reference or "") or kind.startswith(("image/", "video/")):
        into.media([reference])
    elif kind in {"", "text/html"}:
        into.parts([reference])


def _input(element: Element, into: Collector) -> None:
    kind = (element.get("type") or "").lower()
    if kind == "image":
        into.media([element.get("src")])
    elif kind == "password":
        into.login = True


def _frame(element: Element, into: Collector) -> None:
    for reference in (element.get("src"), *(element.get(name) for name in _LAZY)):
        if not reference:
            continue
        if is_media(reference):
            into.media([reference])
        elif _PLAYER.search(reference) or element.get("allowfullscreen") is not None:
            into.parts([reference])
        else:
            into.links([reference])


def _link(element: Element, into: Collector) -> None:
    relations = (element.get("rel") or "").lower().split()
    reference = element.get("href")
    kind = (element.get("as") or "").lower()
    if "image_src" in relations or ("preload" in relations and kind in {"image", "video"}):
        into.media([reference])
    if "next" in relations:
        into.following([reference])


def _anchor(element: Element, into: Collector) -> None:
    reference = element.get("href") or ""
    if not reference or reference.startswith("#"):
        return
    targets = inside(reference)
    into.media([each for each in (reference, *targets) if is_media(each)])
    if is_media(reference):
        return
    relations = (element.get("rel") or "").lower().split()
    named = " ".join(
        filter(None, (element.get("class"), element.get("id"), element.get("data-pagination")))
    )
    if "next" in relations or _NEXT.search(named) or _NEXT_TEXT.fullmatch(_text(element)):
        into.following([reference])
    into.links([*(each for each in targets if not is_media(each)), reference])


def _text(element: Element) -> str:
    """The text of a link, as far as a word is long: a whole page may be inside one."""
    taken = ""
    for part in element.itertext():
        taken += part
        if len(taken) > 40:  # noqa: PLR2004
            break
    return taken[:40]


def _meta(element: Element, into: Collector) -> None:
    name = element.get("property") or element.get("name") or element.get("itemprop") or ""
    content = element.get("content") or ""
    if _META.fullmatch(name):
        into.media([content])
    elif _META_PART.fullmatch(name):
        into.parts([content])
    elif (element.get("http-equiv") or "").lower() == "refresh" and (
        target := re.search(r"url\s*=\s*['\"]?([^'\"]{1,2048})", content, re.I)
    ):
        into.links([target[1]])


def _style(element: Element, into: Collector) -> None:
    into.media(css.addresses(element.text or ""))


def _track(element: Element, into: Collector) -> None:
    about = f"{element.get('kind') or ''} {element.get('label') or ''} {element.get('id') or ''}"
    if re.search(r"metadata|thumb|preview|sprite|storyboard", about, re.I):
        into.tracks([element.get("src")])


def _script(element: Element, into: Collector) -> None:
    if "ld+json" in (element.get("type") or "").lower():
        jsonld.collect(element.text or "", into)
    else:
        into.tracks(tracks.of_script(element.text or ""))


def _svg_image(element: Element, into: Collector) -> None:
    into.media([element.get("href") or element.get("xlink:href")])


_READERS: dict[str, Callable[[Element, Collector], None]] = {
    "img": _shown,
    "amp-img": _shown,
    "video": _shown,
    "amp-video": _shown,
    "source": _source,
    "track": _track,
    "object": _embedded,
    "embed": _embedded,
    "input": _input,
    "iframe": _frame,
    "frame": _frame,
    "link": _link,
    "a": _anchor,
    "area": _anchor,
    "meta": _meta,
    "style": _style,
    "script": _script,
    "image": _svg_image,
}
