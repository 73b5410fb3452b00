import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing import windows
from hashing.algorithms import pdq
from hashing.signals import SignalType, Window
from hashing.windows import WindowSet
from tests.device import edited


def edges(rows: int, columns: int) -> dict[str, tuple[int, int, int, int]]:
    """(top, bottom, left, right) of each window, past the last."""
    return {
        window.value: (*part[0].indices(rows)[:2], *part[1].indices(columns)[:2])
        for window, part in windows.boxes(rows, columns)
    }


def test_boxes_to_the_pixel() -> None:
    assert edges(481, 321) == {
        "centre-90": (24, 457, 16, 305),
        "centre-60": (96, 385, 64, 257),
        "centre-50": (120, 361, 80, 241),
        "square": (80, 401, 0, 321),
        "left-50": (0, 481, 0, 161),
        "right-50": (0, 481, 160, 321),
        "top-50": (0, 241, 0, 321),
        "bottom-50": (240, 481, 0, 321),
    }


def test_boxes_of_the_smallest_picture() -> None:
    assert edges(16, 512)["centre-90"] == (1, 15, 25, 486)
    assert edges(16, 512)["square"] == (0, 16, 248, 264)
    assert edges(17, 17)["centre-50"] == (4, 13, 4, 13)


@given(st.integers(16, 1280), st.integers(16, 1280))
def test_a_window_is_within_the_picture_and_in_its_middle_or_at_its_side(
    rows: int, columns: int
) -> None:
    for name, (top, bottom, left, right) in edges(rows, columns).items():
        assert 0 <= top < bottom <= rows
        assert 0 <= left < right <= columns
        if name.startswith(("centre", "square")):
            assert rows - bottom - top in {0, 1}
            assert columns - right - left in {0, 1}
        if name.startswith("centre"):
            part = int(name[-2:])
            assert bottom - top == (part * rows + 50) // 100
            assert abs(100 * (right - left) - part * columns) <= 50


@given(st.integers(16, 1280), st.integers(16, 1280))
def test_a_turned_picture_has_the_same_windows_turned(rows: int, columns: int) -> None:
    here, there = edges(rows, columns), edges(columns, rows)
    assert set(here) == set(there)
    for name in {"centre-90", "centre-60", "centre-50", "square"} & set(here):
        assert here[name] == (*there[name][2:], *there[name][:2])
    assert here["left-50"] == (*there["top-50"][2:], *there["top-50"][:2])
    assert here["right-50"] == (*there["bottom-50"][2:], *there["bottom-50"][:2])


@pytest.mark.parametrize(
    ("rows", "columns", "has"),
    [
        (400, 400, False),
        (400, 420, False),
        (420, 400, False),
        (400, 421, True),
        (421, 400, True),
        (20, 21, False),
        (16, 17, True),
    ],
)
def test_a_picture_that_is_nearly_square_has_no_square(
    rows: int, columns: int, *, has: bool
) -> None:
    assert ("square" in edges(rows, columns)) is has


def test_which_windows_each_set_has() -> None:
    luma = edited.textured(1)
    assert windows.compute(luma, WindowSet.NONE) == ()
    standard = windows.compute(luma, WindowSet.STANDARD)
    assert [one.window for one in standard] == ["centre-90", "centre-50", "square"]
    assert windows.compute(luma) == standard
    assert [one.window for one in windows.compute(luma, WindowSet.ALL)] == list(Window)


def test_a_window_has_the_signal_of_that_part() -> None:
    luma = edited.textured(2, 301, 403)
    parts = dict(windows.boxes(*luma.shape))
    for one in windows.compute(luma, WindowSet.ALL):
        part = np.ascontiguousarray(luma[parts[one.window]])
        assert one.signal.type is SignalType.PDQ
        assert (one.signal.value, one.signal.quality) == pdq.compute(part)


def test_a_plain_window_is_left_out() -> None:
    luma = edited.textured(3)
    luma[70:230, 90:310] = 128
    assert pdq.compute(luma)[1] >= pdq.QUALITY_BAR
    found = {one.window for one in windows.compute(luma, WindowSet.ALL)}
    assert Window.CENTRE_50 not in found
    assert Window.CENTRE_90 in found
