"""The pages on which an owner writes a letter that asks for removal, and sees its clock."""

from __future__ import annotations

import re
from secrets import token_bytes
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.domain.actor import Role
from service.domain.errors import NotEligible
from service.domain.notice import Reason
from service.domain.watch import Clock, Outcome, Target
from service.edge import dependencies
from service.store.notice_schema import notices as table
from service.web import languages
from service.web.owner import letters, stamps
from service.workflows import noticing, taking_notices, watching
from service.workflows.crawl import VisitReport, lease, report
from service.workflows.taking_notices import Decision
from tests.server.conftest import World

NOON = 1_795_262_400
"""12:00 UTC on 21 November 2026."""
LETTER = {
    "regime": "US-TIDA",
    "filer": "self",
    "addressee": "Example <Videos>",
    "zone": "Europe/Madrid",
    "addresses": "https://videos.example/1\nhttps://videos.example/2",
    "mail": "ana@private.example",
    "description": "A photo of me.",
    "circumstances": "Never agreed to.",
    "signature": "Ana Signed",
    "not_consented": "yes",
}


class Owner:
    """The forms of one case, at a time that the test sets."""

    def __init__(self, api: TestClient, world: World) -> None:
        self.api, self.world, self.second = api, world, NOON
        app: Any = api.app
        app.dependency_overrides[dependencies.clock] = lambda: self.now
        key = token_bytes(32)
        self.owner = world.open(key=key)
        stamp = stamps.new(world.context.seals, stamps.minute())
        self.form = {"case": self.owner.case_number, "access_key": key.hex(), "stamp": stamp}

    @property
    def now(self) -> Clock:
        return Clock(self.world.day, self.second)

    def post(self, path: str, status: int = 200, /, **fields: str) -> str:
        answer = self.api.post(f"/en/notices{path}", data={**self.form, **fields})
        assert answer.status_code == status, answer.text
        return str(answer.text)

    @property
    def stored(self) -> int:
        with self.world.context.database.read() as tx:
            of_case = table.c.case_id == self.owner.case_id
            return tx.scalar(sa.select(sa.func.count()).where(of_case)) or 0


@pytest.fixture(scope="module")
def world(reader: TestClient) -> World:
    """One service for all tests: each has a case of its own."""
    assert reader.get("/readyz").status_code == 200
    app: Any = reader.app
    return World(app.state.context)


@pytest.fixture
def owner(reader: TestClient, world: World) -> Owner:
    return Owner(reader, world)


def test_the_laws_of_two_countries_are_shown_with_their_doubts_and_nothing_is_stored(
    owner: Owner,
) -> None:
    assert "Ask for removal" in owner.api.post("/en/overview", data=owner.form).text
    assert "under 18." in owner.post("/where", 422, asked="yes", home="GB")
    page = owner.post("/where", asked="yes", shows_minor="yes")
    assert "Others can help you faster" in page
    assert "/notices/write" not in page
    page = owner.post("/where", asked="yes", shows_minor="no", home="GB", there="US")
    near = page.partition("<details")[0]
    assert re.findall(r'id="law-([^"]+)"', near) == ["US-TIDA", "US-DMCA", "UK-OSA"]
    assert "Passed, but we could not confirm that it is in force." in near
    assert "passed on to whoever posted it" in near
    assert "Since May 19, 2026." in near
    assert "Time that the platform has: 48 hours." in near
    nowhere = owner.post("/where", asked="yes", shows_minor="no", home="NZ")
    assert "We know of no law for that country yet." in nowhere
    assert owner.stored == 0


def test_a_letter_begins_with_what_the_case_knows_but_not_with_what_is_gone(
    owner: Owner, world: World
) -> None:
    there, gone, minors = (f"https://forum.example/{one}" for one in ("there", "gone", "minors"))
    for address in (there, gone, minors):
        watching.add(world.context, owner.owner, Target(address), world.day)
    crawler = world.actor("Crawler", Role.CRAWLER)
    now = Clock(world.day, 10**6)
    leased = lease(world.context, crawler, 9, now)
    (one,) = (each for each in leased if each.target.address == gone)
    report(world.context, crawler, [VisitReport(one.watch, one.lease, Outcome.GONE)], now)
    with pytest.raises(NotEligible):
        watching.withhold(world.context, Target(minors), world.day)
    page = owner.post("/write", regime="US-TIDA")
    (typed,) = re.findall(r'<textarea id="addresses"[^>]*>\n(.*?)</textarea>', page, re.S)
    assert typed == there


def test_each_thing_that_is_missing_is_named_and_what_was_typed_stays(owner: Owner) -> None:
    part = {**LETTER, "not_consented": "", "signature": "", "addresses": "https://a.example\nno"}
    page = owner.post("/read", 422, **part)
    summary = page.partition('class="summary"')[2].partition("</div>")[0]
    assert re.findall(r'href="#([^"]+)"', summary) == ["addresses", "not_consented", "signature"]
    assert "Look at line: 2" in summary
    assert 'value="Example &lt;Videos&gt;"' in page
    assert "A photo of me." in page
    assert owner.stored == 0
    for wrong in ({"filer": "nobody"}, {"zone": "Nowhere"}, {"regime": "XX-1"}):
        owner.post("/read", 422, **{**LETTER, **wrong})
    many = "\n".join(f"https://videos.example/{n:0150}" for n in range(300))
    assert "300. https://" in owner.post("/read", **{**LETTER, "addresses": many})


