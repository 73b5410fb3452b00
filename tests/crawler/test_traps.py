"""A site that means harm: each trap ends in its own outcome, and none takes the crawler with it."""

from __future__ import annotations

import gzip
import io
import socket
import ssl
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace

import brotli
import pytest

from crawler import limits
from crawler.egress.guard import AddrInfo, Guard
from crawler.fetching import budget, fetcher
from crawler.frontier.watches import Scope
from crawler.inspecting import memory
from crawler.outcomes import ErrorKind, Outcome
from egress import guard as egress
from tests.crawler.certificates import authority, serving
from tests.crawler.looking import QUICK, look
from tests.crawler.site import Put, Site, picture

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OK = b"HTTP/1.1 200 OK\r\n"
HEAD = OK + b"Content-Type: text/html\r\n"
ZEROS = bytes(24 * 2**20)
Harm = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits, smaller, so that traps end soon."""
    for name in ("PAGE", "MEDIUM", "ROBOTS"):
        usual: budget.Budget = getattr(budget, name)
        most = min(usual.bytes, 4 * 2**20)
        monkeypatch.setattr(fetcher, name, replace(usual, bytes=most, seconds=2.0))
    monkeypatch.setattr(memory, "PICTURE_BYTES", 2**20)
    monkeypatch.setattr(limits, "PAGES_PER_VISIT", 12)


def slowly(*parts: bytes) -> Harm:
    """Send a byte every while, for longer than anybody should wait."""

    def harm(connection: socket.socket) -> None:
        until = time.monotonic() + 6
        for part in parts:
            connection.sendall(part)
        while time.monotonic() < until:
            connection.sendall(b"x")
            time.sleep(0.05)

    return harm


def endlessly(head: bytes, piece: bytes) -> Harm:
    def harm(connection: socket.socket) -> None:
        until = time.monotonic() + (60 if len(piece) >= 2**18 else 6)
        connection.sendall(head)
        while time.monotonic() < until:
            connection.sendall(piece)
            time.sleep(0.004)  # whoever sends it is in the same process as who has to end it

    return harm


def once(*parts: bytes, reset: bool = False) -> Harm:
    def harm(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    return harm


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN_CONNECTIONS: dict[str, tuple[Harm, ErrorKind]] = {
    "headers one byte at a time": (slowly(b"HTTP/1.1 200 OK\r\nX: "), ErrorKind.TIME),
    "a body one byte at a time": (slowly(HEAD + b"\r\n"), ErrorKind.TIME),
    "silence": (lambda _: time.sleep(6), ErrorKind.TIME),
    "headers without end": (endlessly(OK, b"X: y\r\n" * 1000), ErrorKind.BROKEN),
    "a header without end": (endlessly(OK + b"X: ", b"y" * 9000), ErrorKind.BROKEN),
    "interim answers without end": (
        endlessly(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 50), ErrorKind.TIME
    ),
    "a page without end": (endlessly(HEAD + b"\r\n", b"<p>" * 20_000), ErrorKind.BYTES),
    "chunks without end": (endlessly(CHUNKED, chunk(b"<p>" * 20_000)), ErrorKind.BYTES),
    "a page of 10 GB": (
        once(HEAD + b"Content-Length: 10000000000\r\n\r\n<p>"), ErrorKind.BYTES
    ),
    "a reset": (once(HEAD, reset=True), ErrorKind.BROKEN),
    "nothing": (once(), ErrorKind.BROKEN),
    "no HTTP": (once(b"SSH-2.0-OpenSSH_9.9\r\n"), ErrorKind.BROKEN),
    "binary": (once(bytes(range(256)) * 40), ErrorKind.BROKEN),
    "a body that is too short": (once(HEAD + b"Content-Length: 900\r\n\r\n<p>"), ErrorKind.BROKEN),
    "chunks of nonsense": (once(CHUNKED + b"zz\r\nxx"), ErrorKind.BROKEN),
    "two lengths": (
        once(HEAD + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\n<p>xx"), ErrorKind.BROKEN
    ),
}  # fmt: skip


def test_connections_that_mean_harm_end_in_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetcher, "PAGE", replace(budget.PAGE, bytes=2**17, seconds=4.0))
    expected = {}
    for number, (harm, kind) in enumerate(BROKEN_CONNECTIONS.values()):
        site.harms[f"/{number}"] = harm
        expected[f"{site.root}/{number}"] = kind
    ordinary = site.page("/page", "<img src=/1.jpg>")
    site.medium("/1.jpg", picture(1))
    begun = time.monotonic()
    # All at once, as one crawl has them: an ordinary page beside them is looked at all the same.
    many = replace(QUICK, visits=64, requests=64, requests_per_host=64)
    found = look([*expected, ordinary], settings=many)
    assert {url: found.outcome(url) for url in expected} == {
        url: (Outcome.FAULT, kind) for url, kind in expected.items()
    }
    assert found.outcome(ordinary) == (Outcome.SEEN, None)
    assert time.monotonic() - begun < 20


def compressed(kind: str, data: bytes) -> Put:
    encoders: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "br": quick_brotli,
        "deflate": zlib.compress,
        "zstd": lambda whole: zstd.compress(whole, level=1),
    }
    return Put(encoders[kind](data), headers={"Content-Encoding": kind})


def quick_brotli(data: bytes) -> bytes:
    return bytes(brotli.compress(data, quality=1))


def test_bombs_do_not_go_off(site: Site) -> None:
    kinds = ("gzip", "br", "deflate", "zstd")
    for kind in kinds:
        site.put[f"/{kind}"] = compressed(kind, ZEROS)
    site.put["/twice"] = Put(
        gzip.compress(gzip.compress(ZEROS)), headers={"Content-Encoding": "gzip, gzip"}
    )
    site.put["/zip"] = Put(zipped(ZEROS), "application/zip")
    pages = [f"{site.root}/{path}" for path in (*kinds, "twice", "zip")]
    found = look(pages)
    faults = [*[ErrorKind.BOMB] * 4, ErrorKind.ENCODING, None]
    assert [found.outcome(page)[1] for page in pages] == faults
    assert found.outcome(pages[-1])[0] is Outcome.SEEN  # it is there, and nobody unpacks it


def zipped(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(2):
            archive.writestr(f"{n}.jpg", data)
    return made.getvalue()


CUE = "00:00.000 --> 00:01.000\n{}#xywh={}\n\n"


def test_tracks_and_sheets_that_mean_harm_cost_little(site: Site) -> None:
    """Tracks without end, sheets of pixels without end, tiles of the whole sheet, over and over."""
    site.medium("/good.jpg", picture(1, size=(320, 240)))
    site.medium("/pixels.png", png(60_000, 60_000), "image/png")
    same = CUE.format("good.jpg", "0,0,320,240") * 3000
    outside = CUE.format("good.jpg", "9999,9999,320,240") + CUE.format("pixels.png", "0,0,64,64")
    site.medium("/1.vtt", f"WEBVTT\n\n{same}".encode(), "text/vtt")
    site.medium("/2.vtt", f"WEBVTT\n\n{outside}".encode(), "text/vtt")
    site.harms["/3.vtt"] = endlessly(HEAD + b"\r\n", b"WEBVTT\n\n" + same[:40_000].encode())
    site.page("/4.vtt", "<video data-vtt=/4.vtt></video><video data-vtt=/5.vtt></video>")
    begun = time.monotonic()
    pages = [site.page(f"/{n}", f"<video data-vtt=/{n}.vtt></video>") for n in range(1, 5)]
    found = look(pages)
    assert [found.results(page) for page in pages] == [
        {"page seen": 1, "page cut": 1, "medium seen": 1},
        {"page seen": 2, "medium seen": 1, "medium not_hashed too_many_pixels": 1},
        {"page seen": 1, "page fault bytes": 1},
        {"page seen": 2, "page gone": 1},
    ]
    assert time.monotonic() - begun < 20


def png(width: int, height: int) -> bytes:
    """A PNG that says to be so large, and has the pixels of a few rows."""

    def part(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(ZEROS)) + part(b"IEND", b"")


def test_media_that_are_none_or_too_much_are_named(site: Site) -> None:
    site.medium("/pixels.png", png(60_000, 60_000), "image/png")
    site.medium("/zip.jpg", b"PK\3\4" + ZEROS[:5000])
    site.page("/html.jpg", "no picture" * 200)
    site.medium("/half.jpg", picture(1)[:300])
    site.medium("/plain.jpg", b"")
    site.harms["/endless.jpg"] = endlessly(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + picture(2), bytes(2**16)
    )
    site.harms["/slow.mp4"] = slowly(b"HTTP/1.1 200 OK\r\n\r\n\0\0\0\x20ftypisom")
    site.harms["/huge.mp4"] = once(
        b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n\0\0\0\x20ftypisom"
    )
    site.medium("/good.jpg", picture(3))
    names = "pixels.png zip.jpg html.jpg half.jpg plain.jpg endless.jpg slow.mp4 huge.mp4 good.jpg"
    text = "".join(f"<video src=/{name}></video>" for name in names.split())
    page = site.page(
        "/page", text + "<img src=file:///etc/passwd><img src='data:image/png;base64,AA'>"
    )
    found = look([page])
    assert found.outcome(page) == (Outcome.SEEN, None)
    assert len(found.seen[page]) == 1
    assert found.results(page) == {
        "page seen": 1,
        "medium seen": 1,
        "medium not_hashed too_many_pixels": 1,
        "medium not_hashed damaged": 1,
        "medium no_medium": 3,
        "medium fault bytes": 2,
        "medium fault time": 1,
    }


def test_pages_that_break_parsers_are_read_as_far_as_they_go(site: Site) -> None:
    site.medium("/1.jpg", picture(1))
    image = "<img src=/1.jpg>"
    pages = [
        site.page("/deep", image + "<div>" * 200_000),
        site.page("/links", image + "".join(f"<a href=/{n}>" for n in range(100_000))),
        site.page("/entities", image + "&lt" * 300_000 + "&#x110000;&#0;"),
        site.page("/attribute", image + "<p title='" + "x" * 2_000_000),
        site.page("/css", image + "<style>" + "url(" * 300_000 + "</style>"),
        site.page("/srcset", image + "<img srcset='" + "a 1x," * 300_000 + "'>"),
        site.page(
            "/json", image + "<script type=application/ld+json>" + "[" * 300_000 + "</script>"
        ),
        site.page(
            "/doctype",
            "<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c SYSTEM 'file:///etc/passwd'>]>" + image + "&c;",
        ),
    ]
    site.put["/bytes"] = Put(image.encode() + bytes(range(256)) * 4000, "text/html; charset=utf-7")
    site.put["/utf16"] = Put(("\ufeff" + image).encode("utf-16-le"), "text/html; charset=nonsense")
    pages += [site.root + "/bytes", site.root + "/utf16"]
    begun = time.monotonic()
    found = look(pages)
    assert {page: len(found.seen[page]) for page in pages} == dict.fromkeys(pages, 1)
    assert found.results(pages[1]) == {"page cut": 1, "medium seen": 1}  # that of 100,000 links
    assert time.monotonic() - begun < 20


def test_loops_and_calendars_end(site: Site) -> None:
    class Calendar(dict[str, Put]):
        def get(self, path: str, _other: Put | None = None) -> Put:  # type: ignore[override]
            day = int(path.rpartition("/")[2] or 0) if path != "/robots.txt" else 0
            text = (
                f"<a href=/day/{day + 1}>on</a><a href=/day/0>back</a><a href=/day/{day}>here</a>"
            )
            return Put(status=404) if path == "/robots.txt" else Put(text.encode())

    site.put = Calendar()
    first = site.root + "/day/0"
    found = look([first], scope=Scope.SITE, depth=5)
    assert found.results(first) == {"page seen": 6}
    site.put = {"/robots.txt": Put(status=404)}
    following = site.page("/t/0", "<a rel=next href=/t/1>on</a>")
    for n in range(1, 40):
        site.page(f"/t/{n}", f"<a rel=next href=/t/{n + 1}>on</a>")
    assert look([following], scope=Scope.THREAD).results(following) == {"page seen": 12}


REDIRECTS = {
    "http://169.254.169.254/latest/meta-data/": ErrorKind.NOT_PUBLIC,
    "http://10.0.0.1/": ErrorKind.NOT_PUBLIC,
    "http://[::ffff:10.0.0.1]/": ErrorKind.NOT_PUBLIC,
    "http://0xa9fea9fe/": ErrorKind.NOT_PUBLIC,
    "file:///etc/passwd": ErrorKind.ADDRESS,
    "data:text/html,<img src=x>": ErrorKind.ADDRESS,
    "gopher://127.0.0.1:70/": ErrorKind.ADDRESS,
    "https://user@example.org/": ErrorKind.ADDRESS,
    "/again": ErrorKind.REDIRECTS,
}


def test_redirects_lead_nowhere_else(site: Site) -> None:
    site.redirect("/again", "/again")
    expected = {}
    for number, (to, kind) in enumerate(REDIRECTS.items()):
        expected[site.redirect(f"/r/{number}", to)] = (Outcome.FAULT, kind)
    site.put["/r/none"] = Put(status=302)
    expected[site.root + "/r/none"] = (Outcome.FAULT, ErrorKind.SERVER)
    found = look(expected)
    assert {url: found.outcome(url) for url in expected} == expected


def test_a_long_robots_txt_is_read_as_far_as_it_counts(site: Site) -> None:
    rules = b"User-agent: *\nDisallow: /no\n" + b"# nothing\n" * 500_000 + b"Disallow: /page\n"
    site.put["/robots.txt"] = Put(rules, "text/plain")
    page, no = site.page("/page", "x"), site.page("/no", "x")
    found = look([page, no])
    assert found.outcome(page)[0] is Outcome.SEEN
    assert found.outcome(no)[0] is Outcome.REFUSED


# --- names ---


class Names:
    """A resolver that says what it is told, and how often it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[AddrInfo]:
        del host
        found = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]


