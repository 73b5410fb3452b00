"""The same video gives the same frames at the same times in a browser as in Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests import videos
from tests.pages import same

WITHIN_TEN_BITS = 16
"""Of a frame with 10 bits a sample: swscale interpolates its colours, the page does not."""


FILMS: dict[str, dict[str, str]] = {
    "moov-last.mp4": {},
    "moov-first.mp4": {"movflags": "faststart"},
    "fragments.mp4": {"movflags": "frag_keyframe+empty_moov+default_base_moof", "g": "25"},
    "fragments.mov": {"movflags": "frag_keyframe+empty_moov", "g": "25"},
    "no-b-frames.mov": {"bf": "0"},
    "full-range.mp4": {"pix_fmt": "yuvj420p"},
    "marked-709.mp4": {"x264-params": "colormatrix=bt709"},
    "marked-601-full.mp4": {"x264-params": "colormatrix=smpte170m:range=pc"},
    "all-colours.mp4": {"pix_fmt": "yuv444p"},
    "ten-bits.mp4": {"pix_fmt": "yuv420p10le"},
    "vp9.mp4": {"codec": "libvpx-vp9", "deadline": "realtime", "cpu-used": "8"},
    "vp9.webm": {"codec": "libvpx-vp9", "deadline": "realtime", "cpu-used": "8"},
    "marked-vp9.webm": {"codec": "libvpx-vp9", "deadline": "realtime", "colorspace": "bt709"},
    "vp8.webm": {"codec": "libvpx", "deadline": "realtime", "cpu-used": "8"},
    "h264.mkv": {},
    "unknown-matrix.mp4": {"x264-params": "colormatrix=YCgCo:transfer=smpte2084"},
    "fcc.mp4": {"x264-params": "colormatrix=fcc"},
    "smpte-240m.mp4": {"x264-params": "colormatrix=smpte240m"},
    "sought.mp4": {},
}


def test_videos_have_the_same_frames_at_the_same_times(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    paths = [same.film(tmp_path / name, **options) for name, options in FILMS.items()]
    _with_compact_sizes(paths[-1])
    for path, found in zip(paths, hashed(*paths), strict=True):
        assert len(found.get("frames", [])) > 9, (path.name, found)
        same.compare(
            found, same.known(path), WITHIN_TEN_BITS if path.stem == "ten-bits" else same.WITHIN
        )


def test_of_two_fields_one_is_hashed(hashed: Callable[..., list[Any]], tmp_path: Path) -> None:
    """A scene that moves by 16 pixels a frame, and 8 between its fields: both are 24 bits apart."""
    still = np.asarray(same.detailed(3, (320, 240)))
    moments = [np.roll(still, -8 * n, axis=1) for n in range(60)]
    films: dict[str, tuple[list[Any], dict[str, str]]] = {"one.mp4": (moments[::2], {})}
    for order, late in (("tff", 1), ("bff", 0)):
        woven = [moment.copy() for moment in moments[::2]]
        for frame, later in zip(woven, moments[1::2], strict=True):
            frame[late::2] = later[late::2]
        films[f"unmarked-{order}.mp4"] = woven, {}
        films[f"{order}.mp4"] = woven, {"x264-params": f"{order}=1"}
    paths = [
        videos.encoded(tmp_path / name, shown, options=options)
        for name, (shown, options) in films.items()
    ]
    documents = [same.known(path) for path in paths]
    for found, expected in zip(hashed(*paths), documents, strict=True):
        assert len(expected["frames"]) == 6
        same.compare(found, expected)
    for other in documents[1:]:
        for one, two in zip(documents[0]["frames"], other["frames"], strict=True):
            assert same.bits(one["value"], two["value"]) <= 8


def _with_compact_sizes(path: Path) -> None:
    """Make a film one that mp4.js does not read: its sizes are in 16 bits, as hardly any file's."""
    film = bytearray(path.read_bytes())
    at = film.index(b"stsz") - 4
    count = int.from_bytes(film[at + 16 : at + 20])
    large = [int.from_bytes(film[at + 20 + 4 * n : at + 24 + 4 * n]) for n in range(count)]
    small = b"".join(size.to_bytes(2) for size in large)
    head = (20 + 2 * count).to_bytes(4) + b"stz2" + bytes(7) + b"\x10" + count.to_bytes(4)
    rest = (2 * count).to_bytes(4) + b"free" + bytes(2 * count - 8)
    film[at : at + 20 + 4 * count] = head + small + rest
    path.write_bytes(film)


MATRICES = [
    *[(0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0), (-1, 0, 0, 1)],
    *[(1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)],
]


def test_a_video_is_turned_and_mirrored_by_its_matrix(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number}.mp4" for number in range(len(MATRICES))]
    film = bytearray(same.film(tmp_path / "film.mp4").read_bytes())
    at = film.index(b"tkhd") + 44
    for path, matrix in zip(paths, MATRICES, strict=True):
        for place, part in zip((0, 4, 12, 16), matrix, strict=True):
            film[at + place : at + place + 4] = (part * 65536).to_bytes(4, "big", signed=True)
        path.write_bytes(film)
    for path, found in zip(paths, hashed(*paths), strict=True):
        same.compare(found, same.known(path))


