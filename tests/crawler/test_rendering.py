"""Pages that show something only to browsers, in a real Chromium; and those that mean it harm."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from crawler import limits
from crawler.egress.guard import AddrInfo, Guard, NotPublic
from crawler.frontier.store import MEMORY, Store
from crawler.outcomes import ErrorKind, Outcome
from crawler.rendering import flags, renderer
from crawler.settings import Settings
from tests.crawler.cells import cells, chromium, told
from tests.crawler.certificates import authority, serving
from tests.crawler.looking import QUICK, look
from tests.crawler.process import Crawler, Watched
from tests.crawler.site import Answers, Put, Site, picture
from tests.crawler.test_traps import Names

__all__ = ["cells", "chromium"]

SHOWN = """
const add = (name, attributes, into = document.body) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return into.appendChild(made);
};
const list = await (await fetch("/list.json", {headers: {"X-Asks": "1"}})).json();
for (const name of list) add("img", {src: name});
add("img", {srcset: "/small.jpg 320w, /wide.jpg 2000w", sizes: "100vw"});
add("div", {}).attachShadow({mode: "closed"}).innerHTML = "<img src=/closed.jpg>";
add("div", {class: "backed", style: "height: 9px"});
add("video", {preload: "auto"}).src = "/film.mp4";
add("iframe", {srcdoc: "<img src=/framed.jpg>"});
new Image().src = '/early.jpg?say="x y"#part';
add("div", {style: "height: 9000px"});
const last = add("div", {style: "height: 9px"});
new IntersectionObserver((seen) => {
  if (seen[0].isIntersecting && !last.firstChild) add("img", {src: "/late.jpg"}, last);
}).observe(last);
"""
SHOW = "const made = new Image(); made.src = '/1.jpg'; document.body.append(made);"
NAMES = ("listed", "small", "wide", "closed", "backed", "framed", "early", "late")


def scripted(site: Site, path: str, script: str, more: str = "") -> str:
    return site.page(path, f"{more}<script type=module>{script}</script>")


def in_browser(program: str) -> Settings:
    return replace(QUICK, browser=program)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        connection.sendall(bytes(2**16))


MUCH = "await fetch('/huge').then((answer) => answer.arrayBuffer()).catch(() => 0);"


def test_what_scripts_show_is_found(site: Site, chromium: str) -> None:
    for seed, name in enumerate(NAMES):
        site.medium(f"/{name}.jpg", picture(seed))
    site.put["/early.jpg?say=%22x%20y%22"] = site.put["/early.jpg"]
    site.put["/list.json"] = Put(json.dumps(["/listed.jpg"]).encode(), "application/json")
    site.put["/style.css"] = Put(b".backed { background: url(/backed.jpg) }", "text/css")
    site.medium("/preview.jpg", picture(98))
    aside = "<meta property=og:image content=/preview.jpg><noscript><img src=/no.gif></noscript>"
    page = scripted(site, "/page", SHOWN, aside + "<link rel=stylesheet href=/style.css>")
    site.medium("/plain.jpg", picture(99))
    plain = site.page("/plain", "<img src=/plain.jpg><script src=/unasked.js></script>")
    secret = site.page("/secret", "<input type=password><script src=/unasked.js></script>")
    none = look([page])
    assert none.results(page) == {"page seen": 1, "medium seen": 1, "medium gone": 1}
    site.asked.clear()
    found = look([page, plain, secret], settings=in_browser(chromium))
    # The smaller of a set is not fetched, as anywhere; the video and one picture are not there.
    assert found.results(page) == {"page seen": 1, "medium seen": len(NAMES), "medium gone": 2}
    assert site.times()["/film.mp4"] == 1
    assert {each["address"] for each in found.seen[page]} == {page}
    assert "/unasked.js" not in site.asked
    assert found.outcome(secret)[0] is Outcome.MEMBERS_ONLY
    # The page came once, pictures once, by the crawler; scripts asked as the crawler does.
    asked = site.times()
    assert asked["/page"] == asked["/late.jpg"] == asked["/listed.jpg"] == 1
    assert site.headers_of["/list.json"]["User-Agent"] == QUICK.user_agent
    assert "/favicon.ico" not in asked


def pin_of(port: int) -> str:
    """The key of a site, as Chromium has it among those that it takes without an authority."""
    leaf = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())
    key = leaf.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@pytest.mark.soak
def test_scripts_of_a_secure_page_come_by_a_tunnel(
    chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = authority()
    script = f"await fetch('/list.json'); {SHOW}".encode()
    paths = {
        "/page": Put(b"<body><script type=module src=/app.js></script>"),
        "/app.js": Put(script, "text/javascript"),
        "/list.json": Put(b"[]", "application/json"),
        "/1.jpg": Put(picture(1), "image/jpeg"),
    }
    with serving(ours, "good.test", *paths.items()) as port:
        page = f"https://good.test:{port}/page"
        trusted = ssl.create_default_context(cadata=ours.pem)
        guard = Guard(loopback=True, lookup=Names(["127.0.0.1"]), trusted=trusted)
        # The browser has its own list of authorities, in which that of the test is not.
        found = look([page], settings=in_browser(chromium), guard=guard)
        assert found.outcome(page) == (Outcome.FAULT, ErrorKind.CONNECTION)
        pinned = f"--ignore-certificate-errors-spki-list={pin_of(port)}"
        monkeypatch.setattr(flags, "_FLAGS", (*flags._FLAGS, pinned))  # noqa: SLF001
        found = look([page], settings=in_browser(chromium), guard=guard)
        assert found.results(page) == {"page seen": 1, "medium seen": 1}


class Narrow(Guard):
    """One that connects to a single site of this machine: all else of it is as good as private."""

    def __init__(self, site: Site, rebinding: str) -> None:
        self.site = site.server_address[:2]
        self.refused: list[tuple[str, int]] = []
        self._rebinding = rebinding
        self._resolved = 0
        super().__init__(loopback=True, lookup=self._names)

    def _names(self, host: str, port: int) -> list[AddrInfo]:
        if host == self._rebinding:  # robots.txt is asked for first
            self._resolved += 1
            host = "127.0.0.1" if self._resolved == 1 else "10.0.0.1"
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    def _socket(self, info: AddrInfo) -> socket.socket:
        if info[4][:2] != self.site:
            self.refused.append((str(info[4][0]), int(info[4][1])))
            raise NotPublic
        return super()._socket(info)


class Listeners:
    """Sockets of this machine that nobody may reach, over both families."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.tcp6 = socket.create_server(("::1", self.port), family=socket.AF_INET6)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        for name in ("tcp", "tcp6", "udp"):
            threading.Thread(target=self._listen, args=(name,), daemon=True).start()

    def _listen(self, name: str) -> None:
        listening: socket.socket = getattr(self, name)
        with contextlib.suppress(OSError):
            while True:
                if name == "udp":
                    listening.recvfrom(100)
                else:
                    listening.accept()[0].close()
                self.heard.append(name)

    def close(self) -> None:
        for each in (self.tcp, self.tcp6, self.udp):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def listeners(socket_enabled: None) -> Iterator[Listeners]:
    del socket_enabled
    opened = Listeners()
    yield opened
    opened.close()


