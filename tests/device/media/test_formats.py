from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.errors import EmptyFile, UnknownFormat, UnsupportedFormat
from hashing.media.formats import HEAD_BYTES, Format, sniff


def ftyp(major: bytes, *brands: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(brands)
    return (len(body) + 4).to_bytes(4) + body


KNOWN = [
    (b"\xff\xd8\xff\xe0", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"BM", Format.BMP),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"RIFF\0\0\0\0WEBPVP8 ", Format.WEBP),
    (b"RIFF\0\0\0\0AVI LIST", Format.AVI),
    (b"\x1a\x45\xdf\xa3", Format.MATROSKA),
    (b"\0\0\x01\xba", Format.MPEG_PS),
    (b"\0\0\x01\xb3", Format.MPEG_VIDEO),
    (b"FLV\x01", Format.FLV),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Format.ASF),
    (b"OggS", Format.OGG),
    (b"\0\0\0\x08wide", Format.MP4),
    (b"\0\0\0\x08moov", Format.MP4),
    ((b"G" + bytes(187)) * 3, Format.MPEG_TS),
    ((bytes(4) + b"G" + bytes(187)) * 4, Format.MPEG_TS),  # as camcorders write it
    (bytes(99) + (b"G" + bytes(187)) * 5, Format.MPEG_TS),  # cut in the middle of a packet
    (bytes(99) + (b"G" + bytes(203)) * 5, Format.MPEG_TS),
    (ftyp(b"isom"), Format.MP4),
    (ftyp(b"qt  "), Format.MP4),
    (ftyp(b"isom", b"avif", b"heic"), Format.MP4),
    (ftyp(b"avif", b"mif1"), Format.AVIF),
    (ftyp(b"avis"), Format.AVIF),
    (ftyp(b"mif1", b"avif"), Format.AVIF),
    (ftyp(b"msf1", b"avis"), Format.AVIF),
    (ftyp(b"mif1", b"heic"), Format.HEIF),
    (ftyp(b"heic", b"mif1"), Format.HEIF),
    (ftyp(b"hevc"), Format.HEIF),
    (ftyp(b"mif1"), Format.HEIF),
]

REFUSED = [
    *[b"\0", b"text", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe", b"PK\x03\x04"],
    *[b"#EXTM3U\n", b"ffconcat version 1.0\n", b"<?xml version='1.0'?><MPD>", b"GIF90a", b"RIFF"],
    *[b"RIFF\0\0\0\0WAVEfmt ", b"G" + bytes(187) + b"G" + bytes(188) + b"G", b"\xff\xd8"],
    bytes(99) + (b"G" + bytes(187)) * 3,
    *[b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", b"\0\0\0\x0cJXL ", b"\0\0\x02" + bytes(15)],
]

UNREAD = [
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"P6 1 1 255\n", "PPM"),
    (b"P4\n1 1\n", "PBM"),
    (b"\x0a\x05\x01\x08", "PCX"),
    (bytes([0, 0, 2, *bytes(9), 1, 0, 1, 0, 24, 0]), "TGA"),
    (b"8BPS\0\x01", "Photoshop"),
    (b"%PDF-1.7", "PDF"),
    (b"\0\0\x01\0\x01\0", "icon"),
    (b"qoif", "QOI"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (ftyp(b"crx "), "raw"),
]


@pytest.mark.parametrize(("head", "expected"), KNOWN)
def test_known_beginnings(head: bytes, expected: Format) -> None:
    assert sniff(head) is expected
    assert sniff(head + bytes(HEAD_BYTES)) is expected


@pytest.mark.parametrize("head", REFUSED)
def test_anything_else_is_refused(head: bytes) -> None:
    with pytest.raises(UnknownFormat):
        sniff(head)


@pytest.mark.parametrize(("head", "name"), UNREAD)
def test_a_format_that_is_not_read_is_named(head: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"{name}.*, which we cannot read. Save it as JPEG"):
        sniff(head)


def test_nothing_is_an_empty_file() -> None:
    with pytest.raises(EmptyFile):
        sniff(b"")


def test_a_brand_past_the_end_of_the_box_does_not_count() -> None:
    assert sniff(ftyp(b"mif1") + b"avif") is Format.HEIF


def test_every_format_is_met_above() -> None:
    assert {found for _, found in KNOWN} == set(Format)


def test_videos_are_the_containers() -> None:
    pictures = {"JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF"}
    assert {one.name for one in Format if not one.is_video} == pictures


@given(st.binary(min_size=1, max_size=HEAD_BYTES))
def test_any_bytes_are_a_format_or_refused(head: bytes) -> None:
    with suppress(UnknownFormat, UnsupportedFormat):
        assert sniff(head) in Format
