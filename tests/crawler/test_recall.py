"""A site in the manners of those where pictures are traded: all that a lookup finds is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import crawl_recall
from benchmarks.crawl_recall import ALL, FULL, SCRIPTED, SMALL, Result
from tests.crawler import cells

pytestmark = pytest.mark.enable_socket


def assert_found(result: Result, least: float) -> None:
    rows = {row["manner"]: row for row in crawl_recall.table(result)}
    assert not result.missed
    assert not result.false
    every = rows[ALL]
    hidden = 0 if result.browser else rows[SCRIPTED]["looked_up"]
    assert every["found"] + hidden == every["looked_up"]
    assert every["looked_up"] >= least * every["planted"]
    assert all(row["found"] for name, row in rows.items() if result.browser or name != SCRIPTED)
    assert result.memory < 600 * 2**20


def test_a_small_site_shows_nothing_that_is_missed() -> None:
    assert_found(crawl_recall.crawled(SMALL, None, cells.browser()), 0.6)


@pytest.mark.soak
def test_a_site_of_five_hundred_pages_shows_nothing_that_is_missed(shared: Path) -> None:
    """60 edited copies and 8 films among 1,500 pictures, with photographs."""
    result = crawl_recall.crawled(FULL, shared / "photos", cells.browser())
    assert_found(result, 0.8)
    assert sum(result.rendered.pages.values()) >= 500
