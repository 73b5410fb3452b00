import io
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from av.stream import Disposition
from numpy.typing import NDArray

from hashing.algorithms import pdq
from hashing.errors import (
    ContentError,
    Damaged,
    Encrypted,
    SoundAlone,
    TooManyPixels,
    UnknownCodec,
)
from hashing.luma import Luma
from hashing.media import container, frames
from hashing.media.encryption import is_encrypted
from hashing.media.formats import Format, sniff_file
from tests import videos

Rgb = NDArray[np.uint8]
Scene = Callable[..., Rgb]
Pictures = list[Rgb]

SIDE = 160
KEY = "00112233445566778899aabbccddeeff"


@pytest.fixture
def moving(make_scene: Scene) -> Pictures:
    """A second at 20 a second: a scene that moves by 4 pixels each frame."""
    scene = make_scene(5, 200, 320)
    return [np.ascontiguousarray(scene[n : n + 120, 4 * n : 4 * n + SIDE]) for n in range(20)]


def values(path: Path) -> list[int]:
    return [int.from_bytes(pdq.compute(frame.luma)[0]) for frame in frames.sample(path)]


def apart(path: Path, other: Path) -> int:
    """The most bits between frames of two videos."""
    pairs = zip(values(path), values(other), strict=True)
    return max((one ^ two).bit_count() for one, two in pairs)


# --- colours ---


def test_neither_transfer_nor_an_unknown_matrix_moves_a_bit(
    moving: Pictures, tmp_path: Path
) -> None:
    """OpenCV 5 tone-maps the first, and of the others leaves memory as it was."""
    plain = values(videos.encoded(tmp_path / "plain.mp4", moving))
    for named in (
        *("transfer=arib-std-b67", "transfer=smpte2084:colorprim=bt2020"),
        *("colormatrix=YCgCo", "colormatrix=chroma-derived-c", "colormatrix=ICtCp"),
        "colormatrix=bt2020c:transfer=bt2020-10",
    ):
        marked = {"x264-params": named}
        path = videos.encoded(tmp_path / "marked.mp4", moving, options=marked)
        assert values(path) == plain, named


def test_a_matrix_that_is_named_is_used(moving: Pictures, tmp_path: Path) -> None:
    """Bits of ten frames, 2026-11: none of these may give the luma of another."""
    found = {
        named: tuple(
            values(videos.encoded(tmp_path / "a.mp4", moving, options={"x264-params": named}))
        )
        for named in ("colormatrix=bt709", "colormatrix=smpte170m", "colormatrix=bt2020nc")
    }
    assert len(set(found.values())) == len(found)


FIELDS: dict[str, dict[str, str]] = {
    "libx264": {"x264-params": "interlaced=1"},
    "mpeg2video": {"flags": "+ildct+ilme", "q:v": "3"},
    "dvvideo": {},
}


@pytest.mark.parametrize("codec", FIELDS)
def test_interlaced_frames_are_shown_as_players_show_them(
    make_scene: Scene, tmp_path: Path, codec: str
) -> None:
    """OpenCV has no conversion of them, and left memory as it was."""
    pictures = [make_scene(seed, 576, 720) for seed in (1, 2)]
    path = videos.encoded(tmp_path / "fields.avi", pictures, codec, rate=25, options=FIELDS[codec])
    plain = videos.encoded(tmp_path / "plain.avi", pictures, rate=25)
    with av.open(str(path)) as opened:
        assert next(opened.decode(video=0)).interlaced_frame
    assert apart(path, plain) <= 6


POISONED = """
import json, sys
from hashing import hash_file
print(json.dumps([[frame.signal.hex for frame in hash_file(path).frames] for path in sys.argv[1:]]))
"""


def test_no_value_depends_on_what_memory_held(
    moving: Pictures, make_scene: Scene, tmp_path: Path
) -> None:
    """The C library fills memory that it gives out with one byte, another in each run."""
    paths = [
        videos.encoded(tmp_path / "plain.mp4", moving),
        videos.encoded(tmp_path / "fields.mp4", moving, options={"x264-params": "interlaced=1"}),
        videos.encoded(tmp_path / "odd.mp4", moving, options={"x264-params": "colormatrix=ICtCp"}),
        videos.encoded(tmp_path / "ten.mp4", moving, pixels="yuv420p10le"),
    ]
    pictures = [make_scene(1, 241, 321)] * 2  # fields of different heights
    path = tmp_path / "uneven.mkv"
    paths.append(videos.encoded(path, pictures, "mpeg2video", options=FIELDS["mpeg2video"]))
    damaged = tmp_path / "damaged.mp4"
    whole = bytearray(paths[0].read_bytes())
    for at in range(len(whole) // 3, 2 * len(whole) // 3, 97):
        whole[at] ^= 0x55
    damaged.write_bytes(whole)
    found = []
    for byte in ("1", "170"):
        done = subprocess.run(
            [sys.executable, "-c", POISONED, *map(str, [*paths, damaged])],
            env=os.environ | {"MALLOC_PERTURB_": byte},
            capture_output=True,
            check=True,
        )
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]
    assert all(found[0])


