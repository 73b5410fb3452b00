"""An authority for time stamps on the loopback: it answers HTTP, and notes what it was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import NamedTuple

from tests.device.evidence.authority import Authority
from tests.loopback import answering


class Asked(NamedTuple):
    """What a TimeStampReq holds."""

    digest: bytes
    nonce: int
    certificates: bool


Answer = Callable[[Authority, Asked], bytes]


def stamped(authority: Authority, asked: Asked) -> bytes:
    return authority.stamp_of(asked.digest, nonce=asked.nonce)


class AuthorityServer:
    """What it answers may be changed; status 500 if that is None."""

    def __init__(self, name: str) -> None:
        self.authority = Authority.made(name)
        self.answer: Answer | None = stamped
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.address = ""

    @property
    def asked(self) -> list[Asked]:
        return [parsed(each) for each in self.bodies]


@contextmanager
def authority_server(name: str) -> Iterator[AuthorityServer]:
    one = AuthorityServer(name)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            one.bodies.append(body)
            one.headers.append(dict(self.headers))
            answer = one.answer and one.answer(one.authority, parsed(body))
            self.send_response(200 if answer else 500)
            self.send_header("Content-Length", str(len(answer or b"")))
            self.end_headers()
            self.wfile.write(answer or b"")

        def log_message(self, *_: object) -> None:
            pass

    server: HTTPServer = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with answering(server):
        one.address = f"http://127.0.0.1:{server.server_port}/tsr"
        yield one


def parsed(request: bytes) -> Asked:
    """Read a TimeStampReq: version, imprint (algorithm, digest), nonce, certReq; nothing else."""
    (outer,) = _parts(request)
    version, imprint, nonce, wanted = _parts(outer[1])
    assert (version, wanted[0]) == ((2, b"\1"), 1)
    algorithm, digest = _parts(imprint[1])
    assert "608648016503040201" in algorithm[1].hex()  # SHA-256
    return Asked(digest[1], int.from_bytes(nonce[1]), wanted[1] == b"\xff")


def _parts(der: bytes) -> list[tuple[int, bytes]]:
    parts = []
    while der:
        size, begin = der[1], 2
        if size >= 0x80:
            begin += size & 0x7F
            size = int.from_bytes(der[2:begin])
        parts.append((der[0], der[begin : begin + size]))
        der = der[begin + size :]
    return parts
