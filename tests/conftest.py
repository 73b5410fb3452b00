"""What tests of every part share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material that is beside the repository, not in it: photos, and vectors of ThreatExchange."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages last: while Playwright drives a browser, an event loop runs in this very thread."""
    items.sort(key=lambda item: "pages" in item.path.parts)
