"""AVIFs and HEIFs that are shown everywhere, though not as their decoders would have them."""

import io
import struct
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import islice

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from hashing.errors import ContentError, Damaged, TooManyPixels, UnsupportedFormat
from hashing.hasher import hash_picture
from hashing.media import boxes, opening, pixels
from tests.device.box_files import saved, tiled, with_property
from tests.device.conftest import scene

Scene = Callable[..., NDArray[np.uint8]]
TILE = 256 * 256


@pytest.fixture
def image(make_scene: Scene) -> Image.Image:
    return Image.fromarray(make_scene(5))


@pytest.fixture
def half_clear(image: Image.Image) -> bytes:
    """An AVIF with an alpha that has no size of its own, which libavif refuses."""
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    whole = saved(image, "AVIF", quality=95)
    found = boxes.read(whole)
    (alpha,) = (entry for entry in boxes.entries(whole, found.ipma) if entry.item != found.primary)
    assert found.properties[alpha.numbers[0] - 1].kind == b"ispe"
    at = alpha.counted + 1
    return whole[:at] + b"\0" + whole[at + 1 :]


def opens(avif: bytes) -> bool:
    try:
        Image.open(io.BytesIO(avif), formats=["AVIF"]).close()
    except UnidentifiedImageError:
        return False
    return True


# --- AVIF ---


def test_the_clean_aperture_of_an_avif_is_what_counts(image: Image.Image) -> None:
    whole = saved(image, "AVIF", quality=95)
    shift = [2, 1, -3 & 0xFFFFFFFF, 1]  # of the middle, in whole pixels
    clap = struct.pack(">I4s8I", 40, b"clap", 64, 1, 40, 1, *shift)
    luma = pixels.read(with_property(whole, clap))
    assert np.array_equal(luma, pixels.read(whole)[25:65, 34:98])


def test_an_avif_with_broken_exif_is_as_it_is_stored(image: Image.Image) -> None:
    described = Image.Exif()
    described[0x010E] = "a picture"
    whole = saved(image, "AVIF", exif=described)
    at = whole.rindex(b"*\0") - 2
    assert np.array_equal(pixels.read(whole[:at] + b"bad!" + whole[at + 4 :]), pixels.read(whole))


def test_a_matrix_that_libavif_does_not_convert(image: Image.Image) -> None:
    whole = saved(image, "AVIF", quality=95)
    at = whole.index(b"nclx") + 8
    found = pixels.read(whole[:at] + b"\0\x0a" + whole[at + 2 :])
    assert np.array_equal(found, pixels.read(whole[:at] + b"\0\x09" + whole[at + 2 :]))


def test_an_avif_beyond_libavifs_own_limit_has_too_many_pixels(image: Image.Image) -> None:
    whole = saved(image, "AVIF")
    at = whole.index(b"ispe") + 8
    with pytest.raises(TooManyPixels):
        pixels.open_picture(whole[:at] + struct.pack(">II", 17000, 17000) + whole[at + 8 :])


@pytest.mark.parametrize(
    "clap",
    [
        (64, 1, 63, 1, 0, 1, 0, 1),  # half a row
        (64, 1, 40, 1, 33, 1, 0, 1),  # beyond the right side
        (64, 1, 40, 1, 0, 1, -29, 1),  # above the top
        (64, 0, 40, 1, 0, 1, 0, 1),
        (-64, 1, 40, 1, 0, 1, 0, 1),
    ],
)
def test_a_clean_aperture_that_is_none_cuts_nothing_off(
    image: Image.Image, clap: Sequence[int]
) -> None:
    whole = saved(image, "AVIF", quality=95)
    box = struct.pack(f">I4s{len(clap)}i", 8 + 4 * len(clap), b"clap", *clap)
    assert np.array_equal(pixels.read(with_property(whole, box)), pixels.read(whole))


def test_an_alpha_without_a_size_has_that_of_its_picture(half_clear: bytes) -> None:
    assert not opens(half_clear)
    luma = pixels.read(half_clear)
    assert luma.shape == (96, 128)
    assert luma[0].min() >= 253 > luma[-1].min()  # clear above, the picture below


@pytest.mark.parametrize(
    "more",
    [
        b"\0\0\0\x05abcdefgh",
        b"\0\0\0\x01abcd\0\0\0\0\0\0\0\x0f",
        b"\0\0\0\x01free\0\0\0\0\0\0\0\x12xy\0\0\0\x04end.",
        b"\0\0\0\0skip",
    ],
)
def test_what_follows_a_picture_may_be_no_box(
    image: Image.Image, half_clear: bytes, more: bytes
) -> None:
    pillow_heif.register_heif_opener()
    for whole in (half_clear, saved(image.convert("RGB"), "HEIF")):
        assert np.array_equal(pixels.read(whole + more), pixels.read(whole))


def test_pictures_without_a_still_are_read_as_they_are(make_scene: Scene) -> None:
    images = [Image.fromarray(make_scene(seed)) for seed in (1, 2, 3)]
    whole = saved(images[0], "AVIF", save_all=True, append_images=images[1:], duration=500)
    alone = whole.replace(b"meta", b"free", 1).replace(b"avif", b"avis", 1)
    found = hash_picture(alone)
    assert len(found.frames) == 3
    assert found.frames == hash_picture(whole).frames


