import hashlib
import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import hashing
from hashing import hasher, windows
from hashing.algorithms import pdq, phash
from hashing.errors import (
    ContentError,
    EmptyFile,
    TooManyBytes,
    TooPlain,
    UnknownFormat,
    Unreadable,
    ViewSupportMissing,
)
from hashing.gather import gather
from hashing.media import formats, frames, pixels
from hashing.media.formats import Format, sniff
from hashing.signals import ContentKind, SignalType
from hashing.views import picture as picture_views
from hashing.views import video as video_views
from hashing.views.profile import Profile
from hashing.windows import WindowSet
from tests.device import edited

Scene = Callable[..., NDArray[np.uint8]]
MakeVideo = Callable[..., Path]


def stills(make_scene: Scene, seeds: list[int]) -> list[Image.Image]:
    return [Image.fromarray(make_scene(seed)) for seed in seeds]


def saved(images: list[Image.Image], kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:]} if len(images) > 1 else {}
    images[0].save(out, kind, **more, **options)
    return out.getvalue()


def test_a_picture_has_four_signals(make_scene: Scene, tmp_path: Path) -> None:
    untrusted = saved(stills(make_scene, [1]), "PNG")
    path = tmp_path / "a.txt"
    path.write_bytes(untrusted)
    found = hashing.hash_file(path)
    luma = pixels.read(untrusted)
    assert found.kind is ContentKind.PICTURE
    assert found.frames == ()
    assert [(s.type, s.value, s.quality) for s in found.signals] == [
        (SignalType.PDQ, *pdq.compute(luma)),
        (SignalType.PHASH, *phash.compute(luma)),
        (SignalType.MD5, hashlib.md5(untrusted).digest(), None),  # noqa: S324 (what we compute)
        (SignalType.SHA256, hashlib.sha256(untrusted).digest(), None),
    ]
    assert hashing.hash_picture(untrusted) == found == hashing.hash_file(str(path))


def test_photos_shrunk_and_encoded_again_are_within_31_bits(photos: list[Path]) -> None:
    far = []
    for path in photos[::6]:
        whole = hashing.hash_file(path).signals[0]
        with Image.open(path) as image:
            half = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
        again = hashing.hash_picture(saved([half], "JPEG", quality=60)).signals[0]
        far.append(hashing.distance(whole, again))
    assert sorted(far)[-2] <= 31, far
    assert float(np.mean(far)) <= 20


def test_a_signal_below_its_bar_is_left_out() -> None:
    half = np.random.default_rng(2).integers(0, 256, (256, 128), dtype=np.uint8)
    symmetric = np.hstack([half, half[:, ::-1]])
    assert phash.compute(symmetric)[1] < phash.QUALITY_BAR
    assert [s.type for s in hasher.perceptual_signals(symmetric)] == [SignalType.PDQ]


def test_a_plain_picture_is_refused() -> None:
    with pytest.raises(TooPlain):
        hasher.perceptual_signals(np.full((200, 200), 30, np.uint8))
    with pytest.raises(TooPlain):
        hashing.hash_picture(saved([Image.new("RGB", (200, 200), "navy")], "PNG"))


@pytest.mark.parametrize("use", [WindowSet.STANDARD, Profile.PLAIN, Profile.FAST])
def test_several_pictures_have_what_each_has_alone(make_scene: Scene, use: hasher.Use) -> None:
    untrusted = [
        saved(stills(make_scene, [1]), "JPEG", quality=80),
        saved(stills(make_scene, [2]), "PNG")[:-700],  # breaks off
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        saved([Image.new("RGB", (200, 200), "navy")], "PNG"),
        saved(stills(make_scene, [1, 2, 3]), "GIF", duration=500),
        saved([stills(make_scene, [4])[0].resize((64, 300))], "WEBP"),
    ]

    def alone(each: bytes) -> object:
        try:
            return hashing.hash_picture(each, use=use)
        except ContentError as err:
            return type(err)

    several = [(each, sniff(each)) for each in untrusted]
    found = [
        type(each) if isinstance(each, ContentError) else each
        for each in hasher.hash_pictures(several, use=use)
    ]
    assert found == [alone(each) for each in untrusted]
    assert [isinstance(each, type) for each in found] == [False, False, True, True, False, False]


# --- what they are for ---


def png(luma: NDArray[np.uint8]) -> bytes:
    return saved([Image.fromarray(luma)], "PNG")


@pytest.mark.parametrize("chosen", WindowSet)
def test_an_entry_has_windows_and_no_views(chosen: WindowSet) -> None:
    luma = edited.textured(1)
    found = hashing.hash_picture(png(luma), use=chosen)
    assert found.windows == windows.compute(luma, chosen)
    assert bool(found.windows) is (chosen is not WindowSet.NONE)
    assert found.views == ()
    assert [s.type for s in found.signals] == ["pdq", "phash", "md5", "sha256"]


def test_an_entry_with_the_standard_windows_is_what_one_gets_unasked() -> None:
    untrusted = png(edited.textured(1))
    standard = hashing.hash_picture(untrusted, use=WindowSet.STANDARD)
    assert hashing.hash_picture(untrusted) == standard


