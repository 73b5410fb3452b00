from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from service.domain.actor import Actor, Role
from service.store import actors
from service.store.actors import Listed
from service.store.database import Database

pytestmark = pytest.mark.stores("sqlite", "postgresql")

DAY = date(2026, 1, 1)


def made(database: Database, key_id: str, role: Role = Role.PLATFORM) -> None:
    with database.write() as tx:
        actors.create(tx, (role, "Größe"), key_id=key_id, key_hash=b"k" * 32, now=DAY)


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
            Listed("a" * 16, Role.PLATFORM, "Größe", DAY, DAY),
            Listed("b" * 16, Role.PLATFORM, "Größe", DAY, None),
        ]


def test_two_keys_never_share_an_id(database: Database) -> None:
    made(database, "a" * 16)
    with pytest.raises(sa.exc.IntegrityError):
        made(database, "a" * 16)
