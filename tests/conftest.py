"""What tests of every part share."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("test", deadline=None)  # how busy the machine is decides nothing
settings.register_profile("soak", deadline=None, max_examples=5000)
settings.load_profile("test")

FIRST = ("pages", "journeys", "promises", "attacks")
"""Parts whose files take longest: begun last, one would keep one worker busy alone."""


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
