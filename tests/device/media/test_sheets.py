"""Sheets of a film's pictures: parts that are frames, and parts that nobody could show."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashing import errors
from hashing.algorithms import pdq
from hashing.hasher import hash_file, hash_picture, hash_sheet
from hashing.media import pixels, sheets
from hashing.media.sheets import Part
from hashing.views.profile import Profile
from tests.videos import encoded

WIDE, HIGH = 160, 90


def spots(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((WIDE, HIGH), Image.Resampling.BICUBIC)


def sheet(kind: str, count: int = 4) -> tuple[bytes, list[Part]]:
    whole = Image.new("RGB", (2 * WIDE, count // 2 * HIGH))
    parts = []
    for n in range(count):
        at = (n % 2 * WIDE, n // 2 * HIGH)
        whole.paste(spots(n), at)
        parts.append(Part(1000 * n, 1000 * (n + 1), *at, WIDE, HIGH))
    made = io.BytesIO()
    whole.save(made, kind)
    return made.getvalue(), parts


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_parts_are_frames_at_their_times(kind: str) -> None:
    content, parts = sheet(kind)
    found = hash_sheet(content, parts[::-1], use=Profile.THOROUGH)
    assert [(each.at_ms, each.until_ms) for each in found.frames] == [part[:2] for part in parts]
    assert all(each.views for each in found.frames)
    most = 0 if kind == "PNG" else 24
    for n, frame in enumerate(found.frames):
        value, _ = pdq.compute(np.asarray(spots(n).convert("L")))
        apart = int.from_bytes(value) ^ int.from_bytes(frame.signal.value)
        assert apart.bit_count() <= most


def test_a_sheet_is_near_the_film_that_it_is_of(tmp_path: Path) -> None:
    """A picture of each second, at a fraction of the film's size."""
    shown = [np.asarray(spots(n // 20).resize((640, 360))) for n in range(80)]
    film = hash_file(encoded(tmp_path / "film.mp4", shown))
    content, parts = sheet("JPEG")
    for part, frame in zip(
        parts, hash_sheet(content, parts, use=Profile.PLAIN).frames, strict=True
    ):
        at = next(each for each in film.frames if each.at_ms <= part.at_ms <= each.until_ms)
        apart = int.from_bytes(at.signal.value) ^ int.from_bytes(frame.signal.value)
        assert apart.bit_count() <= 31


def test_what_is_not_within_is_left_and_a_sheet_of_nothing_is_a_picture() -> None:
    content, parts = sheet("PNG")
    wrong = [parts[0]._replace(left=5000), parts[1]._replace(width=9)]
    found = hash_sheet(content, [*wrong, *parts[2:]], use=Profile.PLAIN)
    assert [each.at_ms for each in found.frames] == [2000, 3000]
    assert hash_sheet(content, wrong, use=Profile.FAST) == hash_picture(content, use=Profile.FAST)


def test_parts_that_cover_each_other_cost_no_more_than_a_sheet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content, parts = sheet("PNG")
    everything = parts[0]._replace(width=2 * WIDE, height=2 * HIGH)
    same = [everything._replace(at_ms=n, until_ms=n) for n in range(400)]
    with pixels.open_picture(content) as opened:
        assert len(list(sheets.sample(opened, same))) == 2
    monkeypatch.setattr(sheets, "MAX_PIXELS", 4 * WIDE * HIGH - 1)
    with pytest.raises(errors.TooManyPixels):
        hash_sheet(content, parts, use=Profile.PLAIN)


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", errors.EmptyFile), (b"x" * 99, errors.UnknownFormat), ("half", errors.Damaged)],
)
def test_what_is_no_sheet_is_named(content: bytes | str, error: type[Exception]) -> None:
    whole, parts = sheet("JPEG")
    untrusted = whole[:200] if isinstance(content, str) else content
    with pytest.raises(error):
        hash_sheet(untrusted, parts, use=Profile.PLAIN)
