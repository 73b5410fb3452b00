from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from service.domain.actor import Role, key_text
from service.domain.errors import InvalidRequest, NotFound, NotReady, Unauthenticated
from service.domain.sighting import Feedback
from service.store import database
from service.store.actors import Holder, Listed
from service.store.schema import keys
from service.workflows import keyring, respond
from service.workflows.respond import Response

if TYPE_CHECKING:
    from tests.server.conftest import World


def test_a_key_has_a_form_that_scanners_know(world: World) -> None:
    first, second = world.key(), world.key()
    assert re.fullmatch("takeback_[a-z2-7]{16}_[a-z2-7]{52}", first)
    assert first != second


def test_only_a_keyed_hash_of_it_is_kept(world: World) -> None:
    _, key_id, secret = world.key().split("_")
    with world.context.database.read() as tx:
        (row,) = tx.execute(sa.select(keys))
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
        Listed(key_id, Role.CRAWLER, "Größe 🙂", world.day, None, None)
    ]
    keyring.revoke(world.context, key_id, world.day)
    assert keyring.listed(world.context)[0].revoked_on == world.day
    with pytest.raises(Unauthenticated):
        world.actor_of(key)
    with pytest.raises(NotFound):
        keyring.revoke(world.context, key_id, world.day)


def test_a_platform_that_rotates_its_key_stays_one_platform(world: World) -> None:
    """The new key is given the same references, and may answer about the old one's."""
    picture = world.picture()
    world.open(picture)
    old = world.key("Example Videos")
    reference = world.reference(world.actor_of(old), picture)
    new = world.actor("example videos")
    assert keyring.holder(world.context, Role.PLATFORM, "EXAMPLE VIDEOS") == Holder(
        1, "Example Videos", 2
    )
    assert keyring.holder(world.context, Role.CRAWLER, "Example Videos") is None
    keyring.revoke(world.context, old.split("_")[1], world.day)
    assert world.reference(new, picture) == reference
    assert new.name == "Example Videos"
    respond.respond(world.context, new, [Response(reference, Feedback.BLOCKED)], world.day)


def used_on(world: World) -> list[date | None]:
    return [one.used_on for one in keyring.listed(world.context)]


def test_the_day_of_a_use_is_written_once_and_apart_from_requests(world: World) -> None:
    key = world.key("One")
    world.key("Other")
    for _ in range(3):
        world.actor_of(key)
    assert used_on(world) == [None, None]
    statements: list[str] = []
    sa.event.listen(
        world.context.database.engine,
        "before_cursor_execute",
        lambda *event: statements.append(event[2]),
    )
    keyring.record_uses(world.context)
    assert used_on(world) == [world.day, None]
    world.actor_of(key)
    statements.clear()
    keyring.record_uses(world.context)
    assert statements == []
    world.day += timedelta(days=1)
    world.actor_of(key)
    keyring.record_uses(world.context)
    assert used_on(world) == [world.day, None]


def test_a_use_that_cannot_be_written_is_written_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.key("One")
    monkeypatch.setattr(database, "BUSY_MS", 10)
    world.context.database.engine.dispose()  # connections opened from now on wait 10 ms
    with world.context.database.write():
        assert world.actor_of(key).name == "One"
        with pytest.raises(NotReady):
            keyring.record_uses(world.context)
    keyring.record_uses(world.context)
    assert used_on(world) == [world.day]


def test_a_wrong_key_notes_nothing(world: World) -> None:
    key = world.key("One")
    for tried in (key[:-1] + ("b" if key[-1] == "a" else "a"), key_text("a" * 16, "a" * 52)):
        with pytest.raises(Unauthenticated):
            world.actor_of(tried)
    assert world.context.key_uses.unwritten() == {}
