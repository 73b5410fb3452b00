"""The format of a file, from its first bytes. Its name and extension are ignored.

Only the formats listed here are opened, each by its own decoder alone: a playlist, an SVG
or a PDF must not reach a decoder that would follow the addresses inside it.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from hashing.errors import EmptyFile, UnknownFormat, UnsupportedFormat

HEAD_BYTES = 1024
"""How many bytes `sniff` needs. MPEG-TS needs the most, five packets."""
_TS_SYNC = 0x47
_TS_PACKETS = (188, 192, 204)
"""Bytes of an MPEG transport stream packet (ISO/IEC 13818-1, 2.4.3.2), by itself, after a time as
camcorders and Blu-ray discs write it, and with Reed-Solomon parity."""


class Format(StrEnum):
    """Formats we read. Values are Pillow's names of pictures and FFmpeg's names of videos."""

    JPEG = "JPEG"
    PNG = "PNG"
    GIF = "GIF"
    WEBP = "WEBP"
    BMP = "BMP"
    TIFF = "TIFF"
    AVIF = "AVIF"
    HEIF = "HEIF"
    MP4 = "mp4"
    MATROSKA = "matroska"
    AVI = "avi"
    MPEG_TS = "mpegts"
    MPEG_PS = "mpeg"
    MPEG_VIDEO = "mpegvideo"
    FLV = "flv"
    ASF = "asf"
    OGG = "ogg"

    @property
    def is_video(self) -> bool:
        """Whether it is a format of videos. Whether a picture is animated, its decoder tells."""
        return self.value.islower()


_MAGIC = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"BM", Format.BMP),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"\x1a\x45\xdf\xa3", Format.MATROSKA),
    (b"\0\0\x01\xba", Format.MPEG_PS),
    (b"\0\0\x01\xb3", Format.MPEG_VIDEO),  # no container: a sequence header (13818-2, 6.2.2.1)
    (b"FLV\x01", Format.FLV),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Format.ASF),
    (b"OggS", Format.OGG),
)

_RAW = "a camera's raw file"
_RIFF = {b"WEBP": Format.WEBP, b"AVI ": Format.AVI}

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
"""AV1 Image File Format, section 6."""
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
"""ISO/IEC 23008-12, annexes B and 10."""
_OLD_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip"})
"""QuickTime files older than the ftyp box begin with one of these atoms."""


_OTHERS = (
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    *(
        (b"P%d%c" % (n, space), "a PPM, PGM or PBM picture")
        for n in range(1, 8)
        for space in b" \t\r\n"
    ),
    *((b"\x0a%c\x01" % version, "a PCX picture") for version in (0, 2, 3, 4, 5)),
    (b"8BPS", "a Photoshop picture"),
    (b"II+\0", "a BigTIFF picture"),
    (b"MM\0+", "a BigTIFF picture"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"qoif", "a QOI picture"),
    (b"\0\0\1\0", "an icon"),
    (b"%PDF-", "a PDF document"),
    (b"FUJIFILMCCD-RAW", _RAW),
    (b"IIU\0", _RAW),
    (b"IIRO", _RAW),
    (b"IIRS", _RAW),
    (b"MMOR", _RAW),
    (b"FOVb", _RAW),
)
"""How formats begin that are not read, and what they are: so that people learn what to do."""
_TGA_KINDS = frozenset({1, 2, 3, 9, 10, 11})
_TGA_DEPTHS = frozenset({8, 15, 16, 24, 32})


def sniff(head: bytes) -> Format:
    """Return the format of a file from its first HEAD_BYTES, or from all it has.

    Raises EmptyFile; UnsupportedFormat when it is a picture in a format that is not read; or
    UnknownFormat when nothing known begins like this.
    """
    if not head:
        raise EmptyFile
    for magic, known in _MAGIC:
        if head.startswith(magic):
            return known
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[4:8] in _OLD_QUICKTIME:
        return Format.MP4
    if packets_begin(head[:HEAD_BYTES]):
        return Format.MPEG_TS
    raise _unread(head)


def sniff_file(path: Path) -> Format:
    """Return the format of a file on disk. Raises as `sniff`, and OSError."""
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES))


def _of_brands(head: bytes) -> Format:
    """The ftyp box: a major brand, a version, then compatible brands (ISO/IEC 14496-12, 4.3)."""
    end = min(int.from_bytes(head[:4]), len(head))
    major = head[8:12]
    brands = {head[at : at + 4] for at in range(16, end, 4)}
    if major in _AVIF_BRANDS or (major in {b"mif1", b"msf1"} and brands & _AVIF_BRANDS):
        return Format.AVIF
    if major in _HEIF_BRANDS:
        return Format.HEIF
    if major == b"crx ":
        raise UnsupportedFormat.of(_RAW)
    return Format.MP4


def packets_begin(head: bytes) -> tuple[int, int] | None:
    """Return where the first packet of a transport stream begins, and the bytes to the next one.

    A recording may begin in the middle of a packet: then all that `head` holds must follow, and
    three, if it begins with one. None for what is no transport stream.
    """
    for stride in _TS_PACKETS:
        for begin in range(min(stride, len(head))):
            packets = head[begin::stride]
            whole = begin in {0, stride - _TS_PACKETS[0]}
            few, most = (3, 3) if whole else (4, len(packets))
            if len(packets) >= few and set(packets[:most]) == {_TS_SYNC}:
                return begin, stride
    return None


def _unread(head: bytes) -> UnknownFormat | UnsupportedFormat:
    """The error for a file that is not read, with its format if that is known."""
    name = next((name for magic, name in _OTHERS if head.startswith(magic)), None)
    if name is None and _is_tga(head):
        name = "a TGA picture"
    return UnsupportedFormat.of(name) if name else UnknownFormat()


def _is_tga(head: bytes) -> bool:
    """TGA has no magic number: its header (Truevision TGA 2.0) is taken at its word."""
    if len(head) < 18:  # noqa: PLR2004 (the header)
        return False
    mapped, kind = head[1], head[2]
    plain = mapped == 0 and not any(head[3:8]) and kind in _TGA_KINDS - {1, 9}
    coloured = mapped == 1 and kind in {1, 9} and head[7] in _TGA_DEPTHS
    return (plain or coloured) and head[16] in _TGA_DEPTHS and not head[17] & 0xC0
