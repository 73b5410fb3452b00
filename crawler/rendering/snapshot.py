"""A snapshot of a browser's documents to HTML, which the child of pages reads: pure functions.

DevTools' DOMSnapshot has every document as columns of numbers into one list of strings, shadow
trees included, open and closed. What a page shows elsewhere than in its attributes (the chosen
source of a picture, backgrounds by style sheets) is written into attributes.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from crawler.limits import PAGE_BYTES, PAGE_ELEMENTS

Json: TypeAlias = dict[str, Any]

STYLES = ("background-image", "content")
"""Computed styles that may show a picture."""
_ELEMENT, _TEXT = 1, 3
_TOLD = {"a", "script", "style", "noscript", "span", "b", "strong", "em"}
"""Elements whose text says something to whoever looks for media and for where it goes on."""
_RAW = {"script", "style", "noscript"}
_EMPTY = {
    *(
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
    ),
    "wbr",
}
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-:_.")


class NoSnapshot(ValueError):
    """It is none that a browser makes."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document: `base` is what its references are relative to. `cut`: there was more."""

    url: str
    base: str
    html: bytes
    cut: bool = False


def documents(untrusted: Json) -> list[Document]:
    """Return the documents of a snapshot, that of the page first. Raises NoSnapshot."""
    try:
        strings = untrusted["strings"]
        return [_document(each, strings) for each in untrusted["documents"]]
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as err:
        raise NoSnapshot from err


def _document(untrusted: Json, strings: Sequence[str]) -> Document:
    written: list[str] = []
    size = 0
    cut = False
    pieces = _pieces(untrusted["nodes"], _styles(untrusted, strings), strings)
    for count, piece in enumerate(pieces):
        size += len(piece)
        if size > PAGE_BYTES // 2 or count > 2 * PAGE_ELEMENTS:  # of UTF-8, which may be longer
            cut = True
            break
        written.append(piece)
    url, base = (strings[untrusted[name]] for name in ("documentURL", "baseURL"))
    return Document(url, base, "".join(written).encode("utf-8", "replace"), cut)


def _styles(untrusted: Json, strings: Sequence[str]) -> dict[int, str]:
    """Return what the computed styles of nodes show, by the number of the node."""
    layout = untrusted["layout"]
    found = {}
    for node, styles in zip(layout["nodeIndex"], layout["styles"], strict=True):
        shown = [strings[each] for each in styles if each >= 0]
        if pictures := [each for each in shown if "url(" in each]:
            found[node] = ",".join(pictures)
    return found


def _pieces(nodes: Json, styles: dict[int, str], strings: Sequence[str]) -> Iterator[str]:
    """Yield the parts of a document's HTML, in order. Every index is into a list that was sent."""
    sources = nodes.get("currentSourceURL", {"index": [], "value": []})
    chosen = dict(zip(sources["index"], sources["value"], strict=True))
    opened: list[tuple[int, str]] = []  # without a name: a document, or the root of a shadow tree
    for node, (parent, kind) in enumerate(
        zip(nodes["parentIndex"], nodes["nodeType"], strict=True)
    ):
        while opened and opened[-1][0] != parent:
            yield _end(opened.pop()[1])
        if kind == _ELEMENT:
            name = _named(strings[nodes["nodeName"][node]])
            attributes = [strings[each] for each in nodes["attributes"][node]]
            source = strings[chosen[node]] if node in chosen else ""
            yield _begin(name, [*attributes, *_more(source, styles.get(node, ""))])
            if name not in _EMPTY:
                opened.append((node, name))
        elif kind == _TEXT:
            if opened and opened[-1][1] in _TOLD:
                yield _text(opened[-1][1], strings[nodes["nodeValue"][node]])
        else:
            opened.append((node, ""))
    for _, name in reversed(opened):
        yield _end(name)


def _named(untrusted: str) -> str:
    name = untrusted.lower()
    return name if name and _NAME.issuperset(name) else "x-unknown"


def _more(source: str, styles: str) -> list[str]:
    """What is shown, and stands in no attribute, as attributes that `finding` knows."""
    found = ["data-full-src", source] if source else []
    return [*found, "data-background-image", styles] if styles else found


def _begin(name: str, attributes: Sequence[str]) -> str:
    pairs = zip(attributes[::2], attributes[1::2], strict=False)
    written = [
        f' {each}="{html.escape(value)}"' for each, value in pairs if _NAME.issuperset(each.lower())
    ]
    return f"<{name}{''.join(written)}>"


def _end(name: str) -> str:
    return f"</{name}>" if name else ""


def _text(name: str, text: str) -> str:
    """Text, as HTML has it; within scripts and styles it is not escaped, and must not end them."""
    return text.replace("</", "<\\/") if name in _RAW else html.escape(text)
