"""Grants and the desk, over HTTP: what an organisation may see and do, and when it is over."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hashing.signals import ContentSignals
from service.app import create_app
from service.domain.actor import Role
from service.domain.grant import GrantScope, Terms
from service.domain.member import MemberRole
from service.domain.watch import target
from service.settings import Settings
from service.store import alerts
from service.workflows import granting, membership, observe, watching
from service.workflows.observe import Claim
from tests.server.advocates import ORIGIN, Time
from tests.server.conftest import SECRET, Wire
from tests.server.desk_world import Case, Desk, Member

ADDRESS = "https://forum.example.org/thread/9917"


class Two:
    """Two processes of one service, and what happened on it."""

    def __init__(self, desk: Desk, other: Any) -> None:
        self.desk, self.other = desk, other
        self.here = desk.organisation("Example Helpline")
        self.there = desk.organisation("Another House")
        self.ana = desk.member(self.here)
        self.lea = desk.member(self.here, MemberRole.LEAD)
        self.rui = desk.member(self.there)


@pytest.fixture(scope="module")
def two(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    state = tmp_path_factory.mktemp("desk")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, state)}"

    def settings(part: str) -> Settings:
        return Settings(
            state=state / part, database_url=url, secret=SECRET, worker=False, work_pieces=0
        )

    apps = [create_app(settings(part)) for part in ("one", "two")]
    with TestClient(apps[0]), TestClient(apps[1]):
        desk = Desk(apps[0])
        other = apps[1]
        Time(other)
        yield Two(desk, other)


def test_a_code_opens_once_and_each_that_opens_nothing_looks_the_same(two: Two) -> None:
    desk, ana, rui = two.desk, two.ana, two.rui
    case = desk.owner()
    made = case.ask("POST", "/v1/case/grants", {"scopes": ["act_for_me"], "days": 30}).json()
    assert made["state"] == "offered"
    assert made["scopes"] == ["status", "act_for_me"]
    spoken = made["code"].upper().replace("-", " ").replace("1", "l").replace("0", "O")
    taken = ana.browser.post("/redeem", code=spoken)
    assert taken.status_code == 303
    assert rui.browser.post("/redeem", code=made["code"]).status_code == 401
    revoked = granting.offer(desk.context, case.owner, Terms(frozenset()), desk.day)
    case.revoke(revoked.grant.n)
    old = granting.offer(desk.context, case.owner, Terms(frozenset()), desk.day)
    desk.later(7)
    rui.sign_in()
    rui.browser.get("")
    answers = []
    for code in (made["code"], revoked.code, old.code, "0000-0000-0000-0000", "x", ""):
        answer = rui.browser.post("/redeem", code=code)
        assert answer.status_code == 401
        answers.append(answer.text)
    assert len(set(answers)) == 1
    listed = case.ask("GET", "/v1/case/grants").json()["grants"]
    assert [one["state"] for one in listed] == ["lapsed", "ended", "held"]
    assert [one["organisation"] for one in listed] == [None, None, "Example Helpline"]
    assert case.acts() == [("grant_redeemed", "Example Helpline")]


def test_wrong_codes_are_few(two: Two) -> None:
    guesser = two.desk.member(two.there)
    seen = [guesser.browser.post("/redeem", code="2222-2222-2222-2222") for _ in range(25)]
    assert {one.status_code for one in seen[:10]} == {401}
    assert 429 in {one.status_code for one in seen}


def test_what_is_revoked_in_one_process_is_gone_in_the_other(two: Two) -> None:
    ana = two.desk.member(two.here)
    case = two.desk.owner()
    reference = two.desk.granted(case, ana)
    elsewhere = TestClient(two.other, base_url=ORIGIN, raise_server_exceptions=False)
    elsewhere.cookies.set("__Host-desk", ana.browser.cookie() or "", domain="desk.example")
    address = f"/en/desk/cases/{reference}"
    Time(two.other).second = two.desk.clock.second
    assert elsewhere.get(address, follow_redirects=False).status_code == 200
    case.revoke()
    assert elsewhere.get(address, follow_redirects=False).status_code == 404
    assert ana.read(reference).status_code == 404
    for path in ("notes", "tags", "addresses", "export", "files", "assigned", "confirmed"):
        given = {"layer": "team", "title": "a", "body": "b", "shows_minor": "no", "format": "csv"}
        ana.browser.get("/links")
        answer = ana.browser.post(f"/cases/{reference}/{path}", None, address=ADDRESS, **given)
        assert answer.status_code == 404, path


@pytest.mark.parametrize("how", ["withdrawn", "erased", "expired"])
def test_a_grant_ends_with_the_case_and_with_its_time(two: Two, how: str) -> None:
    ana = two.desk.member(two.here)
    case = two.desk.owner()
    reference = two.desk.granted(case, ana, days=3)
    assert ana.read(reference).status_code == 200
    if how == "expired":
        two.desk.later(3)
        ana.sign_in()
    else:
        case.ask("DELETE", "/v1/case" + ("?erase=now" if how == "erased" else ""))
    assert ana.read(reference).status_code == 404
    if how == "withdrawn":
        assert case.ask("POST", "/v1/case/undo").status_code == 200
        assert ana.read(reference).status_code == 404  # an undo brings no grant back


def test_each_scope_gives_what_it_says_and_no_more(two: Two) -> None:
    desk = two.desk
    ana = desk.member(two.here)
    gives: dict[GrantScope, set[str]] = {
        GrantScope.STATUS: set(),
        GrantScope.SIGHTINGS: {"full address", "confirm", "check"},
        GrantScope.ACT: {"add address", "mute"},
        GrantScope.ADD: {"add file"},
    }
    for scope, expected in gives.items():
        content = desk.world.picture()
        case = desk.owner(content)
        watching.add(desk.context, case.owner, target(ADDRESS), desk.day)
        reference = desk.granted(case, ana, [scope])
        assert _can(ana, case, reference, content) == expected, scope


def _can(ana: Member, case: Case, reference: str, content: ContentSignals) -> set[str]:
    page = ana.read(reference).text
    assert "forum.example.org" in page
    can = {"full address"} if "thread/9917" in page else set()
    if ana.browser.post(f"/cases/{reference}/confirmed").status_code == 303:
        can.add("confirm")
    if ana.check(content).get(case.number) == "the file belongs to it":
        can.add("check")
    ana.read(reference)
    other = f"https://other.example.org/{reference}"
    answer = ana.browser.post(f"/cases/{reference}/addresses", address=other, shows_minor="no")
    if answer.status_code == 303:
        watches = case.ask("GET", "/v1/case/watches").json()["watches"]
        assert [one["address"] for one in watches] == [ADDRESS, other]
        can.add("add address")
    ana.read(reference)
    if ana.browser.post(f"/cases/{reference}/muted", days="7").status_code == 200:
        assert ("alerts_muted", "Example Helpline") in case.acts()
        can.add("mute")
    ana.read(reference)
    document = json.dumps({"entries": [Wire().content(case.desk.world.picture())]})
    if ana.browser.post(f"/cases/{reference}/files", document=document).status_code == 303:
        assert len(case.ask("GET", "/v1/case").json()["entries"]) == 2
        can.add("add file")
    return can


def test_messages_are_muted_and_who_does_it_learns_nothing(two: Two) -> None:
    desk = two.desk
    ana = desk.member(two.here)
    pages = []
    for is_told in (True, False):
        case = desk.owner()
        reference = desk.granted(case, ana, [GrantScope.ACT])
        if is_told:
            feed = {"kind": "feed", "wording": "news", "language": "en", "read_by_others": False}
            assert case.ask("POST", "/v1/case/alerts/channels", feed).status_code == 200
        ana.read(reference)
        page = ana.browser.post(f"/cases/{reference}/muted", days="14").text
        assert "Nothing is sent to the owner until" in page
        pages.append(_without(page, [case.number, reference]))
        if is_told:
            assert _muted_days(case) == 14
            assert "had nothing sent to you for a while" in _owners_page(case)
            case.ask("PUT", "/v1/case/alerts/mute", {"days": 30})
            ana.browser.post(f"/cases/{reference}/muted", days="7")
            assert _muted_days(case) == 30, "what she chose is not made shorter"
        assert ana.browser.post(f"/cases/{reference}/muted", days="365").status_code == 422
    assert pages[0] == pages[1]


def _muted_days(case: Case) -> int:
    until = case.ask("GET", "/v1/case/alerts").json()["contact"]["muted_until"]
    return (date.fromisoformat(until) - case.desk.day).days


def test_roles_see_what_the_record_of_decisions_says(two: Two) -> None:
    desk = two.desk
    ana, bea, lea = desk.member(two.here), desk.member(two.here), two.lea
    lea.sign_in()
    observer = desk.member(two.here, MemberRole.OBSERVER)
    case = desk.owner()
    reference = desk.granted(case, ana)
    assert [one.read(reference).status_code for one in (ana, bea, lea)] == [200, 200, 200]
    ana.browser.post(f"/cases/{reference}/assigned", member=str(ana.id))
    assert [one.read(reference).status_code for one in (ana, bea, lea)] == [200, 404, 200]
    assert case.number not in bea.browser.get("").text
    assert observer.read(reference).status_code == 403
    assert observer.browser.get("").headers["location"] == "/en/desk/counts"
    assert case.number not in observer.browser.get("/counts").text
    lea.read(reference)
    lea.browser.post(f"/cases/{reference}/assigned", member=str(bea.id))
    assert [one.read(reference).status_code for one in (ana, bea, lea)] == [404, 200, 200]
    two.rui.sign_in()
    bea.read(reference)
    refused = bea.browser.post(f"/cases/{reference}/assigned", member=str(two.rui.id))
    assert refused.status_code == 422
    membership.disable(desk.context, bea.id, desk.day)
    assert bea.read(reference).headers["location"] == "/en/desk/sign-in"
    assert ana.read(reference).status_code == 200  # it is nobody's again, and not lost


def test_every_act_is_read_by_the_owner_and_notes_are_sealed(two: Two) -> None:
    desk = two.desk
    ana = desk.member(two.here)
    case = desk.owner()
    reference = desk.granted(case, ana)
    secret, shared = "She fears her brother", "We wrote to the forum"
    ana.read(reference)
    base = f"/cases/{reference}"
    for path, fields in (
        ("notes", {"layer": "team", "title": secret, "body": f"{secret}."}),
        ("notes", {"layer": "owner", "title": shared, "body": f"{shared}."}),
        ("tags", {"tags": "urgent, brother"}),
        ("due", {"due": desk.day.isoformat()}),
        ("confirmed", {}),
        ("addresses", {"address": ADDRESS, "shows_minor": "no"}),
        ("export", {"format": "json"}),
        ("assigned", {"member": str(ana.id)}),
    ):
        ana.read(reference)
        answer = ana.browser.post(f"{base}/{path}", None, **fields)
        assert answer.status_code in {200, 303}, path
    assert [act for act, _ in case.acts()] == [
        "case_assigned",
        "case_exported",
        "address_added",
        "owner_confirmed",
        "due_set",
        "tags_set",
        "note_shared",
        "note_written",
        "case_read",
        "grant_redeemed",
    ]
    page = _owners_page(case)
    assert shared in page
    assert secret not in page
    assert "looked at your case" in page
    ana.browser.get("")
    found = ana.browser.post("/search", search="fears").text
    assert case.number in found
    ana.browser.get("")
    assert case.number not in ana.browser.post("/search", search="forum.example").text
    assert _stored(desk).count(b"brother") == 0
    assert _stored(desk).count(b"wrote to the forum") == 0


def _owners_page(case: Case, page: str = "shared") -> str:
    client = TestClient(case.desk.app, base_url=ORIGIN)
    stamp = re.search(r'name="stamp" value="([^"]+)"', client.get("/en/overview").text)
    assert stamp
    form = {"case": case.number, "access_key": case.access_key, "stamp": stamp[1]}
    return str(client.post(f"/en/{page}", data=form).text)


def _stored(desk: Desk) -> bytes:
    path = Path(desk.context.settings.database.removeprefix("sqlite:///"))
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


def test_two_cases_with_the_same_signal_look_like_two_without(two: Two) -> None:
    """And a check says nothing of a case of another organisation, or one without the scope."""
    desk = two.desk
    seen = []
    for shares in (True, False):
        ana, here = _newcomer(desk)
        rui, there = _newcomer(desk)
        same, other = desk.world.picture(), desk.world.picture()
        first = desk.owner(same)
        second = desk.owner(same if shares else other)
        third = desk.owner(same if shares else other)
        references = [desk.granted(first, ana), desk.granted(second, ana)]
        desk.granted(third, rui)
        quiet = desk.owner(same)
        desk.granted(quiet, ana, [GrantScope.STATUS])
        platform = desk.world.actor(f"Platform {here}", Role.PLATFORM)
        desk.world.ask(platform, *([same] if shares else [same, other]))
        pages = [ana.read(one).text for one in references[:1]]
        pages += [ana.browser.get("").text, ana.browser.get("/counts").text]
        checked = ana.check(same)
        assert checked.pop(first.number) == "the file belongs to it"
        assert checked == {second.number: "the file belongs to it" if shares else "no"}
        names = [first.number, second.number, third.number, quiet.number, *references]
        names += [ana.name, f"Platform {here}", f"House {here}"]
        seen.append([_without(one, names) for one in pages])
        assert third.acts() == [("grant_redeemed", f"House {there}")]
        assert quiet.acts() == [("grant_redeemed", f"House {here}")]
    assert seen[0] == seen[1]


def _newcomer(desk: Desk) -> tuple[Member, int]:
    number = len(membership.organisations(desk.context)) + 1
    here = desk.organisation(f"House {number}")
    return desk.member(here), here


def _without(page: str, names: list[str]) -> str:
    for name in names:
        page = page.replace(name, "·")
    page = re.sub(r"[0-9a-f]{64}", "·", page)
    return re.sub(r'[a-z2-7]{16}|value="\d+"', "·", page)


def test_what_was_seen_before_is_read_once_she_is_confirmed(two: Two) -> None:
    """Whoever has somebody's picture opens a case with it: where was it, before?"""
    desk = two.desk
    ana = desk.member(two.here)
    ana.sign_in()
    picture = desk.world.picture()
    platform = desk.world.actor("Platform of before", Role.PLATFORM)
    case = desk.owner()
    desk.world.day = desk.day
    observe.observe(desk.context, platform, [Claim(picture, ADDRESS)], desk.day)
    desk.later(1)
    ana.sign_in()
    document = {"entries": [Wire().content(picture)]}
    assert case.ask("POST", "/v1/case/entries", document).json() == {"added": 1, "held": 0}
    feed = {"kind": "feed", "wording": "news", "language": "en", "read_by_others": False}
    path = case.ask("POST", "/v1/case/alerts/channels", feed).json()["feed"]
    assert TestClient(desk.app, base_url=ORIGIN).get(path).status_code == 200
    reference = desk.granted(case, ana, [GrantScope.SIGHTINGS])
    desk.world.work()
    with desk.context.database.read() as tx:
        assert alerts.count(tx) == 0
    name = "Platform of before"
    assert not any(name in text for text in _read(case, ana, reference))
    ana.browser.post(f"/cases/{reference}/confirmed")
    assert all(name in text for text in _read(case, ana, reference))
    case.revoke()
    assert name not in case.ask("GET", "/v1/case").text


