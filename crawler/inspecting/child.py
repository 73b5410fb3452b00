"""The process that decodes: it is given pages or media, answers, and may die of any of them.

`python -m crawler.inspecting.child DESCRIPTOR media PROFILE`, or `… pages`. The descriptor is of a
Unix socket, over which each request comes as a length, JSON, and the descriptor of an anonymous
file; each answer goes as a length and JSON.
"""

from __future__ import annotations

import sys

from crawler.inspecting import sandbox

_HELD = sandbox.isolate() if __name__ == "__main__" else []  # before a library starts a thread

import contextlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import struct  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

Json = dict[str, Any]
Answer = Callable[[int, Json], Json]


def main(descriptor: int, role: str, *options: str) -> None:
    """Answer until the parent closes its end."""
    answer, seconds = _role(role, *options)
    with socket.socket(fileno=descriptor) as parent:
        _send(parent, {"holds": [*_HELD, *sandbox.confine()]})
        while request := _request(parent):
            untrusted, asked = request
            try:
                signal.alarm(seconds)  # C code that hangs is ended by the system
                said = answer(untrusted, asked)
            finally:
                signal.alarm(0)
                with contextlib.suppress(OSError):
                    os.close(untrusted)
            _send(parent, said)


def _role(role: str, *options: str) -> tuple[Answer, int]:
    """Load what a role needs, and nothing else, before the limits hold."""
    if role == "pages":
        from crawler.inspecting import pages  # noqa: PLC0415

        return pages.answer, pages.SECONDS
    from crawler.inspecting import media  # noqa: PLC0415

    return media.answering(*options), media.SECONDS


def _request(parent: socket.socket) -> tuple[int, Json] | None:
    head, descriptors, _, _ = socket.recv_fds(parent, 4, 1)
    if len(head) < 4 or not descriptors:  # noqa: PLR2004 (the parent has ended)
        return None
    (length,) = struct.unpack("!I", head)
    text = b""
    while len(text) < length:
        text += parent.recv(length - len(text))
    asked: Json = json.loads(text)
    return descriptors[0], asked


def _send(parent: socket.socket, answer: Json) -> None:
    text = json.dumps(answer).encode()
    parent.sendall(struct.pack("!I", len(text)) + text)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