def without(kind: bytes) -> Callable[[bytes], bytes]:
    return lambda avif: avif.replace(kind, b"free", 1)


def replaced(kind: bytes, offset: int, more: bytes) -> Callable[[bytes], bytes]:
    """Other bytes so far behind the name of a box."""

    def change(avif: bytes) -> bytes:
        at = avif.index(kind) + 4 + offset
        return avif[:at] + more + avif[at + len(more) :]

    return change


@pytest.mark.parametrize(
    "damage",
    [
        *(without(kind) for kind in (b"meta", b"pitm", b"iprp", b"ipco", b"ipma", b"ispe")),
        replaced(b"hdlr", -8, b"\0\0\0\x07"),  # shorter than its own header
        replaced(b"ispe", -8, b"\0\0\0\x0f"),
        replaced(b"ipma", 11, b"\x7f"),  # a property that there is not
        replaced(b"ipma", 10, b"\x7f"),  # more of them than the box has bytes
    ],
)
def test_boxes_that_are_damaged_are_left_to_the_decoder_which_refuses_them_too(
    image: Image.Image, damage: Callable[[bytes], bytes]
) -> None:
    avif = damage(saved(image, "AVIF"))
    with pytest.raises(Damaged):
        boxes.size(avif, boxes.read(avif))
    with pytest.raises(Damaged):
        pixels.read(avif)


@pytest.mark.parametrize(
    "damage", [without(b"iinf"), without(b"infe"), replaced(b"infe", 0, b"\1")]
)
def test_items_without_a_type_are_none(
    image: Image.Image, damage: Callable[[bytes], bytes]
) -> None:
    avif = damage(saved(image, "AVIF"))
    assert boxes.read(avif).kinds == {}
    with pytest.raises(Damaged):
        pixels.read(avif)


def test_of_very_many_boxes_the_first_are_read(
    image: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    avif = saved(image, "AVIF")
    monkeypatch.setattr(boxes, "MAX_PIECES", 2)
    assert [box.kind for box in islice(boxes.boxes(avif), 2)] == [b"ftyp", b"meta"]
    with pytest.raises(Damaged):
        list(boxes.boxes(avif))


# --- HEIF ---


def test_a_sequence_of_heif_pictures_is_named() -> None:
    with pytest.raises(UnsupportedFormat, match="sequence of HEIF"):
        pixels.open_picture(struct.pack(">I4s4sI", 16, b"ftyp", b"hevc", 0) + b"\0\0\0\x08moov")


def test_the_tiles_of_a_large_heif_are_decoded_one_by_one(
    make_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    pillow_heif.register_heif_opener()
    stills = [Image.fromarray(make_scene(seed, 256, 256)) for seed in (1, 2, 3, 4, 5, 6)]
    file = tiled([saved(still, "HEIF", quality=90) for still in stills], (1400, 250))
    whole = pixels.read(file)
    assert whole.shape == (250, 1024)
    monkeypatch.setattr(opening, "MAX_AT_ONCE", 256 * 256)
    monkeypatch.setattr(pixels, "MAX_PIXELS", 256 * 256)
    assert np.abs(pixels.read(file).astype(int) - whole).max() <= 2


@pytest.fixture(scope="module")
def two_tiles() -> bytes:
    pillow_heif.register_heif_opener()
    return tiled([saved(Image.fromarray(scene(1, 256, 256)), "HEIF")] * 2, (500, 250))


def both(*changes: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda file: reduce(lambda changed, change: change(changed), changes, file)


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (replaced(b"iloc", 55, b"\7"), Damaged),  # a byte less of what describes the grid
        (replaced(b"idat", 1, b"\1"), Damaged),  # sides of 32 bits, which are not there
        (replaced(b"idat", 2, b"\1"), Damaged),  # a row more than there are tiles for
        (without(b"iref"), Damaged),
        (without(b"iloc"), Damaged),
        (replaced(b"iloc", 7, b"\4"), Damaged),  # an item more than it has places for
        (without(b"iprp"), Damaged),
        (replaced(b"ispe", 4, struct.pack(">I", 300)), Damaged),  # not that of a tile
        # Left to the decoder at once, which has the lower limit.
        (replaced(b"idat", 4, struct.pack(">H", 200)), TooManyPixels),
        (
            both(
                replaced(b"ispe", 4, struct.pack(">I", 128)),
                replaced(b"idat", 4, struct.pack(">H", 250)),
            ),
            TooManyPixels,
        ),
    ],
)
def test_a_grid_that_its_tiles_do_not_fit_is_not_decoded_one_by_one(
    two_tiles: bytes,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[bytes], bytes],
    error: type[ContentError],
) -> None:
    monkeypatch.setattr(opening, "MAX_AT_ONCE", TILE)
    monkeypatch.setattr(pixels, "MAX_PIXELS", TILE)
    assert pixels.read(two_tiles).shape == (250, 500)
    with pytest.raises(error):
        pixels.read(damage(two_tiles))