def _read(case: Case, ana: Member, reference: str) -> list[str]:
    """A case as its owner reads it, by both ways, and as a member does."""
    overview = _owners_page(case, "overview")
    return [case.ask("GET", "/v1/case").text, overview, ana.read(reference).text]


def test_no_cell_of_an_export_is_a_formula(two: Two) -> None:
    desk = two.desk
    ana = desk.member(two.here)
    content = desk.world.picture()
    case = desk.owner(content)
    evil = desk.world.actor('=HYPERLINK("https://x.example")', Role.PLATFORM)
    desk.world.ask(evil, content)
    reference = desk.granted(case, ana)
    ana.read(reference)
    answer = ana.browser.post(f"/cases/{reference}/export", format="csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    header, row = csv.reader(io.StringIO(answer.text))
    assert dict(zip(header, row, strict=True))["where"] == '\'=HYPERLINK("https://x.example")'


def test_a_link_opens_a_case_that_is_granted_already_once(two: Two) -> None:
    desk = two.desk
    ana = desk.member(two.here)
    ana.browser.get("/links")
    made = ana.browser.post("/links", act_for_me="yes", days="30").text
    code = re.search(r"#([0-9a-z-]{19})<", made)
    assert code
    client = TestClient(desk.app, base_url=ORIGIN)
    shown = client.post("/en/together", data={"intake_code": code[1]}).text
    assert "Example Helpline" in shown
    assert "write letters for you that ask for removal, and have no messages" in shown
    assert "full addresses" not in shown
    for key, opens in (("cd", True), ("ce", False)):
        wanted = Wire().submission(desk.world.picture(), key=key * 32) | {"intake_code": code[1]}
        number = client.post("/v1/cases", json=wanted).json()["case_number"]
        assert (number in ana.browser.get("").text) is opens
        held = client.get("/v1/case/grants", headers={"Authorization": f"Case {number}:{key * 32}"})
        assert [one["by_link"] for one in held.json()["grants"]] == [True] * opens
    assert client.post("/en/together", data={"intake_code": code[1]}).status_code == 401


def test_grants_have_limits_and_are_pruned(two: Two) -> None:
    desk = two.desk
    case = desk.owner()
    answers = [case.ask("POST", "/v1/case/grants", {"scopes": []}).status_code for _ in range(6)]
    assert answers == [200] * 5 + [422]
    assert case.ask("POST", "/v1/case/grants", {"scopes": [], "days": 366}).status_code == 422
    assert case.ask("POST", "/v1/case/grants", {"scopes": ["all"]}).status_code == 422
    while granting.prune(desk.context, desk.day):
        pass
    assert len(granting.of_case(desk.context, case.owner)) == 5
    desk.later(40)
    while granting.prune(desk.context, desk.day):
        pass
    assert granting.of_case(desk.context, case.owner) == []
