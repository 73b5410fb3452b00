"""What scripts of a page can reach: nothing but what the guard lets them."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from crawler.egress.guard import AddrInfo, Guard, NotPublic
from crawler.outcomes import Outcome
from crawler.rendering import flags
from tests.crawler.cells import cells, chromium, told
from tests.crawler.looking import look
from tests.crawler.scripted import in_browser, scripted
from tests.crawler.site import Answers, Put, Site, picture

__all__ = ["cells", "chromium"]


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
