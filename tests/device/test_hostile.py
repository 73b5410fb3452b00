"""Files made to crash, hang or fill a decoder: each ends in its own error, soon, in little memory.

Every case is hashed in a process of its own, whose time and peak memory are measured.
`pytest -s` prints the table.
"""

import functools
import io
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from hashing import errors, hash_file, hash_files
from hashing.errors import (
    ContentError,
    Damaged,
    EmptyFile,
    TooLong,
    TooManyBytes,
    TooManyPixels,
    TooNarrow,
    TooPlain,
    TooSmall,
    UnknownFormat,
    Unreadable,
    UnsupportedFormat,
)
from hashing.signals import ContentSignals
from tests.device.conftest import MakeVideo, scene

SECONDS = 2.0
"""Of work, so that a busy machine fails no test."""
WAITED = 10.0
"""Seconds on the clock, in which a file that makes us wait for nothing shows."""
MEGABYTES = 512

Make = Callable[[], bytes]
Case = tuple[str, type[ContentError], Make]
CASES: list[Case] = []


def case(name: str, error: type[ContentError]) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        CASES.append((name, error, make))
        return make

    return add


@functools.cache
def saved(
    kind: str, size: tuple[int, int] = (128, 96), mode: str = "RGB", **options: object
) -> bytes:
    if kind == "HEIF":
        pillow_heif.register_heif_opener()
    image = Image.fromarray(scene(1, size[1], size[0])).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def flat(kind: str, size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 7 if len(mode) == 1 else (7,) * len(mode)).save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes, *, crc: int | None = None) -> bytes:
    checked = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checked)


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks)


