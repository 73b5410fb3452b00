"""Observations on their way to a service that is away, busy, or will not have one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeVar

import pytest

from crawler.frontier import outbox, reports, visits, watches
from crawler.frontier.store import MEMORY, Store
from crawler.frontier.transactions import Frontier
from crawler.frontier.visits import Kind, New
from crawler.outcomes import Outcome
from crawler.reporting.leasing import lease, report
from crawler.reporting.submitting import FIRST_WAIT, KeyRefused, Reporter, service
from tests.device.serving import Service
from tests.loopback import answering

F = TypeVar("F", bound=Frontier)


@pytest.fixture
def there(socket_enabled: None) -> Iterator[Service]:
    del socket_enabled
    with answering(Service()) as opened:
        yield opened


def filled(count: int) -> Store:
    return fill(Store(MEMORY), count)


def fill(store: F, count: int) -> F:
    with store.write() as tx:
        for n in range(count):
            outbox.add(tx, 1, "https://example.org/", json.dumps({"n": n}), now=0)
    return store


def waits(store: Frontier) -> tuple[int, int]:
    with store.read() as tx:
        return outbox.counts(tx)


def test_all_is_submitted_once_and_in_order(there: Service, store: Frontier) -> None:
    reporter = Reporter(fill(store, 250), service(there.url, "key"))
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


# --- watches that are leased ---

NAME, LEASE, OTHER = "a" * 24, "b" * 24, "c" * 24
DIGEST = "0f" * 32


def given(**changed: object) -> dict[str, object]:
    return {
        "watch": NAME,
        "lease": LEASE,
        "lease_seconds": 900,
        "address": "https://example.org/",
        "scope": "thread",
        "depth": 0,
        "memory": None,
        **changed,
    }


def leased(store: Frontier) -> list[tuple[str, str | None, bool]]:
    with store.read() as tx:
        return [(each.lease, each.digest, each.shown) for each in watches.every(tx)]


def test_leases_are_taken_once_and_end(there: Service, store: Frontier) -> None:
    to = service(there.url, "key")
    there.will({"watches": [given()]})
    assert lease(store, to, 5, now=1000) == 1
    assert there.asked[0].body == {"limit": 5}
    assert leased(store) == [(LEASE, None, False)]
    with store.write() as tx:  # a visit that is open when another lease of the same watch comes
        visit = visits.opened(tx, 1, New(Kind.PAGE, "https://a", "https://a", 0), 1000)
        outbox.add(tx, visit, "https://a", "{}", now=1000)
    there.will({"watches": [given(lease=OTHER, memory=DIGEST)]})
    lease(store, to, 5, now=1100)
    assert leased(store) == [(OTHER, DIGEST, True)]
    assert waits(store) == (0, 0)
    there.will({"watches": []})
    assert lease(store, to, 5, now=1999) == 0
    assert leased(store)
    lease(store, to, 5, now=2001)
    assert leased(store) == []


def test_a_visit_is_reported_after_its_observations(there: Service, store: Frontier) -> None:
    to = service(there.url, "key")
    there.will({"watches": [given()]})
    lease(store, to, 5, now=1000)
    with store.write() as tx:
        visit = visits.opened(tx, 1, New(Kind.PAGE, "https://a", "https://a", 0), 1000)
        outbox.add(tx, visit, "https://a", "{}", now=1000)
        reports.add(tx, visit, '{"outcome": "seen"}')
        visits.end(tx, visit, Outcome.SEEN, fault=None, media=1, now=1001)
    assert not report(store, to)
    lease(store, to, 5, now=9999)  # it has ended, but what was seen is not lost
    assert waits(store) == (1, 0)
    there.will({"kept": 1})
    assert Reporter(store, to).submit() == 0
    there.will({}, 503)
    assert not report(store, to)
    there.will({"visits": []})
    assert report(store, to)
    assert there.asked[-1].body == {"visits": [{"outcome": "seen"}]}
    assert leased(store) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"watch": "../x"}, {"lease": 3}, {"scope": "all"}, {"depth": "x"}, {"address": "x" * 3000},
        {"address": None}, {"lease_seconds": None},
    ],
)  # fmt: skip
def test_a_service_that_answers_nonsense_leases_nothing(
    there: Service, wrong: dict[str, object]
) -> None:
    store = Store(MEMORY)
    there.will({"watches": [given(**wrong)]})
    assert lease(store, service(there.url, "key"), 5, now=1000) == 0
    assert leased(store) == []


def test_a_memory_of_another_crawler_is_none(there: Service) -> None:
    store = Store(MEMORY)
    there.will({"watches": [given(memory="etag 5f0c")]})
    lease(store, service(there.url, "key"), 5, now=1000)
    assert leased(store) == [(LEASE, None, False)]
