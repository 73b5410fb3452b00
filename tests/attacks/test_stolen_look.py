"""A key holder asks until it knows a stored value (`stolen_look` has the attacks)."""

from __future__ import annotations

import logging
from random import Random
from typing import TYPE_CHECKING

import pytest

from service.commands import review_commands
from service.domain.veil import MOST_BITS
from service.store import concerns
from service.workflows import review
from tests.attacks import stolen_look
from tests.attacks.stolen_look import MATCH, NEAR, NONE, Attacked, flipped, wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.workflows.context import Context
    from tests.server.conftest import World

DISTANCE = 40
FEWEST = 10
"""Bits that stay wrong even if the first question is as far away as can be: a third is expected."""


@pytest.mark.parametrize(
    ("attack", "least"),
    [
        (stolen_look.from_inside, MOST_BITS),
        (stolen_look.from_outside, FEWEST),
        (stolen_look.in_pairs, MOST_BITS),
    ],
)
def test_nobody_finds_all_bits_of_a_stored_value(
    world: World, attack: Callable[..., stolen_look.Result], least: int
) -> None:
    """All of them were found, by 327 questions in two requests, or 1,100 one after the other."""
    attacked = Attacked(world.context, 1, DISTANCE)
    one = attacked.platform("One")
    found = attack(one, attacked.copy, attacked.random)
    assert wrong(found.value, attacked.stored) >= least
    again = attack(attacked.platform("One"), found.value, attacked.random)  # with another key
    assert wrong(again.value, attacked.stored) >= least


def test_a_platform_that_has_a_good_copy_learns_nothing(world: World) -> None:
    attacked = Attacked(world.context, 2, MOST_BITS)
    found = stolen_look.from_inside(attacked.platform("One"), attacked.copy, attacked.random)
    assert found.value == attacked.copy


def test_answers_do_not_depend_on_the_bits_that_are_veiled(world: World) -> None:
    """Two entries that differ in veiled bits alone are answered alike, whatever is asked."""
    attacked = Attacked(world.context, 3, DISTANCE)
    one, random = attacked.platform("One"), Random(3)
    for distance in (DISTANCE, 30, 29, 28):
        one.ask([attacked.other_copy(distance)])
    twin = veiled_value(world, one)
    assert wrong(twin, attacked.stored) == MOST_BITS
    asked = [attacked.other_copy(random.choice(range(20, 80))) for _ in range(3000)]
    answers = one.ask(asked)
    assert {NONE, NEAR, MATCH} == set(answers)
    for value, verdict in zip(asked, answers, strict=True):
        assert (verdict is NONE) == (wrong(value, twin) > 48 + MOST_BITS)


def veiled_value(world: World, one: stolen_look.Platform) -> int:
    """The value by which one platform is answered whether something is near."""
    (codes,) = world.context.veiled.codes(one.actor.id).values()
    (value,) = codes.near
    return int.from_bytes(value.tobytes())


def test_nobody_is_answered_less_than_by_the_signal_itself(world: World) -> None:
    """Whatever somebody has uploaded to a platform before, each copy is as near as it was."""
    attacked = Attacked(world.context, 4, 48)
    often, new = attacked.platform("Often"), attacked.platform("New")
    for distance in (48, 47, 33, 31, 2):  # in the order in which veils hide least
        often.ask([attacked.other_copy(distance)])
    levels = {MATCH: 2, NEAR: 1, NONE: 0}
    for distance in range(0, 70, 3):
        value = attacked.other_copy(distance)
        fresh = new if distance == 0 else attacked.platform(f"New {distance}")
        assert levels[often.ask([value])[0]] >= levels[fresh.ask([value])[0]]


@pytest.mark.stores("sqlite", "postgresql")
def test_a_restart_and_another_process_know_what_a_platform_asked(
    open_context: Callable[[], Context], world: World
) -> None:
    attacked = Attacked(world.context, 5, DISTANCE)
    one = attacked.platform("One")
    for distance in (DISTANCE, 31):
        one.ask([attacked.other_copy(distance)])
    world.context.veiled.save(world.day)
    other = open_context()
    kept = other.veiled.codes(one.actor.id)
    for kind, codes in world.context.veiled.codes(one.actor.id).items():
        assert all((a == b).all() for a, b in zip(codes, kept[kind], strict=True))
    one.context = other
    found = stolen_look.from_inside(one, attacked.copy, attacked.random)
    assert wrong(found.value, attacked.stored) >= FEWEST


def test_one_value_asked_again_and_again_is_answered_by_the_signal_itself(world: World) -> None:
    attacked = Attacked(world.context, 6, 33)
    one = attacked.platform("One")
    assert [one.ask([attacked.copy]) for _ in range(3)] == [[NEAR]] * 3
    assert not world.context.veiled.codes(one.actor.id)
    one.ask([flipped(attacked.copy, [0])])
    assert world.context.veiled.codes(one.actor.id)


def test_a_person_reads_which_platform_does_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    attacked = Attacked(world.context, 7, DISTANCE)
    honest, curious = attacked.platform("Honest"), attacked.platform("Curious")
    honest.ask([attacked.other_copy(bits) for bits in range(26)] * 20)  # viral, edited ever anew
    with caplog.at_level(logging.WARNING, "service"):
        stolen_look.from_inside(curious, attacked.copy, attacked.random)
    assert [record.message for record in caplog.records] == [concerns.PROBING]
    world.context.veiled.save(world.day)
    (waiting,) = world.waiting()
    assert list(waiting.concerns) == ["probed"]
    assert waiting.probing == {"Curious": world.day}
    assert f"  platform     Curious: asks what finds out its signals, last on {world.day}" in list(
        review_commands.waiting_lines(waiting)
    )
    review.release(world.context, waiting.entry.id, world.day)
    assert world.waiting() == []
    assert curious.ask([attacked.stored]) == [MATCH]  # and is answered as before