# --- which track, and what is none ---


def test_the_default_track_is_hashed(moving: Pictures, make_scene: Scene, tmp_path: Path) -> None:
    second = videos.encoded(tmp_path / "second.mp4", moving)
    both = tmp_path / "both.mov"
    with av.open(str(both), "w") as written, av.open(str(second)) as read:
        first = written.add_stream("mjpeg", 1)
        first.width, first.height, first.pix_fmt = 128, 96, "yuvj420p"
        first.disposition = Disposition(0)
        source = read.streams.video[0]
        copied = written.add_stream_from_template(source)
        copied.disposition = Disposition.default
        written.mux(first.encode(av.VideoFrame.from_ndarray(make_scene(9), format="rgb24")))
        written.mux(first.encode())
        for packet in read.demux(source):
            if packet.dts is not None:
                packet.stream = copied
                written.mux(packet)
    assert values(both) == values(second)


def sound(path: Path, cover: bytes | None = None) -> Path:
    with av.open(str(path), "w") as written:
        stream = written.add_stream("aac", 44_100)
        stream.layout = "mono"
        if cover:
            attached = written.add_stream("mjpeg", 1)
            attached.width, attached.height, attached.pix_fmt = 128, 96, "yuvj420p"
            attached.disposition = Disposition.attached_pic
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        silence.sample_rate = 44_100
        if cover:
            picture = av.Packet(cover)
            picture.stream, picture.pts, picture.dts = attached, 0, 0
            written.mux(picture)
        written.mux(stream.encode(silence))
        written.mux(stream.encode())
    return path


def test_sound_is_no_video_with_or_without_a_cover(make_scene: Scene, tmp_path: Path) -> None:
    import cv2  # noqa: PLC0415 (to write a JPEG)

    cover = cv2.imencode(".jpg", make_scene(1))[1].tobytes()
    for path in (sound(tmp_path / "alone.mp4"), sound(tmp_path / "cover.mp4", cover)):
        with pytest.raises(SoundAlone):
            list(frames.sample(path))


def test_a_codec_that_nobody_knows_is_said(moving: Pictures, tmp_path: Path) -> None:
    path = videos.encoded(tmp_path / "film.mp4", moving)
    videos.renamed(videos.renamed(path, b"avc1", b"zzz1"), b"avcC", b"zzzC")
    with pytest.raises(UnknownCodec):
        list(frames.sample(path))


def test_av1_is_read(make_scene: Scene, tmp_path: Path) -> None:
    pictures = [make_scene(1, 128, 192)] * 6
    path = videos.encoded(tmp_path / "film.mp4", pictures, "libsvtav1", options={"preset": "12"})
    plain = videos.encoded(tmp_path / "plain.mp4", pictures)
    assert apart(path, plain) <= 6


# --- encrypted ---


def test_an_encrypted_mp4_is_said_to_be(moving: Pictures, tmp_path: Path) -> None:
    muxed = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": KEY, "encryption_kid": KEY}
    path = videos.encoded(tmp_path / "film.mp4", moving, muxed=muxed)
    with pytest.raises(Encrypted):
        list(frames.sample(path))


