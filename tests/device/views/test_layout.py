import numpy as np
import pytest
from numpy.typing import NDArray

from hashing.views import layout, panels
from hashing.views.layout import Box
from tests.device import edited

Luma = NDArray[np.uint8]


def near(found: Box | None, wanted: tuple[float, float, float, float], within: float) -> bool:
    return found is not None and bool(np.allclose(found, wanted, atol=within))


# --- areas of one colour ---


@pytest.mark.parametrize("grey", [0, 30, 128, 255])
@pytest.mark.parametrize(
    ("left", "top", "right", "bottom"),
    [(0, 51, 0, 51), (37, 0, 61, 0), (33, 33, 33, 33), (0, 0, 0, 90), (101, 7, 0, 0)],
)
def test_bars_are_cut_off_to_the_pixel(
    left: int, top: int, right: int, bottom: int, grey: int
) -> None:
    picture = edited.textured(1, 301, 403)
    rows, columns = 301 + top + bottom, 403 + left + right
    found = layout.content_box(edited.on(edited.flat(rows, columns, grey), picture, left, top))
    assert near(
        found,
        (left / columns, top / rows, (left + 403) / columns, (top + 301) / rows),
        1.01 / min(rows, columns),
    )


def test_bars_that_a_coarse_jpeg_has_stained_are_cut_off() -> None:
    whole = edited.letterboxed(edited.textured(2), 100).astype(np.int16)
    whole += np.random.default_rng(1).integers(-5, 6, whole.shape, dtype=np.int16)
    found = layout.content_box(np.clip(whole, 0, 255).astype(np.uint8))
    assert near(found, (0, 50 / 400, 1, 350 / 400), 0.01)


def test_text_above_a_picture_goes_with_its_bar() -> None:
    found = layout.content_box(edited.captioned(edited.textured(3)))
    assert near(found, (0, 80 / 380, 1, 1), 0.01)


def test_a_caption_that_all_but_touches_the_picture_is_cut_at_the_line_above() -> None:
    picture = edited.textured(3)
    whole = edited.on(edited.flat(400, 400, 255), picture, 0, 100)
    whole[30:60, 5:395] = edited.textured(4, 30, 390)
    whole[66:92, 5:395] = edited.textured(5, 26, 390)
    assert near(layout.content_box(whole), (0, 0.25, 1, 1), 0.02)
    assert near(layout.content_box(whole[::-1]), (0, 0, 1, 0.75), 0.02)


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_without_bars_has_no_box(seed: int) -> None:
    assert layout.content_box(edited.textured(seed)) is None


@pytest.mark.parametrize(
    "luma",
    [
        edited.flat(300, 400, 9),
        edited.on(edited.flat(300, 400, 0), edited.textured(1, 30, 40), 100, 100),
        edited.on(edited.flat(300, 400, 0), edited.textured(1, 296, 400), 0, 2),
        edited.on(edited.flat(300, 400, 0), edited.textured(1, 300, 30), 100, 0),
    ],
    ids=["flat", "small", "nearly all", "narrow"],
)
def test_what_is_left_must_be_a_picture(luma: Luma) -> None:
    assert layout.content_box(luma) is None


def test_lines_too_thin_to_be_a_picture_are_not_what_is_left() -> None:
    """Row by row there is no gap; column by column all is one colour."""
    luma = edited.flat(512, 300, 0)
    luma[::9] = 200
    assert layout.content_box(luma) is None


def test_a_box_is_narrowed_three_times_at_most() -> None:
    """Each time another of these no longer reaches into what is left."""
    luma = edited.flat(100, 100, 0)
    boxes = [(0, 85, 0, 10), (10, 90, 40, 65), (10, 40, 35, 90), (20, 55, 5, 30), (70, 95, 25, 45)]
    for top, bottom, left, right in boxes:
        luma[top:bottom, left:right] = 200
    assert layout.content_box(luma) == Box(0.1, 0.4, 0.4, 0.7)


@pytest.mark.parametrize("rows", [16, 17, 20, 33])
def test_the_smallest_pictures_have_boxes_within_them(rows: int) -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        luma = edited.flat(rows, 40, int(rng.integers(256)))
        top, bottom = sorted(rng.choice(rows, 2, replace=False))
        luma[top : bottom + 1] = rng.integers(0, 256, (bottom + 1 - top, 40), dtype=np.uint8)
        for box in (layout.content_box(luma), layout.story_box(luma)):
            if box is not None:
                assert 0 <= box.left < box.right <= 1
                assert 0 <= box.top < box.bottom <= 1


@pytest.mark.parametrize(
    ("kept", "gap", "run"),
    [
        ([0, 0, 0], 0, None),
        ([1, 1, 1], 0, (0, 3)),
        ([1, 0, 1, 1, 0], 0, (2, 4)),
        ([1, 0, 1, 1, 0], 1, (0, 4)),
        ([1, 0, 0, 1, 1], 1, (3, 5)),
        ([1, 0, 0, 1, 1], 2, (0, 5)),
    ],
)
def test_the_longest_run(kept: list[int], gap: int, run: tuple[int, int] | None) -> None:
    assert layout.longest_run(np.array(kept, bool), gap) == run


# --- on its own blurred enlargement ---


