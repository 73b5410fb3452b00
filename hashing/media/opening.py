"""Each format's bytes to a picture that is open: its header is read, and no pixel decoded."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from PIL import Image, JpegImagePlugin

from hashing.errors import UnsupportedFormat
from hashing.media import avif, bmp, boxes, canvas, gif, heif, jpeg, png, rle, tiff, webp
from hashing.media.canvas import Drawn
from hashing.media.formats import Format
from hashing.media.stripped import Stripped

_MOVING = frozenset({Format.WEBP, Format.AVIF})
"""Formats of which Pillow shows several images as one animation. In a TIFF or HEIF they are pages,
thumbnails or a burst, and the first is what other programs show."""


MAX_AT_ONCE = 52 * 2**20
"""Pixels of a HEIF beyond which its tiles are decoded one by one."""


@dataclass
class Picture:
    """An open picture, to be used in a `with` statement.

    `size` is (width, height) of what `decode` returns, which raises what the decoder raises. What a
    file names besides is in `stripped`. `images` are those of a GIF or of an animated PNG; of other
    formats, `image` is open in Pillow. `rescue` opens what can be saved of a file that `decode`
    found damaged. `tiles` are those of a large HEIF, which take less memory than `decode`.
    `incomplete` says that the file breaks off; of an animation, when it has ended.
    """

    format: Format
    size: tuple[int, int]
    decode: Callable[[], Image.Image]
    stripped: Stripped
    image: Image.Image | None = None
    images: tuple[Drawn, ...] = ()
    rescue: Callable[[], Picture] | None = None
    tiles: heif.Grid | None = None
    incomplete: bool = False

    @property
    def frames(self) -> int:
        """How many images are shown one after another. Raises what the decoder raises."""
        if self.images or self.format not in _MOVING:
            return max(len(self.images), 1)
        return int(getattr(self.image, "n_frames", 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.image:
            self.image.close()


def opened(untrusted: bytes, picture_format: Format) -> Picture:
    """Open a picture. Raises a ContentError, and what the decoder raises."""
    picture = _OPENERS[picture_format](untrusted)
    picture.incomplete = picture.stripped.incomplete
    return picture


def _by_pillow(data: bytes, picture_format: Format, stripped: Stripped) -> Picture:
    image = Image.open(io.BytesIO(data), formats=[picture_format.value])
    return Picture(picture_format, image.size, partial(_loaded, image), stripped, image)


def _loaded(image: Image.Image) -> Image.Image:
    image.load()
    return image


def _jpeg(untrusted: bytes) -> Picture:
    stripped = jpeg.strip(untrusted)
    # Not Image.open: it refuses more than 179 megapixels before a scaled decode is possible.
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(stripped.data))
    return Picture(Format.JPEG, image.size, partial(_loaded, image), stripped, image)


def _png(untrusted: bytes) -> Picture:
    found = png.chunks(untrusted)
    stripped = png.strip(found)
    picture = _by_pillow(stripped.data, Format.PNG, stripped)
    picture.rescue = lambda: _rescued(found)
    images = canvas.of_png(found)
    if len(images) > 1 or (images and not found.default_is_first):
        picture.images = images
        picture.decode = partial(canvas.first, images, picture.size)
        picture.incomplete = found.cut
    return picture


def _rescued(found: png.Chunks) -> Picture:
    stripped = png.rescued(found)
    return _by_pillow(stripped.data, Format.PNG, stripped)


def _gif(untrusted: bytes) -> Picture:
    found = gif.read(untrusted)
    images, size = canvas.of_gif(found), (found.width, found.height)
    decode = partial(canvas.first, images, size)
    if len(images) > 1:
        return Picture(Format.GIF, size, decode, Stripped(b"", incomplete=found.cut), images=images)
    picture = Picture(Format.GIF, size, decode, Stripped(b""), images=images)
    if found.cut:
        shown = partial(canvas.of_part, found)
        part = Picture(Format.GIF, size, shown, Stripped(b"", incomplete=True))
        picture.rescue = lambda: part
    return picture


def _webp(untrusted: bytes) -> Picture:
    stripped = webp.strip(untrusted)
    return _by_pillow(stripped.data, Format.WEBP, stripped)


def _avif(untrusted: bytes) -> Picture:
    stripped = avif.strip(untrusted)
    return _by_pillow(stripped.data, Format.AVIF, stripped)


def _heif(untrusted: bytes) -> Picture:
    if boxes.is_sequence_alone(untrusted):
        raise UnsupportedFormat.of("a sequence of HEIF pictures")
    import pillow_heif  # noqa: PLC0415 (a second codec library: loaded only for its formats)

    pillow_heif.register_heif_opener()
    tiles = heif.grid(untrusted, MAX_AT_ONCE)
    if tiles:
        decode = partial(heif.decode, tiles, tiles.size[0])
        return Picture(
            Format.HEIF, tiles.size, decode, Stripped(b"", tiles.orientation), tiles=tiles
        )
    return _by_pillow(untrusted, Format.HEIF, Stripped(untrusted))


def _bmp(untrusted: bytes) -> Picture:
    if runs := rle.runs(untrusted):
        return _bmp_of_runs(untrusted, runs)
    picture = _whole_bmp(untrusted, Stripped(untrusted))
    picture.rescue = lambda: _rescued_bmp(untrusted)
    return picture


def _bmp_of_runs(untrusted: bytes, runs: rle.Runs) -> Picture:
    size, decode = (runs.width, runs.height), partial(rle.decode, untrusted, runs)
    picture = Picture(Format.BMP, size, decode, Stripped(b""))
    picture.rescue = lambda: _rescued_runs(untrusted, runs)
    return picture


def _rescued_runs(untrusted: bytes, runs: rle.Runs) -> Picture:
    image, missing = rle.rescued(untrusted, runs)
    above, below = (missing, 0) if runs.upwards else (0, missing)
    stripped = Stripped(b"", incomplete=True, above=above, below=below)
    return Picture(Format.BMP, image.size, partial(_loaded, image), stripped, image)


def _whole_bmp(data: bytes, stripped: Stripped) -> Picture:
    fields = bmp.fields(data)
    if not fields:
        return _by_pillow(bmp.readable(data), Format.BMP, stripped)
    decode = partial(bmp.decode, data, fields)
    return Picture(Format.BMP, (fields.width, fields.height), decode, stripped)


def _rescued_bmp(untrusted: bytes) -> Picture:
    stripped = bmp.rescued(untrusted)
    return _whole_bmp(stripped.data, stripped)


def _tiff(untrusted: bytes) -> Picture:
    found = tiff.read(untrusted)
    if found.is_raw:
        return _preview(untrusted, found)
    if found.is_mixed_up:
        size, decode = found.size, partial(tiff.decode, untrusted, found)
        return Picture(Format.TIFF, size, decode, Stripped(b"", found.orientation))
    picture = _by_pillow(untrusted, Format.TIFF, Stripped(untrusted))
    image = picture.image
    if image and image.mode.startswith("I;16"):
        picture.decode = lambda: tiff.spread(_loaded(image), found)
    return picture


def _preview(untrusted: bytes, found: tiff.Tiff) -> Picture:
    """The largest JPEG in a camera's raw file, which is what it shows."""
    data = tiff.preview(untrusted, found)
    if not data:
        raise UnsupportedFormat.of("a camera's raw file without a preview")
    picture = _jpeg(data)
    picture.stripped = picture.stripped._replace(orientation=found.orientation)
    return picture


_OPENERS: dict[Format, Callable[[bytes], Picture]] = {
    Format.JPEG: _jpeg,
    Format.PNG: _png,
    Format.GIF: _gif,
    Format.WEBP: _webp,
    Format.AVIF: _avif,
    Format.HEIF: _heif,
    Format.BMP: _bmp,
    Format.TIFF: _tiff,
}
