import warnings
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from hashing.algorithms import pdq
from hashing.media import pixels
from hashing.signals import FULL_VIEW, ViewSignals
from hashing.views import picture as picture_views
from hashing.views import video as video_views
from hashing.views.profile import Profile
from tests.device import edited
from tests.examples import examples

Luma = NDArray[np.uint8]
Edit = Callable[[Luma], Luma]

NEAR = 31
"""Bits: the distance up to which a match is one."""


def apart(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def value(luma: Luma) -> bytes:
    return pdq.compute(np.ascontiguousarray(luma))[0]


def named(luma: Luma, count: int = 60) -> dict[str, ViewSignals]:
    found = picture_views.compute(luma, count)
    assert len({view.view for view in found}) == len(found)
    return {view.view: view for view in found}


def oriented(luma: Luma, k: int) -> Luma:
    """What orientation k of docs/signals.md is: columns reversed, rows reversed, transposed."""
    luma = luma[:, ::-1] if k & 1 else luma
    luma = luma[::-1] if k & 2 else luma
    return np.ascontiguousarray(luma.T if k & 4 else luma)


# --- orientations ---


# Not sides like 256 and 512: there PDQ itself samples a little off the middle of each cell.
@pytest.mark.parametrize("shape", [(300, 400), (400, 300), (300, 300), (719, 333)])
@pytest.mark.parametrize("k", range(8))
def test_orientations_are_those_of_a_picture_really_turned(k: int, shape: tuple[int, int]) -> None:
    picture = edited.textured(k, *shape)
    found = picture_views.compute(picture, 1)[0].values
    told = [apart(one, value(oriented(picture, k))) for one in found]
    assert told[k] <= 20
    assert min(told[:k] + told[k + 1 :]) > 2 * NEAR


def test_orientations_of_a_turned_grid_are_the_same_eight() -> None:
    grid = pdq.sample(edited.textured(1))
    all_eight = picture_views.orientations(grid[None])[0]
    seen = {bytes(one) for one in all_eight}
    assert len(seen) == 8
    for k in range(8):
        turned = oriented(grid.astype(np.uint8), k)
        again = picture_views.orientations(turned.astype(np.float32)[None])[0]
        assert apart(bytes(again[0]), bytes(all_eight[k])) <= 4


def composed(first: int, second: int) -> int:
    """The orientation of an orientation, worked out on corners alone."""
    corners = np.arange(4, dtype=np.uint8).reshape(2, 2)
    wanted = oriented(oriented(corners, first), second)
    [found] = [k for k in range(8) if np.array_equal(oriented(corners, k), wanted)]
    return found


@pytest.mark.parametrize("first", range(8))
def test_orientations_are_a_group(first: int) -> None:
    grid = np.random.default_rng(1).uniform(0, 255, (64, 64)).astype(np.float32)
    turned = grid[:, ::-1] if first & 1 else grid
    turned = turned[::-1] if first & 2 else turned
    turned = turned.T if first & 4 else turned
    own = picture_views.orientations(grid[None])[0]
    again = picture_views.orientations(np.ascontiguousarray(turned)[None])[0]
    for second in range(8):
        assert apart(bytes(again[second]), bytes(own[composed(first, second)])) <= 2
    assert {composed(first, second) for second in range(8)} == set(range(8))


def test_many_grids_at_once_are_each_alone() -> None:
    grids = np.stack([pdq.sample(edited.textured(seed)) for seed in range(5)])
    together = picture_views.orientations(grids)
    assert together.shape == (5, 8, 32)
    for grid, of_one in zip(grids, together, strict=True):
        assert np.array_equal(picture_views.orientations(grid[None])[0], of_one)


# --- what a lookup asks ---


@pytest.mark.parametrize("shape", [(16, 512), (64, 64), (100, 701), (720, 1280), (1280, 1280)])
def test_the_first_view_is_the_picture_itself_to_the_bit(shape: tuple[int, int]) -> None:
    striped = np.tile(edited.textured(1, 16, shape[1])[:1], (shape[0], 1))  # coefficients tie
    for picture in (edited.textured(3, *shape), striped):
        exact, quality = pdq.compute(picture)
        assert quality >= pdq.QUALITY_BAR
        [first] = picture_views.compute(picture, 1)
        assert (first.view, first.quality, first.values[0]) == (FULL_VIEW, quality, exact)


def test_fewer_views_are_the_first_of_more() -> None:
    picture = edited.storied(edited.stickered(edited.textured(2)))
    everything = picture_views.compute(picture, 60)
    assert len(everything) > Profile.EXHAUSTIVE.views
    for count in range(len(everything) + 1):
        assert picture_views.compute(picture, count) == everything[:count]


def test_every_view_has_a_name_and_eight_values() -> None:
    found = picture_views.compute(edited.textured(5), 60)
    assert len({view.view for view in found}) == len(found)
    assert {len(view.values) for view in found} == {8}
    assert min(view.quality for view in found) >= pdq.QUALITY_BAR
    assert len(found) >= Profile.EXHAUSTIVE.views


def test_a_plain_picture_has_no_views() -> None:
    assert picture_views.compute(edited.flat(200, 300, 117), 60) == ()


def test_a_plain_view_is_left_out() -> None:
    picture = edited.textured(4)
    picture[40:260, 50:350] = 90
    found = named(picture)
    assert FULL_VIEW in found
    assert not {"centre-70", "centre-62.5"} & set(found)


# --- edits undone ---


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize(
    ("edit", "view"),
    [
        (edited.letterboxed, "content"),
        (lambda luma: edited.letterboxed(luma, 255), "content"),
        (edited.captioned, "content"),
        (edited.storied, "story"),
        (edited.on_a_screen, "screen"),
        (edited.turned_on_black, "turned"),
        (lambda luma: edited.turned_on_black(luma, -25), "turned"),
        (lambda luma: edited.turned_on_black(luma, 5)[18:-18, 18:-18], "turn-5"),
        (lambda luma: edited.turned_on_black(luma, -5)[18:-18, 18:-18], "turn+5"),
    ],
)
def test_an_edit_is_undone_by_its_view(edit: Edit, view: str, seed: int) -> None:
    original = edited.textured(seed)
    copy = np.ascontiguousarray(edit(original))
    assert apart(value(copy), value(original)) > 2 * NEAR
    found = named(copy)
    assert apart(found[view].values[0], value(original)) <= NEAR


def test_a_sticker_is_healed() -> None:
    """What is smooth around it can be filled in; coarse texture could not."""
    original = np.asarray(cv2.GaussianBlur(edited.textured(3), (0, 0), 6), np.uint8)
    copy = edited.stickered(original)
    assert apart(value(copy), value(original)) > NEAR
    assert apart(named(copy)["healed"].values[0], value(original)) <= NEAR


@pytest.mark.parametrize("k", range(8))
def test_an_edit_is_undone_however_the_copy_was_turned(k: int) -> None:
    original = edited.textured(3)
    copy = oriented(edited.letterboxed(original), k)
    values = named(copy)["content"].values
    assert min(apart(one, value(original)) for one in values) <= NEAR


@pytest.mark.parametrize("gutter", [0, 6])
def test_the_pictures_of_a_collage_are_found(gutter: int) -> None:
    left, right = edited.textured(3), edited.textured(53)
    between = edited.flat(300, gutter, 255)
    found = named(np.hstack([left, between, right]))
    assert apart(found["panel-1"].values[0], value(left)) <= NEAR
    assert apart(found["panel-2"].values[0], value(right)) <= NEAR
    above = named(np.vstack([left, edited.flat(gutter, 400, 255), right]))
    assert apart(above["panel-1"].values[0], value(left)) <= NEAR
    assert apart(above["panel-2"].values[0], value(right)) <= NEAR


@pytest.mark.parametrize(
    ("view", "rows", "columns"),
    [
        ("square", (0, 300), (50, 350)),
        ("centre-70", (45, 255), (60, 340)),
        ("centre-75", (38, 262), (50, 350)),
        ("cut-top-15", (45, 300), (0, 400)),
        ("cut-left-top-25", (75, 300), (100, 400)),
        ("cut-right-bottom-25", (0, 225), (0, 300)),
        ("cut-left-29", (0, 300), (114, 400)),
        ("cut-bottom-37", (0, 188), (0, 400)),
    ],
)
def test_a_fixed_view_is_that_part(
    view: str, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    picture = edited.textured(7)
    part = picture[slice(*rows), slice(*columns)]
    found = named(picture, 200)
    assert apart(found[view].values[0], value(part)) <= 14


@pytest.mark.parametrize(
    ("view", "left", "top"),
    [("pad-10", 22, 17), ("pad-left-10", 44, 0), ("pad-top-10", 0, 33)],
)
def test_a_pad_undoes_a_crop_but_for_what_is_lost(view: str, left: int, top: int) -> None:
    original = edited.textured(8)
    right, bottom = (left, top) if view == "pad-10" else (0, 0)
    copy = original[top : 300 - bottom, left : 400 - right]
    before, after = value(copy), named(np.ascontiguousarray(copy), 200)[view].values[0]
    assert apart(after, value(original)) < apart(before, value(original))


# --- whatever the pixels ---


def strips(rows: int, columns: int) -> st.SearchStrategy[Luma]:
    """Flat and textured pictures crossed by lines, boxes and discs, down to one pixel."""

    def draw(seed: int) -> Luma:
        rng = np.random.default_rng(seed)
        kinds: list[Luma] = [
            edited.flat(rows, columns, int(rng.integers(256))),
            edited.textured(seed, rows, columns),
            rng.integers(0, 256, (rows, columns), dtype=np.uint8),
            np.tile(rng.integers(0, 256, (1, columns), dtype=np.uint8), (rows, 1)),
            ((np.indices((rows, columns)).sum(axis=0) % 2) * 255).astype(np.uint8),
        ]
        luma: Luma = kinds[seed % len(kinds)]
        for grey in rng.integers(0, 256, int(rng.integers(5))):
            shade = int(rng.choice([0, 255, grey]))
            top, left = int(rng.integers(rows)), int(rng.integers(columns))
            bottom, right = int(rng.integers(top, rows)), int(rng.integers(left, columns))
            luma[top : bottom + 1, left : right + 1] = shade
            luma[int(rng.integers(rows))] = shade
            cv2.circle(luma, (left, top), int(rng.integers(1, 60)), 255 - shade, -1)
        return luma

    return st.integers(0, 10_000).map(draw)


SIDES = st.one_of(
    st.tuples(st.integers(16, 80), st.integers(16, 80)),
    st.tuples(st.integers(16, 40), st.integers(256, 512)),
    st.sampled_from([(16, 512), (512, 16), (40, 1280), (1280, 40), (300, 400)]),
)


@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.data_too_large]
)
@given(
    st.one_of(
        SIDES.flatmap(lambda sides: strips(*sides)),
        arrays(np.uint8, st.tuples(st.integers(16, 24), st.integers(16, 24))),
    )
)
def test_no_picture_is_too_odd(luma: Luma) -> None:
    rows, columns = luma.shape
    pixels.check_size(columns, rows, pixels.MAX_PIXELS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = picture_views.compute(luma, 60)
        of_frames = video_views.of_stretch([luma, luma[::-1]], 9)
    if pdq.compute(luma)[1] >= pdq.QUALITY_BAR:
        assert found[0].view == of_frames[0][0].view == FULL_VIEW


@pytest.mark.parametrize("grey", [0, 1, 127, 254, 255])
@pytest.mark.parametrize("shape", [(16, 16), (16, 512), (512, 16), (1280, 1280)])
def test_a_flat_picture_has_none(shape: tuple[int, int], grey: int) -> None:
    assert picture_views.compute(edited.flat(*shape, grey), 60) == ()
