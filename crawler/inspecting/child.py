"""The process that decodes: it is given media, answers with signals, and may die of any of them.

`python -m crawler.inspecting.child DESCRIPTOR`: a Unix socket, over which each medium comes as a
descriptor of an anonymous file with its format, and each answer goes as a length and JSON.
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
from typing import Any  # noqa: E402

import av  # noqa: E402, F401 (loaded before the limits hold)
import cv2  # noqa: E402

from crawler.limits import CHILD_MEDIUM_SECONDS  # noqa: E402
from hashing.errors import ContentError, TooManyPixels  # noqa: E402
from hashing.hasher import hash_file  # noqa: E402
from hashing.media.formats import Format  # noqa: E402
from hashing.submission import content_document  # noqa: E402
from hashing.views import picture, video  # noqa: E402, F401 (the same)
from hashing.views.profile import Profile  # noqa: E402

Json = dict[str, Any]


def main(descriptor: int, profile: Profile) -> None:
    """Answer until the parent closes its end."""
    with socket.socket(fileno=descriptor) as parent:
        cv2.setNumThreads(1)
        send(parent, {"holds": [*_HELD, *sandbox.confine()]})
        while request := _request(parent):
            medium, file_format = request
            try:
                signal.alarm(CHILD_MEDIUM_SECONDS)  # C code that hangs is ended by the system
                answer = inspected(medium, file_format, profile)
            finally:
                signal.alarm(0)
                with contextlib.suppress(OSError):
                    os.close(medium)
            send(parent, answer)


def inspected(medium: int, file_format: Format, profile: Profile) -> Json:
    """Return the document of a medium's signals, or the code of why it has none."""
    try:
        content = hash_file(f"/proc/self/fd/{medium}", use=profile, known=file_format)
    except ContentError as err:
        return {"failed": err.code}
    except MemoryError:
        return {"failed": TooManyPixels().code}
    return {"content": content_document(content), "incomplete": content.incomplete}


def _request(parent: socket.socket) -> tuple[int, Format] | None:
    message, descriptors, _, _ = socket.recv_fds(parent, 64, 1)
    if not message:
        return None
    return descriptors[0], Format(message.decode())


def send(parent: socket.socket, answer: Json) -> None:
    """Send one answer."""
    text = json.dumps(answer).encode()
    parent.sendall(struct.pack("!I", len(text)) + text)


if __name__ == "__main__":
    main(int(sys.argv[1]), Profile(sys.argv[2]))
