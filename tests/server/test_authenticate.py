from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.domain.actor import Actor, Owner, Role, key_text
from service.domain.case import parse_number
from service.domain.errors import Unauthenticated
from service.workflows import authenticate, intake, keyring, withdraw

if TYPE_CHECKING:
    from tests.server.conftest import World


def test_number_and_access_key_open_a_case(world: World) -> None:
    new = world.submission()
    number, _ = intake.open_case(world.context, new, world.day)
    owner = authenticate.owner(world.context, number, new.access_key.hex().upper())
    assert owner == Owner(1, number)
    assert (
        authenticate.owner(world.context, number.replace("-", " "), new.access_key.hex()) == owner
    )
    withdraw.withdraw_case(world.context, owner, world.day)
    assert authenticate.owner(world.context, number, new.access_key.hex()) == owner


def test_every_failure_looks_the_same(world: World) -> None:
    new, other = world.submission(), world.submission()
    number, _ = intake.open_case(world.context, new, world.day)
    intake.open_case(world.context, other, world.day)
    unknown = "000-000-0000"
    while unknown == number or not _parses(unknown):
        unknown = f"000-000-{int(unknown[-4:]) + 1:04}"
    key = new.access_key.hex()
    said = set()
    for tried in (
        (unknown, key),
        (number, other.access_key.hex()),
        (number, "00" * 32),
        (unknown, "00" * 32),
        (number, key[:-2]),
        (number, key + "00"),
        (number, "zz" * 32),
        (number, "é" * 64),
        (number, "\ud800"),
        (number, ""),
        ("", key),
        ("", ""),
        (number + "0", key),
        ("\x00", key),
    ):
        with pytest.raises(Unauthenticated) as raised:
            authenticate.owner(world.context, *tried)
        said.add(str(raised.value))
    with pytest.raises(Unauthenticated) as raised:
        authenticate.owner_of_form(world.context, " ", "00" * 32)
    assert said == {str(raised.value)}
    assert authenticate.owner_of_form(world.context, " ", key) == Owner(1, number)


def _parses(number: str) -> bool:
    try:
        parse_number(number)
    except Unauthenticated:
        return False
    return True


def test_a_key_names_its_holder(world: World) -> None:
    key = world.key("Crawler", Role.CRAWLER)
    assert world.actor_of(key) == Actor(1, Role.CRAWLER, "Crawler")


def test_every_bad_key_looks_the_same(world: World) -> None:
    good, other = world.key("One"), world.key("Other")
    revoked = world.key("Third")
    keyring.revoke(world.context, revoked.split("_")[1], world.day)
    mixed = key_text(good.split("_")[1], other.split("_")[2])
    said = set()
    for tried in (
        revoked,
        mixed,
        key_text("a" * 16, "a" * 52),
        "",
        "takeback",
        good[:-1],
        "\ud800",
    ):
        with pytest.raises(Unauthenticated) as raised:
            world.actor_of(tried)
        said.add(str(raised.value))
    assert len(said) == 1
