"""Untrusted bytes to a tree of elements, with the parser's own limits left on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias, cast
from urllib.parse import urljoin

from lxml import etree
from lxml.cssselect import CSSSelector
from w3lib.encoding import html_to_unicode

from crawler.limits import PAGE_ELEMENTS

Element: TypeAlias = Any
"""An element of lxml, which carries no types."""


def parsed(untrusted: bytes, content_type: str = "") -> Element | None:
    """Return the root of a page, or None if there is nothing in it.

    libxml2 ends elements that are nested too deeply, and reads on after whatever is not HTML.
    """
    _, text = html_to_unicode(content_type or None, untrusted)
    text = re.sub("[\0\ud800-\udfff]", "", text)
    if not text.strip():
        return None
    # huge_tree lifts libxml2's limits: it stays off. Nothing is loaded that a page names.
    # Not lxml.html: it calls a function of Python for each element, to give it methods.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=False, no_network=True, remove_pis=True)
    try:
        return etree.fromstring(text.encode(), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def feed(untrusted: bytes) -> Element | None:
    """Return the root of an XML document, or None. Entities are not resolved, nothing is loaded."""
    parser = etree.XMLParser(
        recover=True,
        huge_tree=False,
        no_network=True,
        resolve_entities=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(untrusted, parser=parser)
    except (etree.LxmlError, ValueError):
        return None


def elements(root: Element) -> Iterator[Element]:
    """Return the elements of a page in order, PAGE_ELEMENTS of them at most."""
    return islice(root.iter(etree.Element), PAGE_ELEMENTS)


def selected(within: Element, selector: str) -> list[Element]:
    """Return the elements that a CSS selector selects, `within` among them, in order."""
    return cast("list[Element]", _compiled(selector)(within))


@lru_cache(64)
def _compiled(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")


def base_of(root: Element, address: str) -> str:
    """Return what references of a page are relative to: the first <base>, or the page's address."""
    for element in root.iter("base"):
        if href := element.get("href"):
            try:
                return urljoin(address, str(href).strip())
            except ValueError:
                return address
    return address
