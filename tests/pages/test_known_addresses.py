"""An owner names an address in a browser; a crawler looks; the page says what happened there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page

from demo import server
from demo.server import Service
from hashing import Eligibility, OwnerClient, Submission, hash_file, new_passphrase
from tests.crawler.process import Crawler
from tests.crawler.site import Site, open_site
from tests.pages import contents, journey

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {"WORK_PIECES": "0", "WATCH_LOOPBACK": "1"}
    with server.running(tmp_path_factory.mktemp("state"), **settings) as running:
        yield running


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as opened:
        yield opened


@pytest.fixture
def crawler(service: Service, tmp_path: Path) -> Crawler:
    key = service.new_key("Crawler", "crawler")
    return Crawler(tmp_path / "crawler", TAKEBACK_KEY=key, CRAWLER_PROFILE="thorough")


def opened(service: Service, picture: Path) -> tuple[OwnerClient, str, str]:
    words = new_passphrase()
    owner = OwnerClient(service.address, words)
    answers = Eligibility("self", adults=True, intimate=True)
    return owner, owner.open_case(Submission((hash_file(picture),), answers)), words


def cropped(picture: Path, target: Path) -> Path:
    """Mirrored, and without a tenth at each side."""
    with Image.open(picture) as whole:
        width, height = whole.size
        inner = whole.crop((width // 10, height // 10, width * 9 // 10, height * 9 // 10))
        ImageOps.mirror(inner).save(target, quality=80)
    return target


def look(crawler: Crawler, service: Service) -> None:
    _, err = crawler.run("run", "--once", "--server", service.address)
    assert "Traceback" not in err


def told(page: Page, service: Service, number: str, words: str, expected: str) -> None:
    """Sign in, go to the addresses, and wait until the page says so, as the worker goes on."""
    for _ in range(50):
        journey.sign_in(page, service.address, number, words)
        page.locator("form[action$='/addresses'] button").click()
        page.locator("form[action$='/added']").wait_for()
        if page.locator("main .entry strong").first.inner_text().startswith(expected):
            return
    raise AssertionError(page.inner_text("main"))


def ask_again(page: Page, address: str) -> None:
    """On the page of addresses: have it looked at today, not in two hours."""
    page.fill("#address", address)
    page.check("#shows_minor-no")
    page.locator("form[action$='/added'] button").click()
    page.locator(".told.good").wait_for()


def test_there_gone_and_back(
    chromium: Browser, service: Service, site: Site, crawler: Crawler, tmp_path: Path
) -> None:
    picture = contents.pictures(tmp_path)[0]
    _, number, words = opened(service, picture)
    other, other_number, _ = opened(service, picture)
    site.medium("/copy.jpg", picture.read_bytes())
    address = site.page("/thread", '<p>look</p><img src="/copy.jpg">')
    with chromium.new_context() as context:
        page = context.new_page()
        journey.sign_in(page, service.address, number, words)
        page.locator("form[action$='/addresses'] button").click()
        ask_again(page, address)
        assert "We have not checked yet." in page.inner_text("main")
        look(crawler, service)
        told(page, service, number, words, "It is still there.")

        del site.put["/thread"]
        ask_again(page, address)
        look(crawler, service)
        told(page, service, number, words, "Gone since")

        site.medium("/again.jpg", cropped(picture, tmp_path / "again.jpg").read_bytes())
        site.page("/thread", '<p>look</p><img src="/again.jpg">')
        ask_again(page, address)
        look(crawler, service)
        told(page, service, number, words, "It came back on")
    assert other.watches(other_number) == []
    assert other.status(other_number)["entries"][0]["sightings"] == []
    assert address not in service.log