REACHING = """
const quietly = (act) => {
  try { const out = act(); out && out.catch && out.catch(() => 0); } catch {}
};
const targets = [
  "http://169.254.169.254/latest/meta-data/", `http://[::1]:${P}/`, `http://localhost:${P}/`,
  `http://127.0.0.1:${P}/`, `http://0x7f000001:${P}/`, `https://localhost:${P}/`,
  `http://rebind.test:${S}/rebound`, "file:///etc/passwd", "http://10.0.0.1/",
];
const inside = `for (const url of ${JSON.stringify(targets)}) fetch(url).catch(() => 0);
  try { new WebSocket("ws://127.0.0.1:${P}/") } catch {}`;
quietly(() => new Worker(URL.createObjectURL(new Blob([inside]))));
quietly(() => new SharedWorker(URL.createObjectURL(new Blob([inside]))));
for (const url of targets) {
  quietly(() => fetch(url));
  quietly(() => fetch(url, {mode: "no-cors", method: "POST", body: "x"}));
  quietly(() => navigator.sendBeacon(url, "x"));
  quietly(() => new EventSource(url));
  quietly(() => { document.body.appendChild(document.createElement("iframe")).src = url; });
  quietly(() => { document.body.appendChild(document.createElement("script")).src = url; });
  for (const rel of ["preconnect", "dns-prefetch", "prefetch", "preload", "stylesheet", "icon"])
    quietly(() => {
      const link = document.head.appendChild(document.createElement("link"));
      [link.rel, link.as, link.href] = [rel, "script", url];
    });
}
for (const scheme of ["ws", "wss"]) for (const host of ["127.0.0.1", "localhost", "[::1]"])
  quietly(() => new WebSocket(`${scheme}://${host}:${P}/`));
quietly(() => navigator.serviceWorker.register("/worker.js"));
for (let n = 0; n < 300; n++) quietly(() => window.open(`/popup?${n}`));
quietly(() => alert("x")); quietly(() => confirm("x")); quietly(() => prompt("x"));
quietly(() => {
  const made = new RTCPeerConnection({iceServers: [{urls: [`stun:127.0.0.1:${P}`]}]});
  made.createDataChannel("x");
  return made.createOffer().then((offer) => made.setLocalDescription(offer));
});
quietly(() => fetch("/own", {method: "POST", body: "x"}));
quietly(() => fetch("/own", {method: "DELETE"}));
quietly(() => {
  Object.assign(document.createElement("a"), {href: "/file.bin", download: "x"}).click();
});
await fetch("/wait");
document.body.appendChild(new Image()).src = "/1.jpg";
document.body.appendChild(new Image()).src = `/told?${window.name}${document.cookie}`;
"""


