"""A site on the loopback for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crawler.site import Site, open_site


@pytest.fixture
def site(socket_enabled: None) -> Iterator[Site]:
    del socket_enabled
    with open_site() as opened:
        yield opened
