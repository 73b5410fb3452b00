"""The candidates of a srcset attribute (HTML, 4.8.4.2.1), and the largest of them."""

from __future__ import annotations

import re

_MOST = 64
_CANDIDATE = re.compile(r"[\s,]*([^\s]{1,4096})((?:\s+[^\s,()]{1,32})*)\s*(?:,|$)")
_DESCRIPTOR = re.compile(r"([0-9.]{1,12})([wxh])")


def largest(untrusted: str) -> str | None:
    """Return the candidate with the most pixels: all of them show the same."""
    best, most = None, -1.0
    for reference, size in candidates(untrusted):
        if size > most:
            best, most = reference, size
    return best


def candidates(untrusted: str) -> list[tuple[str, float]]:
    """Return each reference with its size, comparable within one srcset; 1 if it has none."""
    found: list[tuple[str, float]] = []
    at = 0
    while len(found) < _MOST and (match := _CANDIDATE.match(untrusted, at)):
        at = match.end()
        reference = match[1]
        if reference.endswith(","):  # a comma right behind it ends the candidate
            reference, at = reference.rstrip(","), match.end(1)
            found.append((reference, 1.0))
        else:
            found.append((reference, _size(match[2])))
    return [(reference, size) for reference, size in found if reference]


def _size(descriptors: str) -> float:
    sizes = [_DESCRIPTOR.fullmatch(each) for each in descriptors.split()]
    try:
        return max((float(each[1]) for each in sizes if each), default=1.0)
    except ValueError:
        return 1.0
