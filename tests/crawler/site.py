"""Sites on the loopback: pages and media that tests put there, and whoever does harm."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
from PIL import Image

from tests.loopback import answering


@cache
def picture(seed: int, kind: str = "JPEG", size: tuple[int, int] = (320, 240)) -> bytes:
    """A picture of soft spots, different for every seed."""
    spots = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    made = io.BytesIO()
    Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC).save(made, kind)
    return made.getvalue()


@dataclass
class Put:
    """What is at a path. `etag` is answered 304 when it is asked for."""

    body: bytes = b""
    kind: str = "text/html"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str = ""


class Site(ThreadingHTTPServer):
    """A real HTTP server. `harms` are paths whose connection a function of the test is given."""

    daemon_threads = True
    block_on_close = False  # a connection that is held open would hold the test up
    request_queue_size = 64
    address = "127.0.0.1"

    def __init__(self) -> None:
        super().__init__((self.address, 0), Answers)
        self.put: dict[str, Put] = {"/robots.txt": Put(status=404)}
        self.harms: dict[str, Callable[[socket.socket], None]] = {}
        self.latency = 0.0
        self.asked: list[str] = []
        self.headers_of: dict[str, dict[str, str]] = {}

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def page(self, path: str, text: str, **more: str) -> str:
        """Put a page, return its address."""
        self.put[path] = Put(f"<!doctype html><body>{text}".encode(), headers=more)
        return self.root + path

    def medium(self, path: str, body: bytes, kind: str = "image/jpeg", etag: str = "") -> str:
        self.put[path] = Put(body, kind, etag=etag)
        return self.root + path

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        self.put[path] = Put(status=status, headers={"Location": to})
        return self.root + path

    def times(self) -> Counter[str]:
        return Counter(self.asked)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections that the crawler ends are what tests are about."""


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site
    quiet: ClassVar[bool] = True

    def do_GET(self) -> None:
        time.sleep(self.server.latency)
        self.server.asked.append(self.path)
        self.server.headers_of[self.path] = dict(self.headers)
        if harm := self.server.harms.get(self.path):
            self.close_connection = True
            with suppress(OSError):
                harm(self.connection)
            return
        put = self.server.put.get(self.path, Put(b"not here", status=404))
        if put.etag and self.headers.get("If-None-Match") == put.etag:
            put = Put(status=304, etag=put.etag)
        self.send_response(put.status)
        self.send_header("Content-Type", put.kind)
        if put.etag:
            self.send_header("ETag", put.etag)
        for name, value in put.headers.items():
            self.send_header(name.replace("_", "-"), value)
        if put.status != 304:
            self.send_header("Content-Length", str(len(put.body)))
        self.end_headers()
        self.wfile.write(put.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name)
        """Say nothing."""


@contextmanager
def open_site() -> Iterator[Site]:
    with answering(Site()) as site:
        yield site


def held(seconds: float = 30.0) -> threading.Event:
    """An event that a harmful answer waits for, so that it ends with its test."""
    event = threading.Event()
    threading.Timer(seconds, event.set).daemon = True
    return event
