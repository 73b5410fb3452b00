"""Compressed bodies to bytes, piece by piece, within a budget: a bomb ends before it is large."""

from __future__ import annotations

import sys
import zlib
from typing import Protocol

import brotli

from crawler.limits import COMPRESSED_RATIO
from crawler.outcomes import ErrorKind, FetchError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPTED = "gzip, deflate, br, zstd"
FREE_BYTES = 2**20
"""So much may come of any number of bytes: the ratio of a small page says nothing."""
_GZIP = b"\x1f\x8b"
_PIECE = 2**16
_MEMBERS = 64
"""Most gzip members or zstd frames in a row: each costs a new decoder."""
_WINDOW_LOG = 23
"""Memory of a zstd decoder, 8 MiB: what RFC 8878, 3.1.1.1.2 asks everybody to have, and no more."""


class _Decoder(Protocol):
    """Decodes a stream. `feed` returns at most _PIECE bytes; `b""` asks for more of what it has."""

    @property
    def finished(self) -> bool: ...

    def feed(self, untrusted: bytes) -> bytes: ...


class Body:
    """What is received of one body, within a budget of bytes."""

    def __init__(self, encoding: str, most: int) -> None:
        """Raises FetchError: ENCODING for one that was not asked for, or more than one."""
        self._decoder = _decoder(encoding)
        self._most = most
        self._came = 0
        self._made = 0

    def feed(self, untrusted: bytes) -> list[bytes]:
        """Return what a piece of the body is, decoded. Raises FetchError: BYTES, BOMB, ENCODING."""
        self._came += len(untrusted)
        if self._came > self._most:
            raise FetchError(ErrorKind.BYTES)
        if self._decoder is None:
            return [untrusted]
        made: list[bytes] = []
        piece = untrusted
        try:
            while decoded := self._decoder.feed(piece):
                piece = b""
                self._made += len(decoded)
                if self._made > min(self._most, max(FREE_BYTES, self._came * COMPRESSED_RATIO)):
                    raise FetchError(ErrorKind.BOMB)
                made.append(decoded)
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError, ValueError) as err:
            raise FetchError(ErrorKind.ENCODING) from err
        return made

    def end(self) -> None:
        """Check that the stream is whole. Raises FetchError: BROKEN."""
        if self._decoder is not None and self._came and not self._decoder.finished:
            raise FetchError(ErrorKind.BROKEN)


def _decoder(encoding: str) -> _Decoder | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return _Zlib()
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd()
    raise FetchError(ErrorKind.ENCODING)


class _Zlib:
    """gzip, and deflate with or without its header, as servers send either."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None
        self._waiting = b""
        self._members = 0

    @property
    def finished(self) -> bool:
        return self._stream is not None and self._stream.eof

    def feed(self, untrusted: bytes) -> bytes:
        self._waiting += untrusted
        while self._waiting:
            if self._stream is None or self._stream.eof:
                if len(self._waiting) < 2:  # noqa: PLR2004 (two bytes tell which it is)
                    break
                if self._members and self._waiting[:2] != _GZIP:  # remains after the last
                    self._waiting = b""
                    break
                self._stream = self._next()
            decoded = self._stream.decompress(self._waiting, _PIECE)
            self._waiting = self._stream.unconsumed_tail or self._stream.unused_data
            if decoded:
                return decoded
        return b""

    def _next(self) -> zlib._Decompress:
        """Return a stream for what comes now."""
        first, second = self._waiting[:2]
        self._members += 1
        if self._members > _MEMBERS:
            raise FetchError(ErrorKind.BOMB)
        has_header = first & 15 == 8 and (first << 8 | second) % 31 == 0  # noqa: PLR2004 (RFC 1950)
        return zlib.decompressobj(wbits=47 if self._waiting[:2] == _GZIP or has_header else -15)


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    @property
    def finished(self) -> bool:
        return bool(self._stream.is_finished())

    def feed(self, untrusted: bytes) -> bytes:
        if self._stream.is_finished():
            return b""
        return bytes(self._stream.process(untrusted, output_buffer_limit=_PIECE))


class _Zstd:
    def __init__(self) -> None:
        self._frames = 0
        self._stream = self._new()
        self._rest = b""

    @property
    def finished(self) -> bool:
        return self._stream.eof

    def feed(self, untrusted: bytes) -> bytes:
        piece = self._rest + untrusted
        self._rest = b""
        if self._stream.eof:
            piece = self._stream.unused_data + piece
            if not piece:
                return b""
            self._stream = self._new()
        elif not piece and self._stream.needs_input:
            return b""
        return self._stream.decompress(piece, _PIECE)

    def _new(self) -> zstd.ZstdDecompressor:
        self._frames += 1
        if self._frames > _MEMBERS:
            raise FetchError(ErrorKind.BOMB)
        options = {int(zstd.DecompressionParameter.window_log_max): _WINDOW_LOG}
        return zstd.ZstdDecompressor(options=options)
