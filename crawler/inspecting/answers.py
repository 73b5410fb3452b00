"""A child's answer to values. It has decoded hostile media, so it is not believed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from crawler.finding import documents
from crawler.finding.collecting import References
from crawler.outcomes import FetchError
from hashing.errors import InvalidSignal
from hashing.signals import (
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    ViewSignals,
    parse,
)

Json = dict[str, Any]
_LONGEST_NAME = 64
"""Characters of a view's name; the longest of ours has 20."""


class Unbelievable(Exception):
    """A child answered what none does."""


@dataclass(frozen=True, slots=True)
class NotInspected:
    """A medium without signals, and the code of why: that of a ContentError, or of its process."""

    code: str


def signals_in(untrusted: bytes) -> ContentSignals | NotInspected:
    """Return what a child answered about a medium. Raises Unbelievable."""
    try:
        answer = json.loads(untrusted)
        if "failed" in answer:
            return NotInspected(_code(answer["failed"]))
        return content(answer["content"], incomplete=bool(answer["incomplete"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidSignal) as err:
        raise Unbelievable from err


def references_in(untrusted: bytes, *, loopback: bool) -> References:
    """Return what a child answered about a page. Every address is parsed again.

    Raises Unbelievable.
    """
    try:
        return documents.references(json.loads(untrusted), loopback=loopback)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FetchError) as err:
        raise Unbelievable from err


def greeting(untrusted: bytes) -> list[str]:
    """Return what a child says that confines it. Raises Unbelievable."""
    try:
        return [str(each) for each in json.loads(untrusted)["holds"]]
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise Unbelievable from err


def content(document: Json, *, incomplete: bool = False) -> ContentSignals:
    """Return the values of a document. Raises what its parts raise if it is none."""
    return ContentSignals(
        ContentKind(document["kind"]),
        tuple(_signal(each) for each in document["signals"]),
        tuple(_frame(each) for each in document.get("frames", ())),
        views=_views(document),
        incomplete=incomplete,
    )


def _code(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z_]{1,40}", value):
        raise Unbelievable
    return value


def _signal(document: Json) -> Signal:
    return parse(document["type"], document["value"], document.get("quality"))


def _frame(document: Json) -> FrameSignal:
    times = (_whole(document["at_ms"]), _whole(document["until_ms"]))
    return FrameSignal(*times, _signal(document), _views(document))


def _views(document: Json) -> tuple[ViewSignals, ...]:
    return tuple(_view(each) for each in document.get("views", ()))


def _view(document: Json) -> ViewSignals:
    values = tuple(bytes.fromhex(each) for each in document["values"])
    if not isinstance(document["view"], str) or len(document["view"]) > _LONGEST_NAME:
        raise Unbelievable
    return ViewSignals(document["view"], _whole(document["quality"]), values)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Unbelievable
    return value
