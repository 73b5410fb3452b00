import numpy as np
import pytest
from numpy.typing import NDArray

from hashing.algorithms import pdq
from hashing.views import insets
from hashing.views import video as video_views
from hashing.views.layout import Box
from tests.device import edited

Luma = NDArray[np.uint8]


def film(first: int, count: int, rows: int, columns: int) -> list[Luma]:
    return [edited.textured(first + at, rows, columns) for at in range(count)]


def reaction(left: int, top: int, rows: int, columns: int) -> list[Luma]:
    """Nine frames of a film on nine of another."""
    hosts, guests = film(100, 9, 360, 640), film(1, 9, rows, columns)
    return [
        edited.on((host // 2 + 128).astype(np.uint8), (guest // 2).astype(np.uint8), left, top)
        for host, guest in zip(hosts, guests, strict=True)
    ]


@pytest.mark.parametrize(
    ("left", "top", "rows", "columns"),
    [(30, 25, 180, 240), (340, 150, 190, 280), (120, 60, 220, 400)],
)
def test_a_film_set_into_another_is_found(left: int, top: int, rows: int, columns: int) -> None:
    found = insets.inset(reaction(left, top, rows, columns))
    assert found is not None
    wanted = (left / 640, top / 360, (left + columns) / 640, (top + rows) / 360)
    assert np.allclose(found, wanted, atol=0.015)


def test_its_frames_are_then_views() -> None:
    found = video_views.of_stretch(reaction(340, 150, 190, 280), 3)
    bits = []
    for guest, of_one in zip(film(1, 9, 190, 280), found, strict=True):
        inset = next(view for view in of_one if view.view == "inset")
        apart = int.from_bytes(inset.values[0]) ^ int.from_bytes(pdq.compute(guest)[0])
        bits.append(apart.bit_count())
    assert sorted(bits)[-3] <= 31, bits


def test_a_film_of_its_own_has_none() -> None:
    assert insets.inset(film(1, 9, 360, 640)) is None
    assert insets.inset([edited.flat(16, 512, 3)]) is None


def test_the_edges_of_the_whole_are_no_inset() -> None:
    framed = []
    for luma in film(1, 9, 360, 640):
        luma[:2] = luma[-2:] = 255
        luma[:, :2] = luma[:, -2:] = 255
        framed.append(luma)
    assert insets.inset(framed) is None


def test_two_level_lines_alone_are_none() -> None:
    lined = []
    for luma in film(1, 9, 360, 640):
        luma[100:103, 100:500] = luma[250:253, 100:500] = 255
        lined.append(luma)
    assert insets.inset(lined) is None


def test_the_best_supported_of_several_is_it() -> None:
    frames = reaction(60, 60, 200, 300)
    for luma in frames:
        luma[80:82, 400:600] = luma[300:302, 400:600] = 255
        luma[80:200, 400:402] = luma[80:200, 598:600] = 255
    found = insets.inset(frames)
    assert found is not None
    assert np.allclose(found, Box(60 / 640, 60 / 360, 360 / 640, 260 / 360), atol=0.02)
