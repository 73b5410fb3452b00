"""The proxy for programs of others: what it asks for, and all that it refuses."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import Counter

import pytest

from crawler.egress.addresses import Address
from crawler.egress.guard import Guard
from crawler.egress.proxy import Allowance, Proxy
from crawler.outcomes import Disallowed
from tests.crawler.site import Site, picture
from tests.crawler.test_traps import Names

MUCH = Allowance(2**20, 100, 20, 5.0)


class Answers:
    """What a client got, what the proxy refused, and what it was asked to permit."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.refused: Counter[str] = Counter()
        self.permitted: list[str] = []
        self.spent = 0


def answers(
    *requests: bytes, guard: Guard | None = None, allowance: Allowance = MUCH, forbidden: str = ""
) -> Answers:
    """Send each over a connection of its own, one after the other, to a proxy of its own."""
    found = Answers()

    async def permits(address: Address) -> None:
        found.permitted.append(address.url)
        if forbidden and forbidden in address.url:
            raise Disallowed

    async def work() -> None:
        proxy = Proxy(guard or Guard(loopback=True), permits, allowance)
        listener = socket.create_server(("127.0.0.1", 0))
        await proxy.serve(listener)
        port = listener.getsockname()[1]
        try:
            for request in requests:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                found.got.append(await reader.read())
                writer.close()
        finally:
            await proxy.close()
        found.refused, found.spent = proxy.refused, proxy.spent

    asyncio.run(work())
    return found


def get(url: str, *lines: str, method: str = "GET", body: str = "") -> bytes:
    return "\r\n".join([f"{method} {url} HTTP/1.1", "Host: anywhere", *lines, "", body]).encode()


def test_one_request_of_a_connection_is_passed_on(site: Site) -> None:
    site.medium("/1.jpg", picture(1))
    site.page("/second", "never")
    inner = get(f"{site.root}/1.jpg", "Proxy-Authorization: x", "Connection: keep-alive", "A: b")
    found = answers(inner)
    assert found.got[0].endswith(picture(1))
    sent = {name.lower(): value for name, value in site.headers_of["/1.jpg"].items()}
    assert sent == {"host": site.root[7:], "connection": "close", "a": "b"}
    assert found.permitted == [f"{site.root}/1.jpg"]


def test_what_follows_a_request_reaches_no_server(socket_enabled: None) -> None:
    del socket_enabled
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen() -> None:  # a server that keeps its connections open, and reads all it gets
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(0.5)
                with contextlib.suppress(TimeoutError):
                    while piece := connection.recv(2**16):
                        heard.append(piece)

        thread = threading.Thread(target=listen)
        thread.start()
        root = f"http://127.0.0.1:{listening.getsockname()[1]}"
        body = "x" * 10
        first = get(f"{root}/1", f"Content-Length: {len(body)}", method="POST", body=body)
        answers(first + get(f"{root}/2"), first + get("http://10.0.0.1/"))
        thread.join()
    assert b"".join(heard).endswith(b"\r\n\r\n" + body.encode())


def test_a_tunnel_leads_to_the_host_that_was_permitted(site: Site) -> None:
    site.page("/in", "through")
    to = site.root[7:]
    inner = b"GET /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    found = answers(get(to, method="CONNECT") + inner)
    assert found.got[0].startswith(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200")
    assert found.got[0].endswith(b"through")
    assert found.permitted == [f"https://{to}/"]
    assert answers(get(to, method="CONNECT") + inner, forbidden=to).got[0][9:12] == b"403"
    assert site.asked == ["/in"]


REFUSED = {
    "http://169.254.169.254/latest/": "not_public",
    "http://10.0.0.1/": "not_public",
    "http://[::ffff:10.0.0.1]/": "not_public",
    "http://0xa9fea9fe/": "not_public",
    "file:///etc/passwd": "address",
    "ftp://127.0.0.1/": "address",
    "/relative": "address",
    "https://example.org/": "malformed",  # would be sent in the clear
    "http://user@example.org/": "address",
}


def test_what_is_not_public_or_no_request_is_refused(site: Site) -> None:
    page = site.page("/page", "never")
    more = [
        (get("169.254.169.254:443", method="CONNECT"), "not_public"),
        (get("10.0.0.1:80", method="CONNECT"), "not_public"),
        (get("example.org", method="TRACE"), "malformed"),
        (get(page, method="DELETE"), "malformed"),
        (get(page, "Transfer-Encoding: chunked"), "malformed"),
        (get(page, "Content-Length: 3", "Content-Length: 3"), "malformed"),
        (get(page, "Content-Length: 70000"), "malformed"),
        (get(page, "Content-Length: -1"), "malformed"),
        (get(page, " folded: x"), "malformed"),
        (get(page, "A: b\rc"), "malformed"),
        (get(page, "A : b"), "malformed"),
        (f"GET {page} HTTP/1.1\nHost: a\n\n\r\n\r\n".encode(), "malformed"),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", "malformed"),
        (get("http://127.0.0.1:1/"), "connection"),
        (get(page, "A: " + "x" * 40_000), "malformed"),
    ]
    requests = [(get(url), why) for url, why in REFUSED.items()] + more
    for request, why in requests:
        found = answers(request)
        assert found.refused == Counter({why: 1}), request[:80]
        assert found.got[0][9] in b"45", request[:80]
    assert site.asked == []


def test_a_name_is_resolved_for_each_connection_and_every_answer_counts(site: Site) -> None:
    site.page("/page", "once")
    page = site.root.replace("127.0.0.1", "rebind.test") + "/page"
    names = Names(["127.0.0.1"], ["127.0.0.1", "10.0.0.1"])
    found = answers(get(page), get(page), guard=Guard(loopback=True, lookup=names))
    assert found.refused == Counter({"not_public": 1})
    assert site.asked == ["/page"]
    # Without the setting for tests, this machine is as little public as any.
    strict = Guard(loopback=False, lookup=Names(["127.0.0.1"]))
    assert answers(get("http://local.test/"), guard=strict).refused == Counter({"not_public": 1})


@pytest.mark.parametrize("tunnel", [False, True])
def test_no_more_passes_than_may(site: Site, *, tunnel: bool) -> None:
    site.medium("/large", bytes(200_000))
    request = get(f"{site.root}/large")
    if tunnel:
        inner = b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        request = get(site.root[7:], method="CONNECT") + inner
    found = answers(request, request, allowance=Allowance(150_000, 100, 20, 5.0))
    assert len(found.got[0]) <= 150_000
    assert found.got[1].startswith(b"HTTP/1.1 503")
    assert site.asked == ["/large"]
    few = answers(*[request] * 3, allowance=Allowance(2**20, 2, 20, 5.0))
    assert [each[9:12] for each in few.got] == [b"200", b"200", b"503"]
