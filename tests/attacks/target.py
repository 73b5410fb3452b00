"""A real service on the loopback as those see it who attack it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil

from demo.server import Answer, Service

MIB = 2**20
PATIENCE = 1.0
"""Seconds within which `/healthz` answers, whatever else goes on."""


class Target:
    """The service, and what it costs."""

    def __init__(self, service: Service, key: str) -> None:
        self.service = service
        self.key = f"Bearer {key}"
        self.process = psutil.Process(service.pid)
        host, port = service.address.removeprefix("http://").split(":")
        self.address = host, int(port)

    @property
    def memory(self) -> float:
        """Resident memory, in MiB."""
        return float(self.process.memory_info().rss) / MIB

    @property
    def cpu(self) -> float:
        """Seconds of CPU since its start."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def lookup(self) -> int:
        """Status of an ordinary lookup."""
        item = {"kind": "picture", "signals": [{"type": "md5", "value": "0f" * 16}]}
        return self.service.ask("POST", "/v1/lookup", {"items": [item]}, self.key)[0]

    def is_alive(self) -> bool:
        """Whether `/healthz` answers in time, in one of three attempts on a busy machine."""
        for _ in range(3):
            began = time.monotonic()
            status, _ = self.service.ask("GET", "/healthz")
            if status != 200:
                return False
            if time.monotonic() - began < PATIENCE:
                return True
        return False

    def connect(self) -> socket.socket:
        opened = socket.create_connection(self.address, timeout=10)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**16)
        return opened

    def post(self, path: str, body: bytes, *headers: str) -> Answer:
        """Send bytes as JSON; return what is answered."""
        with self.connect() as opened:
            opened.settimeout(60)
            opened.sendall(head(path, len(body), *headers))
            opened.sendall(body)
            return answer(opened)

    @contextmanager
    def connections(self, number: int) -> Iterator[list[socket.socket]]:
        """So many connections, which are closed at the end."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.connect()) for _ in range(number)]

    @contextmanager
    def memory_watched(self) -> Iterator[list[float]]:
        """Its largest growth meanwhile, in MiB, as the only item of a list at the end."""
        before, grown, stop = self.memory, [0.0], threading.Event()

        def watch() -> None:
            while not stop.wait(0.02):
                grown[0] = max(grown[0], self.memory - before)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield grown
        finally:
            stop.set()
            thread.join()


def head(path: str, length: int, *headers: str) -> bytes:
    """The headers of a request with a JSON body."""
    lines = (f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers)
    return "\r\n".join((*lines, f"Content-Length: {length}", "", "")).encode()


def answer(opened: socket.socket) -> Answer:
    """Read one answer that is a JSON document."""
    file = opened.makefile("rb")
    status = int(file.readline().split()[1])
    length = 0
    while line := file.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, json.loads(file.read(length))
