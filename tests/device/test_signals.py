from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.errors import InvalidSignal
from hashing.signals import (
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    ViewSignals,
    Window,
    WindowSignal,
    distance,
    parse,
)

PDQ = Signal(SignalType.PDQ, bytes(32), 100)
MD5 = Signal(SignalType.MD5, bytes(16))
SQUARE = WindowSignal(Window.SQUARE, PDQ)
VIEW = ViewSignals("full", 80, (bytes(range(32)),) * 8)


@pytest.mark.parametrize(
    ("kind", "value", "quality"),
    [
        (SignalType.PDQ, bytes(31), 50),
        (SignalType.PDQ, bytes(33), 50),
        (SignalType.PDQ, b"", 50),
        (SignalType.MD5, bytes(32), None),
        (SignalType.PDQ, bytes(32), None),
        (SignalType.PHASH, bytes(32), None),
        (SignalType.SHA256, bytes(32), 50),
        (SignalType.PDQ, bytes(32), -1),
        (SignalType.PDQ, bytes(32), 101),
    ],
)
def test_what_is_no_signal_cannot_be_made(
    kind: SignalType, value: bytes, quality: int | None
) -> None:
    with pytest.raises(InvalidSignal):
        Signal(kind, value, quality)


def test_sizes_and_kinds_of_types() -> None:
    assert {kind: kind.size for kind in SignalType} == {
        "pdq": 32,
        "phash": 32,
        "md5": 16,
        "sha256": 32,
    }
    assert [kind for kind in SignalType if kind.perceptual] == ["pdq", "phash"]


def test_repr_hides_the_value() -> None:
    signal = Signal(SignalType.PDQ, bytes(range(32)), 77)
    assert repr(signal) == "Signal(pdq, quality=77)"
    assert signal.hex not in repr(ContentSignals(ContentKind.PICTURE, (signal,)))


@given(st.sampled_from(SignalType), st.data())
def test_hex_and_parse_are_inverse(kind: SignalType, data: st.DataObject) -> None:
    value = data.draw(st.binary(min_size=kind.size, max_size=kind.size))
    quality = data.draw(st.integers(0, 100)) if kind.perceptual else None
    signal = Signal(kind, value, quality)
    assert parse(kind.value, signal.hex, quality) == signal
    assert parse(kind.value, signal.hex.upper(), quality) == signal


@pytest.mark.parametrize(
    ("kind", "untrusted"),
    [
        ("PDQ", "00" * 32),
        ("", "00" * 32),
        ("sha1", "00" * 20),
        ("pdq", ""),
        ("pdq", "00" * 31),
        ("pdq", "00" * 33),
        ("pdq", "0x" + "0" * 62),
        ("pdq", " " + "0" * 63),
        ("pdq", "0" * 63 + "\n"),
        ("pdq", "0" * 64 + "\n"),
        ("pdq", "٠" * 64),
        ("pdq", "g" * 64),
    ],
)
def test_other_text_is_no_signal_and_is_not_repeated(kind: str, untrusted: str) -> None:
    with pytest.raises(InvalidSignal) as caught:
        parse(kind, untrusted, 50)
    assert not untrusted or untrusted not in str(caught.value)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_distance_is_the_number_of_differing_bits(a: bytes, b: bytes) -> None:
    one, other = Signal(SignalType.PDQ, a, 50), Signal(SignalType.PDQ, b, 90)
    expected = sum((x ^ y).bit_count() for x, y in zip(a, b, strict=True))
    assert distance(one, other) == distance(other, one) == expected


def test_signals_of_two_types_have_no_distance() -> None:
    with pytest.raises(InvalidSignal):
        distance(PDQ, Signal(SignalType.PHASH, bytes(32), 100))


@pytest.mark.parametrize(
    "arguments", [(-1, 0, PDQ), (2, 1, PDQ), (0, 0, Signal(SignalType.PHASH, bytes(32), 9))]
)
def test_a_frame_signal_is_a_pdq_in_time(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidSignal):
        FrameSignal(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        (ContentKind.PICTURE, ()),
        (ContentKind.VIDEO, (), ()),
        (ContentKind.PICTURE, (PDQ,), (FrameSignal(0, 0, PDQ),)),
        (ContentKind.PICTURE, (PDQ, PDQ)),
        (ContentKind.PICTURE, (), (), (SQUARE,)),
        (ContentKind.PICTURE, (PDQ,), (), (SQUARE, SQUARE)),
        (ContentKind.VIDEO, (MD5,), (), (SQUARE,)),
        (ContentKind.VIDEO, (MD5,), (), (), (VIEW,)),
    ],
)
def test_what_is_no_content_cannot_be_made(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidSignal):
        ContentSignals(*arguments)


def test_content_may_have_signals_or_frames_or_both() -> None:
    frames = (FrameSignal(0, 250, PDQ),)
    assert ContentSignals(ContentKind.VIDEO, (MD5,), frames).frames == frames
    assert ContentSignals(ContentKind.VIDEO, (), frames).signals == ()
    assert ContentSignals(ContentKind.PICTURE, (PDQ, MD5)).frames == ()


def test_a_picture_may_have_windows_or_views_alone() -> None:
    assert ContentSignals(ContentKind.PICTURE, (PDQ,), windows=(SQUARE,)).windows == (SQUARE,)
    assert ContentSignals(ContentKind.PICTURE, (), views=(VIEW,)).signals == ()
    frame = FrameSignal(0, 250, PDQ, (VIEW,))
    assert ContentSignals(ContentKind.VIDEO, (), (frame,)).frames[0].views == (VIEW,)


def test_a_window_signal_is_a_pdq() -> None:
    with pytest.raises(InvalidSignal, match="pdq"):
        WindowSignal(Window.SQUARE, Signal(SignalType.PHASH, bytes(32), 9))
    with pytest.raises(InvalidSignal, match="pdq"):
        WindowSignal(Window.SQUARE, MD5)


@pytest.mark.parametrize(
    ("quality", "values"),
    [
        (50, ()),
        (50, (bytes(32),) * 9),
        (50, (bytes(32), bytes(31))),
        (50, (bytes(33),)),
        (-1, (bytes(32),)),
        (101, (bytes(32),)),
    ],
)
def test_what_is_no_view_cannot_be_made(quality: int, values: tuple[bytes, ...]) -> None:
    with pytest.raises(InvalidSignal):
        ViewSignals("full", quality, values)


@pytest.mark.parametrize("count", range(1, 9))
def test_a_view_has_one_to_eight_values(count: int) -> None:
    assert len(ViewSignals("full", 0, (bytes(32),) * count).values) == count


def test_repr_of_windows_and_views_hides_their_values() -> None:
    value = bytes(range(32))
    window = WindowSignal(Window.CENTRE_50, Signal(SignalType.PDQ, value, 77))
    entry = ContentSignals(ContentKind.PICTURE, (PDQ,), windows=(window,))
    frame = FrameSignal(0, 250, PDQ, (VIEW,))
    film = ContentSignals(ContentKind.VIDEO, (MD5,), (frame,))
    told = repr((entry, film, ContentSignals(ContentKind.PICTURE, (), views=(VIEW,))))
    assert repr(VIEW) == "ViewSignals(full, quality=80, 8 values)"
    assert told.count("ViewSignals(full") == 2
    assert "centre-50" in told
    assert value.hex() not in told
    assert repr(value)[2:-1] not in told
