"""Compressed bodies, whole, damaged and hostile."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest

from crawler.fetching.decoding import Body
from crawler.outcomes import ErrorKind, FetchError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = b"".join(b"<p>paragraph %d</p>" % n for n in range(5_000))


def quick_brotli(data: bytes) -> bytes:
    return bytes(brotli.compress(data, quality=1))


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-15)


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": quick_brotli,
    "zstd": zstd.compress,
    "identity": bytes,
    "": bytes,
}


def decoded(encoding: str, sent: bytes, *, most: int = 2**23, piece: int = 1000) -> bytes:
    body = Body(encoding, most)
    made = [each for at in range(0, len(sent), piece) for each in body.feed(sent[at : at + piece])]
    body.end()
    return b"".join(made)


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("piece", [1, 7, 2**16])
def test_bodies_are_decoded_however_they_come(encoding: str, piece: int) -> None:
    page = PAGE[:3000] if piece == 1 else PAGE
    assert decoded(encoding, ENCODERS[encoding](page), piece=piece) == page


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_ends_before_it_is_large(encoding: str) -> None:
    bomb = ENCODERS[encoding](bytes(24 * 2**20))
    body = Body(encoding, 2**23)
    made = 0
    with pytest.raises(FetchError) as caught:  # noqa: PT012 (how much was made counts)
        for at in range(0, len(bomb), 1000):
            for each in body.feed(bomb[at : at + 1000]):
                made += len(each)
    assert caught.value.kind is ErrorKind.BOMB
    assert made <= 2**23


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_what_breaks_off_or_is_damaged_is_a_fault(encoding: str) -> None:
    sent = ENCODERS[encoding](PAGE)
    with pytest.raises(FetchError):
        decoded(encoding, sent[: len(sent) // 2])
    with pytest.raises(FetchError):
        decoded(encoding, sent[:20] + b"\xff" * 40 + sent[60:])


def test_members_follow_one_another_but_not_without_end() -> None:
    assert decoded("gzip", gzip.compress(b"a") + gzip.compress(b"b") + bytes(8)) == b"ab"
    assert decoded("zstd", zstd.compress(b"a") + zstd.compress(b"b")) == b"ab"
    for encoding in ("gzip", "zstd"):
        with pytest.raises(FetchError):
            decoded(encoding, ENCODERS[encoding](b"") * 10_000)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br,gzip", "compress", "exi", "x" * 100])
def test_other_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(FetchError) as caught:
        Body(encoding, 100)
    assert caught.value.kind is ErrorKind.ENCODING


def test_a_large_window_is_refused() -> None:
    options = {int(zstd.CompressionParameter.window_log): 27}
    stream = zstd.ZstdCompressor(options=options)
    sent = stream.compress(PAGE * 40) + stream.flush()
    with pytest.raises(FetchError):
        decoded("zstd", sent, most=2**26)


def test_bytes_that_are_not_compressed_are_counted() -> None:
    with pytest.raises(FetchError) as caught:
        decoded("", bytes(2000), most=1999)
    assert caught.value.kind is ErrorKind.BYTES
