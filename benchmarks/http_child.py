"""The child of http_cost: `python -m service serve` of one version, and platforms that ask it.

    python http_child.py FOLDER

Imports only what every version has under the same name.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import psutil

from service.domain.actor import Role
from service.settings import Settings
from service.workflows import keyring

SERVICE: Any = import_module("lookup_child")  # beside this script, whichever version it runs with
SECRET = "5e" * 32
WANTED = {
    "WORKER": "true",
    "LOOKUP_VALUES_PER_DAY": str(10**12),
    "BYTES_PER_DAY": str(10**15),
    "MATCHES_PER_DAY": str(10**9),
}
START_SECONDS = 120


class Server:
    """A store of known pictures, its server, and what asks it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._random = Random(SERVICE.SEED)

    def fill(self, signals: int) -> int:
        """Make a store with so many signals, and a key; start the server, and wait for it."""
        store = SERVICE.Service(self._folder, "")
        store.fill(signals)
        key = keyring.create(store.context, Role.PLATFORM, "over HTTP", SERVICE.TODAY)
        store.context.database.close()
        self._values = [value.hex() for value in store.values if _is_even(value)]
        self._credential = f"Bearer {key}"
        self._start()
        return signals

    def ask(self, items: int, hits: int, clients: int, seconds: float) -> dict[str, float]:
        """Ask for so long, each client on a connection of its own; return what it took.

        `hits` of the items of each request are known. Milliseconds of the server's processor time
        for each request, requests a second, and how many were sent.
        """
        assert self._process  # noqa: S101 (filled first)
        process = psutil.Process(self._process.pid)
        sent = max(20, round(4000 / items))
        prepared = [[self._request(items, hits) for _ in range(sent)] for _ in range(clients)]
        done = [0] * clients
        until = time.perf_counter() + seconds

        def go_on(client: int) -> None:
            with self._connect() as opened:
                while time.perf_counter() < until:
                    for request in prepared[client]:
                        _exchange(opened, request, hits)
                        done[client] += 1
                        if time.perf_counter() >= until:
                            break

        threads = [threading.Thread(target=go_on, args=(client,)) for client in range(clients)]
        before, began = process.cpu_times(), time.perf_counter()
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        if not all(done):
            _fail("a client has ended")
        took, after = time.perf_counter() - began, process.cpu_times()
        spent = after.user + after.system - before.user - before.system
        return {"cpu": spent, "seconds": took, "requests": sum(done)}

    def stop(self) -> None:
        """End the server."""
        if self._process:
            self._process.terminate()
            self._process.wait(30)

    def _start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        known = {each.name.upper() for each in fields(Settings)}
        given = {name: text for name, text in WANTED.items() if name in known}
        given |= {"STATE": str(self._folder), "PORT": str(self._port), "SECRET": SECRET}
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TAKEBACK_")}
        with (self._folder / "server.log").open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service", "serve"],
                env={**kept, **{f"TAKEBACK_{name}": text for name, text in given.items()}},
                stdout=out,
                stderr=out,
            )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError, RuntimeError), self._connect() as opened:
                _exchange(opened, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", 0)
                return
            time.sleep(0.1)
        raise RuntimeError((self._folder / "server.log").read_text())

    def _connect(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _request(self, items: int, hits: int) -> bytes:
        asked = self._random.sample(self._values, hits)
        asked += [self._random.randbytes(32).hex() for _ in range(items - hits)]
        document = {
            "items": [
                {
                    "kind": "picture",
                    "signals": [{"type": "pdq", "value": value, "quality": 100}],
                }
                for value in asked
            ]
        }
        body = json.dumps(document).encode()
        head = (
            "POST /v1/lookup HTTP/1.1",
            f"Host: 127.0.0.1:{self._port}",
            f"Authorization: {self._credential}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join((*head, "", "")).encode() + body


def _is_even(value: bytes) -> bool:
    """Whether about half of the bits are set, as in real pictures: else it is not looked for."""
    return 100 <= int.from_bytes(value).bit_count() <= 156


def _exchange(opened: socket.socket, request: bytes, hits: int) -> None:
    """Send one request and receive the answer. Raises RuntimeError if it is not as expected."""
    opened.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        received += opened.recv(65536) or _fail("the connection was closed")
    head, _, body = received.partition(b"\r\n\r\n")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        _fail(head.partition(b"\r\n")[0].decode())
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += opened.recv(65536) or _fail("the connection was closed")
    found = body.count(b'"matches":[{')
    if found != hits:
        _fail(f"{found} pictures were found, not {hits}")


def _fail(why: str) -> Any:  # noqa: ANN401 (it does not return)
    raise RuntimeError(why)


def main() -> None:
    """Answer requests until the input ends."""
    server = Server(Path(sys.argv[1]))
    try:
        for line in sys.stdin:
            request = json.loads(line)
            answer = getattr(server, request.pop("call"))(**request)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
