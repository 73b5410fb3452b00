from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from service.domain.actor import Role
from service.domain.errors import InvalidRequest, NotFound, Unauthenticated
from service.store.actors import Listed
from service.store.schema import actors
from service.workflows import authenticate, keyring

if TYPE_CHECKING:
    from tests.server.conftest import World


def test_a_key_has_a_form_that_scanners_know(world: World) -> None:
    first, second = world.key(), world.key()
    assert re.fullmatch("takeback_[a-z2-7]{16}_[a-z2-7]{52}", first)
    assert first != second


def test_only_a_keyed_hash_of_it_is_kept(world: World) -> None:
    _, key_id, secret = world.key().split("_")
    with world.context.database.read() as tx:
        (row,) = tx.execute(sa.select(actors))
    assert row.key_id == key_id
    assert secret not in repr(row)
    assert row.key_hash == world.context.seals.key_hash(secret)


def test_randomness_is_given(world: World) -> None:
    key = keyring.create(world.context, Role.PLATFORM, "P", world.day, random=bytes)
    assert key == f"takeback_{'a' * 16}_{'a' * 52}"


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "a\x00b", "\ud800", "a\u202eb"])
def test_a_name_that_owners_cannot_read_is_refused(world: World, name: str) -> None:
    with pytest.raises(InvalidRequest, match="1 to 80 characters"):
        keyring.create(world.context, Role.PLATFORM, name, world.day)
    assert keyring.listed(world.context) == []


def test_a_revoked_key_opens_nothing_and_stays_listed(world: World) -> None:
    key = world.key(" Größe 🙂 ", Role.CRAWLER)
    key_id = key.split("_")[1]
    assert keyring.listed(world.context) == [
        Listed(key_id, Role.CRAWLER, "Größe 🙂", world.day, None)
    ]
    keyring.revoke(world.context, key_id, world.day)
    assert keyring.listed(world.context)[0].revoked_on == world.day
    with pytest.raises(Unauthenticated):
        authenticate.key_holder(world.context, key)
    with pytest.raises(NotFound):
        keyring.revoke(world.context, key_id, world.day)
