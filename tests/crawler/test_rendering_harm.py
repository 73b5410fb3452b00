"""Pages that mean harm to a browser, and a browser that dies: neither takes the crawler with it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from crawler import limits
from crawler.outcomes import ErrorKind, Outcome
from crawler.rendering import renderer
from tests.crawler.cells import cells, chromium
from tests.crawler.looking import look
from tests.crawler.process import Crawler, Watched
from tests.crawler.scripted import SHOW, in_browser, scripted
from tests.crawler.site import Put, Site, picture

__all__ = ["cells", "chromium"]


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        connection.sendall(bytes(2**16))


MUCH = "await fetch('/huge').then((answer) => answer.arrayBuffer()).catch(() => 0);"


SEEN, CUT, NONE = "medium seen, page seen", "medium seen, page cut", "page seen"
ADD = "document.body.appendChild(document.createElement"
MEANT = {
    # What is shown before a script takes the page over is seen: it is stopped, and looked at.
    "loop": (SHOW + "setTimeout(() => { for (;;); }, 50)", {CUT}),
    # What may have been about to show something, and could not, is not told from what is gone.
    "much": (MUCH, {"page fault bytes"}),
    "much-after": (SHOW + MUCH, {CUT}),
    "down": ("await fetch('/error').catch(() => 0)", {"page fault server"}),
    "off": ("await fetch('/no/list.json').catch(() => 0)", {"page refused"}),
    "loop-at-once": ("for (;;);", {"page fault time"}),
    "timers": ("setInterval(() => fetch('/empty'), 20)", {"page fault bytes"}),
    # How long a layout takes, the machine decides.
    "nodes": (f"for (let n = 0; n < 100000; n++) {ADD}('p'));" + SHOW, {SEEN, CUT}),
    "media": (
        f"for (let n = 0; n < 3000; n++) {ADD}('img')).src = `/1.jpg?${{n}}`",
        {"medium gone, page cut"},
    ),
    "deep": (f"let at = {ADD}('p')); for (let n = 0; n < 50000; n++) at = at.appendChild("
             "document.createElement('div'));" + SHOW, {SEEN, CUT}),
    "frames": (f"for (let n = 0; n < 300; n++) {ADD}('iframe')).srcdoc = '<img src=/1.jpg>'",
               {SEEN, CUT}),
    "memory": ("const held = []; for (;;) held.push(new Uint8Array(2 ** 24).fill(1))",
               {"page fault unreadable"}),
    "heap": ("const held = []; for (;;) held.push([Math.random()])",
             {"page fault unreadable", "page fault time"}),
    "reloads": ("location.reload()", {"page fault redirects"}),
    "elsewhere": ("location = 'http://10.0.0.1/'", {"page fault not_public"}),
    "crash": ("location = 'chrome://crash'", {NONE}),
    "file": ("location = 'file:///etc/passwd'", {NONE}),
    "print": ("print(); document.documentElement.requestFullscreen()", {NONE}),
}  # fmt: skip


@pytest.mark.soak  # its sibling is test_rendering.py
def test_pages_that_mean_harm_to_a_browser_end(
    site: Site, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RENDER_SECONDS", 20.0)
    monkeypatch.setattr(renderer, "_ALLOWANCE", replace(renderer._ALLOWANCE, bytes=2**20))  # noqa: SLF001
    site.medium("/1.jpg", picture(1))
    site.medium("/empty", b"", "text/plain")
    site.put["/error"] = Put(status=500)
    site.put["/robots.txt"] = Put(b"User-agent: *\nDisallow: /no/", "text/plain")
    site.harms["/huge"] = endless
    pages = {name: scripted(site, f"/{name}", script) for name, (script, _) in MEANT.items()}
    endless_page = b"<body><script>for (;;) document.write('<p>' + 'x'.repeat(1000))</script>"
    site.put["/writes"] = Put(endless_page)
    writes = f"{site.root}/writes"
    found = look([*pages.values(), writes], settings=in_browser(chromium))
    results = {name: ", ".join(sorted(found.results(page))) for name, page in pages.items()}
    wrong = {name: results[name] for name, (_, ends) in MEANT.items() if results[name] not in ends}
    assert wrong == {}
    assert found.outcome(writes)[0] is Outcome.FAULT


def kill_one(kind: str) -> None:
    """Kill a process of the browser, once there is one of its kind."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for each in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if kind in " ".join(each.cmdline()) and each.create_time() < time.time() - 1:
                    each.kill()
                    return
        time.sleep(0.01)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["--type=renderer", "--user-data-dir", "confining/inside.py"])
def test_a_browser_that_is_killed_costs_its_page(site: Site, chromium: str, kind: str) -> None:
    asked = threading.Event()

    def wait(connection: socket.socket) -> None:
        if not asked.is_set():
            asked.set()
            threading.Thread(target=kill_one, args=(kind,)).start()
        time.sleep(4)
        connection.close()

    site.harms["/wait"] = wait
    site.medium("/1.jpg", picture(1))
    page = scripted(site, "/page", "await fetch('/wait')")
    other = scripted(site, "/other", SHOW)
    found = look([page, other], settings=in_browser(chromium))
    assert found.outcome(page) == (Outcome.FAULT, ErrorKind.UNREADABLE)
    assert found.outcome(other) == (Outcome.SEEN, None)


@pytest.mark.soak
def test_a_browser_ends_with_a_crawler_that_is_killed(
    site: Site, chromium: str, tmp_path: Path
) -> None:
    asked = threading.Event()

    def wait(connection: socket.socket) -> None:
        asked.set()
        time.sleep(5)
        connection.close()

    site.harms["/wait"] = wait
    crawler = Crawler(tmp_path, CRAWLER_BROWSER=chromium)
    process = crawler.start("look", scripted(site, "/page", "await fetch('/wait')"))
    assert asked.wait(60)
    everyone = psutil.Process(process.pid).children(recursive=True)
    assert any("--type=renderer" in each.cmdline() for each in everyone)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(everyone, timeout=10)
    assert alive == []


@pytest.mark.soak
def test_nothing_of_a_page_is_written_to_a_disk(site: Site, chromium: str, tmp_path: Path) -> None:
    del chromium
    site.medium("/1.jpg", picture(1))
    site.put["/list.json"] = Put(json.dumps(["/1.jpg"]).encode(), "application/json")
    page = scripted(
        site, "/page", f"await fetch('/list.json'); {SHOW} localStorage.x = 'y'.repeat(9999);"
    )
    crawler = Crawler(tmp_path, CRAWLER_BROWSER="1", CRAWLER_PROFILE="plain")
    crawler.watch([page])
    process = crawler.start("run", "--once")
    watched = Watched(process)
    process.communicate(timeout=120)
    watched.end()
    assert process.returncode == 0
    assert all(path.startswith("state/crawler.sqlite3") for path in crawler.written())
    # Chromium did write: into the memory of its cell, which has these names, and no other file.
    of_cell = {path for path in watched.opened if path.startswith("/tmp/profile/")}  # noqa: S108
    assert of_cell
    assert not Path("/tmp/profile").exists()  # noqa: S108
    memory = ("/memfd:", "anon_inode:", "/dev/shm/", "/tmp/", "/proc/", str(crawler.state))  # noqa: S108
    assert [path for path in watched.opened - of_cell if not path.startswith(memory)] == []
    assert watched.most < 1100 * 2**20
