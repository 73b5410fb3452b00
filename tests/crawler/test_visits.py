"""Visits of an ordinary site: what is seen, what is asked for again, how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from crawler import judging
from crawler.egress.guard import Guard
from crawler.frontier.store import MEMORY, Store
from crawler.frontier.watches import Scope
from crawler.outcomes import ErrorKind, Outcome
from hashing.hasher import hash_picture
from hashing.submission import content_document
from hashing.views.profile import Profile
from tests.crawler.looking import QUICK, look
from tests.crawler.site import Put, Site, picture


def pictures(site: Site, *seeds: int, etag: str = "") -> str:
    for seed in seeds:
        site.medium(f"/{seed}.jpg", picture(seed), etag=etag and f'"{etag}{seed}"')
    return "".join(f"<img src=/{seed}.jpg>" for seed in seeds)


def ordered(seen: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in seen)


def test_what_a_page_shows_is_hashed_as_a_platform_hashes_it(site: Site) -> None:
    page = site.page("/page", pictures(site, 1, 2))
    settings = replace(QUICK, profile=Profile.FAST)
    found = look([page], settings=settings)
    assert found.outcome(page) == (Outcome.SEEN, None)
    expected = [
        {"address": page, **content_document(hash_picture(picture(n), use=Profile.FAST))}
        for n in (1, 2)
    ]
    assert ordered(found.seen[page]) == ordered(expected)


def test_every_request_says_who_asks_and_nothing_more(site: Site) -> None:
    settings = replace(QUICK, contact="https://example.org/crawler")
    look([site.page("/page", pictures(site, 1), Set_Cookie="a=b")], settings=settings)
    assert site.times()["/robots.txt"] == 1
    for path in ("/page", "/1.jpg", "/robots.txt"):
        headers = site.headers_of[path]
        assert "+https://example.org/crawler" in headers["User-Agent"]
        assert not {"Cookie", "Referer", "Authorization"} & set(headers)


@pytest.mark.parametrize(
    ("scope", "depth", "seen"),
    [(Scope.PAGE, 0, 1), (Scope.THREAD, 0, 3), (Scope.SITE, 1, 4), (Scope.SITE, 2, 5)],
)
def test_a_watch_reaches_as_far_as_its_scope(
    site: Site, scope: Scope, depth: int, seen: int
) -> None:
    first = site.page("/t", pictures(site, 1) + "<a rel=next href=/t?p=2>2</a><a href=/other>o</a>")
    site.page("/t?p=2", pictures(site, 2) + "<a rel=next href=/t?p=3>3</a><a rel=next href=/t></a>")
    site.page("/t?p=3", pictures(site, 3) + "<a rel=next href=http://127.0.0.2/x>elsewhere</a>")
    site.page("/other", pictures(site, 4) + "<a href=/further>f</a>")
    site.page("/further", pictures(site, 5))
    found = look([first], scope=scope, depth=depth)
    assert found.outcome(first) == (Outcome.SEEN, None)
    assert len(found.seen[first]) == seen
    assert all(count == 1 for count in site.times().values())


def test_what_has_not_changed_is_asked_for_and_not_sent_again(site: Site) -> None:
    page = site.page("/page", pictures(site, 1, 2, etag="e"))
    site.put["/page"].etag = '"page"'
    store = Store(MEMORY)
    first, second = look([page], store=store), look(store=store)
    assert first.outcome(page) == (Outcome.SEEN, None)
    assert second.outcome(page) == (Outcome.UNCHANGED, None)
    assert ordered(second.seen[page]) == ordered(first.seen[page])  # without hashing again
    assert site.headers_of["/page"]["If-None-Match"] == '"page"'
    assert site.headers_of["/1.jpg"]["If-None-Match"] == '"e1"'


def test_an_address_goes_comes_back_and_changes(site: Site) -> None:
    page = site.page("/page", pictures(site, 1))
    store = Store(MEMORY)
    outcomes = []
    shown = site.put["/page"]
    for now in (shown, Put(status=404), Put(status=410), shown, Put(b"<p>removed"), shown):
        site.put["/page"] = now
        outcomes.append(look([page], store=store).outcome(page)[0])
    there, gone = Outcome.SEEN, Outcome.GONE
    assert outcomes == [there, gone, gone, there, gone, there]
    del site.put["/1.jpg"]
    assert look([page], store=store).outcome(page) == (Outcome.GONE, None)


def test_a_picture_host_that_is_out_of_order_is_no_removal(site: Site) -> None:
    page = site.page("/page", pictures(site, 1))
    store = Store(MEMORY)
    look([page], store=store)
    site.put["/1.jpg"] = Put(status=500)
    assert look(store=store).outcome(page) == (Outcome.FAULT, ErrorKind.SERVER)


@pytest.mark.parametrize(
    ("put", "outcome", "fault"),
    [
        (Put(status=401), Outcome.MEMBERS_ONLY, None),
        (Put(b"<form><input type=password>", status=403), Outcome.MEMBERS_ONLY, None),
        (Put(b"<form><input type=password></form>"), Outcome.MEMBERS_ONLY, None),
        (Put(b"no", status=403), Outcome.FAULT, ErrorKind.FORBIDDEN),
        (Put(status=451), Outcome.GONE, None),
        (Put(status=500), Outcome.FAULT, ErrorKind.SERVER),
        (Put(status=429, headers={"Retry-After": "7200"}), Outcome.FAULT, ErrorKind.BUSY),
        (Put(b"<p>words alone"), Outcome.SEEN, None),
        (Put(b""), Outcome.SEEN, None),
    ],
)
def test_each_end_has_its_name(
    site: Site, put: Put, outcome: Outcome, fault: ErrorKind | None
) -> None:
    site.put["/page"] = put
    page = site.root + "/page"
    store = Store(MEMORY)
    assert look([page], store=store).outcome(page) == (outcome, fault)
    if put.headers:
        with store.read() as tx:
            (waits,) = tx.execute("SELECT due_at - looked_at FROM watches").fetchone()
        assert waits >= 7200


def test_a_page_that_moved_for_good_is_followed_and_named(site: Site) -> None:
    there = site.page("/new", pictures(site, 1))
    page = site.redirect("/old", "/middle", 301)
    site.redirect("/middle", "/new", 308)
    passing = site.redirect("/passing", "/new", 302)
    found = look([page, passing])
    assert found.outcome(page) == (Outcome.MOVED, None)
    assert found.visited[page].judged.moved_to == there
    assert found.outcome(passing) == (Outcome.SEEN, None)
    assert len(found.seen[page]) == len(found.seen[passing]) == 1


@pytest.mark.parametrize("path", ["/1.jpg", "/show?id=1"])
def test_an_address_may_be_a_picture_itself(site: Site, path: str) -> None:
    address = site.medium(path, picture(1))
    found = look([address])
    assert found.outcome(address) == (Outcome.SEEN, None)
    assert [each["address"] for each in found.seen[address]] == [address]


def test_a_page_that_is_named_like_a_picture_is_a_page(site: Site) -> None:
    address = site.page("/File:1.jpg", pictures(site, 1))
    found = look([address])
    assert found.outcome(address) == (Outcome.SEEN, None)
    assert len(found.seen[address]) == 1


def test_robots_txt_is_kept_for_pages_media_and_redirects(site: Site) -> None:
    site.put["/robots.txt"] = Put(b"User-agent: *\nDisallow: /no", "text/plain")
    refused = site.page("/no/page", pictures(site, 1))
    site.medium("/no/2.jpg", picture(2))
    page = site.page("/page", "<img src=/no/2.jpg><img src=/1.jpg>")
    leads = site.redirect("/leads", "/no/page")
    found = look([refused, page, leads])
    assert found.outcome(refused) == found.outcome(leads) == (Outcome.REFUSED, None)
    assert found.outcome(page) == (Outcome.SEEN, None)
    assert found.results(page) == {"page seen": 1, "medium seen": 1, "medium refused": 1}
    assert not any(path.startswith("/no") for path in site.asked)
    overridden = replace(QUICK, override_robots=frozenset({"127.0.0.1"}))
    assert look([refused], settings=overridden).outcome(refused) == (Outcome.SEEN, None)


def test_a_host_that_is_avoided_is_asked_for_nothing(site: Site) -> None:
    page = site.page("/page", pictures(site, 1)).replace("127.0.0.1", "www.site.test")
    names = Guard(loopback=True, lookup=lambda _, port: [(2, 1, 6, "", ("127.0.0.1", port))])
    avoid = replace(
        QUICK, avoid=frozenset({"site.test"}), override_robots=frozenset({"www.site.test"})
    )
    assert look([page], settings=avoid, guard=names).outcome(page) == (Outcome.REFUSED, None)
    assert site.asked == []
    avoid = replace(QUICK, avoid=frozenset({"te.test", "w.site.test"}))
    assert look([page], settings=avoid, guard=names).outcome(page) == (Outcome.SEEN, None)


def test_a_robots_txt_that_fails_is_no_permission(site: Site) -> None:
    page = site.page("/page", pictures(site, 1))
    site.put["/robots.txt"] = Put(status=503)
    assert look([page]).outcome(page)[0] is Outcome.FAULT
    assert "/page" not in site.asked


def test_a_part_of_a_page_is_looked_at_and_named_by_the_page(site: Site) -> None:
    site.page("/embed/1", pictures(site, 1) + "<iframe src=/embed/2></iframe>")
    site.page("/embed/2", pictures(site, 2))
    page = site.page("/page", "<iframe src=/embed/1></iframe>")
    found = look([page])
    assert [each["address"] for each in found.seen[page]] == [page]


def test_a_mistake_of_ours_ends_one_visit(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    page, other = site.page("/page", pictures(site, 1)), site.page("/other", "<p>x")
    right = judging.result_of_status

    def wrong(status: int, *, login: bool, empty: bool) -> str:
        if empty:
            raise KeyError(page)
        return right(status, login=login, empty=empty)

    monkeypatch.setattr("crawler.visiting.result_of_status", wrong)
    store = Store(MEMORY)
    found = look([other, page], store=store)
    assert list(found.visited) == [page]
    assert "KeyError" in caplog.text
    assert "127.0.0.1" not in caplog.text
    monkeypatch.undo()
    assert look(store=store).outcome(other) == (Outcome.SEEN, None)


def test_counts_name_no_address(site: Site) -> None:
    page = site.redirect("/old", "/new", 301)
    site.page("/new", pictures(site, 1))
    found = look([page])
    families = found.meters.registry.collect()
    names = [sample.labels for family in families for sample in family.samples]
    assert {"kind": "page", "result": "moved"} in names
    assert not any("/" in value or "127" in value for labels in names for value in labels.values())
