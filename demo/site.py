"""A site on this machine, of a few pages and files in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site(ThreadingHTTPServer):
    """Answers on a free port with what `pages` has at a path: its media type, and its bytes."""

    daemon_threads = True

    def __init__(self, pages: Mapping[str, tuple[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.pages = dict(pages)

    @property
    def address(self) -> str:
        """Of its root, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        kind, body = self.server.pages.get(self.path, ("text/plain", b""))
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name)
        """Say nothing."""


@contextmanager
def opened(pages: Mapping[str, tuple[str, bytes]]) -> Iterator[Site]:
    """Open a site; close it afterwards."""
    site = Site(pages)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        thread.join()
        site.server_close()
