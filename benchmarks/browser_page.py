"""A page that hashes files in a real Chromium, for what compares the browser with Python.

It is served on loopback, with the modules of hashing/browser and a policy that lets nothing out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, sync_playwright

from tests.pages.browser import find

MODULES = Path(__file__).resolve().parents[1] / "hashing" / "browser"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
POLICY = "default-src 'none'; script-src 'self'; worker-src 'self'; media-src blob:"
PAGE = """<!doctype html><html lang="en"><title>hash</title><input type="file" multiple>
<script type="module" src="/page.js"></script></html>"""
SCRIPT = """import { Hasher } from "/worker/page.js";
const hasher = new Hasher("/worker/worker.js");
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
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=program, args=list(FLAGS))
            page = browser.new_page()
            page.set_default_timeout(30 * 60 * 1000)
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            page.evaluate("window.ready")
            yield Browser(browser.version, page)
            browser.close()
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        served = {"/": PAGE, "/page.js": SCRIPT}
        body = served.get(self.path)
        file = MODULES / self.path.removeprefix("/")
        if body is None and file.is_file():
            body = file.read_text("utf-8")
        self.send_response(404 if body is None else 200)
        kind = "text/javascript" if self.path.endswith(".js") else "text/html"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_message(self, *_: object) -> None:
        """Say nothing: the table is what is to be read."""