def test_a_name_that_changes_its_mind_is_refused(site: Site) -> None:
    site.page("/page", "<p>one")
    page = site.root.replace("127.0.0.1", "rebind.test") + "/page"
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    site.put["/robots.txt"].headers["Connection"] = "close"  # so that the page needs another
    found = look([page], guard=Guard(loopback=True, lookup=names))
    assert found.outcome(page) == (Outcome.FAULT, ErrorKind.NOT_PUBLIC)
    assert names.asked == 2
    assert site.asked == ["/robots.txt"]


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1", "10.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["127.0.0.1"] * 2 + ["0.0.0.0"]],  # noqa: S104
)
def test_one_answer_that_is_not_public_refuses_the_host(site: Site, answers: list[str]) -> None:
    page = site.root.replace("127.0.0.1", "mixed.test") + "/page"
    found = look([page], guard=Guard(loopback=True, lookup=Names(answers)))
    assert found.outcome(page) == (Outcome.FAULT, ErrorKind.NOT_PUBLIC)
    assert site.asked == []


def test_without_the_setting_this_machine_is_not_public(site: Site) -> None:
    page = site.root.replace("127.0.0.1", "local.test") + "/page"
    guard = Guard(loopback=False, lookup=Names(["127.0.0.1"]))
    assert look([page], guard=guard).outcome(page) == (Outcome.FAULT, ErrorKind.NOT_PUBLIC)
    assert site.asked == []


