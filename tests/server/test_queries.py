from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from hashing.signals import ContentKind, ContentSignals, FrameSignal, SignalType, ViewSignals
from service.domain import match_policy
from service.domain.match_policy import Reach
from service.matching.codes import codes_of
from service.search import queries
from service.search.orientations import oriented
from service.search.queries import PLAIN, WHOLE
from tests.server.conftest import World

PDQ, PHASH, *_ = SignalType


@pytest.fixture
def made() -> World:
    """Makes signals; there is no service."""
    return World(None)  # type: ignore[arg-type]


def rows(*contents: ContentSignals, kind: SignalType = PDQ) -> dict[tuple[int, ...], bytes]:
    found = queries.values(queries.of_contents(contents), kind)
    pairs = zip(found.columns.tolist(), found.codes, strict=True)
    return {tuple(asker): code.tobytes() for asker, code in pairs}


def test_no_item_asks_nothing(made: World) -> None:
    assert rows() == rows(made.picture(made.md5())) == {}
    assert queries.size([]) == 0


def test_a_plain_value_is_asked_in_eight_orientations(made: World) -> None:
    whole, frame = made.pdq(), made.value()
    turned = oriented(codes_of([whole.value, frame]))
    expected = {(0, WHOLE, PLAIN, k): turned[0, k].tobytes() for k in range(8)}
    expected |= {(1, 0, PLAIN, k): turned[1, k].tobytes() for k in range(8)}
    assert rows(made.picture(whole), made.video([frame])) == expected


def test_where_there_are_views_their_values_are_asked_and_the_plain_one(made: World) -> None:
    whole, values = made.pdq(), [made.value() for _ in range(3)]
    views = (ViewSignals("full", 90, tuple(values[:2])), ViewSignals("quad", 90, (values[2],)))
    expected = {
        (0, WHOLE, PLAIN, 0): whole.value,
        (0, WHOLE, 0, 0): values[0],
        (0, WHOLE, 0, 1): values[1],
        (0, WHOLE, 1, 0): values[2],
    }
    assert rows(replace(made.picture(whole), views=views)) == expected
    frame = FrameSignal(0, 0, whole, views)
    video = ContentSignals(ContentKind.VIDEO, (), (frame,))
    assert rows(video) == {(0, 0, *rest): value for (_, _, *rest), value in expected.items()}


def test_phash_is_not_turned(made: World) -> None:
    phash = made.phash()
    views = (ViewSignals("full", 90, (made.value(),)),)
    content = replace(made.picture(made.pdq(), phash), views=views)
    assert rows(content, kind=PHASH) == {(0, WHOLE, PLAIN, 0): phash.value}


def test_what_is_counted_is_at_least_what_is_asked(made: World) -> None:
    views = (ViewSignals("full", 90, tuple(made.value() for _ in range(8))),)
    frames = tuple(FrameSignal(n, n, made.pdq(), views) for n in range(5))
    contents = [
        made.picture(made.pdq(), made.phash(), made.sha256()),
        replace(made.picture(), views=views),
        made.video([made.value() for _ in range(7)]),
        ContentSignals(ContentKind.VIDEO, (made.md5(),), frames),
    ]
    for content in contents:
        there = len(rows(content)) + len(rows(content, kind=PHASH))
        assert there <= queries.size([content]) <= there + 10
    assert queries.size(contents) == sum(queries.size([one]) for one in contents)


def widened(content: ContentSignals, *found: int) -> list[int]:
    (query,) = queries.of_contents([content])
    wide = queries.widened(query, found)
    assert (wide.item, wide.extent, wide.reach) == (0, query.extent, Reach.WIDE)
    by_value = {part.plain: query.spans[part.frame] for part in query.parts[1:]}
    assert [by_value[part.plain] for part in wide.parts[1:]] == list(wide.spans)
    assert [part.frame for part in wide.parts] == [WHOLE, *range(len(wide.spans))]
    return [span.at_ms for span in wide.spans]


def quick(made: World, frames: int, views: int = 0) -> ContentSignals:
    """Four frames a second."""
    of_each = tuple(ViewSignals("full", 90, (made.value(),) * 8) for _ in range(views))
    runs = [FrameSignal(250 * n, 250 * n, made.pdq(), of_each) for n in range(frames)]
    return ContentSignals(ContentKind.VIDEO, (), tuple(runs))


def test_frames_searched_widely_are_a_second_apart_and_spread(made: World) -> None:
    assert widened(quick(made, 1)) == [0]
    assert widened(quick(made, 20)) == [0, 1000, 2000, 3000, 4000]
    spread = widened(quick(made, 1200))
    assert len(spread) == match_policy.WIDE_FRAMES
    assert {after - before for before, after in pairwise(spread)} == {10_000}


def test_frames_that_were_found_closely_are_searched_too(made: World) -> None:
    assert widened(quick(made, 9), 5, 6) == [0, 1000, 1250, 1500, 2000]
    assert len(widened(quick(made, 1200), *range(1200))) <= 2 * match_policy.WIDE_FRAMES


@pytest.mark.parametrize("views", [4, 16])
def test_however_many_views_there_are_so_many_values_are_searched_widely(
    made: World, views: int
) -> None:
    many = len(widened(quick(made, 1200, views)))
    assert 0 < many * 8 * views <= match_policy.WIDE_VALUES