@pytest.mark.parametrize("profile", Profile)
def test_a_lookup_has_views_and_no_windows(profile: Profile) -> None:
    luma = edited.textured(2)
    found = hashing.hash_picture(png(luma), use=profile)
    assert found.windows == ()
    assert found.views == picture_views.compute(luma, profile.views)
    assert len(found.views) == profile.views
    entry = hashing.hash_picture(png(luma))
    assert found.signals == entry.signals


@pytest.mark.parametrize("profile", [Profile.FAST, Profile.EXHAUSTIVE])
def test_a_lookup_has_a_picture_that_only_a_view_shows(profile: Profile) -> None:
    """In a wide margin it is too plain as a whole, which is refused of an entry."""
    picture = (edited.textured(3) * 0.45).astype(np.uint8)
    luma = edited.on(edited.flat(1280, 400, 60), picture, 0, 490)
    assert pdq.compute(luma)[1] < pdq.QUALITY_BAR
    found = hashing.hash_picture(png(luma), use=profile)
    assert "pdq" not in [s.type for s in found.signals]
    assert "full" not in [view.view for view in found.views]
    [content] = [view for view in found.views if view.view == "content"]
    alone = int.from_bytes(pdq.compute(picture)[0])
    assert (int.from_bytes(content.values[0]) ^ alone).bit_count() <= 31


@pytest.mark.parametrize("use", [*WindowSet, *Profile])
def test_a_plain_picture_is_refused_whatever_it_is_for(use: hasher.Use) -> None:
    with pytest.raises(TooPlain):
        hashing.hash_picture(png(edited.flat(300, 400, 20)), use=use)


@pytest.mark.parametrize("profile", Profile)
def test_frames_of_a_video_have_views_for_a_lookup(make_video: MakeVideo, profile: Profile) -> None:
    path = make_video()
    found, entry = hashing.hash_file(path, use=profile), hashing.hash_file(path)
    assert [len(frame.views) for frame in found.frames] == [profile.frame_views] * 3
    assert [frame.views for frame in entry.frames] == [()] * 3
    assert [frame.signal for frame in found.frames] == [frame.signal for frame in entry.frames]
    assert entry == hashing.hash_file(path, use=WindowSet.ALL)
    stretch = [frame.luma for frame in frames.sample(path)]
    expected = video_views.of_stretch(stretch, profile.frame_views) if profile.views else [()]
    assert found.frames[0].views == expected[0]


def test_frames_of_an_animation_have_views_for_a_lookup(make_scene: Scene) -> None:
    untrusted = saved(stills(make_scene, [1, 2]), "GIF", duration=[500, 500])
    found = hashing.hash_picture(untrusted, use=Profile.FAST)
    assert [len(frame.views) for frame in found.frames] == [2, 2]
    assert [frame.views for frame in hashing.hash_picture(untrusted).frames] == [(), ()]


