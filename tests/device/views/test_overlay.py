import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hashing.algorithms import pdq
from hashing.views import overlay
from hashing.views.overlay import Circle
from tests.device import edited

Luma = NDArray[np.uint8]


def smooth(seed: int, rows: int = 300, columns: int = 400) -> Luma:
    weak = (edited.textured(seed, rows, columns) // 3 + 60).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(weak, (0, 0), 3), np.uint8)


@pytest.mark.parametrize(
    ("x", "y", "radius"), [(150, 120, 55), (70, 70, 60), (300, 200, 70), (200, 150, 40)]
)
@pytest.mark.parametrize("shape", [(300, 400), (400, 400)])
def test_a_round_sticker_is_found(x: int, y: int, radius: int, shape: tuple[int, int]) -> None:
    found = overlay.sticker(edited.stickered(smooth(1, *shape), x, y, radius))
    assert found is not None
    rows, columns = shape
    assert abs(found.x * columns - x) <= 8
    assert abs(found.y * rows - y) <= 8
    assert -6 <= found.across * columns - radius <= 12
    assert -6 <= found.down * rows - radius <= 12


@pytest.mark.parametrize(
    "luma", [smooth(1), smooth(2), edited.flat(300, 400, 9), edited.flat(16, 512, 255)]
)
def test_a_picture_without_one_has_none(luma: Luma) -> None:
    assert overlay.sticker(luma) is None


def test_one_that_is_too_small_or_too_large_is_not_looked_for() -> None:
    for radius in (12, 145):
        found = overlay.sticker(edited.stickered(smooth(1), 200, 150, radius))
        assert found is None or abs(found.across * 400 - radius) > 20


def test_a_circle_is_filled_from_around_it_and_the_rest_is_kept() -> None:
    whole = pdq.sample(smooth(3))
    stuck = pdq.sample(edited.stickered(smooth(3), 150, 120, 55))
    healed = overlay.healed(stuck, Circle(150 / 400, 120 / 300, 60 / 400, 60 / 300))
    assert healed.dtype == np.float32
    assert healed.shape == (64, 64)
    assert np.abs(healed - whole).mean() < 0.4 * np.abs(stuck - whole).mean()
    outside = np.ones((64, 64), bool)
    outside[8:45, 8:40] = False
    assert np.abs(healed - stuck)[outside].max() < 1


@pytest.mark.parametrize("circle", [Circle(0, 0, 0.2, 0.2), Circle(1, 1, 0.3, 0.01)])
def test_a_circle_at_the_edge_can_be_filled(circle: Circle) -> None:
    assert np.isfinite(overlay.healed(pdq.sample(smooth(4)), circle)).all()
