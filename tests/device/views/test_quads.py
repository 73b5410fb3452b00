import numpy as np
import pytest
from numpy.typing import NDArray

from hashing.views import quads
from tests.device import edited

Luma = NDArray[np.uint8]
Matrix = NDArray[np.float64]


def parts(corners: list[tuple[int, int]], luma: Luma) -> Matrix:
    return np.array(corners, np.float64) / luma.shape[::-1]


def test_a_homography_takes_the_unit_square_to_the_quad() -> None:
    quad = np.array([[0.1, 0.2], [0.9, 0.1], [0.8, 0.9], [0.2, 0.7]])
    square = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], np.float64)
    taken = square @ quads.homography(quad).T
    assert np.allclose(taken[:, :2] / taken[:, 2:], quad, atol=1e-5)


def test_parts_are_of_pixels_not_of_their_centres() -> None:
    to_pixels = quads.to_pixels((100, 200))
    assert (to_pixels @ [0, 0, 1]).tolist() == [-0.5, -0.5, 1]
    assert (to_pixels @ [1, 1, 1]).tolist() == [199.5, 99.5, 1]


WHOLE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)


# --- turned on one colour ---

TURNED = [(80, 60), (430, 20), (460, 290), (110, 330)]


@pytest.mark.parametrize("grey", [0, 255, 128])
@pytest.mark.parametrize("begin", range(4))
def test_four_corners_on_one_colour(grey: int, begin: int) -> None:
    """However the picture was turned, the first corner is that nearest the top left."""
    luma = edited.flat(360, 520, grey)
    picture = (
        np.maximum(edited.textured(1), 30) if grey == 0 else np.minimum(edited.textured(1), 90)
    )
    corners = TURNED[begin:] + TURNED[:begin]
    found = quads.turned_quad(edited.onto(luma, picture, corners))
    assert found is not None
    assert np.allclose(found, parts(TURNED, luma), atol=0.015)


def test_a_picture_that_fills_its_frame_is_not_turned() -> None:
    assert quads.turned_quad(edited.textured(1)) is None
    assert quads.turned_quad(edited.flat(300, 400, 7)) is None


def test_a_small_thing_on_one_colour_is_no_picture() -> None:
    luma = edited.on(edited.flat(300, 400, 0), edited.textured(1, 60, 60), 100, 100)
    assert quads.turned_quad(luma) is None


@pytest.mark.parametrize("corners", [3, 5, 40])
def test_other_shapes_are_no_picture(corners: int) -> None:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    y, x = np.mgrid[0:400, 0:400]
    inside = np.ones((400, 400), bool)
    for angle in angles:
        inside &= (x - 200) * np.cos(angle) + (y - 200) * np.sin(angle) < 90
    luma = np.where(inside, 200, 0).astype(np.uint8)
    assert quads.turned_quad(luma) is None


def test_a_diamond_has_four_corners() -> None:
    y, x = np.mgrid[0:400, 0:400]
    luma = np.where(abs(x - 200) + abs(y - 200) < 150, 200, 0).astype(np.uint8)
    found = quads.turned_quad(luma)
    assert found is None or len({tuple(corner) for corner in found.tolist()}) == 4


# --- a screen, and its bezel ---

SCREENS = [
    [(70, 50), (565, 75), (580, 430), (60, 415)],
    [(100, 40), (520, 40), (520, 440), (100, 440)],
    [(60, 90), (600, 50), (570, 400), (80, 440)],
]
TABLE = (edited.textured(99, 480, 640) // 3 + 120).astype(np.uint8)


@pytest.mark.parametrize("corners", SCREENS)
def test_the_corners_of_a_screen(corners: list[tuple[int, int]]) -> None:
    luma = edited.onto(TABLE, (edited.textured(2) // 2).astype(np.uint8), corners)
    found = quads.screen_quad(luma)
    assert found is not None
    assert np.allclose(found, parts(corners, luma), atol=0.02)


@pytest.mark.parametrize("luma", [edited.flat(300, 400, 7), edited.flat(16, 512, 0)])
def test_a_plain_picture_has_no_screen(luma: Luma) -> None:
    assert quads.screen_quad(luma) is None


def test_a_bezel_is_left_out() -> None:
    screen = edited.on(edited.flat(340, 440, 25), edited.textured(3), 20, 20)
    inner = quads.without_bezel(screen, WHOLE)
    corners = np.array([[0, 0, 1], [1, 1, 1]]) @ inner.T
    wanted = [[20 / 440, 20 / 340], [1 - 20 / 440, 1 - 20 / 340]]
    assert np.allclose(corners[:, :2], wanted, atol=0.02)


@pytest.mark.parametrize("grey", [150, 255])
def test_a_light_margin_is_no_bezel(grey: int) -> None:
    screen = edited.on(edited.flat(340, 440, grey), edited.textured(3), 20, 20)
    assert np.allclose(quads.without_bezel(screen, WHOLE), quads.homography(WHOLE))


def test_a_dark_area_without_end_is_no_bezel() -> None:
    screen = edited.on(edited.flat(600, 600, 20), edited.textured(3, 300, 300), 150, 150)
    assert np.allclose(quads.without_bezel(screen, WHOLE), quads.homography(WHOLE))


# --- of several frames ---


def test_a_screen_that_stays_is_found_by_what_does_not_move() -> None:
    """In each frame alone the picture's own lines may be the longer ones."""
    corners = SCREENS[0]
    shown = [(edited.textured(seed) // 2).astype(np.uint8) for seed in range(6)]
    for at, picture in enumerate(shown):
        picture[:, 60 + 40 * at : 63 + 40 * at] = 255  # a line that wanders
    frames = [edited.onto(TABLE, picture, corners) for picture in shown]
    found = quads.lasting_quad(frames)
    assert found is not None
    assert np.allclose(found, parts(corners, TABLE), atol=0.02)


def test_one_frame_alone_has_the_quad_of_a_picture() -> None:
    luma = edited.onto(TABLE, (edited.textured(2) // 2).astype(np.uint8), SCREENS[2])
    alone, lasting = quads.screen_quad(luma), quads.lasting_quad([luma])
    assert alone is not None
    assert lasting is not None
    assert np.array_equal(alone, lasting)


def test_what_moves_in_every_frame_is_no_screen() -> None:
    frames = []
    for at in range(8):
        luma = edited.flat(300, 400, 128)
        luma[40 + 20 * at : 100 + 20 * at, 30 + 30 * at : 150 + 30 * at] = 20
        frames.append(luma)
    assert quads.lasting_quad(frames) is None