def later(connection: socket.socket) -> None:
    time.sleep(1.5)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_scripts_reach_nothing_but_the_site(
    site: Site, chromium: str, listeners: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "do_POST", Answers.do_GET, raising=False)
    site.medium("/1.jpg", picture(1))
    site.harms["/wait"] = later
    site.put["/worker.js"] = Put(b"fetch('/by-worker'); onfetch = () => 0", "text/javascript")
    page = scripted(
        site, "/page", f"const P = {listeners.port}, S = {site.server_address[1]};" + REACHING
    )
    guard = Narrow(site, "rebind.test")
    found = look([page], settings=in_browser(chromium), guard=guard)
    assert found.outcome(page) == (Outcome.SEEN, None)
    assert found.results(page)["medium seen"] == 1
    assert listeners.heard == []
    asked = {path.partition("?")[0] for path in site.asked}
    assert asked - {"/file.bin"} == {"/robots.txt", "/page", "/wait", "/own", "/1.jpg", "/told"}
    # They were tried, and the guard was what refused them.
    assert {address for address, _ in guard.refused} >= {"127.0.0.1", "::1"}
    assert site.times()["/robots.txt"] == 2  # the second by the name that changed its mind


WALLS = """
import ctypes, fcntl, struct, subprocess, socket, sys, threading, time
chromium, script, command = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
# A network once more its own, in which it may give itself an address: WebRTC avoids loopback.
assert ctypes.CDLL(None).unshare(0x10000000 | 0x40000000) == 0
for name, text in (("setgroups", "deny"), ("uid_map", "1000 1000 1"), ("gid_map", "1000 1000 1")):
    with open(f"/proc/self/{name}", "w") as file:
        file.write(text)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(udp, 0x8914, struct.pack("16sH14x", b"lo", 0x41))
host = "10.9.8.7"
given = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(host))
fcntl.ioctl(udp, 0x8916, given)
heard = {"udp": 0, "tcp": 0}
udp.bind((host, 0))
at = udp.getsockname()
tcp = socket.create_server(at)
def hear_udp():
    while True:
        udp.recvfrom(2048)
        heard["udp"] += 1
def hear_tcp():
    while True:
        tcp.accept()[0].close()
        heard["tcp"] += 1
for each in (hear_udp, hear_tcp):
    threading.Thread(target=each, daemon=True).start()
with open("/tmp/page.html", "w") as file:
    file.write(f"<body><script>const P = '{at[0]}:{at[1]}';{script}</script>")
process = subprocess.Popen([chromium, *command, "file:///tmp/page.html"])
until = time.monotonic() + float(sys.argv[4])
while time.monotonic() < until and not all(heard.values()):
    time.sleep(0.05)
process.kill()
told = heard
"""
TRIES = """
new Image().src = `http://${P}/`;
try { new WebSocket(`ws://${P}/`) } catch {}
const made = new RTCPeerConnection({iceServers: [{urls: [`stun:${P}`]}]});
made.createDataChannel("x");
made.createOffer().then((offer) => made.setLocalDescription(offer));
"""
BARE = ("--headless", "--no-first-run", "--disable-gpu", "--user-data-dir=/tmp/profile")
OPEN = (
    "--allow-loopback-in-peer-connection",
    "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessWebRTC",
)
"""Walls of Chromium's own about networks that are not public, taken away in both cases."""


