import io
import shutil
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hashing.errors import (
    Damaged,
    TooLong,
    TooManyPixels,
    TooSmall,
    UnknownFormat,
    VideoSupportMissing,
)
from hashing.media import animation as animations
from hashing.media import container, frames, pixels, timeline
from hashing.media.opening import Picture

Rgb = NDArray[np.uint8]
Scene = Callable[..., Rgb]
MakeVideo = Callable[..., Path]

CONTAINERS = [
    *[("clip.mp4", "mp4v"), ("clip.mov", "mp4v"), ("clip.avi", "MJPG"), ("clip.avi", "XVID")],
    *[("clip.webm", "VP80"), ("clip.webm", "VP90"), ("clip.mkv", "FFV1"), ("clip.flv", "FLV1")],
    *[("clip.ts", "MPG2"), ("clip.mpg", "MPG1"), ("clip.m1v", "MPG1"), ("clip.asf", "WMV2")],
]


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
def test_every_container_is_sampled_four_times_a_second(
    make_video: MakeVideo, make_scene: Scene, name: str, codec: str
) -> None:
    scenes = [make_scene(seed) for seed in (1, 2, 3) for _ in range(25)]
    path = make_video(name, scenes, codec=codec, rate=25)
    found = list(frames.sample(path))
    times = [frame.at_ms for frame in found]
    assert times == sorted(times)
    assert 11 <= len(found) <= 13
    assert all(200 <= late - early <= 320 for early, late in pairwise(times))
    assert all(0 <= frame.fraction <= 1 for frame in found)
    for frame, seed in ((found[1], 1), (found[6], 2), (found[-1], 3)):
        grey = np.asarray(Image.fromarray(make_scene(seed)).convert("L"))
        assert frame.luma.shape == grey.shape
        assert np.abs(frame.luma.astype(int) - grey).mean() < 4


def test_the_extension_is_not_believed(make_video: MakeVideo) -> None:
    path = make_video("clip.webm", codec="VP80")
    renamed = path.rename(path.with_name("picture.jpg"))
    assert len(list(frames.sample(renamed))) == 12


def test_a_name_that_is_a_pattern_opens_no_other_file(
    make_video: MakeVideo, make_scene: Scene, tmp_path: Path
) -> None:
    """FFmpeg itself would read `clip0.jpg`, `clip1.jpg` and so on in its place."""
    Image.fromarray(make_scene(99)).save(tmp_path / "clip0.jpg")
    video = make_video()
    expected = [frame.luma for frame in frames.sample(video)]
    trap = Path(shutil.copy(video, tmp_path / "clip%d.jpg"))
    found = [frame.luma for frame in frames.sample(trap)]
    assert len(found) == len(expected) > 0
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
        "ffconcat version 1.0\nfile clip.mp4\n",
        "<?xml version='1.0'?><MPD profiles='urn:mpeg:dash:profile:isoff-on-demand:2011'/>",
    ],
)
def test_a_playlist_never_reaches_ffmpeg(tmp_path: Path, make_video: MakeVideo, text: str) -> None:
    make_video()
    path = tmp_path / "list.mp4"
    path.write_text(text)
    with pytest.raises(UnknownFormat):
        list(frames.sample(path))


def test_a_period_of_one_gives_every_frame(make_video: MakeVideo) -> None:
    found = list(frames.sample(make_video(), period_ms=1))
    assert [frame.at_ms for frame in found] == [50 * index for index in range(60)]


def test_a_grey_video(tmp_path: Path, make_scene: Scene) -> None:
    grey = np.asarray(Image.fromarray(make_scene(4)).convert("L"))
    path = tmp_path / "grey.mkv"
    fourcc = cv2.VideoWriter.fourcc(*"FFV1")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, 10, (128, 96), isColor=False)
    for _ in range(5):
        writer.write(grey)
    writer.release()
    assert np.abs(next(frames.sample(path)).luma.astype(int) - grey).max() <= 1


def test_large_frames_are_squeezed(make_video: MakeVideo, make_scene: Scene) -> None:
    path = make_video("large.avi", [make_scene(1, 720, 1400)] * 3, codec="MJPG")
    assert next(frames.sample(path)).luma.shape == (720, 1024)


@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_video_that_breaks_off_yields_what_came_before(
    make_video: MakeVideo, kept: float
) -> None:
    path = make_video("clip.avi", codec="MJPG")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    found = list(frames.sample(path))
    assert 0 < len(found) < 12


def test_a_container_without_one_frame_is_damage(make_video: MakeVideo) -> None:
    path = make_video("clip.avi", codec="MJPG")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(Damaged):
        list(frames.sample(path))


def test_what_cannot_be_opened_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    path.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(500))
    with pytest.raises(Damaged):
        list(frames.sample(path))


