"""What an attack is made on: the services and people of tests/server."""

from __future__ import annotations

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