@pytest.mark.soak  # the walls of the cell, before it, are tested in test_cell.py
def test_the_flags_are_a_wall_by_themselves(chromium: str) -> None:
    """Within the network of a cell, where UDP and loopback would be open without them."""

    def heard(command: list[str], seconds: float) -> dict[str, int]:
        found: dict[str, int] = told(WALLS, chromium, TRIES, json.dumps(command), str(seconds))
        return found

    assert all(heard([*BARE, *OPEN], 30).values())  # as soon as both were heard
    command = flags.command(chromium, user_agent="x", sandbox=True)[1:-1]
    ours = [each for each in command if "pipe" not in each and "disable-features" not in each]
    assert heard([*ours, *OPEN], 3) == {"udp": 0, "tcp": 0}


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


@pytest.mark.soak  # its sibling is the first test of this file
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


@pytest.mark.soak
def test_the_same_page_may_show_something_else(site: Site, chromium: str) -> None:
    script = f"const list = await (await fetch('/list.json')).json(); {SHOW} made.src = list[0];"
    site.put["/page"] = Put(f"<body><script type=module>{script}</script>".encode(), etag='"1"')
    page = site.root + "/page"
    store = Store(MEMORY)
    for seed, outcome in ((1, Outcome.SEEN), (1, Outcome.UNCHANGED), (2, Outcome.SEEN)):
        site.medium(f"/{seed}.jpg", picture(seed))
        site.put["/list.json"] = Put(json.dumps([f"/{seed}.jpg"]).encode(), "application/json")
        found = look([page], settings=in_browser(chromium), store=store)
        assert found.outcome(page) == (outcome, None)
    site.put["/list.json"] = Put(status=503)
    assert look([], settings=in_browser(chromium), store=store).outcome(page)[0] is Outcome.FAULT
    site.put["/list.json"] = Put(b'["/gone.jpg"]', "application/json")
    assert look([], settings=in_browser(chromium), store=store).outcome(page)[0] is Outcome.GONE
    store.close()


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
    page = scripted(site, "/page", "localStorage.x = 'y'.repeat(9999);" + SHOWN)
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


def test_a_page_that_shows_nothing_is_not_called_the_same(site: Site) -> None:
    """Its scripts may show something else, if somebody switches a browser on meanwhile."""
    site.put["/page"] = Put(b"<script src=/app.js></script>", etag='"1"')
    page = site.root + "/page"
    store = Store(MEMORY)
    for _ in range(2):
        assert look([page], store=store).results(page) == {"page seen": 1}
        assert "If-None-Match" not in site.headers_of["/page"]
    store.close()
