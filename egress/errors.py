"""How a request fails, or why it was not made: every end is one of these."""

from __future__ import annotations

from enum import StrEnum


class ErrorKind(StrEnum):
    """Why a request failed, or why it was not made."""

    ADDRESS = "address"
    """No http(s) address, or one with a port or characters that we do not use."""
    NAME = "name"
    """There is no such host."""
    NOT_PUBLIC = "not_public"
    """It leads into a network that is not the public internet. Nothing was sent there."""
    CONNECTION = "connection"
    """Nobody answers there."""
    CERTIFICATE = "certificate"
    """The certificate does not hold for this name, so nothing was asked."""
    BROKEN = "broken"
    """The answer broke off, or was no HTTP."""
    TIME = "time"
    """It took longer than its kind may."""
    BYTES = "bytes"
    """It has more bytes than its kind may."""
    BOMB = "bomb"
    """Compressed, it is small; decompressed, it would not be."""
    ENCODING = "encoding"
    """Compressed in a way that we did not ask for, or damaged."""
    UNREADABLE = "unreadable"
    """Parsing the page took too long, or ended the process that did."""
    REDIRECTS = "redirects"
    """It leads on and on."""
    FORBIDDEN = "forbidden"
    """The server refuses us, and shows no way to log in."""
    BUSY = "busy"
    """The server asks for fewer requests (429, 503)."""
    SERVER = "server"
    """The server reports an error of its own, or answers as none should."""


class FetchError(Exception):
    """A request failed. `retry_after` is how many seconds the server asks us to wait."""

    def __init__(self, kind: ErrorKind, retry_after: int | None = None) -> None:
        super().__init__(kind.value)
        self.kind = kind
        self.retry_after = retry_after
