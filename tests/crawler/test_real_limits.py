"""The traps of test_traps.py with limits as they are, as one crawl: memory, disk, and each end."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler import limits
from crawler.frontier import outbox, watches
from crawler.frontier.store import Store
from tests.crawler.certificates import authority, serving
from tests.crawler.process import Crawler, Watched, blocks_written, counts_blocks
from tests.crawler.site import Put, Site, open_site, picture
from tests.crawler.test_traps import (
    CUE,
    HEAD,
    OK,
    compressed,
    endlessly,
    once,
    png,
    zipped,
)

pytestmark = pytest.mark.soak

SECONDS = 900
MOST_MEMORY = 600 * 2**20
JPEG = OK + b"Content-Type: image/jpeg\r\n\r\n" + picture(1)
VIDEO = OK + b"\r\n\0\0\0\x20ftypisom"
Ended = tuple[str, str | None]
Harm = Callable[[socket.socket], None]


def slowly(head: bytes, seconds: float) -> Harm:
    """Send a byte every while, for longer than is waited for."""

    def harm(connection: socket.socket) -> None:
        connection.sendall(head)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            connection.sendall(b"x")
            time.sleep(0.2)

    return harm


def bombs(site: Site) -> dict[str, Ended]:
    zeros = bytes(2**30)
    for kind in ("gzip", "br", "zstd"):
        site.put[f"/{kind}"] = compressed(kind, zeros)
    site.put["/zip"] = Put(zipped(zeros[: 2**28]), "application/zip")
    return {"gzip": ("fault", "bomb"), "br": ("fault", "bomb"), "zstd": ("fault", "bomb"),
            "zip": ("seen", None)}  # fmt: skip


def connections(site: Site) -> dict[str, Ended]:
    site.harms |= {
        "/slow-head": slowly(OK + b"X: ", 2 * limits.PAGE_SECONDS),
        "/slow-body": slowly(HEAD + b"\r\n", 2 * limits.PAGE_SECONDS),
        "/endless": endlessly(HEAD + b"\r\n", b"<p>" * 100_000),
        "/ten": once(HEAD + b"Content-Length: 10737418240\r\n\r\n<p>"),
        "/reset": once(HEAD, reset=True),
        "/noise": once(bytes(range(256)) * 4000),
    }
    return {"slow-head": ("fault", "time"), "slow-body": ("fault", "time"),
            "endless": ("fault", "bytes"), "ten": ("fault", "bytes"),
            "reset": ("fault", "broken"), "noise": ("fault", "broken")}  # fmt: skip


def pages(site: Site) -> dict[str, Ended]:
    image = "<img src=/good.jpg>"
    site.medium("/good.jpg", picture(2))
    attributes = " ".join(f"data-{n}=a.jpg" for n in range(120_000))
    site.page("/attributes", f"<p {attributes}>")
    site.page("/links", image + "".join(f"<a href=/links/{n}>" for n in range(100_000)))
    site.page("/deep", image + "<div>" * 1_000_000)
    site.page("/entities", image + "&lt" * 1_000_000)
    site.page("/css", image + "<style>" + "url(" * 1_000_000 + "</style>")
    site.page("/json", image + "<script type=application/ld+json>" + "[" * 4_000_000)
    site.page("/vtts", image + "<script>" + "'a/thumb.vtt'," * 300_000 + "</script>")
    return {"attributes": ("fault", "unreadable")} | dict.fromkeys(
        ("links", "deep", "entities", "css", "json", "vtts"), ("seen", None)
    )


def redirects(site: Site) -> dict[str, Ended]:
    to = {
        "cloud": ("http://169.254.169.254/latest/meta-data/", "not_public"),
        "network": ("http://10.0.0.1/", "not_public"),
        "mapped": ("http://[::ffff:a9fe:a9fe]/", "not_public"),
        "decimal": ("http://2852039166/", "not_public"),
        "file": ("file:///etc/passwd", "address"),
        "data": ("data:text/html,<img src=x>", "address"),
        "circle": ("/circle", "redirects"),
    }
    for name, (target, _) in to.items():
        site.redirect(f"/{name}", target)
    return {name: ("fault", kind) for name, (_, kind) in to.items()}


def media(site: Site) -> dict[str, Ended]:
    for n in range(3):
        site.harms[f"/endless{n}.jpg"] = endlessly(JPEG, bytes(2**20))
        site.harms[f"/endless{n}.mp4"] = endlessly(VIDEO, bytes(2**20))
    site.harms["/slow.mp4"] = slowly(VIDEO, 1.5 * limits.MEDIUM_SECONDS)
    site.harms["/ten.mp4"] = once(OK + b"Content-Length: 10737418240\r\n\r\n" + VIDEO[-12:])
    site.medium("/pixels.png", png(60_000, 60_000), "image/png")
    site.medium("/plain.png", png(4000, 2000), "image/png")
    tiles = CUE.format("good.jpg", "0,0,320,240") * 20_000
    site.medium("/1.vtt", f"WEBVTT\n\n{tiles}".encode(), "text/vtt")
    names = ["slow.mp4", "ten.mp4", "pixels.png", "plain.png", "good.jpg"]
    names += [f"endless{n}.{end}" for n in range(3) for end in ("jpg", "mp4")]
    shown = "".join(f"<img src=/{name}>" for name in names)
    site.page("/media", f"<video data-vtt=/1.vtt></video>{shown}")
    return {"media": ("seen", None)}


def ways(site: Site) -> dict[str, Ended]:
    """A calendar and a thread that go on and on, and pages that lead to each other."""
    for n in range(3 * limits.PAGES_PER_VISIT):
        site.page(f"/day/{n}", f"<a href=/day/{n + 1}>on</a><a href=/day/{n // 2}>back</a>")
        site.page(f"/thread/{n}", f"<a rel=next href=/thread/{n + 1}>on</a>")
        links = "".join(f"<a href=/web/{(n * k) % 600}>x</a>" for k in range(2, 40))
        site.page(f"/web/{n}", links)
    return {"day/0 site 5": ("seen", None), "thread/0 thread": ("seen", None),
            "web/1 site 5": ("seen", None)}  # fmt: skip


def ends(crawler: Crawler) -> dict[str, Ended]:
    """How the visit of each watch ended, and by which fault."""
    frontier = Store(crawler.state)
    with frontier.read() as tx:
        addresses = {watch.id: watch.address for watch in watches.every(tx)}
        ended = tx.execute("SELECT watch, outcome, fault FROM visits").fetchall()
        assert outbox.counts(tx)[0]
    frontier.close()
    return {addresses[watch]: (outcome, fault) for watch, outcome, fault in ended}


def test_no_trap_hurts_and_nothing_is_written(site: Site, tmp_path: Path) -> None:
    rules = b"User-agent: *\nDisallow: /no\n" + b"# nothing\n" * 5_000_000
    with open_site() as other, serving(authority(), "good.test") as port:
        expected = {
            f"{site.root}/{path}": ended
            for trap in (bombs, connections, pages, redirects, media, ways)
            for path, ended in trap(site).items()
        }
        other.put["/robots.txt"] = Put(rules, "text/plain")
        expected |= {
            other.page("/page", "x"): ("seen", None),
            other.page("/no", "x"): ("refused", None),
            f"https://127.0.0.1:{port}/": ("fault", "certificate"),
        }
        crawler = Crawler(tmp_path / "crawler", CRAWLER_REQUESTS_PER_HOST="8")
        crawler.watch(list(expected))
        before = blocks_written()
        watched = Watched(process := crawler.start("run", "--once"))
        out, err = process.communicate(timeout=SECONDS)
        watched.end()
    assert process.returncode == 0, out + err
    assert ends(crawler) == {address.split()[0]: how for address, how in expected.items()}
    counts = site.times()
    for way in ("day", "thread", "web"):
        asked = sum(path.startswith(f"/{way}/") for path in counts)
        assert asked <= limits.PAGES_PER_VISIT
    assert watched.most < MOST_MEMORY
    names = {f"state/crawler.sqlite3{end}" for end in ("", "-wal", "-shm", ".key")}
    assert crawler.written() <= names
    ours = {str(crawler.folder / name) for name in names}
    assert {each for each in watched.opened if not each.startswith("/memfd:medium")} <= ours
    if not counts_blocks(tmp_path):  # the frontier is in memory: what is counted is content
        assert blocks_written() == before
