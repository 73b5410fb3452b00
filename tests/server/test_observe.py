from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from service.domain.actor import Role
from service.store.schema import observations, observed_signals
from service.workflows import observe, retention
from service.workflows.observe import Claim
from tests.server.following import signals_in
from tests.server.sealed import unsealed

if TYPE_CHECKING:
    from tests.server.conftest import World

ADDRESS = "https://example.org/private-name"


def test_an_observation_is_kept_once_a_day(world: World) -> None:
    crawler = world.actor("Crawler", Role.CRAWLER)
    one, other = Claim(world.picture(), ADDRESS), Claim(world.picture(), ADDRESS)
    assert observe.observe(world.context, crawler, [one, other, one], world.day) == 2
    assert observe.observe(world.context, crawler, [one], world.day) == 0
    assert observe.observe(world.context, crawler, [one], world.day + timedelta(days=1)) == 1
    assert observe.observe(world.context, world.actor("P"), [one], world.day) == 1


def test_the_same_content_elsewhere_is_another_observation(world: World) -> None:
    crawler, content = world.actor(), world.picture()
    claims = [Claim(content, ADDRESS), Claim(content, ADDRESS + "?2")]
    assert observe.observe(world.context, crawler, claims, world.day) == 2


def test_an_address_is_sealed_and_hidden(world: World) -> None:
    claim = Claim(world.picture(), ADDRESS + "\x00\ue000🙂")
    assert "example" not in repr(claim)
    observe.observe(world.context, world.actor(), [claim], world.day)
    with world.context.database.read() as tx:
        sealed = bytes(tx.execute(sa.select(observations.c.address)).scalar_one())
    assert b"example" not in sealed
    assert unsealed(sealed, bytes.fromhex(world.context.settings.secret)) == claim.address


def test_an_observation_is_erased_when_its_time_is_over(world: World) -> None:
    claim = Claim(world.picture(world.pdq(), world.md5()), ADDRESS)
    observe.observe(world.context, world.actor(), [claim], world.day)
    days = timedelta(days=world.context.settings.observation_days)
    assert retention.purge_observations(world.context, world.day + days - timedelta(days=1)) == 0
    assert retention.purge_observations(world.context, world.day + days) == 1
    assert retention.purge_observations(world.context, world.day + days) == 0
    with world.context.database.read() as tx:
        assert tx.execute(sa.select(observations)).all() == []
        assert tx.execute(sa.select(observed_signals)).all() == []
    world.context.replica.catch_up()
    assert signals_in(world.context) == 0