def test_views_without_opencv_say_what_to_install(
    make_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = png(edited.textured(1))
    moving = saved(stills(make_scene, [1, 2]), "GIF", duration=[500, 500])
    for name in ("picture", "video"):
        monkeypatch.setitem(sys.modules, f"hashing.views.{name}", None)
        monkeypatch.delattr(hashing.views, name, raising=False)
    for untrusted in (picture, moving):
        with pytest.raises(ViewSupportMissing, match=r"pip install .*opencv"):
            hashing.hash_picture(untrusted, use=Profile.FAST)
        assert hashing.hash_picture(untrusted, use=Profile.PLAIN).signals
        assert hashing.hash_picture(untrusted, use=WindowSet.ALL).signals


@pytest.mark.parametrize("use", ["WindowSet.ALL", "Profile.PLAIN"])
def test_only_views_load_opencv(photos: list[Path], use: str) -> None:
    code = f"""
import sys
from hashing import Profile, WindowSet, hash_file
hash_file({str(photos[0])!r}, use={use})
assert "cv2" not in sys.modules
hash_file({str(photos[0])!r}, use=Profile.FAST)
assert "cv2" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --- videos ---


def test_a_video_has_exact_signals_and_folded_frames(make_video: MakeVideo) -> None:
    path = make_video()
    parts: list[float] = []
    found = hashing.hash_file(path, parts.append)
    assert found.kind is ContentKind.VIDEO
    assert [s.type for s in found.signals] == [SignalType.MD5, SignalType.SHA256]
    assert found.signals[1].value == hashlib.sha256(path.read_bytes()).digest()
    assert [(frame.at_ms, frame.until_ms) for frame in found.frames] == [
        (0, 750),
        (1000, 1750),
        (2000, 2750),
    ]
    assert parts == sorted(parts)
    assert parts[0] == 0.0
    assert parts[-1] > 0.9


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animated_picture_is_a_video_with_folded_frames(make_scene: Scene, kind: str) -> None:
    seeds = [1, 1, 1, 2, 2, 2]
    untrusted = saved(stills(make_scene, seeds), kind, duration=[490, 500, 510, 520, 530, 540])
    found = hashing.hash_picture(untrusted)
    assert found.kind is ContentKind.VIDEO
    assert [s.type for s in found.signals] == [SignalType.MD5, SignalType.SHA256]
    assert len(found.frames) == 2
    first, second = found.frames
    assert first.at_ms == 0
    assert first.until_ms < second.at_ms <= second.until_ms
    assert 1490 <= second.at_ms <= 1510


@pytest.mark.parametrize("kind", ["TIFF", "MPO"])
def test_several_images_that_do_not_move_are_a_picture(make_scene: Scene, kind: str) -> None:
    images = stills(make_scene, [1, 2])
    images[1] = images[1].resize((20, 3))
    found = hashing.hash_picture(saved(images, kind))
    assert found.kind is ContentKind.PICTURE
    alone = hashing.hash_picture(saved(images[:1], "PNG"))
    assert hashing.distance(found.signals[0], alone.signals[0]) <= 10


def test_a_dark_video_has_its_exact_signals_alone(make_video: MakeVideo, make_scene: Scene) -> None:
    pictures = [(make_scene(1) * part).astype(np.uint8) for part in (0.1, 0.08)]
    path = make_video("dark.mkv", pictures * 5, codec="FFV1")
    best = max(pdq.compute(frame.luma)[1] for frame in frames.sample(path))
    assert hasher.EXACT_ONLY_BAR <= best < pdq.QUALITY_BAR
    found = hashing.hash_file(path)
    assert found.frames == ()
    assert len(found.signals) == 2


def test_a_blank_video_is_refused(make_video: MakeVideo) -> None:
    blank = [np.full((96, 128, 3), 200, np.uint8)] * 10
    with pytest.raises(TooPlain):
        hashing.hash_file(make_video("blank.avi", blank, codec="MJPG"))


@pytest.mark.parametrize(
    ("head", "limit"), [(b"\xff\xd8\xff", 100 * 2**20), (b"\x1a\x45\xdf\xa3", 8 * 2**30)]
)
def test_a_file_above_the_limit_is_not_read(tmp_path: Path, head: bytes, limit: int) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(limit + 1)
    with pytest.raises(TooManyBytes):
        hashing.hash_file(path)


def test_a_missing_file_or_a_folder_is_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", tmp_path / "x\0y"):
        with pytest.raises(Unreadable):
            hashing.hash_file(path)


def test_a_link_to_nothing_is_told(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "missing")
    with pytest.raises(Unreadable, match="a link to a file that is not there"):
        hashing.hash_file(link)


def test_a_pipe_is_unreadable_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(Unreadable):
        hashing.hash_file(path)
    with pytest.raises(Unreadable):
        hashing.hash_file("/dev/zero")


def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(b"\xff\xd8\xff")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user reads everything")
    with pytest.raises(Unreadable):
        hashing.hash_file(path)
    path.chmod(stat.S_IRUSR)


def test_a_disk_fault_is_unreadable() -> None:
    """Reading one's own memory at address 0 fails after opening has succeeded."""
    with pytest.raises(Unreadable):
        hashing.hash_file("/proc/self/mem")


@pytest.mark.parametrize(("content", "error"), [(b"", EmptyFile), (b"text", UnknownFormat)])
def test_what_is_no_content(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(error):
        hashing.hash_file(path)


@pytest.mark.parametrize("name", ["picture.png", "clip.mp4"])
def test_the_first_bytes_of_a_file_are_read_once(
    make_video: MakeVideo,
    make_scene: Scene,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    path = make_video(name) if name == "clip.mp4" else tmp_path / name
    if name == "picture.png":
        Image.fromarray(make_scene(1)).save(path)
    heads: list[bytes] = []

    def counted(head: bytes) -> Format:
        heads.append(head)
        return sniff(head)

    for module in (formats, hasher, pixels):
        monkeypatch.setattr(module, "sniff", counted)
    by_itself = hashing.hash_file(path)
    assert len(heads) == 1
    gathered = gather([tmp_path])
    assert hashing.hash_file(path, known=gathered.formats[path]) == by_itself
    assert len(heads) == 2


def test_hashing_opens_no_socket(photos: list[Path], make_video: MakeVideo) -> None:
    """Python tells of each of its own; the system, of what any library holds at the end."""
    code = """
import sys, psutil
seen = []
sys.addaudithook(lambda event, _: "socket." in event and seen.append(event))
import hashing
for path in sys.argv[1:]:
    assert hashing.hash_file(path).signals
print(seen, psutil.Process().net_connections("all"))
"""
    paths = [str(photos[0]), str(make_video())]
    done = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] []\n"
    assert done.stderr == ""


def test_progress_is_reported_frame_by_frame(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only after ten seconds of video: those of 8K take longer than a stall may."""
    acts: list[str] = []
    read = frames.sample

    def watched(path: Path, known: Format | None = None) -> Iterator[frames.Frame]:
        for frame in read(path, known):
            acts.append("read")
            yield frame

    monkeypatch.setattr(frames, "sample", watched)
    hashing.hash_file(make_video(), lambda part: acts.append("reported" if part else "began"))
    assert acts == ["began", "read", "began", *["read", "reported"] * 11]
