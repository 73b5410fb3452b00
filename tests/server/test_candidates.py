from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hashing.signals import ContentSignals, ViewSignals, Window, WindowSignal
from service.domain import match_policy
from service.domain.match_policy import Candidate
from service.search import candidates, neighbours, queries

if TYPE_CHECKING:
    from tests.server.conftest import World


def candidates_of(world: World, *items: ContentSignals) -> list[list[Candidate]]:
    asked = queries.of_contents(items)
    near = candidates.near_entries(world.context.replica, asked)
    with world.context.database.read() as tx:
        found = candidates.attributed(tx, asked, near)
    return [found.get(at, []) for at in range(len(items))]


def test_a_hit_says_what_was_found_by_what(world: World) -> None:
    window = WindowSignal(next(iter(Window)), world.pdq())
    owner = world.open(replace(world.picture(), windows=(window,)))
    value = world.near(window.signal.value, 12)
    views = (ViewSignals("full", 90, (world.value(),) * 3), ViewSignals("quad", 90, (value,) * 2))
    (found,) = candidates_of(world, replace(world.picture(), views=views))
    assert {(candidate.view, candidate.orientation) for candidate in found} == {(1, 0), (1, 1)}
    for candidate in found:
        assert (candidate.entry_id, candidate.type, candidate.distance) == (
            world.entry_id(owner),
            "pdq",
            12,
        )
        assert (
            candidate.window,
            candidate.stored_span,
            candidate.query_span,
            candidate.query_frame,
        ) == (window.window, *[None] * 3)


def test_frames_have_their_spans(world: World) -> None:
    frames = [world.value() for _ in range(3)]
    world.open(world.video(frames))
    ((candidate,),) = candidates_of(world, world.video([world.value(), frames[2]]))
    assert (candidate.query_frame, candidate.query_span, candidate.stored_span) == (
        1,
        (1000, 1999),
        (2000, 2999),
    )


def test_of_many_views_of_a_frame_the_nearest_is_told(world: World) -> None:
    value = world.value()
    world.open(world.video([value]))
    views = tuple(
        ViewSignals(f"v{n}", 90, (world.near(value, bits),)) for n, bits in enumerate((9, 4, 7))
    )
    video = world.video([world.value()])
    video = replace(video, frames=(replace(video.frames[0], views=views),))
    ((candidate,),) = candidates_of(world, video)
    assert (candidate.view, candidate.distance) == (1, 4)


def test_items_that_ask_the_same_are_told_the_same(world: World) -> None:
    picture = world.picture()
    world.open(picture, world.video([picture.signals[0].value]))
    found = candidates_of(world, picture, world.picture(), picture, picture)
    assert [len(each) for each in found] == [2, 0, 2, 2]


def test_values_are_searched_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_FIRST_CODES", 3)
    monkeypatch.setattr(neighbours, "_MOST_AT_ONCE", 2)
    pictures = [world.picture() for _ in range(5)]
    world.open(*pictures)
    assert [len(each) for each in candidates_of(world, *pictures)] == [1] * 5


def test_of_a_value_that_is_near_many_the_nearest_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the nearest one of each further content, up to a number of contents."""
    monkeypatch.setattr(neighbours, "_PER_VALUE", 3)
    monkeypatch.setattr(neighbours, "_CONTENTS_PER_VALUE", 4)
    value = world.value()
    world.open(*(world.picture(world.pdq(world.near(value, bits))) for bits in (9, 2, 7, 4, 5)))
    (found,) = candidates_of(world, world.picture(world.pdq(value)))
    assert sorted(candidate.distance for candidate in found) == [2, 4, 5, 7]


def test_a_value_that_is_near_many_does_not_take_the_place_of_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_PER_SEARCH", 6)
    card, pictures = world.value(), [world.picture() for _ in range(3)]
    alike = (world.picture(world.pdq(world.near(card, 9))) for _ in range(20))
    world.open(*alike, *pictures)
    found = candidates_of(world, world.picture(world.pdq(card)), *pictures)
    assert [len(each) for each in found] == [3, 1, 1, 1]


def test_of_one_entry_the_nearest_hits_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_PER_ENTRY", 2)
    value = world.value()
    world.open(world.video([world.near(value, bits) for bits in (9, 3, 6)]))
    (found,) = candidates_of(world, world.picture(world.pdq(value)))
    assert sorted(candidate.distance for candidate in found) == [3, 6]


def test_of_many_entries_those_with_most_in_common_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card in all frames of the item is near one frame of each entry, however near it is."""
    monkeypatch.setattr(match_policy, "MOST_ENTRIES", 2)
    card, frames = world.value(), [world.value() for _ in range(4)]
    world.open(*(world.video([card, world.value()]) for _ in range(6)))
    owner = world.open(world.video([world.near(frame, 20) for frame in frames]))
    video = world.video(frames)
    view = ViewSignals("full", 90, (card,))
    with_card = tuple(replace(frame, views=(view,)) for frame in video.frames)
    (found,) = candidates_of(world, replace(video, frames=with_card))
    counted = Counter(candidate.entry_id for candidate in found)
    assert len(counted) == 2
    assert counted[world.entry_id(owner)] == 4
