from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from service.domain import veil
from service.store import veils
from service.workflows import retention, withdraw

if TYPE_CHECKING:
    from service.domain.actor import Actor
    from tests.server.conftest import World

ORDER = [*range(255, -1, -1)]
SIGNAL = bytes(32)


def value(*bits: int) -> bytes:
    return sum(1 << bit for bit in bits).to_bytes(32)


def test_only_bits_in_which_the_question_was_wrong_are_veiled_the_first_in_order() -> None:
    few, many = value(3, 200), value(*range(40))
    assert veil.chosen(SIGNAL, few, ORDER) == few
    assert veil.chosen(SIGNAL, many, ORDER) == value(*range(24, 40))
    assert veil.chosen(SIGNAL, many, ORDER[::-1]) == value(*range(16))


def test_bits_that_are_veiled_already_come_first() -> None:
    before = value(0, 1, 2)
    assert veil.chosen(SIGNAL, value(*range(40)), ORDER, first=before) == value(
        0, 1, 2, *range(27, 40)
    )
    assert veil.chosen(SIGNAL, value(50, 51), ORDER, first=before) == value(50, 51)


def test_a_question_made_of_earlier_answers_unveils_nothing() -> None:
    """Of many values around a veiled one, some have a few of its veiled bits right by luck."""
    before = value(*range(16))
    assert veil.chosen(SIGNAL, value(*range(13), 99), ORDER, first=before) == before


@pytest.mark.parametrize(
    ("contents", "at_edge", "probing"),
    [(100, 50, True), (99, 99, False), (10_000, 1_600, False), (10_000, 5_000, True)],
)
def test_probing_is_many_contents_most_of_them_at_an_edge(
    contents: int, at_edge: int, *, probing: bool
) -> None:
    assert veil.is_probing(contents, at_edge) is probing


def came_near_twice(world: World) -> tuple[Actor, set[int]]:
    """A platform with a veil that is in force, and the ids of the signals it is of."""
    picture = world.picture()
    world.open(picture)
    actor = world.actor()
    for bits in (40, 20):
        world.ask(actor, world.near_picture(picture, bits))
    world.context.veiled.save(world.day)
    (codes,) = world.context.veiled.codes(actor.id).values()
    return actor, set(codes.ids.tolist())


@pytest.mark.stores("sqlite", "postgresql")
def test_a_veil_is_pruned_when_it_has_not_changed_for_very_long(world: World) -> None:
    actor, ids = came_near_twice(world)
    with world.context.database.read() as tx:
        (kept,) = veils.of_actor(tx, actor.id, ids).values()
    assert kept.in_force
    assert kept.match is not None
    kept_until = world.day + timedelta(days=veil.KEPT_DAYS)
    assert retention.prune_veils(world.context, kept_until) == 0
    assert retention.prune_veils(world.context, kept_until + timedelta(days=1)) == 1
    assert retention.prune_veils(world.context, kept_until + timedelta(days=1)) == 0


@pytest.mark.stores("sqlite", "postgresql")
def test_a_veil_is_erased_with_its_signal(world: World) -> None:
    picture = world.picture()
    owner = world.open(picture)
    actor = world.actor()
    for bits in (40, 20):
        world.ask(actor, world.near_picture(picture, bits))
    world.context.veiled.save(world.day)
    with world.context.database.read() as tx:
        (kept,) = veils.in_force(tx, world.day)
    withdraw.erase_case(world.context, owner, world.day)
    world.context.veiled.add(*kept[:1], kept[1:])  # by a lookup that had begun before
    world.context.veiled.save(world.day)
    with world.context.database.read() as tx:
        assert veils.in_force(tx, world.day) == []
    world.context.veiled.refresh()
    assert not world.context.veiled.codes(actor.id)


def test_what_a_platform_asked_first_takes_nothing_from_later_answers(world: World) -> None:
    picture = world.picture(world.pdq(), world.phash())
    world.open(picture)
    actor = world.actor()
    far = [world.near_picture(picture, bits) for bits in (48, 47, 46)]
    assert set(world.ask(actor, *far)) >= {"near"}
    assert world.ask(actor, world.near_picture(picture, 31)) == ["match"]
    assert world.ask(actor, world.picture(picture.signals[1])) == ["near"]
    phash = picture.signals[1].value
    phashes = [world.picture(world.phash(world.near(phash, bits))) for bits in (40, 39, 20)]
    assert world.ask(actor, *phashes) == ["near"] * 3
