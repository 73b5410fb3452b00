"""A page on this machine shows a copy; the owner names its address; a crawler looks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from demo import site, table
from demo.server import Service
from demo.table import Section
from hashing import OwnerClient

FOUND_SECONDS = 10
"""How long the worker may take to compare what was seen. It takes less than one."""
_PAGE = b"""<!doctype html><html lang="en"><title>A thread</title>
<p>Somebody posted this.</p><img src="/copy" alt=""></html>"""


def section(service: Service, owner: OwnerClient, number: str, copy: Path, folder: Path) -> Section:
    """Let a crawler look at a page that shows a copy, and again when the page is gone."""
    print("A page on this machine shows a copy. The owner names its address, and a crawler looks.")
    key = service.new_key("Crawler", "crawler")
    rows = []
    shown = {"/thread": ("text/html", _PAGE), "/copy": ("image/jpeg", copy.read_bytes())}
    with site.opened(shown) as forum:
        for what, expected in (("while it is there", "there"), ("after it was taken down", "gone")):
            if expected == "gone":
                forum.pages.clear()
            owner.watch(
                number, forum.address + "/thread", shows_minor=False
            )  # due at once, also again
            _look(service, key, folder)
            read = _until(lambda: _presence(owner, number), expected)
            rows.append(table.told(what, expected, read))
    return Section("a page that shows a cropped copy", rows)


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
