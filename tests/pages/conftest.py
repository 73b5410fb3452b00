"""What tests in a real browser share: Chromium, and the modules of hashing/browser on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.pages.browser import find
from tests.pages.serving import Elsewhere, Service, elsewhere, serving

MODULES = Path(__file__).resolve().parents[2] / "hashing" / "browser"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src blob:; "
    "media-src blob:; connect-src 'none'; form-action 'self'; frame-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types takeback"
)
SCRIPT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'none'"
ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
PAGE = """<!doctype html><html lang="en"><title>hash</title>
<input type="file" id="files" multiple><script type="module" src="/page.js"></script></html>"""
SCRIPT = """import {{ Hasher }} from "/browser/worker/page.js";
const policy = trustedTypes.createPolicy("takeback", {{ createScriptURL: (url) => url }});
window.makeHasher = (path) => new Hasher(policy.createScriptURL(path));
window.hasher = window.makeHasher("{worker}");
window.hashAll = (windows) => Promise.all([...document.getElementById("files").files].map(
  (file) => window.hasher.hash(file, {{ windows }}).catch(
    (err) => ({{ error: err.code ?? String(err), ...(err.cause && {{ cause: err.cause }}) }}))));
"""


class Site(NamedTuple):
    """Where the modules are served: `files` are more of them, from strings, by their paths."""

    address: str
    files: dict[str, str]
    asked: list[str]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a real Chromium, or skip where there is none."""
    program = find()
    if not program:
        pytest.skip("no Chromium: apt install chromium, then make test")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def weather() -> Iterator[Elsewhere]:
    """Return where the exit button leads: a site that notes who comes."""
    with elsewhere() as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, weather: Elsewhere) -> Iterator[Service]:
    """Return a running service, as `python -m service serve` is."""
    with serving(tmp_path_factory.mktemp("state"), weather.address) as running:
        yield running


@pytest.fixture
def site(socket_enabled: None) -> Iterator[Site]:  # noqa: ARG001 (only to allow sockets)
    """Serve hashing/browser on loopback, with the headers of the hash page."""
    files = {"/": PAGE, "/page.js": SCRIPT.format(worker="/browser/worker/worker.js")}
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(files, asked))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(f"http://127.0.0.1:{server.server_port}", files, asked)
    server.shutdown()
    server.server_close()


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


def _handler(files: dict[str, str], asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = files.get(self.path)
            if body is None and self.path.startswith("/browser/"):
                file = MODULES / self.path.removeprefix("/browser/")
                body = file.read_text("utf-8") if file.is_file() else None
            self.send_response(200 if body is not None else 404)
            is_script = self.path.endswith(".js")
            kind = "text/javascript" if is_script else "text/html"
            policy = SCRIPT_POLICY if is_script else PAGE_POLICY
            sent = {"Content-Type": kind, "Content-Security-Policy": policy, **ISOLATED}
            for name, value in sent.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, *_: object) -> None: ...

    return Handler
