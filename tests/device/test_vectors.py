"""The hashes that ThreatExchange publishes with its own pictures and videos."""

from pathlib import Path

import pytest

from benchmarks import vectors

VIDEOS = [
    "pattern-hd-no-bar",
    "pattern-sd-grey-bar",
    "pattern-sd-with-small-logo-bar",
    "test-padded-dimensions",
]
DARK = "doorknob-hd-no-bar"


@pytest.fixture
def folder(shared: Path) -> Path:
    return shared / "vectors"


def test_every_picture_is_within_10_bits_of_both_references(folder: Path) -> None:
    rows = vectors.pictures(folder)
    assert len(rows) == 17
    for row in rows:
        for bits in (row.python_full, row.cpp_512):
            assert bits is None or bits <= vectors.NEAR, row


def test_every_mode_is_within_10_bits_of_the_original(folder: Path) -> None:
    found = vectors.modes(folder)
    assert len(found) == 5
    assert max(found.values()) <= vectors.NEAR, found


@pytest.mark.parametrize("name", VIDEOS)
def test_every_clear_frame_is_within_10_bits_at_its_time(folder: Path, name: str) -> None:
    found = list(vectors.video_frames(folder, name))
    assert all(frame.late_ms <= 1 for frame in found)
    clear = [frame.bits for frame in found if frame.quality >= 50]
    assert len(clear) >= 140
    assert max(clear) <= vectors.NEAR


def test_the_dark_video_has_the_frames_and_times_of_the_reference(folder: Path) -> None:
    found = list(vectors.video_frames(folder, DARK))
    assert len(found) == 120
    assert all(frame.late_ms <= 1 for frame in found)
    clear = [frame.bits for frame in found if frame.quality >= 50]
    assert sum(bits <= vectors.NEAR for bits in clear) >= 49
    assert max(clear) <= 22
    assert max(frame.bits for frame in found if frame.quality >= 80) <= vectors.NEAR


@pytest.mark.xfail(
    strict=True,
    reason="11 of 60 frames, of a dark and blurred scene (quality 50-75) whose neighbours differ by"
    " 30-80 bits, are 12-22 bits away: FFmpeg's conversion to grey is not the reference's",
)
def test_every_clear_frame_of_the_dark_video_is_within_10_bits(folder: Path) -> None:
    found = vectors.video_frames(folder, DARK)
    assert max(frame.bits for frame in found if frame.quality >= 50) <= vectors.NEAR
