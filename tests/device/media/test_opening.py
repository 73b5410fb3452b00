"""Pictures that are shown everywhere, though they are not quite what their format says."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hashing.algorithms import pdq
from hashing.errors import Damaged, UnsupportedFormat
from hashing.hasher import hash_file, hash_picture
from hashing.media import frames, gif, pixels

Scene = Callable[..., NDArray[np.uint8]]
Luma = NDArray[np.uint8]
Chunks = list[tuple[bytes, bytes]]


@pytest.fixture
def image(make_scene: Scene) -> Image.Image:
    return Image.fromarray(make_scene(5))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def grey(image: Image.Image) -> Luma:
    return np.asarray(image.convert("L"))


def exif(kind: int, count: int, orientation: int = 6) -> bytes:
    entry = struct.pack("<HHIHH", 0x0112, kind, count, orientation, orientation)
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + bytes(4)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body


def chunks(png: bytes) -> Chunks:
    found, at = [], 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += size + 12
    return found


def png_of(parts: Chunks, bad: Sequence[bytes] = ()) -> bytes:
    """A PNG of these chunks; those of a type in `bad` have a wrong checksum."""
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in parts:
        crc = 0 if kind in bad else zlib.crc32(kind + body)
        out += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)
    return out


# --- EXIF, as browsers read it ---


@pytest.mark.parametrize("suffix", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("kind", "count", "turned"), [(3, 1, True), (1, 1, False), (4, 1, False), (3, 2, False)]
)
def test_only_one_short_turns(
    image: Image.Image, suffix: str, kind: int, count: int, *, turned: bool
) -> None:
    luma = pixels.read(saved(image, suffix, exif=exif(kind, count)))
    assert luma.shape == ((128, 96) if turned else (96, 128))


def test_only_the_first_exif_counts_and_xmp_never(image: Image.Image) -> None:
    whole = saved(image, "JPEG")
    broken, turned = segment(0xE1, b"Exif\0\0broken"), segment(0xE1, exif(3, 1))
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='6'/>")
    for first in (broken, xmp):
        assert pixels.read(whole[:2] + first + whole[2:]).shape == (96, 128)
    assert pixels.read(whole[:2] + broken + turned + whole[2:]).shape == (96, 128)
    assert pixels.read(whole[:2] + turned + broken + whole[2:]).shape == (128, 96)


def test_of_a_png_only_the_exif_before_its_pixels_counts(image: Image.Image) -> None:
    head, *rest = chunks(saved(image, "PNG"))
    turn = (b"eXIf", exif(3, 1)[6:])
    raw = b"\nexif\n      32\n" + exif(3, 1).hex().encode()
    profile = (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw))
    assert pixels.read(png_of([head, turn, *rest])).shape == (128, 96)
    assert pixels.read(png_of([head, *rest[:-1], turn, rest[-1]])).shape == (96, 128)
    assert pixels.read(png_of([head, profile, *rest])).shape == (96, 128)


# --- what is beside the pixels ---


def test_chunks_beside_the_pixels_break_nothing(image: Image.Image) -> None:
    head, *rest = chunks(saved(image, "PNG"))
    large = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3 * 2**20)))
    beside = [(b"tEXt", b"a\0b"), (b"sRGB", b""), (b"iCCP", b"x\0\0abc"), (b"gAMA", b"1"), large]
    untrusted = png_of([head, *beside, *rest], bad=[b"tEXt", b"IDAT"])
    assert np.array_equal(pixels.read(untrusted + b"more"), grey(image))
    with pytest.raises(Damaged):
        pixels.read(png_of([head, *rest], bad=[b"IHDR"]))


def test_segments_beside_the_pixels_break_nothing(image: Image.Image) -> None:
    whole = saved(image, "JPEG")
    odd = segment(0xE0, b"") + segment(0xE0, b"JFIF\0") + segment(0xEE, b"Adobe") + b"\0\0"
    assert np.array_equal(pixels.read(whole[:2] + odd + whole[2:]), pixels.read(whole))


def test_a_webp_ends_where_its_riff_does(image: Image.Image) -> None:
    whole = saved(image, "WEBP", lossless=True, exif=exif(3, 1), icc_profile=b"none")
    expected = pixels.read(whole)
    assert expected.shape == (128, 96)
    larger = whole[:4] + (len(whole) + 90).to_bytes(4, "little") + whole[8:]
    for other in (whole + b"trailing", larger):
        assert np.array_equal(pixels.read(other), expected)


# --- what breaks off ---


def test_a_jpeg_without_its_last_bytes_is_that_of_the_whole(image: Image.Image) -> None:
    for options in ({}, {"progressive": True}):
        whole = saved(image, "JPEG", **options)
        for cut in (whole[:-2], whole[:-1]):
            found, expected = hash_picture(cut), hash_picture(whole)
            assert found.signals[:2] == expected.signals[:2]
            assert (found.incomplete, expected.incomplete) == (True, False)


@pytest.mark.parametrize(("kind", "fill"), [("JPEG", 128), ("PNG", 255)])
def test_half_a_picture_is_what_can_be_seen_of_it(make_scene: Scene, kind: str, fill: int) -> None:
    noisy = make_scene(5, 480, 640) ^ np.random.default_rng(1).integers(
        0, 8, (480, 640, 3), np.uint8
    )
    whole = saved(Image.fromarray(noisy), kind)
    with pixels.open_picture(whole[: len(whole) // 2]) as half:
        luma = pixels.first_luma(half)
        assert half.incomplete
    shown = int(np.flatnonzero((luma != fill).any(axis=1))[-1]) + 1
    assert 150 < shown < 330
    assert np.array_equal(luma[: shown - 16], pixels.read(whole)[: shown - 16])
    with pytest.raises(Damaged):
        pixels.read(whole[: len(whole) // 8])


@pytest.mark.parametrize("interlace", [0, 1])
def test_half_a_gif_is_what_browsers_show_of_it(make_scene: Scene, interlace: int) -> None:
    colours = Image.fromarray(make_scene(5, 480, 640)).quantize(64)
    whole = saved(colours, "GIF", interlace=interlace, transparency=9)
    with pixels.open_picture(whole[: len(whole) // 2]) as half:
        luma = pixels.first_luma(half)
        assert half.incomplete
    expected = pixels.read(whole)
    if interlace:  # the first pass and the second, and half of the third: each row fills a gap
        assert np.array_equal(luma[:240:2], expected[:240:2])
        assert np.array_equal(luma[1:240:2], expected[:240:2])
        assert np.array_equal(luma[480 - 8 :], expected[480 - 8 :: 4].repeat(4, axis=0))
    else:
        shown = int(np.flatnonzero((luma != 255).any(axis=1))[-1])
        assert 150 < shown < 330
        assert np.array_equal(luma[:shown], expected[:shown])
    with pixels.open_picture(whole[:-2]) as all_but_its_end:
        assert np.array_equal(pixels.first_luma(all_but_its_end), expected)
        assert not all_but_its_end.incomplete
    for end in (len(whole) // 40, whole.index(b"\x21\xf9\x04") + 18, 12):
        with pytest.raises(Damaged):
            pixels.read(whole[:end])
    colourless = whole[:10] + b"\0" + whole[11:13] + whole[13 + 3 * 64 :]
    with pytest.raises(Damaged):
        pixels.read(colourless[: len(whole) // 2])


def two_bits(image: Image.Image) -> tuple[bytes, Luma]:
    """A BMP of two bits a pixel with the shortest header of OS/2, and its luma."""
    levels = np.asarray(image.convert("L").crop((0, 0, 125, 90))) >> 6
    rows = np.zeros((90, 128), np.uint8)
    rows[:, :125] = levels[::-1]
    data = rows[:, ::4] << 6 | rows[:, 1::4] << 4 | rows[:, 2::4] << 2 | rows[:, 3::4]
    palette = b"".join(bytes([n, n, n, 0]) for n in (0, 80, 160, 240))
    header = struct.pack("<IIIHH", 16, 125, 90, 1, 2)
    start = struct.pack("<2sIII", b"BM", 0, 0, 46)
    return start + header + palette + data.tobytes(), (levels * 80).astype(np.uint8)


def test_a_bmp_of_two_bits_with_a_header_of_os_2_is_read(image: Image.Image) -> None:
    bmp, expected = two_bits(image)
    assert np.array_equal(pixels.read(bmp), expected)
    with pixels.open_picture(bmp[: 46 + 60 * 32 + 5]) as part:
        luma = pixels.first_luma(part)
        assert part.incomplete
    assert np.array_equal(luma[30:], expected[30:])
    assert (luma[:30] == 255).all()
    with pytest.raises(Damaged):  # two bits a pixel are never compressed
        pixels.read(bmp[:14] + struct.pack("<IIIHHI", 20, 125, 90, 1, 2, 1) + bmp[30:])


def test_a_bmp_that_claims_more_colours_than_there_are_is_read(image: Image.Image) -> None:
    whole = saved(image.convert("P"), "BMP")
    assert np.array_equal(
        pixels.read(whole[:46] + (4000).to_bytes(4, "little") + whole[50:]), pixels.read(whole)
    )


def test_of_the_smallest_bmp_the_whole_rows_are_there() -> None:
    header = struct.pack("<2sIIIIHHHH6s", b"BM", 0, 0, 32, 12, 16, 16, 1, 1, b"\0\0\0\x80\x80\x80")
    whole = header + b"\x0f\xf0\0\0" * 16
    luma = pixels.read(whole[: 32 + 5 * 4 + 1])
    assert (luma[:11] == 255).all()
    assert luma[11:].tolist() == [[0] * 4 + [128] * 8 + [0] * 4] * 5


@pytest.mark.parametrize("mode", ["RGB", "P", "1"])
@pytest.mark.parametrize("upwards", [True, False])
def test_of_a_bmp_the_whole_rows_are_there(image: Image.Image, mode: str, *, upwards: bool) -> None:
    whole = bytearray(saved(image.convert(mode), "BMP"))
    if not upwards:
        whole[22:26] = (-image.height).to_bytes(4, "little", signed=True)
    expected = pixels.read(bytes(whole))
    start = int.from_bytes(whole[10:14], "little")
    stride = (len(whole) - start) // image.height
    rows = image.height // 3
    with pixels.open_picture(bytes(whole[: start + rows * stride + 3])) as third:
        luma = pixels.first_luma(third)
        assert third.incomplete
    there, missing = (luma[-rows:], luma[:-rows]) if upwards else (luma[:rows], luma[rows:])
    assert np.array_equal(there, expected[-rows:] if upwards else expected[:rows])
    assert (missing == 255).all()
    for end in (start + image.height // 5 * stride, start, 40):
        with pytest.raises(Damaged):
            pixels.read(bytes(whole[:end]))


def test_a_progressive_jpeg_that_breaks_off_in_any_segment_is_shown(image: Image.Image) -> None:
    whole = saved(image.resize((320, 240)), "JPEG", progressive=True)
    expected = pdq.compute(pixels.read(whole))[0]
    for end in range(len(whole) * 2 // 3, len(whole), 97):
        with pixels.open_picture(whole[:end]) as cut:
            value = pdq.compute(pixels.first_luma(cut))[0]
            assert cut.incomplete
        assert (int.from_bytes(value) ^ int.from_bytes(expected)).bit_count() <= 12


def test_a_png_whose_data_is_whole_lacks_nothing(image: Image.Image) -> None:
    parts = chunks(saved(image, "PNG"))
    data = b"".join(body for kind, body in parts if kind == b"IDAT")
    unchecked = [parts[0], (b"IDAT", data[:-4] + b"\0\0\0\1"), parts[-1]]
    endless = png_of([parts[0], (b"IDAT", data)])
    for untrusted in (png_of(unchecked), endless, endless[:-9]):
        with pixels.open_picture(untrusted) as picture:
            assert np.array_equal(pixels.first_luma(picture), grey(image))
            assert not picture.incomplete


def test_of_a_png_whose_data_is_damaged_the_rows_above_are_there(make_scene: Scene) -> None:
    noise = np.random.default_rng(1).integers(0, 8, (480, 640, 3), np.uint8)
    still = Image.fromarray(make_scene(5, 480, 640) ^ noise)
    head, *rest = chunks(saved(still, "PNG"))
    data = b"".join(body for kind, body in rest if kind == b"IDAT")
    middle = len(data) // 2
    noise_inflated = data[:middle] + b"\xff" * 64 + data[middle + 64 :]
    stored = zlib.compress(zlib.decompress(data), 0)
    block = 2
    while block < len(stored) // 2:
        block += 5 + int.from_bytes(stored[block + 1 : block + 3], "little")
    no_block = stored[: block + 1] + bytes(4) + stored[block + 5 :]
    for damaged in (noise_inflated, no_block):
        with pixels.open_picture(png_of([head, (b"IDAT", damaged), rest[-1]])) as picture:
            luma = pixels.first_luma(picture)
            assert picture.incomplete
        shown = int(np.flatnonzero((luma != 255).any(axis=1))[-1])
        assert np.array_equal(luma[:180], grey(still)[:180])
        assert 180 < shown < 400


def adam7(image: Image.Image) -> tuple[bytes, bytes]:
    """The header of an interlaced PNG in grey, and its rows, inflated (PNG, clause 8.2)."""
    places = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
    rows = b""
    for left, top, across, down in [*places, (0, 1, 1, 2)]:
        rows += b"".join(b"\0" + row.tobytes() for row in grey(image)[top::down, left::across])
    return struct.pack(">IIBBBBB", *image.size, 8, 0, 0, 0, 1), rows


def test_an_interlaced_png_is_shown_if_all_of_it_is_there(image: Image.Image) -> None:
    header, rows = adam7(image)
    data = zlib.compress(rows)
    for end in (data[-4:], b"\0\0\0\1", b""):  # with its checksum, another, and none
        untrusted = png_of([(b"IHDR", header), (b"IDAT", data[:-4] + end), (b"IEND", b"")])
        assert np.array_equal(pixels.read(untrusted), grey(image))
    half = zlib.compress(rows[: len(rows) * 9 // 10])
    for parts in ([(b"IDAT", half)], []):
        with pytest.raises(Damaged):
            pixels.read(png_of([(b"IHDR", header), *parts, (b"IEND", b"")]))


# --- animations, as browsers compose them ---


def animated(images: Sequence[Image.Image], kind: str, **options: object) -> list[Luma]:
    untrusted = saved(images[0], kind, save_all=True, append_images=images[1:], **options)
    with pixels.open_picture(untrusted) as picture:
        return [frame.luma for frame in frames.sample_animation(picture)]


def test_the_default_image_of_a_png_may_be_none_of_its_frames(make_scene: Scene) -> None:
    hidden, first, second = (Image.fromarray(make_scene(seed)) for seed in (1, 2, 3))
    found = animated([hidden, first, second], "PNG", default_image=True, duration=500)
    assert [luma.tolist() for luma in found] == [grey(first).tolist(), grey(second).tolist()]
    untrusted = saved(hidden, "PNG", save_all=True, append_images=[first], default_image=True)
    assert hash_picture(untrusted).signals[0] == hash_picture(saved(first, "PNG")).signals[0]


def test_what_a_gif_clears_is_white_and_not_its_background(image: Image.Image) -> None:
    palette = image.quantize(63)
    whole = saved(palette, "GIF")
    at = whole.index(b",\0\0\0\0")
    screen = struct.pack("<HH", 256, 192)
    place = b"," + struct.pack("<HH", 64, 48)
    placed = whole[:6] + screen + whole[10:11] + b"\x07" + whole[12:at] + place + whole[at + 5 :]
    luma = pixels.read(placed)
    assert np.array_equal(luma[48:144, 64:192], grey(palette.convert("RGB")))
    assert luma[:48].min() == luma[:, :64].min() == luma[144:].min() == 255


def test_a_gif_may_have_a_grey_palette_of_its_own_beside_another(image: Image.Image) -> None:
    whole = saved(image.convert("L"), "GIF", optimize=False, interlace=False)
    local, at = whole[13:781], whole.index(b",\0\0\0\0")
    assert local == bytes(n for level in range(256) for n in (level,) * 3)
    red = bytes(n for level in range(256) for n in (level, 0, 0))
    own = whole[:13] + red + whole[781 : at + 9] + b"\x87" + local + whole[at + 10 :]
    assert np.array_equal(pixels.read(own), grey(image))


def test_a_gif_without_a_screen_has_that_of_its_image(image: Image.Image) -> None:
    whole = saved(image.quantize(63), "GIF")
    for side in (bytes(4), b"\x10\0\x10\0"):
        assert pixels.read(whole[:6] + side + whole[10:]).shape == (96, 128)


def test_each_disposal_and_blending_of_a_png() -> None:
    """Red, over it a half clear blue that is cleared, then green that is taken back, then black."""
    size = (32, 32)
    colours = [(255, 0, 0, 255), (0, 0, 255, 128), (0, 255, 0, 255), (0, 0, 0, 0)]
    images = [Image.new("RGBA", size, colour) for colour in colours]
    options = {"disposal": [0, 1, 2, 0], "blend": [0, 1, 1, 1], "duration": 500}
    found = animated(images, "PNG", **options)
    assert [int(luma[16, 16]) for luma in found] == [76, 53, 150, 255]


def test_an_animation_that_breaks_off_yields_what_came_before(make_scene: Scene) -> None:
    images = [Image.fromarray(make_scene(seed)) for seed in (1, 2, 3)]
    for kind in ("PNG", "GIF"):
        whole = saved(images[0], kind, save_all=True, append_images=images[1:], duration=500)
        found = hash_picture(whole[: len(whole) * 8 // 10])
        assert (len(found.frames), found.incomplete) == (2, True)
        assert found.frames == hash_picture(whole).frames[:2]


def test_an_animation_without_its_first_image_is_damage(make_scene: Scene) -> None:
    images = [Image.fromarray(make_scene(seed)) for seed in (1, 2)]
    whole = saved(images[0], "PNG", save_all=True, append_images=images[1:], duration=500)
    at = whole.index(b"IDAT") + 4
    with pytest.raises(Damaged):
        hash_picture(whole[:at] + bytes(64) + whole[at + 64 :])


def test_an_image_beyond_the_canvas_changes_nothing_of_it(make_scene: Scene) -> None:
    first, second = (Image.fromarray(make_scene(seed)).quantize(63) for seed in (1, 2))
    whole = saved(first, "GIF", save_all=True, append_images=[second], duration=500, transparency=9)
    at = whole.index(b",", whole.rindex(b"\x21\xf9\x04"))
    beyond = whole[: at + 1] + struct.pack("<H", 128) + whole[at + 3 :]
    [found] = hash_picture(beyond).frames
    assert found.until_ms > 500  # the second image shows what the first does
    assert found.signal == hash_picture(whole).frames[0].signal
    png = saved(first, "PNG", save_all=True, append_images=[second], duration=500)
    last = png.rindex(b"fcTL") + 16
    still = hash_picture(png[:last] + struct.pack(">I", 1) + png[last + 4 :])
    assert still.frames == ()
    assert still.signals[0] == hash_picture(saved(first, "PNG")).signals[0]


def test_of_a_gif_so_many_images_and_blocks_are_read(
    make_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [Image.fromarray(make_scene(seed)).quantize(63) for seed in (1, 2, 3)]
    whole = saved(images[0], "GIF", save_all=True, append_images=images[1:], duration=500)
    monkeypatch.setattr(gif, "MAX_IMAGES", 2)
    assert len(hash_picture(whole).frames) == 2
    monkeypatch.setattr(gif, "MAX_PIECES", 1)
    with pytest.raises(Damaged):
        hash_picture(whole)


@pytest.mark.parametrize("name", ["01-gif-index-error.gif", "01-gif-struct-error.gif"])
def test_what_a_decoder_raises_when_it_is_asked_for_frames(shared: Path, name: str) -> None:
    path = shared / "files" / "corpora" / name
    if not path.exists():
        pytest.skip("no files/corpora")
    with pytest.raises(Damaged):
        hash_file(path)


# --- TIFF and BMP ---


def tiff(tags: Mapping[int, tuple[int, ...]], data: bytes, order: str = "<") -> bytes:
    """A TIFF of one directory, of SHORT and LONG; the data begins at byte 8."""
    start = 8 + len(data) + len(data) % 2
    after, entries, values = start + 6 + 12 * len(tags), b"", b""
    for tag, numbers in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(numbers)}I", *numbers)
        place = packed if len(numbers) == 1 else struct.pack(order + "I", after + len(values))
        values += packed if len(numbers) > 1 else b""
        entries += struct.pack(order + "HHI", tag, 4, len(numbers)) + place
    magic = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", start)
    directory = struct.pack(order + "H", len(tags)) + entries + bytes(4) + values
    return magic + data.ljust(start - 8, b"\0") + directory


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_planes_of_a_tiff_are_not_mixed_up(
    make_scene: Scene, order: str, bits: int, mode: str
) -> None:
    rgba = Image.fromarray(make_scene(5))
    rgba.putalpha(Image.linear_gradient("L").resize(rgba.size))
    image = rgba.convert(mode)
    samples = len(mode)
    planes = np.moveaxis(np.asarray(image), -1, 0)
    kind = np.dtype(f"{order}u{bits // 8}")
    data = b"".join((plane.astype(kind) * (257 if bits == 16 else 1)).tobytes() for plane in planes)
    each = len(data) // samples
    tags = {256: (128,), 257: (96,), 258: (bits,) * samples, 259: (1,), 277: (samples,), 284: (2,)}
    tags |= {262: (2 if samples > 2 else 1,), 278: (96,), 279: (each,) * samples}
    tags |= {273: tuple(8 + each * n for n in range(samples))}
    tags |= {338: (2,)} if mode.endswith("A") else {}
    expected = pixels.read(saved(image, "PNG"))
    assert np.array_equal(pixels.read(tiff(tags, data, order)), expected)
    if mode == "LA":
        white_is_0 = bytes(byte ^ 255 for byte in data[:each]) + data[each:]
        assert np.array_equal(pixels.read(tiff(tags | {262: (0,)}, white_is_0, order)), expected)
        with pytest.raises(Damaged):  # two samples for three colours
            pixels.read(tiff(tags | {262: (2,)}, data, order))


def test_a_grey_tiff_may_be_multiplied_with_its_alpha(image: Image.Image) -> None:
    plain = image.convert("L")
    plain.putalpha(Image.linear_gradient("L").resize(image.size))
    multiplied = plain.convert("La")
    tags = {256: (128,), 257: (96,), 258: (8, 8), 259: (1,), 262: (1,), 273: (8,), 277: (2,)}
    tags |= {278: (96,), 279: (2 * 96 * 128,), 338: (1,)}
    luma = pixels.read(tiff(tags, multiplied.tobytes()))
    assert np.array_equal(luma, pixels.read(saved(multiplied.convert("LA"), "PNG")))


def test_a_tiff_of_16_bits_may_have_white_as_0_and_one_of_12_bits_is_not_dark(
    make_scene: Scene,
) -> None:
    expected = grey(Image.fromarray(make_scene(6)))
    tags = {256: (128,), 257: (96,), 258: (16,), 259: (1,), 273: (8,), 277: (1,), 278: (96,)}
    tags |= {262: (0,), 279: (2 * expected.size,)}
    inverted = (~(expected.astype(np.uint16) * 257)).astype("<u2")
    assert np.array_equal(pixels.read(tiff(tags, inverted.tobytes())), expected)
    high = expected.astype(np.uint16).reshape(96, 64, 2) * 16
    first, second = high[..., 0], high[..., 1]
    packed = np.dstack([first >> 4, (first & 15) << 4 | second >> 8, second & 255])
    twelve = tags | {258: (12,), 262: (1,), 279: (packed.size,)}
    assert np.array_equal(pixels.read(tiff(twelve, packed.astype(np.uint8).tobytes())), expected)


def raw(image: Image.Image, preview: bytes) -> bytes:
    """A DNG: sensor data, and below it a preview."""
    sensor = np.zeros(96 * 128, "<u2").tobytes()
    at = 8 + len(sensor) + len(preview)
    at += at % 2
    first = {256: (128,), 257: (96,), 258: (16,), 259: (1,), 262: (32803,), 273: (8,), 277: (1,)}
    first |= {278: (96,), 279: (len(sensor),), 274: (6,), 330: (at,), 50706: (1,)}
    entries = {254: 1, 256: 128, 257: 96, 259: 7, 262: 6, 273: 8 + len(sensor), 279: len(preview)}
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries.items())
    directory = struct.pack("<H", len(entries)) + packed + bytes(4)
    body = (sensor + preview).ljust(at - 8, b"\0") + directory
    assert image.size == (128, 96)
    return tiff(first, body if preview else sensor)


def test_of_a_cameras_raw_file_its_preview_counts(image: Image.Image) -> None:
    preview = saved(image, "JPEG", quality=95)
    turned = np.rot90(pixels.read(preview), -1)
    assert np.array_equal(pixels.read(raw(image, preview)), turned)
    for none in (b"", preview[1:]):
        with pytest.raises(UnsupportedFormat, match="raw file without a preview"):
            pixels.read(raw(image, none))


def test_a_tag_whose_values_are_beyond_the_end_breaks_nothing(image: Image.Image) -> None:
    tags = {256: (128,), 257: (96,), 258: (8,), 259: (1,), 262: (1,), 273: (8,), 277: (1,)}
    luma = grey(image)
    whole = tiff(tags | {278: (96,), 279: (luma.size,), 65000: (1, 2, 3)}, luma.tobytes())
    assert np.array_equal(pixels.read(whole[:-4]), luma)
    for end in (6, 8 + luma.size):
        with pytest.raises(Damaged):
            pixels.read(whole[:end])


@pytest.mark.parametrize(
    ("bits", "masks"),
    [(16, (0x7C00, 0x3E0, 0x1F)), (16, (0xF00, 0xF0, 0xF)), (32, (0x3FF, 0xFFC00, 0x3FF00000))],
)
def test_bit_fields_of_a_bmp(image: Image.Image, bits: int, masks: tuple[int, int, int]) -> None:
    rgb = np.asarray(image).astype(np.float64)
    value = np.zeros(rgb.shape[:2], np.uint32)
    for channel, mask in enumerate(masks):
        low = mask & -mask
        value |= np.rint(rgb[..., channel] * (mask // low / 255)).astype(np.uint32) * low
    rows = value[::-1].astype(f"<u{bits // 8}").tobytes()
    head = struct.pack("<IiiHHIIiiII", 40, 128, 96, 1, bits, 3, 0, 0, 0, 0, 0)
    body = head + struct.pack("<III", *masks) + rows
    file = b"BM" + struct.pack("<IHHI", len(body) + 14, 0, 0, 66) + body
    levels = 255 / min(mask // (mask & -mask) for mask in masks)
    luma = pixels.read(file)
    assert np.abs(luma.astype(int) - grey(image)).max() <= levels / 2 + 1
    downwards = file[:22] + struct.pack("<i", -96) + file[26:]
    assert np.array_equal(pixels.read(downwards), luma[::-1])
    third = pixels.read(downwards[: 66 + len(rows) // 3])
    assert np.array_equal(third[:32], luma[::-1][:32])
    assert (third[32:] == 255).all()
