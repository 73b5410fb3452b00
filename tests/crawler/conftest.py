"""A site on the loopback for each test that asks for one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.crawler.site import Site, open_site

# Where the crawler runs: it needs memfd_create.
collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]


@pytest.fixture
def site(socket_enabled: None) -> Iterator[Site]:
    del socket_enabled
    with open_site() as opened:
        yield opened
