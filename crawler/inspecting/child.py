"""The process that decodes: it is given pages or media, answers, and may die of any of them.

It loads what it needs, confines itself, and reads nothing that is untrusted: that does a copy of it
(fork), which is replaced by another copy after some answers. So nobody whom a medium took over
stays for long, what decoders leak does not add up, and a fresh one costs milliseconds.
`python -m crawler.inspecting.child DESCRIPTOR media PROFILE`, or `… pages`. The descriptor is of a
Unix socket, over which requests come as their number, a length, a list in JSON, and the descriptors
of as many anonymous files; each answer goes as a length and JSON.
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
from collections.abc import Callable, Sequence  # noqa: E402
from typing import Any  # noqa: E402

from crawler.limits import CHILD_TOGETHER, CHILD_USES, child_seconds  # noqa: E402

Json = dict[str, Any]
Answer = Callable[[Sequence[tuple[int, Json]]], list[Json]]
_USED, _ENDED = 0, 1
"""Exit codes of a copy: another one may follow, or the parent has closed its end."""


def main(descriptor: int, role: str, *options: str) -> None:
    """Answer by copies until the parent closes its end, or one of them dies."""
    answer = _role(role, *options)
    with socket.socket(fileno=descriptor) as parent:
        _send(parent, [{"holds": [*_HELD, *sandbox.confine()]}])
        gc.freeze()  # what all copies share stays as it is
        while _copied(parent, role, answer) == _USED:
            pass


def _copied(parent: socket.socket, role: str, answer: Answer) -> int:
    """Let a copy of this process answer. Returns its exit code, -N if signal N ended it."""
    here = os.getpid()
    copy = os.fork()
    if copy:
        return os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    code = _ENDED
    try:
        sandbox.end_with(here)
        code = _answered(parent, role, answer)
    finally:
        os._exit(code)


def _answered(parent: socket.socket, role: str, answer: Answer) -> int:
    uses = 0
    while uses < CHILD_USES:
        if not (requests := _requests(parent)):
            return _ENDED
        try:
            # C code that hangs is ended by the system.
            signal.alarm(child_seconds(role, len(requests)))
            said = answer(requests)
        finally:
            signal.alarm(0)
            for untrusted, _ in requests:
                with contextlib.suppress(OSError):
                    os.close(untrusted)
        _send(parent, said)
        uses += len(requests)
    return _USED


def _role(role: str, *options: str) -> Answer:
    """Load what a role needs, and nothing else, before the limits hold."""
    if role == "pages":
        from crawler.inspecting import pages  # noqa: PLC0415

        return pages.answer
    from crawler.inspecting import media  # noqa: PLC0415

    return media.answering(*options)


def _requests(parent: socket.socket) -> list[tuple[int, Json]]:
    """What is asked next; nothing if the parent has ended."""
    head, descriptors, _, _ = socket.recv_fds(parent, 8, CHILD_TOGETHER)
    if len(head) < 8 or not descriptors:  # noqa: PLR2004
        return []
    count, length = struct.unpack("!II", head)
    text = b""
    while len(text) < length:
        text += parent.recv(length - len(text))
    asked: list[Json] = json.loads(text)
    assert count == len(asked) == len(descriptors)  # noqa: S101 (our own parent)
    return list(zip(descriptors, asked, strict=True))


def _send(parent: socket.socket, answers: Sequence[Json]) -> None:
    texts = [json.dumps(answer).encode() for answer in answers]
    parent.sendall(b"".join(struct.pack("!I", len(text)) + text for text in texts))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