def test_frames_smaller_than_a_picture_may_be(make_video: MakeVideo, make_scene: Scene) -> None:
    path = make_video("tiny.avi", [make_scene(1, 8, 8)] * 3, codec="FFV1")
    with pytest.raises(TooSmall):
        list(frames.sample(path))


def test_frames_larger_than_a_picture_may_be(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "MAX_PIXELS", 96 * 128 - 1)
    with pytest.raises(TooManyPixels):
        list(frames.sample(make_video()))


@pytest.mark.parametrize(("name", "value"), [("MAX_SECONDS", 1), ("MAX_READ", 30)])
def test_a_video_longer_than_the_limit(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    monkeypatch.setattr(container, name, value)
    with pytest.raises(TooLong):
        list(frames.sample(make_video()))


def test_without_the_extra_a_video_says_what_to_install(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(VideoSupportMissing, match=r"pip install .*opencv"):
        list(frames.sample(path))


# --- stretches ---


def timed_frames(shapes: list[tuple[int, int]]) -> list[frames.Frame]:
    return [frames.Frame(at, at, 0.0, np.zeros(shape, np.uint8)) for at, shape in enumerate(shapes)]


@pytest.mark.parametrize(
    ("shapes", "parts"),
    [
        ([], []),
        ([(9, 9)], [1]),
        ([(9, 9)] * frames.STRETCH, [frames.STRETCH]),
        ([(9, 9)] * (2 * frames.STRETCH + 1), [frames.STRETCH, frames.STRETCH, 1]),
        ([(9, 9), (9, 9), (9, 8), (9, 9)], [2, 1, 1]),
    ],
)
def test_a_stretch_is_of_one_shape_and_ten_seconds(
    shapes: list[tuple[int, int]], parts: list[int]
) -> None:
    sampled = timed_frames(shapes)
    found = list(frames.stretches(iter(sampled)))
    assert [len(stretch) for stretch in found] == parts
    assert [frame.at_ms for stretch in found for frame in stretch] == list(range(len(shapes)))
    assert frames.STRETCH * timeline.PERIOD_MS == 10_000


# --- animated pictures ---


def animation(kind: str, seeds: list[int], scene: Scene, **options: object) -> Picture:
    stills = [Image.fromarray(scene(seed)) for seed in seeds]
    out = io.BytesIO()
    stills[0].save(out, kind, save_all=True, append_images=stills[1:], **options)
    return pixels.open_picture(out.getvalue())


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_animated_pictures_are_sampled_in_their_own_time(make_scene: Scene, kind: str) -> None:
    with animation(kind, [1, 2, 3, 4, 5, 6], make_scene, duration=100) as image:
        found = list(frames.sample_animation(image))
    assert [round(frame.at_ms, -1) for frame in found] == [0, 300, 500]
    for frame, seed in zip(found, [1, 4, 6], strict=True):
        grey = np.asarray(Image.fromarray(make_scene(seed)).convert("L"))
        assert np.abs(frame.luma.astype(int) - grey).mean() < 8


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_frames_that_are_passed_over_take_their_own_time(make_scene: Scene, kind: str) -> None:
    durations = [200, 40, 40, 40, 400, 60, 60, 200]
    with animation(kind, [*range(1, 9)], make_scene, duration=durations) as image:
        found = list(frames.sample_animation(image))
    assert [round(frame.at_ms, -1) for frame in found] == [0, 280, 320, 780]


def test_frames_without_a_duration_take_a_tenth_of_a_second(make_scene: Scene) -> None:
    with animation("GIF", [1, 2, 3, 4], make_scene) as image:
        found = list(frames.sample_animation(image, period_ms=1))
    assert [frame.at_ms for frame in found] == [0, 100, 200, 300]


def test_every_frame_is_turned_as_exif_says(make_scene: Scene) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with animation("WEBP", [1, 2], make_scene, duration=300, exif=exif, lossless=True) as image:
        found = list(frames.sample_animation(image))
    assert [frame.luma.shape for frame in found] == [(128, 96), (128, 96)]


def test_an_animation_of_hours_is_too_long(make_scene: Scene) -> None:
    with animation("PNG", [1] + [2, 3] * 120, make_scene, duration=65_000) as image:
        sampled = frames.sample_animation(image)
        with pytest.raises(TooLong):
            list(sampled)


def test_an_animation_of_too_many_pixels_is_not_begun(
    make_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(animations, "MAX_ALL_PIXELS", 2 * 96 * 128)
    with animation("PNG", [1, 2, 3], make_scene) as image, pytest.raises(TooLong):
        next(frames.sample_animation(image))


def test_an_animation_is_looked_at_up_to_the_limit(
    make_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(animations, "MAX_FRAMES", 2)
    with animation("PNG", [1, 2, 3, 4], make_scene, duration=300) as image:
        assert len(list(frames.sample_animation(image))) == 2
