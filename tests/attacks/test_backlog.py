"""A worker that has much to do ends when it is told to, and nothing is done twice or left out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.server import Service
from service.settings import read
from service.store import changes
from service.store.database import Database
from service.workflows import observe, recognise, second_try, status
from service.workflows.context import Context
from service.workflows.context import create as create_context
from service.workflows.observe import Claim
from tests.server.conftest import World

if TYPE_CHECKING:
    from service.domain.actor import Owner

ENTRIES, OBSERVATIONS = 50, 400
"""Each entry is near each observation. All of it was one batch, of some seconds."""

PROMISED = 5
"""Seconds within which a process ends."""
PATIENCE = 60
"""Seconds that a machine under load may take."""

pytestmark = pytest.mark.enable_socket


def backlog(state: Path) -> tuple[Context, Owner]:
    """A store in which all of it waits for the worker, as if it had been away."""
    settings = read({"TAKEBACK_STATE": str(state)})
    database = Database(settings.database)
    database.migrate()
    database.close()
    context = create_context(settings)
    recognise.require_secret(context)
    context.replica.load()
    world = World(context)
    value = world.value()
    near = (world.pdq(world.near(value, 3)) for _ in range(ENTRIES))
    owner = world.open(*(world.picture(signal) for signal in near))
    seen = [
        Claim(world.picture(world.pdq(value)), f"https://{n}.example") for n in range(OBSERVATIONS)
    ]
    observe.observe(context, world.actor(), seen, world.day)
    return context, owner


def reached(context: Context, name: str) -> int:
    with context.database.read() as tx:
        return changes.reached(tx, name)


def until_reached(context: Context, position: int) -> None:
    end = time.monotonic() + PATIENCE
    while reached(context, changes.WORKER) < position:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_worker_with_a_backlog_ends_at_once_and_goes_on_where_it_was(tmp_path: Path) -> None:
    """Before: a batch was 500 signals, whatever they cost, and an end in it counted as a death."""
    context, owner = backlog(tmp_path / "state")
    with context.database.read() as tx:
        last = changes.last(tx)
    service = Service(tmp_path / "state")
    try:
        service.start()
        until_reached(context, 1)
        began = time.monotonic()
        service.stop()
        assert time.monotonic() - began < PROMISED
        assert reached(context, changes.WORKER) < last
        assert reached(context, changes.TRYING) <= reached(context, changes.WORKER)
        service.start()
        until_reached(context, last)
    finally:
        service.stop()
    assert "set aside" not in service.log
    assert second_try.number(context) == 0
    events = status.of_case(context, owner).events
    assert {event.n for event in events} == set(range(1, ENTRIES + 1))
    context.database.close()