def tiff(*tags: tuple[int, int, int, int], after: int = 0) -> bytes:
    """A little-endian TIFF of one directory: (tag, type, count, value or offset)."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", after)


def grey_tiff(width: int, height: int, *more: tuple[int, int, int, int], after: int = 0) -> bytes:
    tags = {
        256: (256, 4, 1, width),
        257: (257, 4, 1, height),
        258: (258, 3, 1, 8),
        259: (259, 3, 1, 1),
        262: (262, 3, 1, 1),
        273: (273, 4, 1, 8),
        277: (277, 3, 1, 1),
        278: (278, 4, 1, height),
        279: (279, 4, 1, min(width * height, 2**32 - 1)),
    }
    return tiff(*sorted({**tags, **{tag[0]: tag for tag in more}}.values()), after=after)


GIF_TINY = (
    b"\x21\xf9\x04\0\x01\0\0\0\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0"
)


def gif(width: int, height: int, frames: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\xf0\0\0" + b"\0\0\0\xff\xff\xff"
    return head + GIF_TINY * frames + b";"


def patched(whole: bytes, old: bytes, new: bytes) -> bytes:
    assert old in whole
    assert len(old) == len(new)
    return whole.replace(old, new)


# --- no content at all ---

CASES += [
    ("zero bytes", EmptyFile, lambda: b""),
    ("one zero byte", UnknownFormat, lambda: b"\0"),
    ("text named .jpg", UnknownFormat, lambda: b"I am not a picture.\n" * 50),
    ("a megabyte of zeros", UnknownFormat, lambda: bytes(2**20)),
    ("a megabyte of noise", UnknownFormat, lambda: b"\x01" + np.random.default_rng(1).bytes(2**20)),
    ("m3u8 playlist named .mp4", UnknownFormat, lambda: b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"),
    ("concat script named .mp4", UnknownFormat, lambda: b"ffconcat version 1.0\nfile /etc/passwd"),
    ("DASH manifest", UnknownFormat, lambda: b"<?xml version='1.0'?><MPD><Period/></MPD>"),
    (
        "SDP with an address",
        UnknownFormat,
        lambda: b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP",
    ),
    (
        "SVG that loads a file",
        UnknownFormat,
        lambda: b"<svg><image href='file:///etc/passwd'/></svg>",
    ),
    ("PDF", UnsupportedFormat, lambda: b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj"),
    ("EPS", UnknownFormat, lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
    ("EPS in a DOS wrapper", UnknownFormat, lambda: b"\xc5\xd0\xd3\xc6" + bytes(30)),
    ("ICO", UnsupportedFormat, lambda: saved("ICO", (32, 32))),
    ("PSD", UnsupportedFormat, lambda: b"8BPS\0\x01" + bytes(40)),
    ("ICNS, JPEG 2000, PCX by name only", UnknownFormat, lambda: b"icns" + bytes(60)),
    ("JPEG 2000", UnsupportedFormat, lambda: saved("JPEG2000")),
    ("ZIP", UnknownFormat, lambda: b"PK\x03\x04" + bytes(60)),
    ("WAV in RIFF", UnknownFormat, lambda: b"RIFF\x24\0\0\0WAVEfmt " + bytes(60)),
    ("ELF program", UnknownFormat, lambda: b"\x7fELF" + bytes(60)),
]

# --- truncated, at several points ---

for _kind, _parts in {
    "JPEG": (0.02, 0.3),
    "PNG": (0.001, 0.1),
    "GIF": (0.01,),
    "WEBP": (0.01, 0.5, 0.95),
    "BMP": (0.001,),
    "TIFF": (0.001, 0.5, 0.95),
    "HEIF": (0.02, 0.2, 0.9),
    "AVIF": (0.02, 0.2, 0.9),
}.items():
    for _part in _parts:

        def _cut(kind: str = _kind, part: float = _part) -> bytes:
            whole = saved(kind)
            return whole[: max(12, int(len(whole) * part))]

        CASES.append((f"{_kind} cut at {_part:.1%}", Damaged, _cut))

# --- claims ---

CASES += [
    ("PNG claiming 60000x60000", TooManyPixels, lambda: png(60_000, 60_000, chunk(b"IDAT", b"x"))),
    (
        "PNG claiming 2^31 squared",
        TooManyPixels,
        lambda: png(2**31 - 1, 2**31 - 1, chunk(b"IDAT", b"x")),
    ),
    ("PNG claiming no width", Damaged, lambda: png(0, 50, chunk(b"IDAT", b""))),
    (
        "PNG bomb: 7000x7000 of one colour",
        TooPlain,
        lambda: (
            png(7000, 7000, chunk(b"IDAT", zlib.compress(bytes(7001 * 7000), 9)), colour=0)
            + chunk(b"IEND", b"")
        ),
    ),
    (
        "PNG 8000x6500 with a tiny IDAT",
        Damaged,
        lambda: png(8000, 6500, chunk(b"IDAT", zlib.compress(bytes(99))), chunk(b"IEND", b"")),
    ),
    ("PNG 1x100000", TooSmall, lambda: flat("PNG", (1, 100_000), "L")),
    ("PNG 20x100000", TooNarrow, lambda: flat("PNG", (20, 100_000), "L")),
    ("PNG of 15 pixels a side", TooSmall, lambda: saved("PNG", (15, 15))),
    ("BMP claiming 65000x65000", TooManyPixels, lambda: bmp(65_000, 65_000)),
    ("BMP claiming negative height", Damaged, lambda: bmp(500, -500)),
    ("GIF with a canvas of 65535x65535", TooManyPixels, lambda: gif(65_535, 65_535, 1)),
    ("WebP claiming 16384x16384", TooManyPixels, lambda: webp_of(16_384, 16_384)),
    ("WebP claiming 8192x6144, lossless", TooManyPixels, lambda: webp_of(8192, 6144)),
    ("AVIF of 50 megapixels", TooManyPixels, lambda: avif_of(8192, 6144)),
    ("AVIF claiming 65535x65535", TooManyPixels, lambda: avif_of(65_535, 65_535)),
    ("TIFF claiming 100000x100000", TooManyPixels, lambda: grey_tiff(100_000, 100_000)),
    ("TIFF of no width", Damaged, lambda: grey_tiff(0, 50)),
    ("JPEG claiming 65535x65535, progressive", TooManyPixels, lambda: jpeg_of(65_535, 65_535)),
    ("JPEG claiming 65535x3200, progressive", TooManyPixels, lambda: jpeg_of(65_535, 3200)),
    ("JPEG claiming 65535x40", TooNarrow, lambda: jpeg_of(65_535, 40)),
    (
        "JPEG of 200 megapixels, progressive",
        TooManyPixels,
        lambda: jpeg_claim(saved("JPEG", progressive=True), 16_000, 12_800),
    ),
    ("JPEG of no height", Damaged, lambda: jpeg_claim(saved("JPEG"), 128, 0)),
]


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


def webp_of(width: int, height: int) -> bytes:
    """A lossless WebP of few bytes with other sides in its 28 bits of header."""
    whole = saved("WEBP", lossless=True)
    at = whole.index(b"VP8L") + 9
    sides = int.from_bytes(whole[at : at + 4], "little") & 0xF0000000 | height - 1 << 14 | width - 1
    return whole[:at] + sides.to_bytes(4, "little") + whole[at + 4 :]


def avif_of(width: int, height: int) -> bytes:
    whole = saved("AVIF")
    return patched(
        whole,
        b"ispe" + struct.pack(">III", 0, 128, 96),
        b"ispe" + struct.pack(">III", 0, width, height),
    )


def jpeg_claim(whole: bytes, width: int, height: int) -> bytes:
    return patched(whole, struct.pack(">HH", 96, 128), struct.pack(">HH", height, width))


def jpeg_of(width: int, height: int) -> bytes:
    return jpeg_claim(saved("JPEG", progressive=True), width, height)


# --- broken from within ---


@case("PNG with a bad checksum", Damaged)
def _png_crc() -> bytes:
    whole = saved("PNG")
    at = whole.index(b"IDAT")
    return whole[:at] + whole[at:].replace(whole[at + 40 : at + 44], b"\xff\xff\xff\xff", 1)


@case("PNG with a wrong chunk length", Damaged)
def _png_length() -> bytes:
    whole = saved("PNG")
    at = whole.index(b"IDAT") - 4
    return whole[:at] + struct.pack(">I", 9) + whole[at + 4 :]


@case("PNG with a bad header checksum", Damaged)
def _png_header() -> bytes:
    return patched(saved("PNG"), saved("PNG")[29:33], b"\0\0\0\0")


@case("PNG of a million empty chunks", Damaged)
def _png_chunks() -> bytes:
    return png(64, 64) + chunk(b"teSt", b"") * 1_000_000


@case("PNG with a text bomb", TooPlain)
def _png_text() -> bytes:
    bomb = b"key\0\0" + zlib.compress(bytes(64 * 2**20), 9)
    pixels = chunk(b"IDAT", zlib.compress(bytes(65 * 64), 9))
    return png(64, 64, pixels, chunk(b"zTXt", bomb), chunk(b"IEND", b""), colour=0)


@case("PNG with a text bomb before the picture", TooPlain)
def _png_text_first() -> bytes:
    bomb = b"key\0\0" + zlib.compress(bytes(64 * 2**20), 9)
    pixels = chunk(b"IDAT", zlib.compress(bytes(65 * 64), 9))
    return png(64, 64, chunk(b"zTXt", bomb), pixels, chunk(b"IEND", b""), colour=0)


@case("PNG with two headers", Damaged)
def _png_twice() -> bytes:
    second = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return png(64, 64, second, chunk(b"IDAT", zlib.compress(bytes(99))))


def apng(count: int, claimed: int, canvas: int) -> bytes:
    control = struct.pack(">IIIIIHHBB", 0, canvas, canvas, 0, 0, 1, 4, 0, 0)
    first = chunk(b"IDAT", zlib.compress(bytes((canvas + 1) * canvas), 9))
    tiny = zlib.compress(b"\0\x7f")
    more = b"".join(
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * at + 1, 1, 1, 0, 0, 1, 4, 0, 0))
        + chunk(b"fdAT", struct.pack(">I", 2 * at + 2) + tiny)
        for at in range(count - 1)
    )
    frames = [chunk(b"acTL", struct.pack(">II", claimed, 0)), chunk(b"fcTL", control), first, more]
    return png(canvas, canvas, *frames, chunk(b"IEND", b""), colour=0)


CASES += [
    ("APNG claiming 9 frames of 2", TooPlain, lambda: apng(2, 9, 64)),
    ("APNG claiming 2^31 frames", TooPlain, lambda: apng(2, 2**31 - 1, 64)),
    ("APNG of 10000 frames on 5000x5000", TooLong, lambda: apng(10_000, 10_000, 5000)),
    ("GIF of 100000 tiny frames", TooPlain, lambda: gif(64, 64, 100_000)),
    ("GIF of 10000 frames on 5000x5000", TooLong, lambda: gif(5000, 5000, 10_000)),
    ("GIF without a frame", Damaged, lambda: gif(64, 64, 0)),
    (
        "GIF with a wrong code size",
        Damaged,
        lambda: patched(gif(64, 64, 1), b"\x02\x02\x44", b"\x0f\x02\x44"),
    ),
    (
        "WebP with a lying size of its picture",
        Damaged,
        lambda: patched(saved("WEBP"), saved("WEBP")[16:20], b"\xff\xff\xff\x7f"),
    ),
    ("WebP without a picture", Damaged, lambda: b"RIFF\x04\0\0\0WEBP"),
]


@case("WebP animation of nothing", Damaged)
def webp_of_nothing() -> bytes:
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + b"\xff\0\0" * 2
    body = b"WEBP" + extended + b"ANIM" + struct.pack("<IIH", 6, 0, 0)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


@case("JPEG with a broken Huffman table", Damaged)
def _jpeg_huffman() -> bytes:
    whole = saved("JPEG")
    at = whole.index(b"\xff\xc4")
    return whole[: at + 5] + b"\xff" * 16 + whole[at + 21 :]


@case("JPEG of thousands of scans at 50 megapixels", TooManyPixels)
def _jpeg_scans() -> bytes:
    whole = jpeg_claim(saved("JPEG", progressive=True), 8192, 6144)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * 5000 + whole[-2:]


@case("JPEG of thousands of scans at 1 megapixel", TooManyPixels)
def _jpeg_scans_small() -> bytes:
    whole = jpeg_claim(saved("JPEG", progressive=True), 1200, 1000)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * 20_000 + whole[-2:]


CASES += [
    ("JPEG of 4 million comments", Damaged, lambda: b"\xff\xd8" + b"\xff\xfe\0\x02" * 4_000_000),
    ("JPEG of markers only", Damaged, lambda: b"\xff\xd8" + b"\xff" * 1_000_000),
    (
        "JPEG of 99 components",
        Damaged,
        lambda: b"\xff\xd8" + segment(0xC0, b"\x08\0\x60\0\x80\x63" + bytes(297)),
    ),
    ("JPEG, lossless", Damaged, lambda: patched(saved("JPEG"), b"\xff\xc0", b"\xff\xc3")),
    (
        "JPEG of 12 bits",
        Damaged,
        lambda: patched(saved("JPEG"), b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
    ),
    ("JPEG without tables", Damaged, lambda: patched(saved("JPEG"), b"\xff\xdb", b"\xff\xfe")),
    ("JPEG without a scan", Damaged, lambda: saved("JPEG")[: saved("JPEG").index(b"\xff\xda")]),
]


@case("JPEG with two headers", TooManyPixels)
def jpeg_headers() -> bytes:
    whole = saved("JPEG")
    at = whole.index(b"\xff\xda")
    huge = segment(0xC0, b"\x08" + struct.pack(">HH", 60_000, 60_000) + b"\x01\x01\x11\0")
    return whole[:at] + huge + whole[at:]


def exif_loop() -> bytes:
    """EXIF whose IFD, sub-IFDs and GPS all point at themselves; the picture itself is plain."""
    loop = tiff((0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8), after=8)
    return flat("JPEG", (64, 64), exif=b"Exif\0\0" + loop)


def tiff_bytes_for(count: int) -> bytes:
    return grey_tiff(100, 100, (273, 4, count, 200), (279, 4, count, 200), (278, 4, 1, 1))


CASES += [
    ("TIFF without tags", Damaged, tiff),
    ("EXIF that points at itself", TooPlain, exif_loop),
    (
        "EXIF of absurd counts",
        TooPlain,
        lambda: flat("JPEG", (64, 64), exif=b"Exif\0\0" + tiff((0x0112, 3, 2**32 - 1, 2**32 - 1))),
    ),
    ("TIFF of 2^32-1 strips", Damaged, lambda: tiff_bytes_for(2**32 - 1)),
    ("TIFF of a million strips that are not there", Damaged, lambda: tiff_bytes_for(1_000_000)),
    ("TIFF with an offset past the end", Damaged, lambda: b"II*\0\xff\xff\xff\x7f"),
    ("TIFF of 65535 tags", Damaged, lambda: b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 12 * 65_535),
    ("TIFF of an unknown compression", Damaged, lambda: grey_tiff(64, 64, (259, 3, 1, 60_000))),
    ("TIFF with floats that are no numbers", Damaged, lambda: float_tiff(np.nan)),
    ("TIFF with endless floats", Damaged, lambda: float_tiff(np.inf)),
    (
        "TIFF bomb: deflate of 50 megapixels",
        TooPlain,
        lambda: flat("TIFF", (8000, 6500), "L", compression="tiff_adobe_deflate"),
    ),
]


@case("TIFF whose directory points at itself", TooPlain)
def looping_tiff() -> bytes:
    head = grey_tiff(64, 64, after=8)
    whole = grey_tiff(64, 64, (273, 4, 1, len(head)), after=8)
    return whole + bytes(64 * 64)


def float_tiff(value: float) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((64, 64), value, np.float32)).save(out, "TIFF")
    return out.getvalue()


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


CASES += [
    ("HEIF of nothing but its brand", Damaged, lambda: box(b"ftyp", b"heic\0\0\0\0mif1heic")),
    ("AVIF of nothing but its brand", Damaged, lambda: box(b"ftyp", b"avif\0\0\0\0mif1avif")),
    (
        "HEIF with a box of 4 GB",
        Damaged,
        lambda: patched(saved("HEIF"), saved("HEIF")[28:32], b"\xff\xff\xff\xf0"),
    ),
    ("AVIF with a box of 4 GB", Damaged, lambda: lying(saved("AVIF"), b"meta")),
    (
        "HEIF claiming 60000x60000",
        TooManyPixels,
        lambda: patched(
            saved("HEIF"),
            b"ispe" + struct.pack(">III", 0, 128, 96),
            b"ispe" + struct.pack(">III", 0, 60_000, 60_000),
        ),
    ),
    ("HEIF without an item", Damaged, lambda: lying(saved("HEIF"), b"pitm")),
    (
        "HEIF of boxes within boxes",
        Damaged,
        lambda: box(b"ftyp", b"heic\0\0\0\0mif1heic") + nested(2000),
    ),
]


def lying(whole: bytes, kind: bytes) -> bytes:
    at = whole.index(kind) - 4
    return whole[:at] + b"\xff\xff\xff\xf0" + whole[at + 4 :]


def nested(depth: int) -> bytes:
    body = b""
    for _ in range(depth):
        body = box(b"meta", bytes(4) + body)
    return body


# --- videos: made of a real one by the fixture below ---


def zeroed(whole: bytes) -> bytes:
    start = whole.index(b"mdat") + 4
    end = whole.index(b"moov") - 4
    return whole[:start] + bytes(end - start) + whole[end:]


VIDEOS: list[tuple[str, type[ContentError], str, Callable[[bytes], bytes]]] = [
    ("MP4 of nothing but its brand", Damaged, "mp4", lambda whole: whole[:32]),
    ("MP4 cut in half (no moov)", Damaged, "mp4", lambda whole: whole[: len(whole) // 2]),
    ("MP4 cut in its moov", Damaged, "mp4", lambda whole: whole[: whole.index(b"moov") + 200]),
    ("MP4 with its moov renamed", Damaged, "mp4", lambda whole: patched(whole, b"moov", b"xxxx")),
    ("MP4 with a moov of 4 GB", Damaged, "mp4", lambda whole: lying(whole, b"stsd")),
    ("MP4 with its frames zeroed", Damaged, "mp4", zeroed),
    ("AVI claiming 30000x30000", Damaged, "avi", lambda whole: avi_of(whole, 30_000, 30_000)),
    ("AVI cut in its header", Damaged, "avi", lambda whole: whole[:100]),
    ("WebM cut in its header", Damaged, "webm", lambda whole: whole[:60]),
    (
        "WebM of noise after its header",
        Damaged,
        "webm",
        lambda whole: whole[:40] + np.random.default_rng(1).bytes(5000),
    ),
    (
        "MPEG-TS of empty packets",
        Damaged,
        "ts",
        lambda _: (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 500,
    ),
    ("MPEG-PS of start codes", Damaged, "ts", lambda _: b"\0\0\x01\xba" * 5000),
    ("FLV of nothing", Damaged, "ts", lambda _: b"FLV\x01\x05\0\0\0\x09" + bytes(500)),
    ("ASF of nothing", Damaged, "ts", lambda _: b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(500)),
    ("Ogg of nothing", Damaged, "ts", lambda _: b"OggS" + bytes(500)),
    ("old QuickTime of nothing", Damaged, "ts", lambda _: b"\0\0\0\x08wide" * 500),
]
CODECS = {"mp4": "mp4v", "avi": "FFV1", "webm": "VP80", "ts": "MPG2"}


def avi_of(whole: bytes, width: int, height: int) -> bytes:
    return whole.replace(struct.pack("<II", 128, 96), struct.pack("<II", width, height))


# --- the tests ---

Hostile = tuple[str, type[ContentError], Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture
def hostile(folder: Path, make_video: MakeVideo) -> list[Hostile]:
    """Every hostile file, written once."""
    found = [(name, error, folder / f"{at}.jpg") for at, (name, error, _) in enumerate(CASES)]
    for (_, _, path), (_, _, make) in zip(found, CASES, strict=True):
        if not path.exists():
            path.write_bytes(make())
    real = {kind: make_video(f"real.{kind}", codec=codec) for kind, codec in CODECS.items()}
    for at, (name, error, kind, change) in enumerate(VIDEOS):
        path = folder / f"video{at}.mp4"
        path.write_bytes(change(real[kind].read_bytes()))
        found.append((name, error, path))
    return [*found, *special(folder)]


def special(folder: Path) -> Iterator[Hostile]:
    """What is no ordinary file."""
    yield "folder", Unreadable, folder
    yield "missing", Unreadable, folder / "missing"
    yield "link to nothing", Unreadable, link(folder / "dangling", folder / "nothing")
    yield "link to itself", Unreadable, link(folder / "loop", folder / "loop")
    yield "endless device", Unreadable, Path("/dev/zero")
    yield "name of 300 letters", Unreadable, folder / ("x" * 300)
    pipe = folder / "pipe"
    if not pipe.exists():
        os.mkfifo(pipe)
    yield "pipe that nobody writes to", Unreadable, pipe
    for name, head, size in (("picture", b"\xff\xd8\xff", 2**28), ("video", b"OggS", 2**34)):
        large = folder / f"large-{name}"
        with large.open("wb") as file:
            file.write(head)
            file.truncate(size)
        yield f"{name} larger than the limit (sparse)", TooManyBytes, large
    if os.geteuid() != 0:
        secret = folder / "secret"
        secret.write_bytes(b"\xff\xd8\xff")
        secret.chmod(0)
        yield "no permission", Unreadable, secret


def link(path: Path, target: Path) -> Path:
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    return path


# One process forks a child a file: most decoders are loaded once, and each file is measured alone.
MEASURE = """
import json, os, resource, sys, time
import hashing.hasher, pillow_heif
for path in json.load(sys.stdin):
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.set_blocking(2, True)
        start = time.perf_counter()
        try:
            hashing.hasher.hash_file(path)
            told = "signals"
        except Exception as err:
            told = type(err).__name__
        os.write(theirs, json.dumps([told, time.perf_counter() - start]).encode())
        os._exit(0)
    os.close(theirs)
    told = os.read(ours, 4096)
    os.close(ours)
    _, status, used = os.wait4(child, 0)
    name, waited = json.loads(told) if told else [f"status {status}", 0.0]
    worked = used.ru_utime + used.ru_stime
    print(json.dumps([name, worked, waited, used.ru_maxrss / 1024]), flush=True)
