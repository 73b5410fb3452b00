from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from service.domain.actor import Actor, Role
from service.store import actors
from service.store.actors import Holder, Listed
from service.store.database import Database

pytestmark = pytest.mark.stores("sqlite", "postgresql")

DAY = date(2026, 1, 1)


def made(database: Database, key_id: str, role: Role = Role.PLATFORM, name: str = "Größe") -> None:
    with database.write() as tx:
        known = actors.named(tx, role, name)
        actor_id = known.id if known else actors.create(tx, role, name, DAY)
        actors.add_key(tx, actor_id, key_id=key_id, key_hash=b"k" * 32, now=DAY)


def test_an_actor_is_found_by_the_id_of_their_key(database: Database) -> None:
    made(database, "a" * 16, Role.CRAWLER)
    with database.read() as tx:
        assert actors.by_key(tx, "a" * 16) == (Actor(1, Role.CRAWLER, "Größe"), b"k" * 32)
        assert actors.by_key(tx, "b" * 16) is None


def test_a_revoked_key_is_listed_and_found_no_more(database: Database) -> None:
    made(database, "a" * 16)
    made(database, "b" * 16)
    with database.write() as tx:
        assert actors.revoke(tx, "a" * 16, DAY)
        assert not actors.revoke(tx, "a" * 16, DAY)
        assert not actors.revoke(tx, "c" * 16, DAY)
        assert actors.by_key(tx, "a" * 16) is None
        assert actors.by_key(tx, "b" * 16) is not None
        assert actors.listed(tx) == [
            Listed("a" * 16, Role.PLATFORM, "Größe", DAY, DAY, None),
            Listed("b" * 16, Role.PLATFORM, "Größe", DAY, None, None),
        ]


def test_two_keys_never_share_an_id(database: Database) -> None:
    made(database, "a" * 16)
    with pytest.raises(sa.exc.IntegrityError):
        made(database, "a" * 16)


def test_an_actor_has_several_keys_however_its_name_is_written(database: Database) -> None:
    made(database, "a" * 16)
    made(database, "b" * 16, name="  größe ".strip().upper())
    made(database, "c" * 16, name="Gro\u0308ße")
    made(database, "d" * 16, Role.CRAWLER)
    with database.write() as tx:
        found = [actors.by_key(tx, one * 16) for one in "abcd"]
        assert [one[0].id for one in found if one] == [1, 1, 1, 2]
        assert actors.named(tx, Role.PLATFORM, "GRÖSSE") == Holder(1, "Größe", 3)
        actors.revoke(tx, "b" * 16, DAY)
        assert actors.named(tx, Role.PLATFORM, "Größe") == Holder(1, "Größe", 2)
        assert actors.named(tx, Role.PLATFORM, "Grösse!") is None


def test_no_two_actors_of_a_role_have_the_same_name(database: Database) -> None:
    made(database, "a" * 16)
    with pytest.raises(sa.exc.IntegrityError), database.write() as tx:
        actors.create(tx, Role.PLATFORM, "Größe", DAY)


def test_the_last_day_of_a_key_never_goes_back(database: Database) -> None:
    made(database, "a" * 16)
    made(database, "b" * 16)
    for day in (DAY, DAY - timedelta(days=1), DAY + timedelta(days=1), DAY):
        with database.write() as tx:
            actors.record_use(tx, {"a" * 16: day, "unknown": day})
    with database.read() as tx:
        assert [one.used_on for one in actors.listed(tx)] == [DAY + timedelta(days=1), None]
