"""What tests of every part share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "test", deadline=None, max_examples=50
)  # how busy the machine is decides nothing
settings.register_profile("soak", deadline=None, max_examples=5000)
settings.load_profile("test")

FIRST = ("pages", "journeys", "promises", "attacks")
"""Parts whose files take longest: begun last, one would keep one worker busy alone."""
UNMEASURED = {*FIRST, "attacks", "browser"}
"""Parts whose coverage is not measured, because it nearly doubles the time: they walk through what
tests/device and tests/server go through line by line."""
MEASURING = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
"""What makes a process that a test starts measure itself."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material that is beside the repository, not in it: photos, and vectors of ThreatExchange."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the parts that take longest first."""
    ranks = {part: rank for rank, part in enumerate(FIRST, -len(FIRST))}
    items.sort(key=lambda item: min(ranks.get(part, 0) for part in item.path.parts))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure no coverage of a test of those parts, its fixtures, and the processes it starts."""
    measuring = item.config.pluginmanager.getplugin("_cov")
    controller = measuring and measuring.cov_controller
    if not controller or not UNMEASURED.intersection(item.path.parts):
        return (yield)
    kept = {name: os.environ.pop(name) for name in MEASURING if name in os.environ}
    controller.pause()
    try:
        return (yield)
    finally:
        controller.resume()
        os.environ.update(kept)
