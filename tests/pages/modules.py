"""The modules of hashing/browser, served on loopback with the headers of the page that hashes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from tests.loopback import answering

MODULES = Path(__file__).resolve().parents[2] / "hashing" / "browser"
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
HASHER = """import { Hasher } from "/browser/worker/page.js";
const policy = trustedTypes.createPolicy("takeback", { createScriptURL: (url) => url });
const makeHasher = (path) => new Hasher(policy.createScriptURL(path));
"""
"""How a script of the page begins that hashes."""


class Site(NamedTuple):
    """Where the modules are served: `files` are more of them, from strings, by their paths."""

    address: str
    files: dict[str, str]
    asked: list[str]


@contextmanager
def served(page: str, script: str) -> Iterator[Site]:
    """Serve the modules below /browser/, a page as / and its script as /page.js."""
    files = {"/": page, "/page.js": script}
    asked: list[str] = []
    with answering(ThreadingHTTPServer(("127.0.0.1", 0), _handler(files, asked))) as server:
        yield Site(f"http://127.0.0.1:{server.server_port}", files, asked)


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
