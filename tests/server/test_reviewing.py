"""Review at the desk, over HTTP: who may, what is told of an entry, and that one decides."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from hashing.signals import ContentSignals
from service.app import create_app
from service.domain.case import EntryStatus, HoldReason
from service.domain.errors import NotFound
from service.domain.member import Member as Advocate
from service.domain.member import MemberRole
from service.domain.reviewing import Decision, Why
from service.domain.sighting import Feedback
from service.domain.watch import Clock
from service.settings import Settings
from service.store import entries
from service.workflows import auditing, exclude, membership, respond, review
from service.workflows.respond import Response
from tests.server.conftest import SECRET
from tests.server.desk_world import Case, Desk, Member

if TYPE_CHECKING:
    from tests.server.conftest import World

Form = dict[str, Any]
RELEASE: Form = {"decision": "release", "why": "in_doubt", "sure": "yes"}
KEEP: Form = {"decision": "keep", "why": "near_public", "sure": "yes"}


class Bench:
    """A desk with an organisation that reviews, and one that does not."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.world = desk, desk.world
        self.here = desk.organisation("Reviewing House")
        self.lea, self.mia = (desk.member(self.here, MemberRole.LEAD) for _ in range(2))
        membership.set_reviewer(desk.context, self.here, desk.day, on=True)
        self.platform = self.world.actor("Example Videos")

    def held(self) -> tuple[Case, int]:
        """A case whose entry is near the exclude bank."""
        picture = self.world.picture()
        exclude.exclude(self.desk.context, [self.world.near_picture(picture, 20)], self.desk.day)
        self.desk.context.replica.catch_up()
        return self._with(picture)

    def disputed(self, matches: int = 1) -> tuple[Case, int]:
        """A case about whose entry a platform disagrees."""
        picture = self.world.picture()
        case, number = self._with(picture)
        for _ in range(matches):
            reference = self.world.reference(self.platform, picture)
        said = [Response(reference, Feedback.NOT_BLOCKED)]
        respond.respond(self.desk.context, self.platform, said, self.desk.day)
        return case, number

    def _with(self, picture: ContentSignals) -> tuple[Case, int]:
        case = self.desk.owner(picture)
        return case, self.world.entry_id(case.owner)

    def listed(self, member: Member | None = None) -> list[int]:
        page = (member or self.lea).browser.get("/review")
        assert page.status_code == 200
        return [int(one) for one in re.findall(r'/desk/review/(\d+)">', page.text)]

    def tomorrow(self) -> None:
        self.desk.later(1)
        self.world.day = self.desk.day
        for one in (self.lea, self.mia):
            one.sign_in()


@pytest.fixture(scope="module")
def bench(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    state = tmp_path_factory.mktemp("reviewing")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, state)}"
    settings = Settings(state=state, database_url=url, secret=SECRET, worker=False, work_pieces=0)
    app = create_app(settings)
    with TestClient(app):
        yield Bench(Desk(app))


def test_only_leads_whom_the_operator_named_find_it(bench: Bench) -> None:
    desk = bench.desk
    _, number = bench.disputed()
    outside = desk.organisation("Another House")
    others = [desk.member(bench.here), desk.member(bench.here, MemberRole.OBSERVER)]
    others.append(desk.member(outside, MemberRole.LEAD))

    def status(member: Member) -> list[int]:
        browser = member.browser
        asked = [browser.get("/review"), browser.get(f"/review/{number}")]
        browser.get("/account")  # for the token of its form
        asked.append(browser.post(f"/review/{number}", **RELEASE))
        return [one.status_code for one in asked]

    assert [status(one) for one in others] == [[404, 404, 404]] * 3
    assert ["/desk/review" in one.browser.get("").text for one in others] == [False] * 3
    assert "/desk/review" in bench.lea.browser.get("").text
    membership.set_reviewer(desk.context, bench.here, desk.day, on=False)
    assert status(bench.lea) == [404, 404, 404]
    membership.set_reviewer(desk.context, bench.here, desk.day, on=True)
    assert status(bench.lea) == [200, 200, 303]
    with pytest.raises(NotFound):
        membership.set_reviewer(desk.context, bench.here, desk.day, on=True)


def test_an_entry_is_told_without_case_owner_signal_exact_number_or_today(bench: Bench) -> None:
    case, number = bench.disputed(matches=40)
    first = bench.lea.browser.get(f"/review/{number}").text
    assert "Not before today." in first
    bench.tomorrow()
    text = re.sub("<.*?>", "", bench.lea.browser.get(f"/review/{number}").text)
    for told in ("Picture", "since January", "Example Videos: it says it is something else"):
        assert told in text
    assert "10 or more" in text
    assert "Looked for meanwhile." in text
    page = bench.lea.browser.page
    assert not re.search(rf"{case.number}|40|[0-9a-f]{{32}}|value=\"keep\"", _body(page))
    assert bench.lea.browser.post(f"/review/{number}", **KEEP).status_code == 422