def element(name: str, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return bytes.fromhex(name) + (1 << 56 | len(body)).to_bytes(8) + body


@pytest.mark.parametrize(("kind", "error"), [("5035", Encrypted), ("5034", Damaged)])
def test_an_encrypted_webm_is_said_to_be(
    tmp_path: Path, kind: str, error: type[ContentError]
) -> None:
    """5034 is compression."""
    track = element("ae", element("83", b"\1"), element("6d80", element("6240", element(kind))))
    path = tmp_path / "film.webm"
    path.write_bytes(element("1a45dfa3") + element("18538067", element("1654ae6b", track)))
    with pytest.raises(error):
        list(frames.sample(path))


def test_a_scrambled_transport_stream_is_said_to_be(moving: Pictures, tmp_path: Path) -> None:
    path = videos.encoded(tmp_path / "film.ts", moving)
    whole = bytearray(path.read_bytes())
    for at in range(0, len(whole), 188):
        if whole[at + 1 : at + 3] == b"\x41\x00" or int.from_bytes(whole[at + 1 : at + 3]) & 0x1F00:
            whole[at + 3] |= 0x80
    path.write_bytes(whole)
    with pytest.raises(Encrypted):
        list(frames.sample(path))


# --- names, packets, matrices ---


def test_a_name_that_is_no_utf8(moving: Pictures, tmp_path: Path) -> None:
    path = videos.encoded(tmp_path / "film.mp4", moving)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/film\xff\xfe.mp4"))
    odd.hardlink_to(path)
    assert values(odd) == values(path)


def test_no_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "very-private-name.mp4"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0" + bytes(64))
    with pytest.raises(Damaged) as raised:
        list(frames.sample(path))
    assert "private" not in f"{raised.value!r} {raised.value.__cause__!r}"


@pytest.mark.parametrize("cut", [0, 100, 1000])
def test_transport_streams_as_recorders_write_them(
    make_scene: Scene, tmp_path: Path, cut: int
) -> None:
    pictures = [make_scene(seed) for seed in (1, 2, 3) for _ in range(10)]
    path = videos.encoded(tmp_path / "film.ts", pictures, options={"g": "5"})
    expected = values(path)
    whole = path.read_bytes()
    packets = [whole[at : at + 188] for at in range(0, len(whole), 188)]
    path.write_bytes(whole[cut:])
    assert len(values(path)) >= len(expected) - 1
    path.write_bytes(b"".join(bytes(4) + packet for packet in packets)[cut:])
    found = values(path)
    assert len(found) >= len(expected) - 1
    assert found == expected or cut


MATRICES: dict[tuple[int, ...], Callable[[Luma], Luma]] = {
    (1, 0, 0, 1): lambda grey: grey,
    (-1, 0, 0, 1): lambda grey: grey[:, ::-1],
    (-1, 0, 0, -1): lambda grey: grey[::-1, ::-1],
    (1, 0, 0, -1): lambda grey: grey[::-1],
    (0, 1, 1, 0): lambda grey: grey.T,
    (0, 1, -1, 0): lambda grey: np.rot90(grey, -1),
    (0, -1, -1, 0): lambda grey: grey[::-1, ::-1].T,
    (0, -1, 1, 0): np.rot90,
    (1, 1, -1, 1): lambda grey: grey,
    (0, 0, 0, 0): lambda grey: grey,
}


def test_frames_are_turned_and_mirrored_by_the_display_matrix(
    make_scene: Scene, tmp_path: Path
) -> None:
    path = videos.encoded(tmp_path / "film.mp4", [make_scene(1)])
    film = bytearray(path.read_bytes())
    grey = next(frames.sample(path)).luma
    at = film.index(b"tkhd") + 44
    for parts, expected in MATRICES.items():
        for place, part in zip((0, 4, 12, 16), parts, strict=True):
            film[at + place : at + place + 4] = struct.pack(">i", part * 65_536)
        path.write_bytes(film)
        assert np.array_equal(next(frames.sample(path)).luma, expected(grey)), parts


class Strange(dict[str, object]):
    """Side data of a kind that PyAV has no name for."""

    def get(self, _key: object, _default: object = None) -> object:
        raise ValueError


def test_a_matrix_beside_what_pyav_cannot_name_turns_at_least() -> None:
    frame = SimpleNamespace(side_data=Strange(), rotation=90)
    assert container._display(frame) == (0, -1, 1, 0)  # type: ignore[arg-type]  # noqa: SLF001


def test_more_pixels_claimed_than_are_decoded(
    moving: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = videos.encoded(tmp_path / "film.mp4", moving)
    monkeypatch.setattr(container, "MAX_PIXELS", SIDE * 120 - 1)
    with pytest.raises(TooManyPixels):
        list(frames.sample(path))


# --- times ---


@pytest.mark.parametrize("rate", [None, 0, 90_000])
def test_a_frame_without_a_time_follows_the_one_before(rate: int | None) -> None:
    clock = container._Clock(SimpleNamespace(average_rate=rate, time_base=None))  # type: ignore[arg-type]  # noqa: SLF001
    shown = [SimpleNamespace(pts=pts, duration=None) for pts in (None, None, 7, None)]
    assert [clock.at_ms(frame) for frame in shown] == [0, 40, 80, 120]  # type: ignore[arg-type]
    assert clock.lasts_ms(shown[0]) == 0  # type: ignore[arg-type]


def test_times_count_from_the_first_frame_and_never_go_back() -> None:
    clock = container._Clock(SimpleNamespace(average_rate=10, time_base=None))  # type: ignore[arg-type]  # noqa: SLF001
    shown = [SimpleNamespace(pts=pts) for pts in (500, 600, 550, None, 5000)]
    assert [clock.at_ms(frame) for frame in shown] == [0, 100, 100, 200, 4500]  # type: ignore[arg-type]


def test_each_frame_ends_where_the_next_begins(moving: Pictures, tmp_path: Path) -> None:
    path = videos.encoded(tmp_path / "film.mkv", moving)
    found = list(container.frames(path, sniff_file(path)))
    assert [frame.at_ms for frame in found] == [50 * n for n in range(20)]
    assert all(early.end_ms == late.at_ms for early, late in pairwise(found))
    assert found[-1].end_ms == 1000
    assert [frame.is_last for frame in found] == [False] * 19 + [True]
    assert found[0].fraction == 0
    assert found[-1].fraction == pytest.approx(0.95)


def test_what_is_shown_for_long_is_hashed_although_it_began_before(
    make_scene: Scene, tmp_path: Path
) -> None:
    """A tenth of a second of another picture before the real one: only that was hashed."""
    path = tmp_path / "decoy.mp4"
    with av.open(str(path), "w") as written:
        stream = written.add_stream("libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for seed, pts in ((1, 0), (2, 3), (2, 200)):
            frame = av.VideoFrame.from_ndarray(make_scene(seed), format="rgb24")
            frame.pts = pts
            written.mux(stream.encode(frame))
        written.mux(stream.encode())
    assert [frame.at_ms for frame in frames.sample(path)] == [0, 120, 8000]


# --- files that went wrong once ---

EXPECTED = {
    "interlaced.mp4": [0, 320, 560, 800, 1040, 1280, 1520, 1760],
    "av1_1s.mp4": [0, 280, 520, 760],
    "decoy.mp4": [0, 120],
    "two_tracks.mov": [0, 280, 520, 760, 1000, 1280],
    "avchd.mts": [0, 280, 520, 760, 1000, 1280],
}


def test_shared_files_give_the_frames_that_they_show(shared: Path) -> None:
    if not (shared / "files").is_dir():
        pytest.skip("no ../shared/files")
    found = {name: [f.at_ms for f in frames.sample(shared / "files" / name)] for name in EXPECTED}
    assert found == EXPECTED
    corpora = shared / "files" / "corpora"
    original = values(corpora / "03-matrix-original.mp4")
    for name in ("03-matrix-15", "03-matrix-10-bt2020-cl", "04-transfer-hlg", "04-transfer-pq"):
        some = values(corpora / f"{name}.mp4")
        assert some == original[: len(some)], name
    for path in (shared / "files" / "audio_cover.m4a", corpora / "20-sound-alone.mp4"):
        with pytest.raises(SoundAlone):
            list(frames.sample(path))


# --- what cannot be read ---


@pytest.mark.parametrize("pixels", ["gray32le", "yaf32le"])
def test_a_frame_that_cannot_be_converted_is_damage(pixels: str) -> None:
    frame = av.VideoFrame(64, 48, pixels)
    with pytest.raises(Damaged):
        container._Converter().luma(frame)  # noqa: SLF001


def test_a_container_of_empty_samples_is_damage(moving: Pictures, tmp_path: Path) -> None:
    path = videos.encoded(tmp_path / "film.mp4", moving)
    whole = path.read_bytes()
    begin, end = whole.index(b"mdat") + 4, whole.index(b"moov") - 4
    path.write_bytes(whole[:begin] + bytes(end - begin) + whole[end:])
    with pytest.raises(Damaged):
        list(frames.sample(path))


def test_a_file_that_cannot_be_read_on_yields_what_came_before() -> None:
    """No file was found that makes FFmpeg say this in place of its end."""

    def demux(_track: object) -> Iterator[str]:
        yield "packet"
        raise av.error.InvalidDataError(1, "invalid data")

    track = SimpleNamespace(codec_context=SimpleNamespace(decode=lambda packet: [packet]))
    opened = SimpleNamespace(demux=demux)
    found: list[object] = list(container._decoded(opened, track))  # type: ignore[arg-type]  # noqa: SLF001
    assert found == ["packet", None]


@pytest.mark.parametrize(("entry", "found"), [(b"encv", True), (b"avc1", False)])
def test_boxes_of_64_bits_are_looked_into(entry: bytes, found: bool) -> None:  # noqa: FBT001 (a case)
    inside = struct.pack(">I4s8xI4s", 24, b"stsd", 8, entry)
    for name in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        inside = struct.pack(">I4sQ", 1, name, 16 + len(inside)) + inside
    whole = struct.pack(">I4s", 8, b"free") + inside + b"\0\0"
    assert is_encrypted(io.BytesIO(whole), Format.MP4) is found