"""


def test_each_hostile_file_ends_in_its_error_soon_and_in_little_memory(
    hostile: list[Hostile],
) -> None:
    known = ("COVERAGE", "OPENCV")  # measuring would slow it; silence must be its own doing
    clean = {k: v for k, v in os.environ.items() if not k.startswith(known)}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=json.dumps([str(path) for _, _, path in hostile]),
        env=clean,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    measured = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = []
    out = sys.stdout.write
    out(f"\n{'hostile file':48} {'error':16} {'seconds':>8} {'MB':>6}\n")
    for (name, error, _), measure in zip(hostile, measured, strict=True):
        told, seconds, waited, megabytes = measure
        out(f"{name:48} {told:16} {seconds:8.2f} {megabytes:6.0f}\n")
        soon = seconds < SECONDS and waited < WAITED
        if told != error.__name__ or not soon or megabytes >= MEGABYTES:
            wrong.append((name, error.__name__, measure))
    assert wrong == []
    assert len(hostile) >= 45
    assert done.stderr == ""


def test_good_files_among_all_hostile_ones_get_their_signals(
    hostile: list[Hostile], folder: Path, make_video: MakeVideo
) -> None:
    good = []
    for seed in range(6):
        path = folder / f"good{seed}.png"
        Image.fromarray(scene(seed)).save(path)
        good.append(path)
    good.append(make_video("good.mp4"))
    paths = [path for _, _, path in hostile]
    for at, path in enumerate(good):
        paths.insert(at * 20, path)
    expected = {path: error for _, error, path in hostile}
    found = {paths[index]: outcome for index, outcome in hash_files(paths, workers=2)}
    for path, outcome in found.items():
        if path in expected:
            assert type(outcome) is expected[path]
        else:
            assert isinstance(outcome, ContentSignals)
            assert outcome == hash_file(path)
    assert len(found) == len(hostile) + len(good)


def test_every_error_of_content_is_met_here_or_named() -> None:
    met = {error.__name__ for _, error, _ in CASES} | {"Unreadable", "TooManyBytes"}
    elsewhere = {"VideoSupportMissing", "ViewSupportMissing", "DecoderCrashed"}
    elsewhere |= {"SoundAlone", "Encrypted", "UnknownCodec"}  # media/test_container.py
    assert {kind.__name__ for kind in errors.ContentError.__subclasses__()} == met | elsewhere
