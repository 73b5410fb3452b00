"""A child that parses pages: libxml2 is C code too, and some pages take it very long."""

from __future__ import annotations

import os
from typing import Any

from crawler.finding import documents
from crawler.limits import CHILD_PAGE_SECONDS, PAGE_BYTES
from crawler.readers import choosing
from crawler.readers.page import Page

SECONDS = CHILD_PAGE_SECONDS
Json = dict[str, Any]


def answer(untrusted: int, asked: Json) -> Json:
    """Return what a page shows: the fields of References."""
    with os.fdopen(os.dup(untrusted), "rb") as file:
        file.seek(0)
        body = file.read(PAGE_BYTES)
    page = Page(asked["url"], body, asked["content_type"], asked["loopback"])
    try:
        found = choosing.read(page)
    except (MemoryError, RecursionError):
        return {"failed": "page"}
    return documents.document(found)
