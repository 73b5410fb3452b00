"""The head of a request to a proxy, as bytes of a program that we do not trust (RFC 9112, 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(rb"([A-Z]{3,10}) ([\x21-\x7e]{1,4096}) HTTP/1\.[01]")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}):[ \t]*([^\0\r\n]*?)[ \t]*")
_OWN = frozenset(
    {b"connection", b"host", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
"""Of one connection alone (RFC 9110, 7.6.1), or written anew by us; so is whatever is `proxy-…`."""


class Malformed(ValueError):
    """It is no request that a browser sends to a proxy."""


@dataclass(frozen=True, slots=True)
class Head:
    """`target` is an absolute address, or host and port of CONNECT; `length` that of the body."""

    method: str
    target: str
    length: int
    fields: tuple[tuple[bytes, bytes], ...]

    def onward(self, host: str, path: str) -> bytes:
        """Return the head as the server gets it: for one request, and then it closes."""
        lines = [f"{self.method} {path} HTTP/1.1".encode(), b"Host: " + host.encode()]
        lines += [name + b": " + value for name, value in self.fields]
        return b"\r\n".join([*lines, b"Connection: close", b"", b""])


def parsed(untrusted: bytes) -> Head:
    """Return a head, its last empty line included. Raises Malformed.

    A body whose end is not told by one Content-Length is refused: what follows it would be taken
    for a request by one side, and not by the other.
    """
    first, *lines = untrusted.removesuffix(b"\r\n\r\n").split(b"\r\n")
    line = _LINE.fullmatch(first)
    fields = [_FIELD.fullmatch(each) for each in lines]
    if line is None or not all(fields):
        raise Malformed
    named = [(each[1], each[2]) for each in fields if each]
    lengths = [value for name, value in named if name.lower() == b"content-length"]
    if any(name.lower() == b"transfer-encoding" for name, _ in named) or len(lengths) > 1:
        raise Malformed
    if lengths and not re.fullmatch(rb"[0-9]{1,9}", lengths[0]):
        raise Malformed
    kept = tuple((name, value) for name, value in named if not _is_own(name.lower()))
    return Head(line[1].decode(), line[2].decode(), int(lengths[0]) if lengths else 0, kept)


def _is_own(name: bytes) -> bool:
    return name in _OWN or name.startswith(b"proxy-")
