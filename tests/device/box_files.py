"""AVIFs and HEIFs that no encoder here writes, made of those that one does."""

import io
import struct

from PIL import Image

from hashing.media import boxes


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def full(kind: bytes, content: bytes, version: int = 0) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]) + content)


def tiled(tiles: list[bytes], size: tuple[int, int]) -> bytes:
    """A HEIF of these HEIFs of 256 × 256, side by side: a grid, whose description is in `idat`."""
    found = [boxes.read(tile) for tile in tiles]
    first = found[0].properties
    inherited = b"".join(tiles[0][one.begin : one.end] for one in first if one.kind == b"hvcC")
    sides = [full(b"ispe", struct.pack(">II", *sides)) for sides in ((256, 256), size)]
    images = [tile[tile.index(b"mdat") + 4 :] for tile in tiles]
    items = [(n, b"hvc1") for n in range(1, len(tiles) + 1)] + [(len(tiles) + 1, b"grid")]
    infos = (full(b"infe", struct.pack(">HH4sx", n, 0, kind), 2) for n, kind in items)
    numbers = {b"hvc1": b"\2\x81\2", b"grid": b"\1\3"}
    last = len(items)
    inside = [
        full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        full(b"pitm", struct.pack(">H", last)),
        full(b"iinf", struct.pack(">H", last) + b"".join(infos)),
        full(
            b"iref", box(b"dimg", struct.pack(f">HH{last - 1}H", last, last - 1, *range(1, last)))
        ),
        box(
            b"iprp",
            box(b"ipco", inherited + b"".join(sides))
            + full(
                b"ipma",
                struct.pack(">I", last)
                + b"".join(struct.pack(">H", n) + numbers[kind] for n, kind in items),
            ),
        ),
        box(b"idat", struct.pack(">BBBBHH", 0, 0, 0, last - 2, *size)),
    ]
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    at = len(head) + 12 + sum(map(len, inside)) + 16 + 16 * last + 8
    places = struct.pack(">HH", 0x4400, last)
    for n, image in enumerate(images, 1):
        places += struct.pack(">HHHHII", n, 0, 0, 1, at, len(image))
        at += len(image)
    places += struct.pack(">HHHHII", last, 1, 0, 1, 0, 8)
    meta = full(b"meta", b"".join(inside) + full(b"iloc", places, 1))
    return head + meta + box(b"mdat", b"".join(images))


def with_property(avif: bytes, more: bytes) -> bytes:
    """The file with one more property, behind the others, that the primary picture must have."""
    file = bytearray(avif)
    end = file.index(b"ipma") - 4
    file[end:end] = more
    count = file.index(b"ipma") + 14
    used = file[count]
    numbers = len(boxes.read(avif).properties) + 1
    file[count] += 1
    file[count + 1 + used : count + 1 + used] = bytes([0x80 | numbers])
    grown = len(more) + 1
    for name, size in ((b"meta", grown), (b"iprp", grown), (b"ipco", len(more)), (b"ipma", 1)):
        at = slice(file.index(name) - 4, file.index(name))
        file[at] = (int.from_bytes(file[at]) + size).to_bytes(4)
    found = file.index(b"iloc") + 4
    for item in range(int.from_bytes(file[found + 6 : found + 8])):
        at = slice(found + 14 + 14 * item, found + 18 + 14 * item)
        file[at] = (int.from_bytes(file[at]) + grown).to_bytes(4)
    return bytes(file)
