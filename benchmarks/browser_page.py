"""A page that hashes files in a real Chromium, for what compares the browser with Python.

It is served as in the tests: on loopback, with a policy that lets nothing out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, sync_playwright

from tests.pages import modules
from tests.pages.browser import FLAGS, find

PAGE = """<!doctype html><html lang="en"><title>hash</title><input type="file" multiple>
<script type="module" src="/page.js"></script></html>"""
SCRIPT = (
    modules.HASHER
    + """
const hasher = makeHasher("/browser/worker/worker.js");
window.hashAll = async (windows) => {
  const [found, files] = [[], document.querySelector("input").files];
  for (const file of files) {
    const began = performance.now();
    const content = await hasher.hash(file, { windows }).catch((err) => ({ error: err.code }));
    found.push([content, performance.now() - began]);
  }
  return found;
};
window.ready = hasher.prove();
"""
)
BATCH = 40
"""Files handed to the page at once."""


class Hashed(NamedTuple):
    """What became of a file in the page: its document or `{"error": code}`, and milliseconds."""

    document: dict[str, Any]
    ms: float


class Browser(NamedTuple):
    """An open page that hashes."""

    version: str
    page: Page

    def hash(self, paths: Sequence[Path], windows: str = "all") -> list[Hashed]:
        """Hash files one after another, as the owner's page does."""
        found: list[Hashed] = []
        for begin in range(0, len(paths), BATCH):
            self.page.set_input_files("input", paths[begin : begin + BATCH])
            several = self.page.evaluate("(windows) => window.hashAll(windows)", windows)
            found += [Hashed(document, ms) for document, ms in several]
        return found


@contextmanager
def opened() -> Iterator[Browser]:
    """Start a server and a Chromium, and end both. Raises SystemExit when there is none."""
    program = find()
    if not program:
        raise SystemExit("There is no Chromium on this machine.")
    with modules.served(PAGE, SCRIPT) as site, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        page = browser.new_page()
        page.set_default_timeout(30 * 60 * 1000)
        page.goto(site.address)
        page.evaluate("window.ready")
        yield Browser(browser.version, page)
        browser.close()
