"""Any page of HTML, by what every page is made of."""

from __future__ import annotations

from crawler.finding import html
from crawler.finding.collecting import References
from crawler.readers.page import Page


def read(page: Page) -> References:
    """Return what a page shows and where it leads."""
    return html.find(page.body, page.url, page.content_type, loopback=page.loopback)
