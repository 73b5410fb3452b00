"""The world of the service's own tests; a service for all attacks, or for one that ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.server import running
from tests.attacks.target import Target
from tests.server.conftest import (  # noqa: F401 (pytest finds fixtures and hooks by name here)
    administered,
    api,
    app,
    database,
    empty_url,
    migrated_postgresql,
    migrated_sqlite,
    open_context,
    postgresql,
    pytest_generate_tests,
    served,
    settings,
    url,
    wire,
    world,
)


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    state: Path = tmp_path_factory.mktemp("attacked") / "state"
    with running(state, WORK_PIECES="0") as service:  # these attack what is behind it
        made = Target(service, service.new_key("Somewhere"))
        assert made.lookup() == 200
        yield made


@pytest.fixture
def own_target(tmp_path: Path) -> Iterator[Target]:
    """A service for one test alone, which ends it."""
    with running(tmp_path / "state", WORK_PIECES="0") as service:
        yield Target(service, "")