def test_sound_alone_and_pictures_of_a_codec_that_this_browser_lacks(
    hashed: Callable[..., list[Any]], tmp_path: Path
) -> None:
    """A <video> plays the sound of both: once they were called damaged."""
    paths = [
        same.with_sound(tmp_path / "sound.mp4"),
        same.with_sound(tmp_path / "hevc.mp4", "libx265"),
        same.with_sound(tmp_path / "hevc.mkv", "libx265"),
    ]
    errors = [found.get("error") for found in hashed(*paths)]
    assert errors[0] == "SoundAlone"
    assert set(errors[1:]) <= {"Unsupported", None}  # None: this Chromium has a licence


def test_shared_videos_are_the_same(hashed: Callable[..., list[Any]], shared: Path) -> None:
    names = ["decoy.gif", "decoy.mp4", "interlaced.mp4", "two_tracks.mov", "av1_1s.mp4"]
    paths = [shared / "files" / name for name in [*names, "seek.webm", "seek.webm", "seek.webm"]]
    if not all(path.exists() for path in paths):
        pytest.skip("no ../shared/files")
    for path, found in zip(paths, hashed(*paths), strict=True):
        same.compare(found, same.known(path))


@pytest.mark.parametrize("begin", [1024, 13_000, 14_848])
def test_an_edit_list_says_what_is_shown(
    hashed: Callable[..., list[Any]], tmp_path: Path, begin: int
) -> None:
    path = same.film(tmp_path / "film.mp4")
    film = bytearray(path.read_bytes())
    at = film.index(b"elst") + 12
    film[at : at + 8] = (1500).to_bytes(4, "big") + begin.to_bytes(4, "big")
    path.write_bytes(film)
    same.compare(hashed(path)[0], same.known(path))


def test_videos_of_the_vectors(hashed: Callable[..., list[Any]], shared: Path) -> None:
    paths = sorted((shared / "vectors/videos").glob("*.mp4"))
    assert len(paths) >= 5
    for path, found in zip(paths, hashed(*paths), strict=True):
        same.compare(found, same.known(path))


def test_damaged_videos(hashed: Callable[..., list[Any]], tmp_path: Path) -> None:
    whole = same.film(tmp_path / "film.mp4", movflags="faststart").read_bytes()
    cut, headless, still = (tmp_path / name for name in ("cut.mp4", "headless.mp4", "still.mp4"))
    cut.write_bytes(whole[: 2 * len(whole) // 3])
    headless.write_bytes(whole[:600])
    still.write_bytes(whole[: whole.index(b"mdat") + 4])
    found = hashed(cut, headless, still)
    expected = same.known(cut)["frames"]
    assert found[0]["frames"][: len(expected) - 1] == expected[: len(expected) - 1]
    assert (
        abs(len(found[0]["frames"]) - len(expected)) <= 1
    )  # the last may be lost with what it needs
    assert found[1:] == [same.known(headless), same.known(still)] == [{"error": "Damaged"}] * 2


def test_a_hash_is_cancelled_and_the_next_goes_on(page: Page, tmp_path: Path) -> None:
    page.set_input_files(
        "#files", [same.film(tmp_path / "film.mp4"), same.film(tmp_path / "next.mp4")]
    )
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
    same.compare(second, same.known(tmp_path / "next.mp4"))


def test_what_waits_is_cancelled_at_once_and_disturbs_nobody(page: Page, tmp_path: Path) -> None:
    page.set_input_files(
        "#files", [same.film(tmp_path / "film.mp4"), same.film(tmp_path / "next.mp4")]
    )
    ended, found = page.evaluate(
        """async () => {
          const [one, two] = document.getElementById("files").files;
          const ended = [];
          const stop = new AbortController();
          const first = window.hasher.hash(one).finally(() => ended.push("first"));
          const second = window.hasher.hash(two, { signal: stop.signal })
            .catch((err) => ended.push(err.code));
          stop.abort();
          await second;
          return [ended, await first];
        }"""
    )
    assert ended == ["Cancelled", "first"]
    same.compare(found, same.known(tmp_path / "film.mp4"))


def test_nothing_is_asked_of_the_network_once_the_page_is_loaded(
    page: Page, tmp_path: Path
) -> None:
    page.evaluate("window.hasher.prove()")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    paths = _pictures(tmp_path)
    page.context.set_offline(True)
    page.set_input_files("#files", [*paths, same.film(tmp_path / "film.mp4")])
    found = page.evaluate("window.hashAll('standard')")
    assert [each["kind"] for each in found] == ["picture"] * 3 + ["video"]
    assert asked == []


def _pictures(folder: Path) -> list[Path]:
    paths = [folder / name for name in ("one.jpg", "two.png", "three.webp")]
    for path in paths:
        same.detailed().save(path)
    return paths
