"""A page on this machine shows a copy; the owner names its address; a crawler looks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from demo import table
from demo.server import Service
from demo.table import Section
from hashing import OwnerClient

FOUND_SECONDS = 10
"""How long the worker may take to compare what was seen. It takes less than one."""
_PAGE = b"""<!doctype html><html lang="en"><title>A thread</title>
<p>Somebody posted this.</p><img src="/copy" alt=""></html>"""


class Site(ThreadingHTTPServer):
    """A forum of one page, on a free port of this machine."""

    daemon_threads = True

    def __init__(self, copy: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.pages = {"/thread": ("text/html", _PAGE), "/copy": ("image/jpeg", copy)}

    @property
    def address(self) -> str:
        """Of its page."""
        return f"http://127.0.0.1:{self.server_address[1]}/thread"


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


def section(service: Service, owner: OwnerClient, number: str, copy: Path, folder: Path) -> Section:
    """Let a crawler look at a page that shows a copy, and again when the page is gone."""
    print("A page on this machine shows a copy. The owner names its address, and a crawler looks.")
    key = service.new_key("Crawler", "crawler")
    rows = []
    with _opened(copy.read_bytes()) as site:
        for what, expected in (("while it is there", "there"), ("after it was taken down", "gone")):
            if expected == "gone":
                site.pages.clear()
            owner.watch(number, site.address, shows_minor=False)  # due at once, also again
            _look(service, key, folder)
            read = _until(lambda: _presence(owner, number), expected)
            rows.append(table.told(what, expected, read))
    return Section("a page that shows a cropped copy", rows)


@contextmanager
def _opened(copy: bytes) -> Iterator[Site]:
    site = Site(copy)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        thread.join()
        site.server_close()


def _look(service: Service, key: str, folder: Path) -> None:
    """Run a crawler until nothing is due. Raises SystemExit, with what it says, if it fails."""
    settings = {
        "CRAWLER_LOOPBACK": "1",
        "CRAWLER_DELAY": "0",
        "CRAWLER_STATE": str(folder / "crawler.sqlite3"),
        "TAKEBACK_KEY": key,
    }
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CRAWLER_")}
    done = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-m", "crawler", "run", "--once", "--server", service.address],
        env={**kept, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"The crawler failed:\n{done.stderr}")


def _presence(owner: OwnerClient, number: str) -> str:
    (watch,) = owner.watches(number)
    return str(watch["presence"])


def _until(ask: Callable[[], str], expected: str) -> str:
    until = time.monotonic() + FOUND_SECONDS
    while (read := ask()) != expected and time.monotonic() < until:
        time.sleep(0.1)
    return read