def _body(page: str) -> str:
    """Without what is ours and random: the token of forms, addresses of statics."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return re.sub(r'name="form" value="[^"]*"', "", main)


def test_what_counts_cases_or_is_about_a_platform_alone_is_the_operators(bench: Bench) -> None:
    """Else whoever opens cases until one is in many of them has counted the others."""
    picture = bench.world.picture()
    cases = [bench.desk.owner(picture) for _ in range(9)]
    bench.world.work()
    crowded = bench.world.entry_id(cases[-1].owner)
    assert crowded in {one.entry.id for one in bench.world.waiting()}
    assert crowded not in bench.listed()
    assert bench.lea.browser.get(f"/review/{crowded}").status_code == 404
    bench.lea.browser.get("/review")
    assert bench.lea.browser.post(f"/review/{crowded}", **RELEASE).status_code == 404


def test_of_cases_that_the_organisation_may_see_or_could_others_decide(bench: Bench) -> None:
    case, number = bench.held()
    assert number in bench.listed()
    bench.desk.granted(case, bench.mia)
    for _ in ("granted", "over"):
        assert number not in bench.listed()
        assert bench.lea.browser.get(f"/review/{number}").status_code == 404
        bench.lea.browser.get("/review")
        assert bench.lea.browser.post(f"/review/{number}", **RELEASE).status_code == 404
        case.ask("DELETE", "/v1/case/grants/1")
    assert bench.world.statuses(case.owner) == [EntryStatus.QUARANTINED]


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [(RELEASE, EntryStatus.ACTIVE, "It is looked for."), (KEEP, "quarantined", "It stays held.")],
)
def test_one_of_two_leads_decides_and_the_other_reads_what(
    bench: Bench, form: Form, status: str, says: str
) -> None:
    case, number = bench.held()
    lea, mia = bench.lea.browser, bench.mia.browser
    for one in (lea, mia):
        assert one.get(f"/review/{number}").status_code == 200
    for missing in ("why", "sure"):
        kept: Form = {**form, missing: ""}
        assert lea.post(f"/review/{number}", **kept).status_code == 422
    assert bench.world.statuses(case.owner) == [EntryStatus.QUARANTINED]
    done = lea.post(f"/review/{number}", **form)
    assert done.headers["location"].endswith(f"/desk/review?done={form['decision']}")
    late = mia.post(f"/review/{number}", **(KEEP if form is RELEASE else RELEASE))
    assert late.status_code == 409
    assert says in late.text
    assert bench.world.statuses(case.owner) == [status]
    assert number not in bench.listed()
    # To the audit it is she, and why; to the owner, that it was reviewed.
    row = auditing.listed(bench.desk.context, 1)[0]
    assert (row.act, row.actor_id, row.object_id) == ("entry_reviewed", bench.lea.id, "1")
    assert row.details == f'{{"decision":"{form["decision"]}","why":"{form["why"]}"}}'
    (act,) = case.ask("GET", "/v1/case/audit").json()["acts"]
    assert (act["by"], act["organisation"], act["entry"]) == ("reviewer", None, 1)
    read = _shared_with(bench, case)
    assert "one of your files was reviewed" in read
    assert "Reviewing House" not in read


def _shared_with(bench: Bench, case: Case) -> str:
    """The page of an owner on who may see the case, and what they did."""
    client = TestClient(bench.desk.app)
    (stamp,) = set(re.findall(r'name="stamp" value="([^"]+)"', client.get("/en/overview").text))
    form = {"case": case.number, "access_key": case.access_key, "stamp": stamp}
    return str(client.post("/en/shared", data=form).text)


def test_the_list_is_oldest_first_and_in_pages(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {bench.held()[1], bench.disputed()[1]}
    every = bench.listed()
    assert every == sorted(every)
    assert numbers <= set(every)
    monkeypatch.setattr(review, "PAGE", len(every) - 1)
    assert bench.listed() == every[:-1]
    (address,) = re.findall(r"/desk(/review\?after=\d+)", bench.lea.browser.page)
    assert bench.lea.browser.get(address).text.count('class="entry"') == 1
    assert bench.lea.browser.get("/review?after=x").status_code == 404


@pytest.mark.stores("sqlite", "postgresql")
def test_two_at_once_do_not_both_decide(world: World) -> None:
    context, clock = world.context, Clock(world.day, 1_800_000_000)
    here = membership.add_organisation(context, "House", world.day)
    membership.set_reviewer(context, here, world.day, on=True)
    membership.add(context, here, "Lea", MemberRole.LEAD, clock)
    lead = Advocate(1, here, "House", "Lea", MemberRole.LEAD)
    number = world.entry_id(world.open())
    with context.database.write_changes() as tx:
        held = entries.by_id(tx, [number])[number]
        entries.set_status(tx, held, EntryStatus.QUARANTINED, reason=HoldReason.EXCLUDED)
    ready = Barrier(2)

    def decide(_: int) -> EntryStatus | None:
        ready.wait()
        return review.decide(context, lead, number, (Decision.KEEP, Why.NEAR_PUBLIC), clock)

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(decide, range(2)))
    assert sorted(ends, key=str) == [None, EntryStatus.QUARANTINED]
    acts = [row.act for row in auditing.listed(context, 9)]
    assert acts.count("entry_reviewed") == 1
