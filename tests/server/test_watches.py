"""Addresses that are looked at: what crawlers get, what they report, and what each owner reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from hashing.signals import ContentSignals
from service.domain.actor import Actor, Owner, Role
from service.domain.errors import (
    Conflict,
    InvalidRequest,
    NotEligible,
    NotFound,
    ServiceError,
    WatchesFull,
    Withdrawn,
)
from service.domain.sighting import Source
from service.domain.watch import (
    FIRST_INTERVAL,
    KEPT_DAYS,
    LEASE_SECONDS,
    LONGEST_AFTER_FAULT,
    LONGEST_INTERVAL,
    LONGEST_LEASE_SECONDS,
    MAX_HOPS,
    MAX_OF_CASE,
    Clock,
    History,
    Look,
    Outcome,
    Presence,
    Scope,
    Target,
    history,
    next_interval,
    target,
)
from service.store.watch_schema import findings, looks, visits, watch_requests, watches
from service.workflows import crawl, intake, observe, retention, status, watching, withdraw
from service.workflows.context import Context
from service.workflows.crawl import LeasedWatch, VisitReport
from service.workflows.observe import Claim, LeasedVisit
from tests.server.conftest import Wire, World

PAGE = Target("https://forum.example/threads/12")
HOUR = 3600
SEEN, UNCHANGED, GONE, FAULT = Outcome.SEEN, Outcome.UNCHANGED, Outcome.GONE, Outcome.FAULT


@dataclass
class Crawl:
    """A crawler and its clock, over a world."""

    world: World
    second: int = 1_000_000
    actor: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.actor = self.world.actor("Crawler", Role.CRAWLER)

    @property
    def now(self) -> Clock:
        return Clock(self.world.day, self.second)

    def pass_hours(self, hours: int) -> None:
        self.second += hours * HOUR
        self.world.day += timedelta(days=hours // 24)

    def lease(self, limit: int = 100) -> list[LeasedWatch]:
        return crawl.lease(self.world.context, self.actor, limit, self.now)

    def renew(self, leased: LeasedWatch) -> int:
        held = [(leased.watch, leased.lease)]
        (seconds,) = crawl.renew(self.world.context, self.actor, held, self.now)
        return seconds

    def see(self, leased: LeasedWatch, *contents: ContentSignals) -> None:
        """Hand in what is there."""
        on = LeasedVisit(leased.watch, leased.lease)
        claims = [Claim(content, leased.target.address, on) for content in contents]
        observe.observe(self.world.context, self.actor, claims, self.world.day)

    def end(
        self,
        leased: LeasedWatch,
        outcome: Outcome,
        memory: str | None = None,
        to: str | None = None,
    ) -> bool:
        ended = VisitReport(leased.watch, leased.lease, outcome, memory, to)
        (counts,) = crawl.report(self.world.context, self.actor, [ended], self.now)
        self.world.work()
        return counts

    def visit(self, outcome: Outcome, *contents: ContentSignals) -> LeasedWatch:
        """Take the only watch that is due, look, and report."""
        (leased,) = self.lease()
        if contents:
            self.see(leased, *contents)
        assert self.end(leased, outcome, memory="etag 1" if outcome is SEEN else None)
        return leased


@pytest.fixture
def crawler(world: World) -> Crawl:
    return Crawl(world)


def added(world: World, owner: Owner, where: Target = PAGE) -> int:
    return watching.add(world.context, owner, where, world.day).n


def past(world: World, owner: Owner) -> History:
    (one,) = watching.of_case(world.context, owner)
    return one.history


def presence(world: World, owner: Owner) -> Presence:
    return past(world, owner).presence


def counts(context: Context) -> dict[str, int]:
    with context.database.read() as tx:
        return {
            table.name: tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (watches, watch_requests, visits, looks, findings)
        }


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("HTTPS://Forum.Example:443/a?b=c#d", "https://forum.example/a?b=c"),
        ("forum.example", "https://forum.example/"),
        (" http://forum.example:80 ", "http://forum.example/"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/ä"),
        ("https://93.184.215.14/x", "https://93.184.215.14/x"),
    ],
)
def test_two_spellings_are_one_address(typed: str, normal: str) -> None:
    assert target(typed).address == normal


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a b",
        "https://forum.example/\x00",
        "ftp://forum.example/",
        "file:///etc/passwd",
        "javascript://forum.example/%0aalert(1)",
        "https://user:word@forum.example/",
        "https://forum.example:8443/",
        "https://forum.example:x/",
        "https://[::1/",
        "localhost",
        "https://intranet/",
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://127.1/",
        "https://" + "a" * 64 + ".example/",
        "https://forum!.example/",
        "https://forum..example/",
        "https://forum.example/" + "a" * 2048,
    ],
)
def test_what_is_no_public_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidRequest):
        target(typed)


def test_a_page_has_no_depth() -> None:
    with pytest.raises(InvalidRequest):
        target("forum.example", Scope.PAGE, 2)
    assert target("forum.example", Scope.SITE, 2).depth == 2


DAYS = [date(2026, 11, day) for day in range(1, 30)]
THERE, CAME_BACK, NOT_FOUND = Presence.THERE, Presence.CAME_BACK, Presence.NOT_FOUND


@pytest.mark.parametrize(
    ("seen", "read"),
    [
        ([], []),
        ([(FAULT, False)], []),
        ([(SEEN, False), (UNCHANGED, False)], [NOT_FOUND]),
        ([(SEEN, True), (UNCHANGED, True), (SEEN, True)], [THERE]),
        ([(SEEN, False), (SEEN, True)], [NOT_FOUND, THERE]),
        ([(SEEN, True), (SEEN, False)], [THERE, Presence.GONE]),
        ([(GONE, False)], [Presence.GONE]),
        ([(SEEN, True), (GONE, True), (FAULT, False), (SEEN, True), (SEEN, True)],
         [THERE, Presence.GONE, CAME_BACK]),
        ([(SEEN, True), (GONE, False), (SEEN, True), (GONE, False), (SEEN, True)],
         [THERE, Presence.GONE, CAME_BACK, Presence.GONE, CAME_BACK]),
    ],
)  # fmt: skip
def test_what_an_owner_reads_of_looks(
    seen: Sequence[tuple[Outcome, bool]], read: Sequence[Presence]
) -> None:
    found = history(
        Look(day, outcome, there) for day, (outcome, there) in zip(DAYS, seen, strict=False)
    )
    assert [change.presence for change in found.changes] == list(read)
    assert found.presence is (read[-1] if read else Presence.WAITING)
    assert found.trouble is (FAULT if seen and seen[-1][0] is FAULT else None)
    assert found.looked_on == (DAYS[len(seen) - 1] if seen else None)


def test_hours_become_weeks_until_something_changes() -> None:
    intervals = [next_interval(0, SEEN)]
    for _ in range(10):
        intervals.append(next_interval(intervals[-1], UNCHANGED))
    assert intervals[:3] == [FIRST_INTERVAL, 2 * FIRST_INTERVAL, 4 * FIRST_INTERVAL]
    assert intervals[-1] == LONGEST_INTERVAL
    assert next_interval(LONGEST_INTERVAL, FAULT) == LONGEST_AFTER_FAULT
    assert next_interval(LONGEST_INTERVAL, SEEN) == FIRST_INTERVAL


@pytest.mark.stores("sqlite", "postgresql")
def test_there_gone_and_back(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner = world.open(picture, world.picture())
    added(world, owner)
    assert presence(world, owner) is Presence.WAITING
    first = crawler.visit(SEEN, world.near_picture(picture, 10), world.picture())
    assert first.target == PAGE
    assert first.memory is None
    assert crawler.lease() == []
    crawler.pass_hours(24)
    assert crawler.visit(UNCHANGED).memory == "etag 1"
    assert presence(world, owner) is THERE
    crawler.pass_hours(24)
    crawler.visit(GONE)
    assert presence(world, owner) is Presence.GONE
    crawler.pass_hours(24 * 8)
    assert crawler.visit(SEEN, picture).memory is None
    days = [change.day - date(2026, 11, 21) for change in past(world, owner).changes]
    assert [day.days for day in days] == [0, 2, 10]
    assert presence(world, owner) is CAME_BACK
    events = status.of_case(world.context, owner).events
    assert [(event.n, event.platform) for event in events] == [(1, "Crawler"), (1, "Crawler")]


def test_what_a_site_declares_is_told_as_such(world: World, crawler: Crawl) -> None:
    md5 = world.md5()
    owner = world.open(world.picture(world.pdq(), md5))
    added(world, owner)
    (leased,) = crawler.lease()
    on, listed = LeasedVisit(leased.watch, leased.lease), world.picture(md5)
    address = "https://files.example/a.jpg"
    declared = Claim(listed, address, on, declared=True)
    for claim, kept in ((declared, 1), (declared, 0), (Claim(listed, address, on), 1)):
        assert observe.observe(world.context, crawler.actor, [claim], world.day) == kept
    assert crawler.end(leased, SEEN)
    assert presence(world, owner) is THERE
    events = status.of_case(world.context, owner).events
    assert {event.source for event in events} == {Source.DECLARED, Source.OBSERVATION}


def test_who_did_not_ask_learns_nothing(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    first, second = world.open(picture), world.open(picture)
    added(world, first)
    crawler.visit(SEEN, picture)
    assert presence(world, first) is THERE
    assert status.of_case(world.context, second).events == []
    added(world, second)
    assert presence(world, second) is Presence.WAITING, "the visit before does not count"
    crawler.second += 1
    again = crawler.visit(SEEN, picture)
    assert again.memory is None, "who is new must hear of everything that is there"
    assert presence(world, second) is THERE
    assert [event.n for event in status.of_case(world.context, second).events] == [1]


@pytest.mark.stores("sqlite", "postgresql")
def test_a_visit_is_read_of_by_whom_it_was_due_for(world: World, crawler: Crawl) -> None:
    """Whoever names the address later, and then adds the picture, reads of nothing before."""
    picture = world.picture()
    first, second = world.open(picture), world.open()
    added(world, first)
    crawler.visit(SEEN, picture)
    added(world, second)
    intake.add_entries(world.context, second, [picture], world.day)
    world.work()
    assert days(world, second) == []
    assert presence(world, second) is Presence.WAITING
    crawler.second += 1
    crawler.visit(SEEN, picture)
    once = days(world, second)
    assert len(once) == 1
    world.day += timedelta(days=1)
    added(world, first)  # so that it is due for her alone
    crawler.second += 1
    (leased,) = crawler.lease()
    added(world, second)  # too late for this visit
    assert leased.memory is None, "she has not read of the visit that saw what is there"
    crawler.see(leased, picture)
    world.work()
    assert days(world, second) == once
    crawler.end(leased, SEEN)
    assert days(world, second) == once
    assert len(days(world, first)) == 2
    crawler.second += 1
    assert crawler.visit(SEEN, picture).memory is None
    assert len(days(world, second)) == 2
    crawler.pass_hours(24)
    assert crawler.visit(SEEN, picture).memory is None, "nor has the first, of the last one"
    crawler.pass_hours(24)
    assert crawler.visit(UNCHANGED).memory == "etag 1"
    assert presence(world, second) is THERE


def days(world: World, owner: Owner) -> list[date]:
    """On which days a case was seen."""
    return [event.seen_on for event in status.of_case(world.context, owner).events]


def test_a_visit_that_nobody_reports_counts_for_nobody(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner = world.open(picture)
    added(world, owner)
    crawler.lease()
    assert presence(world, owner) is Presence.WAITING
    crawler.second += LEASE_SECONDS
    crawler.visit(SEEN, picture)
    with world.context.database.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(looks)) == 1
    assert presence(world, owner) is THERE


def test_what_a_platform_reports_every_owner_may_read_of(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner = world.open(picture)
    watching.add_for_actor(world.context, world.actor(), PAGE, world.day)
    crawler.visit(SEEN, picture)
    assert [event.platform for event in status.of_case(world.context, owner).events] == ["Crawler"]
    assert watching.of_case(world.context, owner) == []
    for _ in range(2):
        watching.remove_for_actor(world.context, world.actor(), PAGE)
    assert counts(world.context)["watch_requests"] == 0


def test_each_who_asked_keeps_a_schedule(world: World, crawler: Crawl) -> None:
    """A visit that was due for somebody else would tell that there is somebody else."""
    first, second = world.open(), world.open()
    added(world, first)
    crawler.visit(SEEN)
    for _ in range(6):
        crawler.pass_hours(24 * 7)
        crawler.visit(UNCHANGED)
    asked_on = world.day
    added(world, second)
    crawler.second += 1
    crawler.visit(SEEN)
    assert past(world, second).looked_on == asked_on
    looked_on = past(world, first).looked_on
    crawler.pass_hours(24)
    crawler.visit(UNCHANGED)
    assert past(world, first).looked_on == looked_on
    assert past(world, second).looked_on == world.day


def test_a_case_opened_later_is_found_in_what_was_seen(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner = world.open()
    added(world, owner)
    crawler.visit(SEEN, picture)
    assert presence(world, owner) is NOT_FOUND
    intake.add_entries(world.context, owner, [picture], world.day)
    world.work()
    assert presence(world, owner) is THERE


@pytest.mark.stores("sqlite", "postgresql")
def test_each_watch_has_one_crawler_at_a_time(
    world: World, open_context: Callable[[], Context]
) -> None:
    for number in range(60):
        where = Target(f"https://forum.example/{number}")
        watching.add_for_operator(world.context, [where], world.day)
    crawlers = [(open_context(), world.actor(f"Crawler {n}", Role.CRAWLER)) for n in range(3)]
    now = Clock(world.day, 1_000_000)

    def leased(one: tuple[Context, Actor]) -> list[str]:
        found = []
        while some := crawl.lease(*one, 7, now):
            found += [each.watch for each in some]
        return found

    with ThreadPoolExecutor(3) as pool:
        taken = [each for found in pool.map(leased, crawlers) for each in found]
    assert len(taken) == len(set(taken)) == 60


def test_a_lease_ends_and_whoever_had_it_is_too_late(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner = world.open(picture)
    added(world, owner)
    (late,) = crawler.lease()
    crawler.second += LEASE_SECONDS - 1
    assert crawler.lease() == []
    crawler.second += 1
    (other,) = crawler.lease()
    with pytest.raises(Conflict):
        crawler.see(late, picture)
    assert not crawler.end(late, GONE)
    assert presence(world, owner) is Presence.WAITING
    crawler.see(other, picture)
    assert crawler.end(other, SEEN)
    assert crawler.end(other, GONE), "repeated, it counts, and changes nothing"
    assert presence(world, owner) is THERE


@pytest.mark.stores("sqlite", "postgresql")
def test_a_lease_is_renewed_while_the_visit_goes_on_and_not_for_ever(
    world: World, crawler: Crawl
) -> None:
    picture = world.picture()
    owner = world.open(picture)
    added(world, owner)
    (leased,) = crawler.lease()
    begun = crawler.second
    while crawler.second + LEASE_SECONDS < begun + LONGEST_LEASE_SECONDS:
        crawler.second += LEASE_SECONDS - 60
        assert crawler.renew(leased) == min(
            LEASE_SECONDS, begun + LONGEST_LEASE_SECONDS - crawler.second
        )
        assert crawler.lease() == []
    crawler.second = begun + LONGEST_LEASE_SECONDS - 1
    assert crawler.renew(leased) == 1
    crawler.see(leased, picture)
    crawler.second += 1
    assert crawler.renew(leased) == 0
    (other,) = crawler.lease()
    assert crawler.renew(leased) == 0, "somebody else has it"
    assert crawler.renew(other) == LEASE_SECONDS


def test_nobody_renews_what_is_not_theirs_or_not_wanted(world: World, crawler: Crawl) -> None:
    owner = world.open()
    added(world, owner)
    (leased,) = crawler.lease()
    stranger = Crawl(world)
    stranger.actor = world.actor("Stranger", Role.CRAWLER)
    assert stranger.renew(leased) == 0
    assert crawler.renew(replace(leased, lease="x" * 24)) == 0
    withdraw.withdraw_case(world.context, owner, world.day)
    assert crawler.renew(leased) == 0, "nobody wants to know any more"
    withdraw.undo_case(world.context, owner, world.day)
    assert crawler.renew(leased) == LEASE_SECONDS
    assert crawler.end(leased, FAULT)
    assert crawler.renew(leased) == 0, "the visit has ended"
    crawler.pass_hours(24)
    (leased,) = crawler.lease()
    with pytest.raises(NotEligible):
        watching.withhold(world.context, PAGE, world.day)
    assert crawler.renew(leased) == 0, "it shows somebody under 18"


def test_nobody_else_reports_a_visit(world: World, crawler: Crawl) -> None:
    added(world, world.open())
    (leased,) = crawler.lease()
    stranger = Crawl(world)
    stranger.actor = world.actor("Stranger", Role.CRAWLER)
    assert not stranger.end(leased, GONE)
    with pytest.raises(Conflict):
        stranger.see(leased, world.picture())
    assert crawler.end(leased, SEEN)


def test_a_withdrawn_case_has_nothing_looked_at(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner = world.open(picture)
    added(world, owner)
    crawler.visit(SEEN, picture)
    crawler.pass_hours(24)
    withdraw.withdraw_case(world.context, owner, world.day)
    assert crawler.lease() == []
    with pytest.raises(Withdrawn):
        added(world, owner)
    withdraw.undo_case(world.context, owner, world.day)
    assert len(crawler.lease()) == 1
    withdraw.erase_case(world.context, owner, world.day)
    while retention.purge_watches(world.context, world.day):
        pass
    assert set(counts(world.context).values()) == {0}


def test_an_erased_entry_was_found_nowhere(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner = world.open(picture, world.picture())
    added(world, owner)
    crawler.visit(SEEN, picture)
    assert counts(world.context)["findings"] == 1
    withdraw.erase_entry(world.context, owner, 1)
    assert counts(world.context)["findings"] == 0


def test_what_shows_a_minor_is_never_looked_at(world: World, crawler: Crawl) -> None:
    owner = world.open()
    added(world, owner)
    with pytest.raises(NotEligible, match="Take It Down"):
        watching.withhold(world.context, PAGE, world.day)
    assert crawler.lease() == []
    assert watching.counts(world.context).withheld == 1
    (one,) = watching.of_case(world.context, owner)
    assert one.withheld
    watching.release(world.context, PAGE, world.day)
    assert len(crawler.lease()) == 1
    with pytest.raises(NotFound):
        watching.release(world.context, PAGE, world.day)


def test_a_platform_reports_addresses_and_takes_them_back(
    api: TestClient, served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MAX_OF_ACTOR", 1)
    key = {"Authorization": f"Bearer {served.key()}"}

    def post(route: str, address: str, **more: object) -> int:
        body = {"address": address, **more}
        return int(api.post(f"/v1/watches{route}", json=body, headers=key).status_code)

    def asked() -> int:
        return counts(served.context)["watch_requests"]

    assert [post("", PAGE.address, shows_minor=False) for _ in range(2)] == [200, 200]
    assert asked() == 1
    assert post("", "https://forum.example/more", shows_minor=False) == 422
    assert asked() == 1
    assert [post("/remove", PAGE.address) for _ in range(2)] == [200, 200]
    assert asked() == 0
    assert post("", PAGE.address, shows_minor=True) == 422
    assert watching.counts(served.context).withheld == 1
    assert asked() == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"watch": "a2" * 12}, "both its watch and its lease"),
        ({"lease": "a2" * 12}, "both its watch and its lease"),
        ({"declared": True}, "md5 or sha256 alone"),
    ],
)
def test_an_observation_that_is_half_of_a_visit_or_declared_is_refused(
    api: TestClient, served: World, wire: Wire, more: dict[str, object], said: str
) -> None:
    key = {"Authorization": f"Bearer {served.key('Crawler', Role.CRAWLER)}"}
    seen = {**wire.content(served.picture()), "address": PAGE.address, **more}
    answer = api.post("/v1/observations", json={"observations": [seen]}, headers=key)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_content_that_moved_is_followed_a_few_times(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner = world.open(picture)
    added(world, owner)
    crawler.visit(SEEN, picture)
    for hop in range(MAX_HOPS + 1):
        crawler.pass_hours(24)
        (leased,) = crawler.lease()
        assert crawler.end(leased, Outcome.MOVED, to=f"https://other.example/{hop}")
    (one,) = watching.of_case(world.context, owner)
    assert one.address == f"https://other.example/{MAX_HOPS - 1}"
    assert one.history.presence is Presence.GONE
    crawler.pass_hours(24)
    (leased,) = crawler.lease()
    assert crawler.end(leased, Outcome.MOVED, to="http://127.0.0.1/admin")
    assert watching.of_case(world.context, owner)[0].address == one.address


def test_who_looks_at_the_new_place_already_goes_on_there(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner, new = world.open(picture), Target("https://other.example/1")
    added(world, owner)
    (leased,) = crawler.lease()
    added(world, owner, new)
    crawler.see(leased, picture)
    assert crawler.end(leased, Outcome.MOVED, to=new.address)
    addresses = [one.address for one in watching.of_case(world.context, owner)]
    assert addresses == [PAGE.address, new.address]


def test_a_case_has_so_many_addresses(world: World) -> None:
    owner = world.open()
    for number in range(MAX_OF_CASE):
        assert added(world, owner, Target(f"https://forum.example/{number}")) == number + 1
    with pytest.raises(WatchesFull):
        added(world, owner, Target("https://forum.example/more"))
    assert added(world, owner, Target("https://forum.example/3")) == 4, "it has that already"
    watching.remove(world.context, owner, 4)
    assert added(world, owner, Target("https://forum.example/more")) == MAX_OF_CASE + 1
    with pytest.raises(NotFound):
        watching.remove(world.context, owner, 4)


def test_what_nobody_asks_for_any_more_is_purged(world: World, crawler: Crawl) -> None:
    picture = world.picture()
    owner = world.open(picture)
    added(world, owner)
    crawler.visit(SEEN, picture)
    for _ in range(3):
        crawler.pass_hours(24 * 50)
        crawler.visit(UNCHANGED)
        assert retention.purge_watches(world.context, world.day) == 0
    assert presence(world, owner) is THERE
    world.day += timedelta(days=KEPT_DAYS)
    assert crawler.lease() == []
    while retention.purge_watches(world.context, world.day):
        pass
    assert set(counts(world.context).values()) == {0}


def test_nothing_of_an_address_is_in_the_clear(world: World, crawler: Crawl) -> None:
    owner = world.open()
    added(world, owner)
    crawler.visit(SEEN)
    with world.context.database.read() as tx:
        rows = repr(tx.execute(sa.select(watches)).all())
    assert "forum" not in rows
    assert "etag" not in rows
    (one,) = watching.of_case(world.context, owner)
    moved = VisitReport("w", "l", Outcome.MOVED, "etag 1", "https://forum.example/2")
    said = repr(one) + repr(PAGE) + repr(ServiceError()) + repr(moved)
    assert "forum" not in said
    assert "etag" not in said
