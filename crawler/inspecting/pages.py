"""A child that parses pages: libxml2 is C code too, and some pages take it very long."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from crawler.finding import documents
from crawler.limits import PAGE_BYTES
from crawler.readers import choosing
from crawler.readers.page import Page

Json = dict[str, Any]


def answer(requests: Sequence[tuple[int, Json]]) -> list[Json]:
    """Return what each page shows: the fields of References."""
    return [_shown(untrusted, asked) for untrusted, asked in requests]


def _shown(untrusted: int, asked: Json) -> Json:
    body = os.pread(untrusted, PAGE_BYTES, 0)
    page = Page(asked["url"], body, asked["content_type"], asked["loopback"])
    try:
        found = choosing.read(page)
    except (MemoryError, RecursionError):
        return {"failed": "page"}
    return documents.document(found)
