import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from hashing.algorithms import pdq, phash
from hashing.errors import (
    ContentError,
    Damaged,
    TooManyBytes,
    TooManyPixels,
    TooNarrow,
    TooSmall,
)
from hashing.media import jpeg, pixels, png, webp
from hashing.media.grey import grey as to_grey

Scene = Callable[..., NDArray[np.uint8]]
Luma = NDArray[np.uint8]

ORIENTATION = 0x0112


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def bits(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def near(a: Luma, b: Luma, most: float = 3) -> bool:
    return a.shape == b.shape and float(np.abs(a.astype(int) - b).mean()) <= most


# --- scaled decode ---


@pytest.mark.parametrize("index", [0, 25, 50])
@pytest.mark.parametrize("progressive", [False, True])
def test_scaled_decode_moves_at_most_4_bits(
    photos: list[Path], index: int, *, progressive: bool
) -> None:
    with Image.open(photos[index]) as photo:
        large = photo.resize((4000, 3000), Image.Resampling.LANCZOS)
    untrusted = saved(large, "JPEG", quality=92, progressive=progressive)
    scaled = pixels.read(untrusted)
    with Image.open(io.BytesIO(untrusted)) as image:
        full = pixels.raster(image.convert("L"))
    assert scaled.shape == full.shape == (1024, 1024)
    for algorithm in (pdq, phash):
        assert bits(algorithm.compute(scaled)[0], algorithm.compute(full)[0]) <= 4


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((16, 16), (16, 16)),
        ((1280, 720), (1280, 720)),
        ((1281, 720), (1024, 720)),
        ((720, 4000), (720, 1024)),
        ((4000, 3000), (1024, 1024)),
    ],
)
def test_sides_are_squeezed_each_for_itself(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert pixels.raster_size(size) == expected
    assert pixels.raster(Image.new("L", size)).shape == expected[::-1]
    assert pixels.read(saved(Image.new("RGB", size), "JPEG")).shape == expected[::-1]


# --- orientation ---


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_exif_orientation_is_applied(make_scene: Scene, kind: str, orientation: int) -> None:
    image = Image.fromarray(make_scene(5))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    lossless = {"lossless": True} if kind == "WEBP" else {}
    untrusted = saved(image, kind, exif=exif, **lossless)
    tagged = image.copy()
    tagged.getexif()[ORIENTATION] = orientation
    expected = np.asarray(ImageOps.exif_transpose(tagged).convert("L"))
    assert near(pixels.read(untrusted), expected)


def heif(image: Image.Image, orientation: int, quarters: int) -> bytes:
    """A HEIF with an EXIF orientation, and turned by its own `irot` property (anticlockwise)."""
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    file = bytearray(saved(image, "HEIF", quality=95, **({"exif": exif} if orientation else {})))
    if not quarters:
        return bytes(file)
    end = file.index(b"ipma") - 4
    file[end:end] = b"\0\0\0\x09irot" + bytes([quarters])
    count = file.index(b"ipma") + 14
    used = file[count]
    file[count] += 1
    file[count + 1 + used : count + 1 + used] = bytes([0x80 | used + 1])
    for box, grown in ((b"meta", 10), (b"iprp", 10), (b"ipco", 9), (b"ipma", 1)):
        size = slice(file.index(box) - 4, file.index(box))
        file[size] = (int.from_bytes(file[size]) + grown).to_bytes(4)
    offset = slice(file.index(b"iloc") + 16, file.index(b"iloc") + 20)
    file[offset] = (int.from_bytes(file[offset]) + 10).to_bytes(4)
    return bytes(file)


@pytest.mark.parametrize("quarters", range(4))
def test_a_heif_is_turned_by_its_own_property(make_scene: Scene, quarters: int) -> None:
    image = Image.fromarray(make_scene(5))
    expected = np.rot90(np.asarray(image.convert("L")), quarters)
    assert near(pixels.read(heif(image, 0, quarters)), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_of_a_heif_is_not_applied(make_scene: Scene, orientation: int) -> None:
    """ISO/IEC 23008-12: only `irot` and `imir` turn; phones write both, and both would be twice."""
    image = Image.fromarray(make_scene(5))
    assert near(pixels.read(heif(image, orientation, 0)), np.asarray(image.convert("L")))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_changes_nothing(make_scene: Scene, orientation: int) -> None:
    image = Image.fromarray(make_scene(5))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert np.array_equal(
        pixels.read(saved(image, "PNG", exif=exif)), pixels.read(saved(image, "PNG"))
    )


def test_exif_that_is_broken_leaves_the_picture_as_it_is_stored(make_scene: Scene) -> None:
    image = Image.fromarray(make_scene(5))
    broken = b"Exif\0\0" + b"II*\0\x08\0\0\0\xff\xff" + bytes(7)
    text = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abc\0\0\0\0\0"
    other = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x03\0\0\0\x01\0\6\0\0\0\0\0\0"
    plain = pixels.read(saved(image, "JPEG"))
    for exif in (broken, text, other):
        assert np.array_equal(pixels.read(saved(image, "JPEG", exif=exif)), plain)


# --- modes ---


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_transparency_is_laid_on_white(kind: str) -> None:
    rgba = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    rgba.paste((0, 0, 0, 255), (0, 0, 32, 64))
    luma = pixels.read(saved(rgba, kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert luma[:, :30].max() <= 2
    assert luma[:, 34:].min() >= 253


def test_a_half_clear_grey_is_mixed_with_white() -> None:
    grey = Image.new("LA", (32, 32), (0, 128))
    assert np.unique(pixels.read(saved(grey, "PNG"))).tolist() == [127]


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_clear_colour_of_a_palette_is_white(kind: str) -> None:
    image = Image.new("P", (32, 32), 1)
    image.putpalette([10, 10, 10, 20, 20, 20] + [0] * 762)
    image.paste(0, (0, 0, 16, 32))
    luma = pixels.read(saved(image, kind, transparency=1))
    assert np.unique(luma[:, :16]).tolist() == [10]
    assert np.unique(luma[:, 16:]).tolist() == [255]


@pytest.mark.parametrize(
    ("mode", "clear", "other", "expected"),
    [("L", 7, 9, 9), ("RGB", (1, 2, 3), (9, 9, 9), 9), ("1", 0, 1, 255)],
)
def test_a_clear_colour_without_palette_is_white(
    mode: str, clear: int | tuple[int, ...], other: int | tuple[int, ...], expected: int
) -> None:
    image = Image.new(mode, (32, 32), other)
    image.paste(clear, (0, 0, 16, 32))
    luma = pixels.read(saved(image, "PNG", transparency=clear))
    assert np.unique(luma[:, :16]).tolist() == [255]
    assert np.unique(luma[:, 16:]).tolist() == [expected]


def sixteen(make_scene: Scene) -> tuple[NDArray[np.uint16], Luma]:
    grey = np.asarray(Image.fromarray(make_scene(6)).convert("L"))
    return grey.astype(np.uint16) * 256 + 17, grey


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_of_16_bits_the_upper_8_count(make_scene: Scene, kind: str) -> None:
    deep, grey = sixteen(make_scene)
    assert np.array_equal(pixels.read(saved(Image.fromarray(deep), kind)), grey)


def test_of_16_bits_big_endian_too(make_scene: Scene) -> None:
    deep, grey = sixteen(make_scene)
    image = Image.frombytes("I;16B", (grey.shape[1], grey.shape[0]), deep.astype(">u2").tobytes())
    assert np.array_equal(np.asarray(to_grey(image)), grey)


def test_a_clear_grey_of_16_bits_is_white(make_scene: Scene) -> None:
    deep, grey = sixteen(make_scene)
    deep[:10] = 4660
    luma = pixels.read(saved(Image.fromarray(deep), "PNG", transparency=4660))
    assert luma[:10].min() == 255
    assert np.array_equal(luma[10:], grey[10:])


@pytest.mark.parametrize(("mode", "scale", "offset"), [("I", 1000, -70000), ("F", 0.25, 3.5)])
def test_numbers_of_any_range_are_stretched(
    make_scene: Scene, mode: str, scale: float, offset: float
) -> None:
    grey = np.asarray(Image.fromarray(make_scene(7)).convert("L")).astype(np.float64)
    numbers = grey * scale + offset
    image = Image.fromarray(numbers.astype(np.int32 if mode == "I" else np.float32))
    luma = pixels.read(saved(image, "TIFF"))
    span = grey.max() - grey.min()
    assert np.abs(luma - (grey - grey.min()) * 255 / span).max() <= 0.51


def test_a_flat_picture_of_floats_is_black() -> None:
    flat = Image.fromarray(np.full((20, 20), 7.5, np.float32))
    assert pixels.read(saved(flat, "TIFF")).max() == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("whole", [False, True])
def test_floats_that_are_no_numbers_are_damage(value: float, *, whole: bool) -> None:
    numbers = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    numbers[slice(None) if whole else 3, 3] = value
    with pytest.raises(Damaged):
        pixels.read(saved(Image.fromarray(numbers), "TIFF"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"])
def test_every_mode_of_tiff_gives_the_same_picture(photos: list[Path], mode: str) -> None:
    with Image.open(photos[0]) as image:
        if mode == "LAB":
            srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
            changed = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
            assert changed is not None
        else:
            changed = image.convert(mode)
        expected = pdq.compute(pixels.read(saved(image, "PNG")))[0]
    found = pdq.compute(pixels.read(saved(changed, "TIFF")))[0]
    assert bits(found, expected) <= 10


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_jpegs_that_are_not_rgb(make_scene: Scene, mode: str) -> None:
    image = Image.fromarray(make_scene(9)).convert(mode)
    assert near(pixels.read(saved(image, "JPEG", quality=95)), np.asarray(image.convert("L")))


def test_a_tall_picture_is_turned_to_grey_in_bands(make_scene: Scene) -> None:
    image = Image.fromarray(make_scene(10, 700, 60))
    assert np.array_equal(pixels.read(saved(image, "PNG")), np.asarray(image.convert("L")))


def test_the_colour_profile_is_ignored(make_scene: Scene) -> None:
    image = Image.fromarray(make_scene(11))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert np.array_equal(
        pixels.read(saved(image, "PNG", icc_profile=profile)), pixels.read(saved(image, "PNG"))
    )


def test_of_a_multi_picture_jpeg_the_first_counts(make_scene: Scene) -> None:
    first, second = Image.fromarray(make_scene(12)), Image.fromarray(make_scene(13))
    untrusted = saved(first, "MPO", save_all=True, append_images=[second], quality=95)
    assert near(pixels.read(untrusted), np.asarray(first.convert("L")))


# --- limits ---


def test_more_bytes_than_the_limit_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "MAX_BYTES", 10)
    with pytest.raises(TooManyBytes):
        pixels.read(b"\xff\xd8\xff" + bytes(8))


@pytest.mark.parametrize(
    ("size", "error"),
    [((15, 200), TooSmall), ((200, 15), TooSmall), ((16, 513), TooNarrow), ((513, 16), TooNarrow)],
)
def test_what_is_too_small_or_narrow(size: tuple[int, int], error: type[ContentError]) -> None:
    with pytest.raises(error):
        pixels.read(saved(Image.new("L", size), "PNG"))


def test_the_limits_themselves_are_allowed() -> None:
    assert pixels.read(saved(Image.new("L", (16, 512)), "PNG")).shape == (512, 16)


@pytest.mark.parametrize(
    ("kind", "size", "options"),
    [
        ("PNG", (1100, 1000), {}),
        ("WEBP", (800, 700), {"lossless": True, "method": 0}),
        ("AVIF", (800, 700), {"speed": 10}),
        ("JPEG", (3000, 1500), {}),
        ("JPEG", (1100, 1000), {"progressive": True}),
    ],
)
def test_pixels_above_the_limit_of_the_format(
    monkeypatch: pytest.MonkeyPatch, kind: str, size: tuple[int, int], options: dict[str, object]
) -> None:
    monkeypatch.setattr(pixels, "MAX_PIXELS", 1_000_000)
    monkeypatch.setattr(pixels, "MAX_WEBP_PIXELS", 500_000)
    monkeypatch.setattr(pixels, "MAX_JPEG_PIXELS", 4_000_000)
    with pytest.raises(TooManyPixels):
        pixels.open_picture(saved(Image.new("RGB", size), kind, **options))


def test_a_jpeg_that_cannot_be_scaled_has_the_lower_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "MAX_PIXELS", 1_000_000)
    untrusted = saved(Image.new("RGB", (1200, 1100)), "JPEG")
    with pixels.open_picture(untrusted) as image, pytest.raises(TooManyPixels):
        pixels.first_luma(image)


def test_a_progressive_cmyk_jpeg_has_the_lowest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "MAX_WEBP_PIXELS", 5000)
    image = Image.new("CMYK", (80, 80))
    assert pixels.open_picture(saved(image, "JPEG")).size == (80, 80)
    with pytest.raises(TooManyPixels):
        pixels.open_picture(saved(image, "JPEG", progressive=True))


def test_the_bomb_limit_of_pillow_is_ours_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(TooManyPixels):
        pixels.read(saved(Image.new("L", (20, 20)), "PNG"))


def test_a_decoder_without_memory_is_too_many_pixels() -> None:
    def decode() -> None:
        raise MemoryError

    with pytest.raises(TooManyPixels):
        pixels.guarded(decode)


# --- damage ---


@given(st.integers(0, 2**32), st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"]))
def test_bytes_changed_anywhere_give_a_luma_or_a_content_error(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    untrusted = bytearray(saved(picture, kind))
    for place in rng.integers(4, len(untrusted), 3):
        untrusted[place] = rng.integers(256)
    try:
        luma = pixels.read(bytes(untrusted))
    except ContentError:
        return
    assert luma.dtype == np.uint8
    assert luma.ndim == 2


@pytest.mark.parametrize(
    ("kind", "module", "most", "options"),
    [
        ("JPEG", jpeg, 1, {}),
        ("JPEG", jpeg, 9, {"progressive": True}),  # enough up to the first scan
        ("PNG", png, 1, {}),
        ("WEBP", webp, 1, {}),
    ],
)
def test_a_file_of_very_many_pieces_is_damage(
    monkeypatch: pytest.MonkeyPatch,
    make_scene: Scene,
    kind: str,
    module: ModuleType,
    most: int,
    options: dict[str, object],
) -> None:
    untrusted = saved(Image.fromarray(make_scene(1)), kind, **options)
    assert pixels.read(untrusted).shape == (96, 128)
    monkeypatch.setattr(module, "MAX_PIECES", most)
    with pytest.raises(Damaged):
        pixels.open_picture(untrusted)


def test_scans_are_counted_as_the_decoder_goes_through_them(make_scene: Scene) -> None:
    image = Image.fromarray(make_scene(1))
    whole = saved(image, "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    assert jpeg.strip(saved(image, "JPEG")).scans == 1
    assert jpeg.strip(whole).scans == whole.count(b"\xff\xda") == 10
    assert jpeg.strip(whole[:-2] + last * 7 + whole[-2:] + last).scans == 17
    with pytest.raises(Damaged):
        jpeg.strip(b"\xff\xd8")


def test_a_jpeg_may_have_as_many_scans_as_its_pixels_allow(
    make_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    untrusted = saved(Image.fromarray(make_scene(1)), "JPEG", progressive=True)
    monkeypatch.setattr(pixels, "MAX_SCANNED", 10 * 96 * 128)
    assert pixels.open_picture(untrusted).size == (128, 96)
    monkeypatch.setattr(pixels, "MAX_SCANNED", 10 * 96 * 128 - 1)
    with pytest.raises(TooManyPixels):
        pixels.open_picture(untrusted)
