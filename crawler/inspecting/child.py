"""The process that decodes: it is given pages or media, answers, and may die of any of them.

It loads what it needs, confines itself, and reads nothing that is untrusted: that does a copy of it
(fork), which is replaced by another copy after some answers. So nobody whom a medium took over
stays for long, what decoders leak does not add up, and a fresh one costs milliseconds.
`python -m crawler.inspecting.child DESCRIPTOR media PROFILE`, or `… pages`. The descriptor is of a
Unix socket, over which each request comes as a length, JSON, and the descriptor of an anonymous
file; each answer goes as a length and JSON.
"""

from __future__ import annotations

import sys

from crawler.inspecting import sandbox

_HELD = sandbox.isolate() if __name__ == "__main__" else []  # before a library starts a thread

import contextlib  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import struct  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

from crawler.limits import CHILD_USES  # noqa: E402

Json = dict[str, Any]
Answer = Callable[[int, Json], Json]
_USED, _ENDED = 0, 1
"""Exit codes of a copy: another one may follow, or the parent has closed its end."""


def main(descriptor: int, role: str, *options: str) -> None:
    """Answer by copies until the parent closes its end, or one of them dies."""
    answer, seconds = _role(role, *options)
    with socket.socket(fileno=descriptor) as parent:
        _send(parent, {"holds": [*_HELD, *sandbox.confine()]})
        gc.freeze()  # what all copies share stays as it is
        while _copied(parent, answer, seconds) == _USED:
            pass


def _copied(parent: socket.socket, answer: Answer, seconds: int) -> int:
    """Let a copy of this process answer. Returns its exit code, -N if signal N ended it."""
    here = os.getpid()
    copy = os.fork()
    if copy:
        return os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    code = _ENDED
    try:
        sandbox.end_with(here)
        code = _answered(parent, answer, seconds)
    finally:
        os._exit(code)


def _answered(parent: socket.socket, answer: Answer, seconds: int) -> int:
    for _ in range(CHILD_USES):
        if (request := _request(parent)) is None:
            return _ENDED
        untrusted, asked = request
        try:
            signal.alarm(seconds)  # C code that hangs is ended by the system
            said = answer(untrusted, asked)
        finally:
            signal.alarm(0)
            with contextlib.suppress(OSError):
                os.close(untrusted)
        _send(parent, said)
    return _USED


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