def test_a_letter_is_read_sent_by_herself_and_its_clock_is_all_that_is_kept(owner: Owner) -> None:
    page = owner.post("/read", **LETTER)
    (paper,) = re.findall(r'<div class="paper" lang="en" dir="auto">(.*?)</div>', page, re.S)
    assert "To: Example &lt;Videos&gt;" in paper
    assert "2. https://videos.example/2" in paper
    assert 'href="mailto:"' in page, "no content is in a link, which browsers remember"
    assert owner.stored == 0
    sent = {**LETTER, "act": "sent", "ago": "60", "keep": "clock"}
    page = owner.post("/kept", **sent)
    assert "The clock has started." in page
    until = "They have until Monday, November 23, 2026, 12:00\u202fPM (GMT+01:00)."
    assert until in page
    assert "Time left: 47 hours." in page
    assert "Ana Signed" not in page
    owner.second += 47 * 3600
    page = owner.post("/one", entry="1")
    assert "Their time was over on Monday" in page
    assert 'href="https://takeitdown.ftc.gov/" rel="noreferrer"' in page
    assert "We never send anything there by ourselves." in page
    assert "Their time was over on Monday" in owner.post("")
    page = owner.post("/said", entry="1", state="removed", ago="0")
    assert "It was removed" in page
    assert "Their time" not in page
    assert "not possible any more" in owner.post("/said", 422, entry="1", state="sent", ago="0")
    assert "Erased here." in owner.post("/erased", entry="1")
    assert "Erased here." not in owner.post("/erased", entry="1")
    assert owner.stored == 0


def test_a_platform_is_sent_only_what_was_just_read_and_its_answer_is_shown(
    owner: Owner, world: World
) -> None:
    actor = world.actor("Videos")
    taking_notices.listed(world.context, actor, owner.now)
    page = owner.post("/kept", act="draft", **LETTER)
    assert "Kept. Nothing was sent." in page
    (token,) = re.findall(r'name="token" value="([0-9a-f]{64})"', page)
    offer = {"entry": "1", "platform": "Videos", "token": token}
    assert "not possible" in owner.post("/offered", 422, **{**offer, "token": "a" * 64})
    assert "Their time begins when they fetch it." in owner.post("/offered", **offer)
    assert "Not sent yet" in owner.post("/said", entry="1", state="draft", ago="0")
    owner.post("/offered", **offer)
    (waiting,) = taking_notices.listed(world.context, actor, owner.now)
    fetched = taking_notices.fetch(world.context, actor, waiting.reference, owner.now)
    assert fetched.receipt in owner.post("/one", entry="1")
    decision = Decision(removed=False, reason=Reason.NOT_IDENTIFIED, says="<b>Which one?</b>")
    taking_notices.decide(world.context, actor, waiting.reference, decision, owner.now)
    page = owner.post("/one", entry="1")
    assert "They say: they could not find it." in page
    assert "&lt;b&gt;Which one?&lt;/b&gt;" in page
    assert "You can turn to:" in page


def test_a_full_case_says_so_and_forms_that_no_page_has_are_refused(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.domain.notice.MAX_OF_CASE", 0)
    assert "Erase one first." in owner.post("/kept", 422, act="draft", **LETTER)
    owner.post("/kept", 422, act="x", **LETTER)
    owner.post("/kept", 422, act="sent", ago="7", **LETTER)
    owner.post("/said", 422, entry="1", state="offered", ago="0")
    owner.post("/one", 422)
    owner.post("/one", 404, entry="1")


def test_every_law_has_a_form_that_can_be_filled_in_in_every_language(owner: Owner) -> None:
    for regime in owner.world.context.law.regimes.values():
        page = owner.post("/write", regime=regime.id)
        for asked in regime.fields:
            assert f'name="{asked.name}"' in page, (regime.id, asked.name)
        assert [one for one in regime.statements["en"].values() if one not in page] == []
    assert "We have this letter in English only." in owner.post("/write", regime="KR-TBA")
    assert '<option value="pt" selected>' in owner.post("/write", regime="BR-MCI21")


@pytest.mark.parametrize(
    ("seconds", "en", "ar"),
    [
        (59, "0 minutes", "0 دقيقة"),
        (119 * 60 + 59, "119 minutes", "119 دقيقة"),
        (48 * 3600, "48 hours", "48 ساعة"),
        (72 * 3600 - 1, "71 hours", "71 ساعة"),
        (4 * 86_400 - 1, "3 days", "3 أيام"),
    ],
)
def test_a_time_is_never_said_to_be_longer_than_it_is(seconds: int, en: str, ar: str) -> None:
    known = languages.read()
    assert (known["en"].span(seconds), known["ar"].span(seconds)) == (en, ar)


def test_only_forms_open_letters(reader: TestClient, owner: Owner) -> None:
    paths = {route.path for route in letters.router.routes}  # type: ignore[attr-defined]
    assert len(paths) == 9
    for path in (one.replace("{language:tag}", "en") for one in paths):
        answer = reader.get(path, follow_redirects=False)
        assert answer.headers["location"] == "/en/overview"
        wrong = {**owner.form, "access_key": "5b" * 32}
        assert reader.post(path, data=wrong).status_code == 401
    assert noticing.of_case(owner.world.context, owner.owner, owner.now) == []
