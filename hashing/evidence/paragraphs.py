"""A document as blocks, from which its text file and its PDF are made: both say the same."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["title", "heading", "subheading", "text", "row"]
WIDTH: Final = 78
_INDENT: Final = "  "
_RULES: Final = {"title": "=", "heading": "-"}
_BIDI: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""What turns text around, so that it reads as something else than it is."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document. A row has a label."""

    level: Level
    text: str
    label: str = ""
    original: str = ""
    """Of what others wrote: the file in which it stands as it is."""


def title(text: str) -> Block:
    """Return the title of a document."""
    return Block("title", text)


def heading(text: str) -> Block:
    """Return the heading of a part."""
    return Block("heading", text)


def subheading(text: str) -> Block:
    """Return the heading of one thing in a part."""
    return Block("subheading", shown(text))


def text(words: str) -> Block:
    """Return a paragraph."""
    return Block("text", words)


def row(label: str, value: str, original: str = "") -> Block:
    """Return a label with its value; `original`: the file that has the value as it was written."""
    return Block("row", shown(value), label, original)


def shown(text: str) -> str:
    """Return text of others with whatever is not seen, and may mislead, written out."""
    return "".join(_shown(one) for one in text)


def _shown(one: str) -> str:
    if one in "\n\t":
        return one
    if one in _BIDI or unicodedata.category(one) in {"Cc", "Cn", "Co", "Cs"}:
        return f"[U+{ord(one):04X}]"
    return one


def as_text(blocks: Iterable[Block]) -> str:
    """Return a document as a text file, in lines of at most 78 characters where words allow."""
    lines = "\n".join(_lines(blocks)).strip("\n")
    return re.sub(r"\n{4,}", "\n\n\n", lines) + "\n"


def _lines(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block.level:
            case "title" | "heading":
                yield from ("", "", block.text, _RULES[block.level] * len(block.text), "")
            case "subheading":
                yield from ("", block.text)
            case "text":
                yield from (*_wrapped(block.text, ""), "")
            case "row":
                yield from _wrapped(f"{block.label}: {block.text}", _INDENT)


def _wrapped(words: str, indent: str) -> Iterator[str]:
    for line in words.split("\n"):
        further = indent + _INDENT if indent else ""
        yield from textwrap.wrap(
            line,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=further,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