def test_the_second_line_holds_without_the_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No socket is made, whatever a resolver let pass."""

    async def careless(
        self: egress.CheckedResolver, host: str, port: int = 0, family: int = 0
    ) -> list[object]:
        del self, family
        return [egress._result(host, "127.0.0.1", port)]  # noqa: SLF001

    monkeypatch.setattr(egress.CheckedResolver, "resolve", careless)
    page = site.root.replace("127.0.0.1", "local.test") + "/page"
    assert look([page], guard=Guard(loopback=False)).outcome(page)[1] is ErrorKind.NOT_PUBLIC
    assert site.asked == []


def test_certificates_are_checked_for_the_name(socket_enabled: None) -> None:
    del socket_enabled
    ours = authority()
    trusted = ssl.create_default_context(cadata=ours.pem)
    with serving(ours, "good.test") as port, serving(authority(), "good.test") as strange:
        pages = [
            f"https://{name}:{at}/"
            for name, at in (("good.test", port), ("other.test", port), ("good.test", strange))
        ]
        guard = Guard(loopback=True, lookup=Names(["127.0.0.1"]), trusted=trusted)
        found = look(pages, guard=guard)
    assert [found.outcome(page) for page in pages] == [
        (Outcome.SEEN, None),
        (Outcome.FAULT, ErrorKind.CERTIFICATE),
        (Outcome.FAULT, ErrorKind.CERTIFICATE),
    ]


def test_a_proxy_of_the_environment_is_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    page = site.page("/page", "x")
    assert look([page]).outcome(page) == (Outcome.SEEN, None)