@pytest.mark.parametrize("seed", range(3))
def test_the_sharp_part_is_found(seed: int) -> None:
    whole = edited.storied(edited.textured(seed))
    assert near(layout.story_box(whole), (0, 185 / 640, 1, 455 / 640), 0.01)
    lying = np.ascontiguousarray(whole.T)
    assert near(layout.story_box(lying), (185 / 640, 0, 455 / 640, 1), 0.01)


def test_a_smooth_edge_of_the_picture_is_kept_up_to_the_seam() -> None:
    """A sky has no detail, but it ends in a step."""
    luma = edited.flat(400, 300, 60)
    luma[105:295] = 150
    luma[120:280] = np.random.default_rng(1).integers(138, 163, (160, 300))
    found = layout.story_box(luma)
    assert near(found, (0, 105 / 400, 1, 295 / 400), 0.008)


@pytest.mark.parametrize("luma", [edited.textured(1), edited.flat(300, 400, 9)])
def test_a_picture_that_is_all_sharp_or_all_plain_has_no_story_box(luma: Luma) -> None:
    assert layout.story_box(luma) is None


def test_without_a_seam_the_sharp_part_ends_where_detail_does() -> None:
    """Where the fill is as bright as the picture at its edge, nothing steps."""
    luma = edited.flat(400, 300, 128)
    luma[120:280] = np.random.default_rng(1).integers(116, 141, (160, 300))
    found = layout.story_box(luma)
    assert near(found, (0, 120 / 400, 1, 280 / 400), 0.03)


# --- collages ---


def collage(across: int, down: int, gutter: int, grey: int) -> Luma:
    seeds = iter(range(20, 40))
    line = edited.flat(200, gutter, grey)
    rows = []
    for _ in range(down):
        parts = [edited.textured(next(seeds), 200, 240) for _ in range(across)]
        rows.append(np.hstack([parts[0], *[one for part in parts[1:] for one in (line, part)]]))
    level = edited.flat(gutter, rows[0].shape[1], grey)
    return np.vstack([rows[0], *[one for row in rows[1:] for one in (level, row)]])


@pytest.mark.parametrize(("gutter", "grey"), [(0, 0), (8, 0), (12, 255)])
@pytest.mark.parametrize(("across", "down"), [(2, 1), (1, 2), (2, 2)])
def test_the_panels_of_a_collage(across: int, down: int, gutter: int, grey: int) -> None:
    luma = collage(across, down, gutter, grey)
    rows, columns = luma.shape
    found = panels.panels(luma)
    wanted = [
        Box(left / columns, top / rows, (left + 240) / columns, (top + 200) / rows)
        for left in range(0, columns, 240 + gutter)
        for top in range(0, rows, 200 + gutter)
    ]
    assert len(found) == len(wanted)
    for box, right in zip(sorted(found), sorted(wanted), strict=True):
        assert near(box, right, 0.02)


@pytest.mark.parametrize("seed", range(6))
def test_a_single_picture_is_no_collage(seed: int) -> None:
    assert panels.panels(edited.textured(seed)) == []


def test_a_picture_off_the_middle_is_a_panel_too() -> None:
    luma = np.hstack([edited.textured(1, 300, 150), edited.textured(2, 300, 350)])
    first, second = sorted(panels.panels(luma))
    assert near(first, (0, 0, 0.3, 1), 0.01)
    assert near(second, (0.3, 0, 1, 1), 0.01)


@pytest.mark.parametrize("grey", [0, 255, 90])
def test_a_panel_is_without_its_margins(grey: int) -> None:
    panel = edited.on(edited.flat(300, 300, grey), edited.textured(3, 200, 300), 0, 50)
    luma = np.hstack([edited.textured(1, 300, 300), panel])
    _, found = sorted(panels.panels(luma))
    assert near(found, (0.5, 50 / 300, 1, 250 / 300), 0.02)


def test_a_margin_on_one_side_is_part_of_a_panel_unless_black_or_white() -> None:
    """A dark wall on one side is the picture itself."""
    for grey, top in ((90, 0.0), (0, 80 / 300)):
        panel = edited.on(edited.flat(300, 300, grey), edited.textured(3, 220, 300), 0, 80)
        luma = np.hstack([edited.textured(1, 300, 300), panel])
        _, found = sorted(panels.panels(luma))
        assert near(found, (0.5, top, 1, 1), 0.02)


@pytest.mark.parametrize("shape", [(39, 400), (400, 39), (16, 512), (20, 20)])
def test_what_is_too_small_has_no_panels(shape: tuple[int, int]) -> None:
    assert panels.panels(edited.textured(1, *shape)) == []


def test_a_seam_across_one_half_alone_is_not_a_seam() -> None:
    """Three parts, upright first, are two: what divides one half may be a line in its picture."""
    halves = [edited.textured(2, 150, 240), edited.textured(3, 150, 240)]
    luma = np.hstack([edited.textured(1, 300, 240), np.vstack(halves)])
    for way, luma_or_turned in (("upright", luma), ("level", np.ascontiguousarray(luma.T))):
        first, second = sorted(panels.panels(luma_or_turned))
        assert near(first, (0, 0, 0.5, 1) if way == "upright" else (0, 0, 1, 0.5), 0.02)
        assert near(second, (0.5, 0, 1, 1) if way == "upright" else (0, 0.5, 1, 1), 0.02)
