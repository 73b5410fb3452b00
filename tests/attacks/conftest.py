"""The world of the service's own tests, for those who attack it."""

from tests.server.conftest import (  # noqa: F401 (fixtures, and what gives them a store)
    api,
    app,
    migrated_sqlite,
    open_context,
    pytest_generate_tests,
    served,
    settings,
    url,
    wire,
    world,
)
