from __future__ import annotations

import asyncio
import errno
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect

from service import server
from service.server import bound, server_of
from service.settings import InvalidSetting, Settings

pytestmark = pytest.mark.enable_socket
BEGUN = b"GET / HTTP/1.1\r\nHost: x\r\n"
WHOLE = BEGUN + b"\r\n"
UPLOAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
Connect = Callable[[], socket.socket]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEADER_SECONDS", "LINGER_SECONDS", "WRITE_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(server, name, 60)


def answering() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def answer() -> str:
        return "here"

    @app.post("/")
    async def read(request: Request) -> int:
        with suppress(ClientDisconnect):
            return len(await request.body())
        return 0

    @app.post("/early")
    async def early() -> str:
        return "early"

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.3)
        return "slow"

    @app.get("/much")
    async def much() -> str:
        return "x" * 8 * 2**20

    return app


@pytest.fixture
def listening(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """A server in a thread; gives what connects to it."""
    settings = Settings(**getattr(request, "param", {}))
    chosen = bound("127.0.0.1", 0)
    address = chosen.getsockname()
    made = server_of(answering(), settings)
    thread = threading.Thread(target=made.run, kwargs={"sockets": [chosen]})
    thread.start()
    while not made.started:
        time.sleep(0.01)
    with ExitStack() as stack:

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(address, timeout=5))

        yield connect
    made.should_exit = True
    thread.join()


def told(opened: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = []
    try:
        while part := opened.recv(2**16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def asked(opened: socket.socket, request: bytes = WHOLE) -> bytes:
    """What is answered: a word, after the headers."""
    opened.sendall(request)
    return answered(opened)


def answered(opened: socket.socket) -> bytes:
    answer = b""
    while not (found := re.search(rb"content-length: (\d+)[^\0]*\r\n\r\n", answer)) or len(
        answer
    ) < found.end() + int(found[1]):
        answer += opened.recv(2**16)
    return answer


@pytest.mark.parametrize("begun", [b"", BEGUN])
def test_headers_have_to_end(
    listening: Connect, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    with listening() as opened:
        opened.sendall(begun)
        assert told(opened) == b""
    later = listening()
    assert b"here" in asked(later)
    time.sleep(0.3)  # between two requests there is more time
    assert b"here" in asked(later)
    later.sendall(BEGUN)
    assert told(later) == b""


def test_a_byte_now_and_then_gains_no_time(
    listening: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.3)
    opened = listening()
    began = time.monotonic()
    with suppress(OSError):  # reset, or a broken pipe
        for _ in range(100):
            opened.sendall(b"x")
            time.sleep(0.05)
    assert time.monotonic() - began < 4


def test_whoever_still_sends_reads_the_answer_and_is_left_then(
    listening: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LINGER_SECONDS", 0.5)
    opened = listening()
    opened.sendall(UPLOAD.replace(b"/ ", b"/early "))
    assert b"early" in answered(opened)
    opened.sendall(b"12345")
    assert told(opened) == b""
    patient = listening()
    assert b"early" in asked(patient, UPLOAD.replace(b"/ ", b"/early ") + b"12345")
    patient.sendall(b"6789")
    assert b"here" in asked(patient)


def test_an_answer_that_nobody_reads_is_not_kept(
    listening: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "WRITE_SECONDS", 0.2)
    opened = listening()
    opened.sendall(WHOLE.replace(b"/ ", b"/much "))
    time.sleep(0.6)
    assert len(told(opened)) < 8 * 2**20
    slow = listening()
    slow.sendall(
        WHOLE.replace(b"/ ", b"/much ").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    )
    assert len(told(slow)) > 8 * 2**20


@pytest.mark.parametrize("listening", [{"connections": 4}], indirect=True)
def test_the_connection_that_is_without_a_request_for_longest_gives_way(listening: Connect) -> None:
    silent, uploading = listening(), listening()
    uploading.sendall(UPLOAD + b"1")
    idle = listening()
    assert b"here" in asked(idle)
    asked(listening())
    assert b"here" in asked(listening())
    assert told(silent) == b""
    assert b"here" in asked(listening())
    assert told(idle) == b""
    uploading.sendall(b"23456789")
    assert answered(uploading).endswith(b"9")


@pytest.mark.parametrize("listening", [{"connections": 3}], indirect=True)
def test_after_these_whoever_uploads_gives_way(listening: Connect) -> None:
    uploads = [listening() for _ in range(3)]
    for each in uploads:
        each.sendall(UPLOAD + b"1")
        time.sleep(0.05)
    assert b"here" in asked(listening())
    assert told(uploads[0]) == b""


@pytest.mark.parametrize("listening", [{"connections": 1}], indirect=True)
def test_nobody_who_is_being_answered_gives_way(listening: Connect) -> None:
    first = listening()
    first.sendall(WHOLE.replace(b"/ ", b"/slow "))
    time.sleep(0.1)
    assert told(listening()) == b""
    assert b"slow" in answered(first)


@pytest.mark.parametrize(
    "listening", [{"connections_per_peer": 2, "trusted_proxies": ""}], indirect=True
)
def test_one_address_has_few_connections(listening: Connect) -> None:
    first = listening()
    others = [listening() for _ in range(2)]
    assert told(first) == b""
    for each in others:
        assert b"here" in asked(each)


@pytest.mark.parametrize("listening", [{"connections_per_peer": 2}], indirect=True)
def test_a_proxy_speaks_for_many(listening: Connect) -> None:
    opened = [listening() for _ in range(5)]
    for each in opened:
        assert b"here" in asked(each)


def test_an_address_that_cannot_be_had_is_told_in_a_sentence() -> None:
    with bound("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            InvalidSetting, match=f"Port {port} of 127.0.0.1 is in use.*TAKEBACK_PORT"
        ):
            bound("127.0.0.1", port)
    for host in ("203.0.113.1", "no.such.host.invalid"):
        with pytest.raises(InvalidSetting, match="TAKEBACK_HOST"):
            bound(host, 0)


def test_a_port_that_is_not_for_this_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may listen on any port: this is what others get."""

    def bind(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(InvalidSetting, match=r"not listen on port 443\. Choose one from 1024 on"):
        bound("127.0.0.1", 443)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_all_addresses_of_ipv6_are_none_of_ipv4() -> None:
    with bound("::", 0) as six, bound("0.0.0.0", six.getsockname()[1]) as four:  # noqa: S104
        assert (six.family, four.family) == (socket.AF_INET6, socket.AF_INET)


def test_what_cannot_be_listened_to_after_all_is_told_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Another program began to listen while ours was loading."""
    first = bound("127.0.0.1", 0)
    port = first.getsockname()[1]
    app = answering()

    async def taken_meanwhile(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            first.listen()
        await app(scope, receive, send)

    taken_meanwhile.version = "1"  # type: ignore[attr-defined]
    with first, pytest.raises(InvalidSetting, match="in use"):
        server.serve(taken_meanwhile, Settings(port=port))  # type: ignore[arg-type]
    assert "listens" not in capsys.readouterr().err
