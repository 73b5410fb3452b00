"""A site on the loopback for each test that asks for one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawler.frontier.opening import opened
from crawler.frontier.transactions import Frontier
from tests.crawler import postgresql
from tests.crawler.postgresql import SECRET, Server
from tests.crawler.site import Site, open_site

# Where the crawler runs: it needs memfd_create.
collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]


@pytest.fixture
def site(socket_enabled: None) -> Iterator[Site]:
    del socket_enabled
    with open_site() as opened:
        yield opened


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with postgresql.running() as running:
        yield running


@pytest.fixture
def database(server: Server) -> str:
    """The address of a PostgreSQL database without tables."""
    return server.database()


Opening = Callable[[], Frontier]


@pytest.fixture
def opening(place: str) -> Iterator[Opening]:
    """Opens the same frontier as often as it is called."""
    stores: list[Frontier] = []

    def another() -> Frontier:
        stores.append(opened(place, secret=bytes.fromhex(SECRET)))
        return stores[-1]

    yield another
    for each in stores:
        each.close()


@pytest.fixture(params=["file", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a frontier is: a file, or a database."""
    if request.param == "file":
        return str(tmp_path / "frontier" / "f.sqlite3")
    return str(request.getfixturevalue("database"))


@pytest.fixture
def store(opening: Opening) -> Frontier:
    """A frontier on which a crawler works, in a file and on PostgreSQL."""
    opened = opening()
    opened.claim()
    return opened
