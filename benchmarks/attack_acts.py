"""The attacks of tests/attacks that are about cost, each gone on with until it is stopped."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from random import Random
from typing import Any

from demo.server import Answer, Service

SENDERS = 8
"""Connections on which an attack sends at once."""
SILENT, HALF_SENT = 520, 60
"""More connections than a service has; bodies of 4 MiB that lack a byte."""
_MIB = 2**20
_ELIGIBLE = {"subject": "self", "adults": True, "intimate": True}


def picture(value: str, kind: str = "pdq") -> dict[str, Any]:
    """A picture, by 64 digits of its PDQ, or by another signal."""
    quality = {"quality": 100} if kind == "pdq" else {}
    return {"kind": "picture", "signals": [{"type": kind, "value": value, **quality}]}


def video(random: Random, frames: int) -> dict[str, Any]:
    """A video of different frames, a second each."""
    made = [
        {
            "at_ms": 1000 * at,
            "until_ms": 1000 * at + 999,
            "type": "pdq",
            "value": random.randbytes(32).hex(),
            "quality": 100,
        }
        for at in range(frames)
    ]
    signal = {"type": "sha256", "value": random.randbytes(32).hex()}
    return {"kind": "video", "signals": [signal], "frames": made}


class Attacked:
    """The service, and whoever attacks it: with one platform's key, and as anybody."""

    def __init__(self, service: Service, random: Random, key: str, value: str) -> None:
        self.service, self.random = service, random
        self.credential = f"Bearer {key}"
        self.value = value
        """What ordinary lookups ask for."""
        self.stop = threading.Event()
        host, port = service.address.removeprefix("http://").split(":")
        self._address = host, int(port)

    def open(self, entries: list[dict[str, Any]]) -> str:
        """Open a case; return the credential of its owner."""
        key = self.random.randbytes(32).hex()
        document = {"version": 1, "access_key": key, "eligibility": _ELIGIBLE, "entries": entries}
        status, got = self.service.ask("POST", "/v1/cases", document)
        if status != 201:
            raise SystemExit(f"The case was not opened: {got}")
        return f"Case {got['case_number']}:{key}"

    def connect(self) -> socket.socket:
        """A connection that says nothing yet."""
        return socket.create_connection(self._address, timeout=5)

    def repeat(self, act: Callable[[], Any], senders: int = SENDERS) -> None:
        """Do something again and again, on several connections."""

        def go_on() -> None:
            while not self.stop.is_set():
                with suppress(OSError):
                    act()

        with ThreadPoolExecutor(senders) as pool:
            for _ in range(senders):
                pool.submit(go_on)

    def post(self, path: str, body: bytes, *headers: str) -> bytes:
        """Send bytes; return the first line of the answer."""
        with self.connect() as opened:
            opened.settimeout(30)
            opened.sendall(_head(path, len(body), *headers) + body)
            return opened.recv(64)

    def ask(self, method: str, path: str, body: object, credential: str) -> Answer:
        """Send a document."""
        return self.service.ask(method, path, body, credential)


def _head(path: str, length: int, *headers: str) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers)
    return "\r\n".join((*lines, f"Content-Length: {length}", "", "")).encode()


def faulty_bodies(attacked: Attacked) -> None:
    """182 KB that are nothing but faults."""
    entry = b'{"kind":"video","signals":[],"frames":[' + b",".join([b"{}"] * 1200) + b"]}"
    body = b'{"version":1,"access_key":"' + b"ab" * 32 + b'","entries":[' + entry + b"]}"
    attacked.repeat(lambda: attacked.post("/v1/cases", body))


def large_bodies(attacked: Attacked) -> None:
    """Submissions of 2.4 MiB, of a form that is right, whose signals are too poor."""
    frame = {"at_ms": 0, "until_ms": 1, "type": "pdq", "value": "0f" * 32, "quality": 0}
    made = {"kind": "video", "signals": [], "frames": [frame] * 1200}
    document = {
        "version": 1,
        "access_key": "ab" * 32,
        "eligibility": _ELIGIBLE,
        "entries": [made] * 16,
    }
    body = json.dumps(document).encode()
    attacked.repeat(lambda: attacked.post("/v1/cases", body))


def silent_sockets(attacked: Attacked) -> None:
    """Connections that say nothing, opened anew as they are closed."""
    _hold(attacked, SILENT, lambda _opened: None)


def half_sent_bodies(attacked: Attacked) -> None:
    """Bodies that lack their last byte."""

    def begin(opened: socket.socket) -> None:
        opened.settimeout(1)
        opened.sendall(_head("/v1/cases", 4 * _MIB) + b" " * (4 * _MIB - 1))

    _hold(attacked, HALF_SENT, begin)


def _hold(attacked: Attacked, number: int, begin: Callable[[socket.socket], None]) -> None:
    while not attacked.stop.is_set():
        with ExitStack() as stack:
            for _ in range(number):
                if attacked.stop.is_set():
                    return
                with suppress(OSError):
                    opened = stack.enter_context(attacked.connect())
                    begin(opened)
            attacked.stop.wait(2)


def undo_pairs(attacked: Attacked) -> None:
    """Withdrawals and undos of a case of 4,800 frames."""
    owner = attacked.open([video(attacked.random, 1200) for _ in range(4)])

    def pair() -> None:
        attacked.ask("DELETE", "/v1/case", None, owner)
        attacked.ask("POST", "/v1/case/undo", None, owner)

    attacked.repeat(pair, senders=2)


def volume(attacked: Attacked) -> None:
    """The looked-up picture, a hundred times a request."""
    body = {"items": [picture(attacked.value)] * 100}
    attacked.repeat(
        lambda: attacked.ask("POST", "/v1/lookup", body, attacked.credential), senders=2
    )


def crowded_values(attacked: Attacked) -> None:
    """Lookups of 1,000 pictures, all close to what is stored."""
    value = bytes.fromhex(attacked.value)

    def near() -> str:
        return bytes([*value[:-2], *attacked.random.randbytes(2)]).hex()

    body = {"items": [picture(near()) for _ in range(1000)]}
    attacked.repeat(
        lambda: attacked.ask("POST", "/v1/lookup", body, attacked.credential), senders=2
    )


def guessing(attacked: Attacked) -> None:
    """Wrong keys of a case."""
    wrong = f"Authorization: Case 123-456-7890:{'cd' * 32}"
    attacked.repeat(lambda: attacked.post("/v1/case/undo", b"", wrong))


ATTACKS: dict[str, Callable[[Attacked], None]] = {
    "faulty bodies": faulty_bodies,
    "large bodies": large_bodies,
    "silent sockets": silent_sockets,
    "half-sent bodies": half_sent_bodies,
    "undo pairs": undo_pairs,
    "volume": volume,
    "crowded values": crowded_values,
    "guessing": guessing,
}
