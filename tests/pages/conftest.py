"""What tests in a real browser share: Chromium, and the modules of hashing/browser on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from demo import server
from demo.server import Service
from tests.loopback import answering
from tests.pages import modules
from tests.pages.browser import FLAGS, find_headless
from tests.pages.elsewhere import Elsewhere
from tests.pages.modules import Site

PAGE = """<!doctype html><html lang="en"><title>hash</title>
<input type="file" id="files" multiple><script type="module" src="/page.js"></script></html>"""
SCRIPT = (
    modules.HASHER
    + """
window.makeHasher = makeHasher;
window.hasher = makeHasher("/browser/worker/worker.js");
window.hashAll = (windows) => Promise.all([...document.getElementById("files").files].map(
  (file) => window.hasher.hash(file, { windows }).catch(
    (err) => ({ error: err.code ?? String(err), ...(err.cause && { cause: err.cause }) }))));
"""
)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Return a real Chromium, or skip where there is none.

    It ends with the last file of this package that a worker has: until then its loop runs, and
    `asyncio.run` of tests elsewhere would fail.
    """
    program = find_headless()
    if not program:
        pytest.skip("no Chromium: apt install chromium, then make test")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def weather() -> Iterator[Elsewhere]:
    """Return where the exit button leads: a site that notes who comes."""
    with answering(Elsewhere()) as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, weather: Elsewhere) -> Iterator[Service]:
    """Return a running service, as `python -m service serve` is, that asks for little work."""
    settings = {
        "MAIL_HOST": "localhost",  # where nobody listens: so mail is offered
        "MAIL_PORT": "9",
        "MAIL_SENDER": "post@plain.example",
        "EXIT_URL": weather.address,
        "WORK_PIECES": "1",
        "OPERATOR": "Example Helpline",
        "CONTACT": "help@example.org",
        "NAMED_PLATFORMS": "Example Videos, مثال للصور",
        "COUNTRY": "GB",
    }
    with server.running(tmp_path_factory.mktemp("state"), **settings) as running:
        yield running


@pytest.fixture
def site(socket_enabled: None) -> Iterator[Site]:  # noqa: ARG001 (only to allow sockets)
    """Serve hashing/browser on loopback, with the headers of the hash page."""
    with modules.served(PAGE, SCRIPT) as served:
        yield served


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """Return a page with a running worker, and `hashAll` for the files of its input."""
    with chromium.new_context() as context:
        opened = context.new_page()
        opened.goto(site.address)
        yield opened


@pytest.fixture
def hashed(page: Page) -> Callable[..., list[Any]]:
    """Return what the page makes of files: their content, or `{"error": code}`."""

    def run(*files: Path, windows: str = "all") -> list[Any]:
        page.set_input_files("#files", files)
        found: list[Any] = page.evaluate("(windows) => window.hashAll(windows)", windows)
        return found

    return run
