"""Somebody looks one entry up so often, or uploads it so often, that it would be held.

Settings of these tests: more than five a day are many.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from service.domain.case import EntryStatus
from service.domain.sighting import Verdict
from service.workflows import drain, review

if TYPE_CHECKING:
    from tests.server.conftest import World

MATCH = Verdict.MATCH


def test_nothing_is_unmatched_by_volume(world: World) -> None:
    picture, often, elsewhere = world.picture(), world.actor("Often"), world.actor("Elsewhere")
    owner = world.open(picture)
    assert [world.ask(often, picture) for _ in range(20)] == [[MATCH]] * 20
    assert world.ask(elsewhere, picture) == [MATCH]
    assert world.statuses(owner) == [EntryStatus.ACTIVE]


def test_a_person_is_alerted_once_by_list_log_and_metric(
    api: TestClient, served: World, caplog: pytest.LogCaptureFixture
) -> None:
    picture, often = served.picture(), served.actor("Often")
    owner = served.open(picture)
    metric = 'takeback_review_waiting{reason="many_matches"} '
    assert f"{metric}0.0" in api.get("/metrics").text
    with caplog.at_level(logging.WARNING, "service"):
        for _ in range(20):
            served.ask(often, picture)
    assert [r.message for r in caplog.records if "more often" in r.message] != []
    assert len([r for r in caplog.records if "more often" in r.message]) == 1
    drain.drain(served.context, served.day)  # what came while the app's worker was writing
    (waiting,) = review.waiting(served.context)
    assert waiting.entry.id == served.entry_id(owner)
    assert list(waiting.concerns) == ["many_matches"]
    assert waiting.matches == {served.day: 20}
    assert f"{metric}1.0" in api.get("/metrics").text
