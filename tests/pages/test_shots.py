"""Pictures of every page and state, for people to look at. TAKEBACK_SHOTS=folder keeps all of them.

Without it, a few are made, so that the way to make them does not rust. Nothing is compared.
"""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from demo.server import Service
from tests.pages import desk_places, places
from tests.pages.places import Cases

pytestmark = pytest.mark.enable_socket

KEPT = os.environ.get("TAKEBACK_SHOTS")
WIDTHS = {320: 640, 768: 1024, 1280: 900} if KEPT else {320: 640}
"""Width to height of the window, in pixels."""
SCHEMES = ("light", "dark") if KEPT else ("dark",)
LANGUAGES = ("en", "es", "ar") if KEPT else ("ar",)


@pytest.fixture(scope="module")
def cases(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Cases:
    return places.made(service, tmp_path_factory.mktemp("files"))


def shoot(page: Page, folder: Path, state: str, language: str) -> None:
    """Save the whole page at each width, in light and dark colours."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("scrollTo(0, 0)")  # else the header that stays stands in the middle
            target = folder / f"{state}-{language}-{width}-{scheme}.png"
            page.screenshot(path=target, full_page=True, caret="initial")
            with Image.open(target) as shot:
                assert shot.width == width


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_of_every_state(
    chromium: Browser,
    service: Service,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    language: str,
) -> None:
    folder = Path(KEPT) if KEPT else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    with chromium.new_context(reduced_motion="reduce") as context:
        page, seen = context.new_page(), 0
        walk = places.information(page, service.address, language)
        if KEPT:
            cases: Cases = request.getfixturevalue("cases")
            walk = places.every(page, service.address, language, cases)
            walk = chain(walk, desk_places.desk(page, service, language))
        for state in walk:
            shoot(page, folder, state, language)
            seen += 1
        for one, state in places.unfit(context, service.address, language):
            shoot(one, folder, state, language)
    shots = len(list(folder.glob(f"*-{language}-*.png")))
    assert shots >= (seen + 1) * len(WIDTHS) * len(SCHEMES) > 10
