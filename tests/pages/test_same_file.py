"""The same file gives the same signals in a browser as in Python, within 4 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.device.media.bmp_runs import END, LINE, run_lengths
from tests.pages import same

Saved = list[tuple[str, Image.Image, dict[str, Any]]]


def _modes() -> Saved:
    rgb = same.detailed()
    clear = rgb.copy()
    clear.putalpha(Image.linear_gradient("L").resize(rgb.size))
    deep = Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257)
    return [
        *[(f"sampling-{n}.jpg", rgb, {"subsampling": n, "quality": 90}) for n in range(3)],
        ("progressive.jpg", rgb, {"progressive": True}),
        ("grey.jpg", rgb.convert("L"), {}),
        ("cmyk.jpg", rgb.convert("CMYK"), {}),
        ("kept.jpg", rgb, {"keep_rgb": True}),
        ("rgb.png", rgb, {}),
        ("grey.png", rgb.convert("L"), {}),
        ("palette.png", rgb.quantize(64), {}),
        ("clear-palette.png", rgb.quantize(64), {"transparency": 3}),
        ("clear.png", clear, {}),
        ("clear-grey.png", clear.convert("LA"), {}),
        ("clear-colour.png", rgb, {"transparency": rgb.getpixel((9, 9))}),
        ("deep.png", deep, {}),
        ("one.png", rgb.convert("1"), {}),
        ("lossy.webp", rgb, {}),
        ("lossless.webp", rgb, {"lossless": True}),
        ("clear.webp", clear, {}),
        ("clear-lossless.webp", clear, {"lossless": True, "exact": True}),
        ("quarter.avif", rgb, {}),
        ("full.avif", rgb, {"subsampling": "4:4:4"}),
        ("clear.avif", clear, {}),
        ("palette.gif", rgb.quantize(64), {}),
        ("rows.gif", clear.quantize(64, method=Image.Quantize.FASTOCTREE), {"interlace": 0}),
        ("rgb.bmp", rgb, {}),
        ("palette.bmp", rgb.quantize(64), {}),
    ]


def _write(folder: Path, pictures: Iterable[tuple[str, Image.Image, dict[str, Any]]]) -> list[Path]:
    paths = []
    for name, image, options in pictures:
        image.save(folder / name, **options)
        paths.append(folder / name)
    return paths


def test_every_format_and_mode(hashed: Callable[..., list[Any]], tmp_path: Path) -> None:
    paths = _write(tmp_path, _modes())
    for path, found in zip(paths, hashed(*paths), strict=True):
        converted = path.name == "clear.avif"
        tolerance = same.CONVERTED if converted else same.EXACT
        same.compare(found, same.known(path), *tolerance)


LOSSLESS = ("rgb.png", "grey.png", "palette.png", "clear.png", "lossless.webp", "rgb.bmp")


def test_lossless_pictures_differ_in_no_bit(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    paths = _write(tmp_path, [each for each in _modes() if each[0] in LOSSLESS])
    assert len(paths) == len(LOSSLESS)
    assert hashed(*paths) == [same.known(path) for path in paths]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif"])
def test_orientation_is_applied_once_and_the_profile_never(
    hashed: Callable[..., list[Any]], tmp_path: Path, suffix: str
) -> None:
    profile = _exchanging_profile()
    paths = []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.{suffix}"
        same.detailed().save(path, exif=exif, icc_profile=profile)
        paths.append(path)
    for path, found in zip(paths, hashed(*paths), strict=True):
        same.compare(found, same.known(path))
    assert len({same.known(path)["signals"][0]["value"] for path in paths}) == 8


def _exchanging_profile() -> bytes:
    """A matrix profile that takes each channel for another, with a gamma of 1 (ICC.1:2001-04)."""

    def fixed(*parts: float) -> bytes:
        return b"".join(round(part * 65536).to_bytes(4, "big", signed=True) for part in parts)

    colours = {b"rXYZ": (0.1431, 0.0606, 0.7141), b"gXYZ": (0.4361, 0.2225, 0.0139)}
    colours |= {b"bXYZ": (0.3851, 0.7169, 0.0971), b"wtpt": (0.9642, 1.0, 0.8249)}
    tags = {name: b"XYZ \0\0\0\0" + fixed(*xyz) for name, xyz in colours.items()}
    curve = b"curv\0\0\0\0" + (1).to_bytes(4, "big") + (256).to_bytes(2, "big") + b"\0\0"
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    at, table, body = 132 + 12 * len(tags), len(tags).to_bytes(4, "big"), b""
    for name, content in tags.items():
        table += name + (at + len(body)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        body += content
    size = (at + len(body)).to_bytes(4, "big")
    head = size + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    return (head + fixed(0.9642, 1.0, 0.8249)).ljust(128, b"\0") + table + body


def test_odd_and_large_sizes(hashed: Callable[..., list[Any]], tmp_path: Path) -> None:
    sizes = [(333, 219), (64, 64), (1281, 700), (2561, 2049), (4000, 3000), (5000, 1100)]
    pictures = [(f"{w}x{h}.jpg", same.detailed(w, (w, h)), {"quality": 90}) for w, h in sizes]
    pictures += [(f"{w}x{h}.png", same.detailed(w, (w, h)), {}) for w, h in sizes[:4]]
    pictures += [("17x19.png", same.detailed(2, (17, 19)), {})]
    paths = _write(tmp_path, pictures)
    for path, found in zip(paths, hashed(*paths), strict=True):
        same.compare(found, same.known(path))


def test_real_photographs(hashed: Callable[..., list[Any]], shared: Path, tmp_path: Path) -> None:
    photos = sorted((shared / "photos").glob("*.jpg"))[::24]
    large = ImageOps.fit(Image.open(photos[0]).convert("RGB"), (4000, 3000))
    pictures = [photos[0], *photos[1:], *sorted((shared / "vectors/pictures/dih").glob("*.jpg"))]
    pictures += _write(tmp_path, [("large.jpg", large, {"quality": 90, "progressive": True})])
    for path, found in zip(pictures, hashed(*pictures), strict=True):
        same.compare(found, same.known(path))


def test_animated_pictures_are_videos(hashed: Callable[..., list[Any]], tmp_path: Path) -> None:
    frames = [same.detailed(seed, (320, 240)) for seed in range(6)]
    more = {"save_all": True, "append_images": frames[1:]}
    uneven = {"duration": [70, 100, 20, 300, 600, 100], **more}
    # All are due: of a WebP or AVIF, hashing/media/frames.py reads the duration of no other frame.
    even = {"duration": 260, **more}
    pictures = [(f"uneven.{suffix}", frames[0], uneven) for suffix in ("gif", "png")]
    pictures += [(f"even.{suffix}", frames[0], even) for suffix in ("gif", "png", "webp", "avif")]
    paths = _write(tmp_path, pictures)
    for path, found in zip(paths, hashed(*paths), strict=True):
        assert found["kind"] == "video"
        assert len(found["frames"]) >= 3
        tolerance = same.CONVERTED if path.suffix == ".avif" else same.EXACT
        same.compare(found, same.known(path), *tolerance)


def test_what_is_refused_has_the_same_name(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    paths = _write(
        tmp_path,
        [
            ("plain.png", Image.new("RGB", (300, 200), (90, 90, 90)), {}),
            ("small.png", same.detailed(3, (300, 15)), {}),
            ("narrow.png", same.detailed(3, (3000, 60)), {}),
        ],
    )
    whole = _write(tmp_path, _modes())
    for path in whole:
        cut = tmp_path / f"cut-{path.name}"
        cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        paths.append(cut)
    for name, content in {"empty.jpg": b"", "text.png": b"a letter " * 99, "BM.bmp": b"BM"}.items():
        (tmp_path / name).write_bytes(content)
        paths.append(tmp_path / name)
    bomb = bytearray((tmp_path / "rgb.png").read_bytes())
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    (tmp_path / "bomb.png").write_bytes(bomb)
    (tmp_path / "png-named.jpg").write_bytes((tmp_path / "rgb.png").read_bytes())
    for path, found in zip(paths, hashed(*paths), strict=True):
        known = same.known(path)
        if path.name.startswith("cut-") and path.suffix not in {".webp", ".avif"}:
            assert found.pop("incomplete")
            same.compare(found, known)
        else:
            assert found == known, path.name
    bombed, named = hashed(tmp_path / "bomb.png", tmp_path / "png-named.jpg")
    assert bombed == {"error": "TooManyPixels"}
    same.compare(named, same.known(tmp_path / "rgb.png"))


def test_what_is_shown_of_files_that_are_not_quite_right(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    """Files that each side refused, or read by another rule, while browsers show them."""
    rgb, palette = same.detailed(), same.detailed().quantize(64)
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = {
        p.name: p.read_bytes()
        for p in _write(
            tmp_path,
            [
                ("a.jpg", rgb, {"exif": exif}),
                ("a.png", rgb, {"exif": exif}),
                ("a.webp", rgb, {}),
                ("a.gif", palette, {}),
                ("a.avif", rgb, {"quality": 100, "subsampling": "4:4:4"}),
                (
                    "b.png",
                    rgb,
                    {"save_all": True, "append_images": [same.detailed(7)], "default_image": True},
                ),
            ],
        )
    }
    as_byte = whole["a.jpg"].replace(b"\x01\x12\x00\x03", b"\x01\x12\x00\x01")
    identity = bytearray(whole["a.avif"])
    at = identity.index(b"nclx") + 8
    identity[at : at + 2] = b"\0\0"
    made = {
        "no-end.jpg": whole["a.jpg"][:-2],
        "byte.jpg": as_byte,
        "no-end.png": whole["a.png"][:-12],
        "checksum.png": whole["a.png"][:-13] + b"\0" + whole["a.png"][-12:],
        "trailing.webp": whole["a.webp"] + b"trailing",
        "trailing.avif": whole["a.avif"] + b"trailing",
        "b.png": whole["b.png"],
        "no-screen.gif": whole["a.gif"][:6] + bytes(4) + whole["a.gif"][10:],
        "no-end.gif": whole["a.gif"][:-2],
        "identity.avif": bytes(identity),
    }
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    for name, found in zip(made, hashed(*(tmp_path / name for name in made)), strict=True):
        found.pop("incomplete", None)
        same.compare(found, same.known(tmp_path / name))
    hidden = same.known(tmp_path / "b.png")
    assert (
        same.bits(
            hidden["signals"][0]["value"], same.known(tmp_path / "a.png")["signals"][0]["value"]
        )
        > 60
    )


def _runs(image: Image.Image, *, leaves_out: bool) -> bytes:
    """Rows in absolute runs; two of three blocks in the middle of each may be left out."""
    lines = []
    for n, line in enumerate(np.asarray(image)[::-1]):
        parts = [line[at : at + 200].tobytes() for at in range(0, image.width, 200)]
        runs = [bytes([0, len(part)]) + part + b"\0" * (len(part) % 2) for part in parts]
        if leaves_out:
            runs[1] = bytes([0, 2, 200, 0]) if n // 60 % 3 else runs[1]
            runs[3:] = runs[3:] if n // 50 % 2 else []
        lines.append(b"".join(runs) + LINE)
    palette = np.array(image.getpalette("BGR"), np.uint8).reshape(-1, 3)
    size = (image.width, image.height)
    return run_lengths(b"".join(lines) + END, size, 8, palette.tolist())


def test_what_the_runs_of_a_bmp_leave_out(hashed: Callable[..., list[Any]], tmp_path: Path) -> None:
    image = ImageOps.invert(same.detailed()).quantize(64)
    assert sum((image.getpalette() or [])[:3]) > 90  # left out is black, not the first colour
    (tmp_path / "whole.bmp").write_bytes(_runs(image, leaves_out=False))
    with_gaps = _runs(image, leaves_out=True)
    (tmp_path / "gaps.bmp").write_bytes(with_gaps)
    (tmp_path / "cut.bmp").write_bytes(with_gaps[: len(with_gaps) * 2 // 3])
    paths = [tmp_path / f"{name}.bmp" for name in ("whole", "gaps", "cut")]
    whole, gaps, cut = hashed(*paths)
    assert cut.pop("incomplete")
    assert [whole, gaps, cut] == [same.known(path) for path in paths]
    values = [each["signals"][0]["value"] for each in (whole, gaps, cut)]
    assert min(same.bits(one, values[1]) for one in (values[0], values[2])) > 31


def test_an_avif_that_only_python_reads_is_not_called_damaged(
    hashed: Callable[..., list[Any]], shared: Path
) -> None:
    path = shared / "files/corpora/08-alpha_noispe.avif"
    if not path.exists():
        pytest.skip("no ../shared/files")
    assert hashed(path) == [{"error": "Unsupported"}]
    assert "error" not in same.known(path)


def test_what_only_python_opens_is_unsupported(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    paths = _write(tmp_path, [("picture.tiff", same.detailed(), {})])
    film = same.film(tmp_path / "film.mp4", "mpeg4")
    assert hashed(*paths) == [{"error": "Unsupported"}]
    assert hashed(film) == [{"error": "Unsupported", "cause": {"codec": "mp4v"}}]
