"""BMPs in run lengths. tests/pages/test_same_file.py has Chromium read such files too."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hashing.errors import Damaged
from hashing.media import pixels
from tests.device.media.bmp_runs import END, LINE, run_lengths

SIDE = 16
GREYS = tuple(range(200, 72, -8))
"""By index; the first is not black."""
BLACK, WHITE = 0, 255


def picture(*rows: list[int]) -> NDArray[np.uint8]:
    """The rows from the lowest on, as they are in the file; those above are black."""
    left_out = [[BLACK] * SIDE] * (SIDE - len(rows))
    return np.array([*rows, *left_out], np.uint8)[::-1]


def row(*indexes: int) -> list[int]:
    return [GREYS[index] for index in indexes] + [BLACK] * (SIDE - len(indexes))


FULL = row(*[3] * SIDE)
FULL_8 = bytes([SIDE, 3]) + LINE
SHOWN = {
    "a line ends early": (8, bytes([5, 3]) + LINE + FULL_8 + END, [row(3, 3, 3, 3, 3), FULL]),
    "a jump to the right and up": (
        8,
        FULL_8 + bytes([2, 3, 0, 2, 3, 2, 4, 5]) + LINE + END,
        [FULL, row(3, 3), row(), [*row()[:5], *[GREYS[5]] * 4, *row()[:7]]],
    ),
    "a jump beyond the row, or the picture": (
        8,
        bytes([2, 3, 0, 2, 20, 0, 9, 4]) + LINE + FULL_8 + bytes([0, 2, 0, 99, 9, 4]),
        [row(3, 3), FULL],
    ),
    "runs that are too long": (
        8,
        bytes([SIDE + 9, 3]) + LINE + bytes([0, SIDE + 2, *[3] * SIDE, 7, 7]) + LINE + END,
        [FULL, FULL],
    ),
    "an index beyond the palette": (8, bytes([3, 3, 2, 99, 1, 3]) + END, [row(3, 3, 3)]),
    "nothing at all": (8, END, []),
    "two pixels a byte": (
        4,
        bytes([3, 0x12, 0, 5, 0x34, 0x56, 0x70, 0, 1, 0x50]) + LINE + END,
        [row(1, 2, 1, 3, 4, 5, 6, 7, 5)],
    ),
    "no end after the last row": (8, FULL_8 * (SIDE - 1) + bytes([SIDE, 3]), [FULL] * SIDE),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_runs_leave_out_is_black(name: str) -> None:
    bits, stream, rows = SHOWN[name]
    expected = picture(*rows)
    if name == "an index beyond the palette":
        expected[-1, 5] = GREYS[3]
    file = run_lengths(stream, (SIDE, SIDE), bits, GREYS)
    assert np.array_equal(pixels.read(file), expected)
    downwards = run_lengths(stream, (SIDE, -SIDE), bits, GREYS)
    assert np.array_equal(pixels.read(downwards), expected[::-1])


def test_of_runs_that_break_off_the_rows_that_have_ended_are_there() -> None:
    stream = bytes([5, 3]) + LINE + FULL_8 * 7 + bytes([7, 3])
    for end in (b"", b"\4", bytes([0, 6, 1, 2]), bytes([0, 2, 9])):
        file = run_lengths(stream + end, (SIDE, SIDE), 8, GREYS)
        with pixels.open_picture(file) as part:
            luma = pixels.first_luma(part)
            assert part.incomplete
        assert np.array_equal(luma[8:], picture(row(*[3] * 5), *[FULL] * 7)[8:])
        assert (luma[:8] == WHITE).all()
    for too_little in (FULL_8 * 3, FULL_8[:2], b""):
        with pytest.raises(Damaged):
            pixels.read(run_lengths(too_little, (SIDE, SIDE), 8, GREYS))


def test_colours_become_the_luma_that_they_have_in_other_formats() -> None:
    colours = Image.effect_noise((64, 48), 90).convert("RGB").quantize(16).convert("P")
    stream = b"".join(
        b"".join(bytes([1, index]) for index in line) + LINE for line in np.asarray(colours)[::-1]
    )
    palette = np.array(colours.getpalette("BGR"), np.uint8).reshape(-1, 3)
    file = run_lengths(stream + END, colours.size, 8, palette.tolist())
    assert np.array_equal(pixels.read(file), np.asarray(colours.convert("RGB").convert("L")))
