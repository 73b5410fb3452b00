"""Leases while a visit goes on: they are renewed, and a visit without one ends at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from crawler import running
from crawler.frontier import outbox, watches
from crawler.frontier.transactions import Frontier
from crawler.outcomes import Outcome
from crawler.reporting.leasing import lease, renew
from crawler.reporting.submitting import service
from tests.crawler.looking import look
from tests.crawler.site import Site, picture
from tests.device.serving import Answers, Service
from tests.loopback import answering

NAME, LEASE = "a" * 24, "b" * 24
PAGES = 7


class LeaseAnswers(Answers):
    server: Leases

    def leased(self) -> None:
        with self.server.one:
            self.server.will(self.server.answer_to(self.path))
            self.do_GET()

    do_POST = leased  # noqa: N815 (the name that http.server calls)


class Leases(Service):
    """Leases one watch once, for so long that a minute before its end is soon."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = LeaseAnswers
        self.one = threading.Lock()
        self.address = ""
        self.seconds = 61
        self.renewed_for = 900

    def answer_to(self, path: str) -> dict[str, Any]:
        if path == "/v1/watches/renew":
            return {"leases": [{"watch": NAME, "lease_seconds": self.renewed_for}]}
        if path != "/v1/watches/lease" or not self.address:
            return {"watches": [], "visits": [], "kept": 1}
        address, self.address = self.address, ""
        given = {"watch": NAME, "lease": LEASE, "lease_seconds": self.seconds, "address": address}
        return {"watches": [{**given, "scope": "thread", "depth": 0, "memory": None}]}

    def bodies(self, path: str) -> list[Any]:
        return [asked.body for asked in self.asked if asked.path == path]


@pytest.fixture
def leases(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Leases]:
    del socket_enabled
    monkeypatch.setattr(running, "RENEW_SECONDS", 0.1)
    with answering(Leases()) as opened:
        yield opened


def slow_thread(site: Site) -> str:
    """Pages one after the other, which take four seconds."""
    site.latency = 0.5
    for page in range(PAGES):
        site.page(f"/t/{page}", f"<img src=/{page}.jpg><a rel=next href=/t/{page + 1}>next</a>")
        site.medium(f"/{page}.jpg", picture(page))
    site.page(f"/t/{PAGES}", "the end")
    return site.root + "/t/0"


def test_a_visit_that_goes_on_keeps_its_lease(site: Site, leases: Leases) -> None:
    address = leases.address = slow_thread(site)
    leases.seconds = 63
    found = look(service=service(leases.url, "key"))
    assert found.outcome(address) == (Outcome.SEEN, None)
    assert f"/t/{PAGES}" in site.asked
    held = {"watch": NAME, "lease": LEASE}
    assert leases.bodies("/v1/watches/renew")[0] == {"leases": [held]}
    (body,) = leases.bodies("/v1/watches/visits")
    assert body["visits"][0].items() >= held.items()


def test_a_visit_whose_lease_is_renewed_no_more_ends_at_once(
    site: Site, leases: Leases, store: Frontier
) -> None:
    leases.address = slow_thread(site)
    leases.renewed_for = 0
    found = look(store=store, service=service(leases.url, "key"))
    assert found.visited == {}
    assert len(site.asked) < PAGES
    assert leases.bodies("/v1/watches/visits") == []
    with store.read() as tx:
        assert watches.every(tx) == []
        assert outbox.counts(tx) == (0, 0)


def test_a_service_that_is_away_takes_no_lease_away(leases: Leases, store: Frontier) -> None:
    to = service(leases.url, "key")
    leases.address = "https://example.org/"
    assert lease(store, to, 5, now=1000) == 1
    assert renew(store, service("http://127.0.0.1:9", "key"), now=1001) == []
    with store.read() as tx:
        assert watches.lease_end(tx, 1) == 1061
    assert renew(store, to, now=1001) == []
    assert renew(store, to, now=1002) == []  # it holds long enough: nothing is asked
    with store.read() as tx:
        assert watches.lease_end(tx, 1) == 1901
    assert len(leases.bodies("/v1/watches/renew")) == 1
