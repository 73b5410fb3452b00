"""Observations on their way to a service that is away, busy, or will not have one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from crawler.frontier import outbox
from crawler.frontier.store import MEMORY, Store
from crawler.reporting.submitting import FIRST_WAIT, KeyRefused, Reporter, service
from tests.device.serving import Service
from tests.loopback import answering


@pytest.fixture
def there(socket_enabled: None) -> Iterator[Service]:
    del socket_enabled
    with answering(Service()) as opened:
        yield opened


def filled(count: int) -> Store:
    store = Store(MEMORY)
    with store.write() as tx:
        for n in range(count):
            outbox.add(tx, 1, "https://example.org/", json.dumps({"n": n}), now=0)
    return store


def waits(store: Store) -> tuple[int, int]:
    with store.read() as tx:
        return outbox.counts(tx)


def test_all_is_submitted_once_and_in_order(there: Service) -> None:
    store = filled(250)
    reporter = Reporter(store, service(there.url, "key"))
    assert [reporter.submit() for _ in range(4)] == [0, 0, 0, -1]
    sent = [each["n"] for asked in there.asked for each in asked.body["observations"]]
    assert sent == list(range(250))
    assert there.asked[0].headers["Authorization"] == "Bearer key"
    assert waits(store) == (0, 0)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_is_busy_is_asked_later(there: Service, status: int) -> None:
    there.will({"title": "busy"}, status, **{"Retry-After": "30"})
    store = filled(3)
    reporter = Reporter(store, service(there.url, "key"))
    assert reporter.submit() >= 30
    assert waits(store) == (3, 0)
    there.will({})
    assert reporter.submit() == 0
    assert waits(store) == (0, 0)


def test_a_service_that_is_away_is_asked_ever_less_often(socket_enabled: None) -> None:
    del socket_enabled
    reporter = Reporter(filled(1), service("http://127.0.0.1:9", "key"))
    first, second = reporter.submit(), reporter.submit()
    assert (first, second) == (FIRST_WAIT, 2 * FIRST_WAIT)
    assert "127" not in repr(service("http://127.0.0.1:9", "key"))


def test_what_is_never_taken_holds_up_nothing(there: Service) -> None:
    there.will({"title": "no"}, 422)
    store = filled(5)
    reporter = Reporter(store, service(there.url, "key"))
    assert reporter.submit() == 0
    assert waits(store) == (0, 5)
    assert len(there.asked) == 6  # all at once, then each


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_loses_nothing(there: Service, status: int) -> None:
    there.will({"title": "no"}, status)
    store = filled(2)
    with pytest.raises(KeyRefused):
        Reporter(store, service(there.url, "key")).submit()
    assert waits(store) == (2, 0)
