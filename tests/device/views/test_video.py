from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from hashing.algorithms import pdq
from hashing.views import layout
from hashing.views import picture as picture_views
from hashing.views import video as video_views
from tests.device import edited

Luma = NDArray[np.uint8]

NEAR = 31


def apart(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def value(luma: Luma) -> bytes:
    return pdq.compute(luma)[0]


def film(count: int = 10) -> list[Luma]:
    return [edited.textured(seed) for seed in range(1, count + 1)]


def names(lumas: list[Luma], count: int = 20) -> list[list[str]]:
    return [[view.view for view in of_one] for of_one in video_views.of_stretch(lumas, count)]


PADS = ["pad-10", "pad-5", "pad-15"]


def test_frames_of_their_own_have_the_whole_and_pads() -> None:
    found = [[name for name in of_one if name != "screen"] for of_one in names(film())]
    assert found == [["full", *PADS]] * 10


def test_the_first_view_is_the_frame_itself_to_the_bit() -> None:
    for luma, of_one in zip(film(), video_views.of_stretch(film(), 1), strict=True):
        assert [(v.view, v.values[0], v.quality) for v in of_one] == [("full", *pdq.compute(luma))]


def test_fewer_views_are_the_first_of_more() -> None:
    lumas = [edited.letterboxed(luma) for luma in film(3)]
    everything = video_views.of_stretch(lumas, 20)
    for count in range(8):
        found = video_views.of_stretch(lumas, count)
        assert found == [of_one[:count] for of_one in everything]


def test_a_plain_frame_has_no_views_and_keeps_its_place() -> None:
    lumas = film(3)
    lumas[1] = edited.flat(300, 400, 9)
    assert [bool(of_one) for of_one in video_views.of_stretch(lumas, 5)] == [True, False, True]


@pytest.mark.parametrize(
    ("edit", "view"),
    [
        (edited.letterboxed, "content"),
        (edited.captioned, "content"),
        (edited.storied, "content"),
        (edited.on_a_screen, "screen"),
    ],
)
def test_what_was_put_around_a_video_is_cut_away_in_every_frame(
    edit: Callable[[Luma], Luma], view: str
) -> None:
    originals = film()
    found = video_views.of_stretch([edit(luma) for luma in originals], 20)
    bits = []
    for original, of_one in zip(originals, found, strict=True):
        undone = next(one for one in of_one if one.view == view)
        bits.append(apart(undone.values[0], value(original)))
    assert sorted(bits)[-2] <= NEAR, bits


def test_a_frame_in_which_the_border_is_not_seen_is_cut_all_the_same() -> None:
    """A dark scene within black bars has no border of its own."""
    lumas = [edited.letterboxed(luma) for luma in film(9)]
    lumas[4] = edited.letterboxed(
        np.where(np.indices((300, 400))[0] < 150, 0, edited.textured(4)).astype(np.uint8)
    )
    boxes = video_views.of_stretch(lumas, 2)
    assert [of_one[1].view for of_one in boxes] == ["content"] * 9
    alone = picture_views.compute(lumas[4], 2)
    assert boxes[4][1].values != alone[1].values


def test_what_few_frames_have_is_not_cut_away() -> None:
    lumas = [
        edited.on(edited.flat(400, 400, 0), luma, 0, 50)
        if at < 4
        else edited.textured(at, 400, 400)
        for at, luma in enumerate(film(9))
    ]
    assert not [of_one for of_one in names(lumas) if "content" in of_one]


@pytest.mark.parametrize("count", [1, 2, 9, 10, 40])
def test_at_most_nine_frames_are_looked_at(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Luma] = []
    monkeypatch.setattr(layout, "content_box", looked.append)
    assert len(video_views.of_stretch([edited.textured(1, 90, 120)] * count, 2)) == count
    assert min(count, 5) <= len(looked) <= min(count, 9)
