"""The same file gives the same signals in a browser as in Python, within 4 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Page

from hashing import hash_file
from hashing.errors import ContentError
from hashing.submission import content_document
from hashing.windows import WindowSet

WITHIN = 4
"""Bits of a perceptual signal: what another correct decoder may move."""


@pytest.fixture
def hashed(page: Page) -> Callable[..., list[Any]]:
    """Return what the page makes of files: their content, or `{"error": code}`."""

    def run(*files: Path, windows: str = "all") -> list[Any]:
        page.set_input_files("#files", files)
        found: list[Any] = page.evaluate("(windows) => window.hashAll(windows)", windows)
        return found

    return run


def _bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _known(file: Path) -> Any:
    try:
        return content_document(hash_file(file, use=WindowSet.ALL))
    except ContentError as err:
        return {"error": type(err).__name__}


def _compare(found: Any, known: Any, within: int = WITHIN) -> None:
    """Two documents: equal in all but so many bits of each perceptual value, and a quality."""
    assert "error" not in found, found
    assert list(found) == list(known)
    assert found["kind"] == known["kind"]
    for part in ("signals", "windows", "frames"):
        for ours, theirs in zip(found.get(part, []), known.get(part, []), strict=True):
            ends = {"value", "quality"}
            assert list(ours) == list(theirs)
            assert {k: ours[k] for k in set(ours) - ends} == {
                k: theirs[k] for k in set(theirs) - ends
            }
            exact = ours["type"] in {"md5", "sha256"}
            assert _bits(ours["value"], theirs["value"]) <= (0 if exact else within), ours
            assert abs(ours.get("quality", 0) - theirs.get("quality", 0)) <= 1


def _detailed(seed: int = 1, size: tuple[int, int] = (640, 427)) -> Image.Image:
    """Soft colours, some edges, and a little grain."""
    rng = np.random.default_rng(seed)
    few = rng.integers(0, 256, (9, 13, 3), dtype=np.uint8)
    picture = Image.fromarray(few).resize(size, Image.Resampling.BICUBIC)
    for _ in range(12):
        left, top = int(rng.integers(size[0])), int(rng.integers(size[1]))
        colour = tuple(int(part) for part in rng.integers(0, 256, 3))
        picture.paste(colour, (left, top, left + size[0] // 8, top + size[1] // 8))
    pixels = np.asarray(picture, np.int16) + rng.integers(-4, 5, (size[1], size[0], 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


Saved = list[tuple[str, Image.Image, dict[str, Any]]]


def _modes() -> Saved:
    rgb = _detailed()
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
        _compare(found, _known(path))


LOSSLESS = ("rgb.png", "grey.png", "palette.png", "clear.png", "lossless.webp", "rgb.bmp")


def test_lossless_pictures_differ_in_no_bit(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    paths = _write(tmp_path, [each for each in _modes() if each[0] in LOSSLESS])
    assert len(paths) == len(LOSSLESS)
    assert hashed(*paths) == [_known(path) for path in paths]


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
        _detailed().save(path, exif=exif, icc_profile=profile)
        paths.append(path)
    for path, found in zip(paths, hashed(*paths), strict=True):
        _compare(found, _known(path))
    assert len({_known(path)["signals"][0]["value"] for path in paths}) == 8


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
    pictures = [(f"{w}x{h}.jpg", _detailed(w, (w, h)), {"quality": 90}) for w, h in sizes]
    pictures += [(f"{w}x{h}.png", _detailed(w, (w, h)), {}) for w, h in sizes[:4]]
    pictures += [("17x19.png", _detailed(2, (17, 19)), {})]
    paths = _write(tmp_path, pictures)
    for path, found in zip(paths, hashed(*paths), strict=True):
        _compare(found, _known(path))


def test_real_photographs(hashed: Callable[..., list[Any]], shared: Path, tmp_path: Path) -> None:
    photos = sorted((shared / "photos").glob("*.jpg"))[::24]
    large = ImageOps.fit(Image.open(photos[0]).convert("RGB"), (4000, 3000))
    pictures = [photos[0], *photos[1:], *sorted((shared / "vectors/pictures/dih").glob("*.jpg"))]
    pictures += _write(tmp_path, [("large.jpg", large, {"quality": 90, "progressive": True})])
    for path, found in zip(pictures, hashed(*pictures), strict=True):
        _compare(found, _known(path))


def test_animated_pictures_are_videos(hashed: Callable[..., list[Any]], tmp_path: Path) -> None:
    frames = [_detailed(seed, (320, 240)) for seed in range(6)]
    more = {"save_all": True, "append_images": frames[1:]}
    uneven = {"duration": [70, 100, 20, 300, 600, 100], **more}
    # All due: hashing/frames.py reads the duration of a WebP's and AVIF's frame only when it is.
    even = {"duration": 260, **more}
    pictures = [(f"uneven.{suffix}", frames[0], uneven) for suffix in ("gif", "png")]
    pictures += [(f"even.{suffix}", frames[0], even) for suffix in ("gif", "png", "webp", "avif")]
    paths = _write(tmp_path, pictures)
    for path, found in zip(paths, hashed(*paths), strict=True):
        assert found["kind"] == "video"
        assert len(found["frames"]) >= 3
        _compare(found, _known(path))


def test_what_is_refused_has_the_same_name(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    paths = _write(
        tmp_path,
        [
            ("plain.png", Image.new("RGB", (300, 200), (90, 90, 90)), {}),
            ("small.png", _detailed(3, (300, 15)), {}),
            ("narrow.png", _detailed(3, (3000, 60)), {}),
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
        assert found == _known(path), path.name
    bombed, named = hashed(tmp_path / "bomb.png", tmp_path / "png-named.jpg")
    assert bombed == {"error": "TooManyPixels"}
    _compare(named, _known(tmp_path / "rgb.png"))


def test_what_only_python_opens_is_unsupported(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    paths = _write(tmp_path, [("picture.tiff", _detailed(), {})])
    film = _film(tmp_path / "film.mp4", "mpeg4")
    assert hashed(*paths) == [{"error": "Unsupported"}]
    assert hashed(film) == [{"error": "Unsupported", "cause": {"codec": "mp4v"}}]


def _film(path: Path, codec: str = "libx264", **options: str) -> Path:
    """Eighty frames at 25 a second: five scenes, each of which moves."""
    scenes = [np.asarray(_detailed(seed, (640, 480))) for seed in range(5)]
    muxed = {"movflags": options.pop("movflags")} if "movflags" in options else {}
    pixels = options.pop("pix_fmt", "yuv420p")
    with av.open(str(path), "w", options=muxed) as container:
        stream = container.add_stream(codec, Fraction(25), options=options)
        stream.width, stream.height, stream.pix_fmt = 322, 242, pixels
        for number in range(80):
            left, top = number * 3 % 318, number * 2 % 238
            shown = np.ascontiguousarray(scenes[number // 20][top : top + 242, left : left + 322])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode())
    return path


FILMS: dict[str, dict[str, str]] = {
    "moov-last.mp4": {},
    "moov-first.mp4": {"movflags": "faststart"},
    "fragments.mp4": {"movflags": "frag_keyframe+empty_moov+default_base_moof", "g": "25"},
    "fragments.mov": {"movflags": "frag_keyframe+empty_moov", "g": "25"},
    "no-b-frames.mov": {"bf": "0"},
    "full-range.mp4": {"pix_fmt": "yuvj420p"},
    "all-colours.mp4": {"pix_fmt": "yuv444p"},
    "ten-bits.mp4": {"pix_fmt": "yuv420p10le"},
    "vp9.mp4": {"codec": "libvpx-vp9", "deadline": "realtime", "cpu-used": "8"},
    "sought-vp9.webm": {"codec": "libvpx-vp9", "deadline": "realtime", "cpu-used": "8"},
    "sought-vp8.webm": {"codec": "libvpx", "deadline": "realtime", "cpu-used": "8"},
    "sought-h264.mkv": {},
}


def test_videos_have_the_same_frames_at_the_same_times(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    paths = [_film(tmp_path / name, **options) for name, options in FILMS.items()]
    for path, found in zip(paths, hashed(*paths), strict=True):
        assert len(found["frames"]) > 9, path.name
        _compare(found, _known(path))


MATRICES = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@pytest.mark.parametrize("degrees", MATRICES)
def test_a_turned_video_is_hashed_upright(
    hashed: Callable[..., list[Any]], tmp_path: Path, degrees: int
) -> None:
    path = _film(tmp_path / "film.mp4")
    film = bytearray(path.read_bytes())
    at = film.index(b"tkhd") + 44
    for place, part in zip((0, 4, 12, 16), MATRICES[degrees], strict=True):
        film[at + place : at + place + 4] = (part * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(film)
    _compare(hashed(path)[0], _known(path))


@pytest.mark.parametrize("begin", [1024, 13_000, 14_848])
def test_an_edit_list_says_what_is_shown(
    hashed: Callable[..., list[Any]], tmp_path: Path, begin: int
) -> None:
    path = _film(tmp_path / "film.mp4")
    film = bytearray(path.read_bytes())
    at = film.index(b"elst") + 12
    film[at : at + 8] = (1500).to_bytes(4, "big") + begin.to_bytes(4, "big")
    path.write_bytes(film)
    _compare(hashed(path)[0], _known(path))


def test_videos_of_the_vectors(hashed: Callable[..., list[Any]], shared: Path) -> None:
    paths = sorted((shared / "vectors/videos").glob("*.mp4"))
    for path, found in zip(paths, hashed(*paths), strict=True):
        _compare(found, _known(path))


def test_damaged_videos(hashed: Callable[..., list[Any]], tmp_path: Path) -> None:
    whole = _film(tmp_path / "film.mp4", movflags="faststart").read_bytes()
    cut, headless, still = (tmp_path / name for name in ("cut.mp4", "headless.mp4", "still.mp4"))
    cut.write_bytes(whole[: 2 * len(whole) // 3])
    headless.write_bytes(whole[:600])
    still.write_bytes(whole[: whole.index(b"mdat") + 4])
    found = hashed(cut, headless, still)
    known = _known(cut)["frames"]
    assert found[0]["frames"][: len(known) - 1] == known[: len(known) - 1]
    assert abs(len(found[0]["frames"]) - len(known)) <= 1  # the last may be lost with what it needs
    assert found[1:] == [_known(headless), _known(still)] == [{"error": "Damaged"}] * 2


def test_a_hash_is_cancelled_and_the_next_goes_on(page: Page, tmp_path: Path) -> None:
    page.set_input_files("#files", [_film(tmp_path / "film.mp4"), _film(tmp_path / "next.mp4")])
    first, second, seen = page.evaluate(
        """async () => {
          const [one, two] = document.getElementById("files").files;
          const seen = [];
          const stop = new AbortController();
          const first = window.hasher.hash(one, { signal: stop.signal, onProgress: (part) => {
            seen.push(part);
            if (part > 0.3) stop.abort();
          } }).catch((err) => err.code);
          const second = window.hasher.hash(two);
          return [await first, await second, seen];
        }"""
    )
    assert first == "Cancelled"
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] < 0.9
    _compare(second, _known(tmp_path / "next.mp4"))


def test_nothing_is_asked_of_the_network_once_the_page_is_loaded(
    page: Page, tmp_path: Path
) -> None:
    page.evaluate("window.hasher.prove()")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    paths = _write(tmp_path, _modes()[:3])
    page.context.set_offline(True)
    page.set_input_files("#files", [*paths, _film(tmp_path / "film.mp4")])
    found = page.evaluate("window.hashAll('standard')")
    assert [each["kind"] for each in found] == ["picture"] * 3 + ["video"]
    assert asked == []
