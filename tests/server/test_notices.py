"""Notices of a case: kept, sent, fetched by a platform, answered, forgotten; and who sees what."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from fastapi.testclient import TestClient

from service import limits
from service.domain import notice
from service.domain.actor import Actor, Role
from service.domain.errors import NotFound, ServiceError
from service.domain.notice import NoticeState, Reason
from service.domain.watch import Clock
from service.edge import dependencies
from service.store import actors, notices
from service.store.notice_schema import notices as table
from service.workflows import keyring, noticing, retention, taking_notices
from service.workflows.noticing import Composed
from service.workflows.taking_notices import Decision
from tests.server.conftest import TODAY

if TYPE_CHECKING:
    from service.domain.actor import Owner
    from tests.server.conftest import Wire, World

PATH = "/v1/case/notices"
NOON = 1_795_262_400
"""12:00 UTC on TODAY."""
WHOLE: dict[str, Any] = {
    "regime": "US-TIDA",
    "filer": "self",
    "addressee": "Example Videos",
    "addresses": ["https://videos.example/secret-path"],
    "fields": {
        "mail": "ana@private.example",
        "description": "A photo of me.",
        "circumstances": "Never agreed to.",
        "signature": "Ana Signed",
    },
    "statements": ["not_consented"],
}
SECRETS = (b"ana@private", b"Ana Signed", b"secret-path", b"Example Videos", b"Never agreed")


class Times:
    """What the service's clock shows."""

    second = NOON + 25

    def now(self) -> Clock:
        return Clock(TODAY + timedelta(days=(self.second - NOON) // 86_400), self.second)


@pytest.fixture
def times(api: TestClient) -> Times:
    app: Any = api.app
    made = Times()
    app.dependency_overrides[dependencies.clock] = made.now
    return made


@pytest.fixture
def owner(api: TestClient, served: World, wire: Wire, times: Times) -> dict[str, str]:
    del times
    document = wire.submission(served.picture())
    number = api.post("/v1/cases", json=document).json()["case_number"]
    return {"Authorization": f"Case {number}:{document['access_key']}"}


def kept(api: TestClient, owner: dict[str, str], **changed: Any) -> Any:
    answer = api.post(PATH, json={**WHOLE, **changed}, headers=owner)
    assert answer.status_code == 200, answer.text
    return answer.json()


def read(api: TestClient, owner: dict[str, str]) -> Any:
    return api.get(PATH, headers=owner).json()


def said(api: TestClient, owner: dict[str, str], n: int, state: str, ago: int = 0) -> Any:
    body = {"state": state, "minutes_ago": ago}
    return api.post(f"{PATH}/{n}/said", json=body, headers=owner)


def test_the_laws_are_public_with_their_doubts(api: TestClient) -> None:
    listed = {one["id"]: one for one in api.get("/v1/regimes").json()["regimes"]}
    assert len(listed) == 10
    assert listed["UK-OSA"]["status"] == "enacted_not_confirmed"
    assert listed["BR-MCI21"]["not_confirmed"] == ["law_text", "effective_from", "minutes"]
    assert not listed["US-TIDA"]["old"]


def test_a_draft_tells_what_is_missing_and_stores_nothing(
    api: TestClient, served: World, owner: dict[str, str]
) -> None:
    part = {**WHOLE, "fields": {"mail": "ana@private.example"}, "statements": [], "addressee": ""}
    answer = api.post(f"{PATH}/draft", json=part, headers=owner).json()
    missing = ["addressee", "description", "circumstances", "not_consented", "signature"]
    assert answer["missing"] == missing
    assert "secret-path" in answer["text"]
    refused = api.post(PATH, json=part, headers=owner)
    assert (refused.status_code, refused.json()["faults"]) == (422, missing)
    assert "your signature" in refused.json()["detail"]
    for wrong in (
        {"addresses": ["no address"]},
        {"filer": "holder"},
        {"regime": "XX-NONE"},
        {"zone": "Nowhere"},
        {"addressee": "a\u202eb"},
        {"filer": "agent"},
    ):
        assert api.post(PATH, json={**WHOLE, **wrong}, headers=owner).status_code == 422
    assert read(api, owner) == {"notices": [], "platforms": []}
    with served.context.database.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_her_own_notice_has_a_clock_to_the_minute_and_nothing_else_is_kept(
    api: TestClient, served: World, owner: dict[str, str], times: Times
) -> None:
    sent = kept(api, owner, sent_minutes_ago=30, keep_text=False)
    assert (sent["state"], sent["text"]) == ("sent", None)
    due = "2026-11-23T11:30:00Z"
    assert sent["clock"] == {"state": "running", "due_at": due, "seconds": 47 * 3600 + 1775}
    with served.context.database.read() as tx:
        (row,) = tx.execute(sa.select(table)).all()
    assert row.content is None
    assert row.clock_from % 60 == 0
    times.second = NOON + 86_400 * 2 - 1800
    assert read(api, owner)["notices"][0]["clock"]["state"] == "overdue"
    assert said(api, owner, 1, "ordered").status_code == 409, "no authority directs there"
    assert said(api, owner, 1, "refused").json()["clock"]["state"] == "ended"
    assert said(api, owner, 1, "removed").json()["state"] == "removed"
    assert said(api, owner, 1, "refused").status_code == 409
    assert api.delete(f"{PATH}/1", headers=owner).status_code == 200
    assert api.delete(f"{PATH}/1", headers=owner).status_code == 404


def test_the_time_of_a_law_with_an_authority_begins_with_its_order(
    api: TestClient, owner: dict[str, str]
) -> None:
    fields = {"description": "A photo of me.", "connection": "I live there."}
    sent = kept(api, owner, regime="AU-OSA", addressee="", fields=fields, sent_minutes_ago=60)
    assert (sent["addressee"], sent["clock"]["state"]) == ("eSafety Commissioner", "not_started")
    ordered = said(api, owner, 1, "ordered", ago=120).json()
    assert ordered["clock"]["due_at"] == "2026-11-22T10:00:00Z"


def test_what_is_kept_is_sealed_and_of_its_case_alone(
    api: TestClient, served: World, owner: dict[str, str]
) -> None:
    assert "Ana Signed" in kept(api, owner)["text"]
    with served.context.database.read() as tx:
        (row,) = tx.execute(sa.select(table)).all()
    state = served.context.settings.state
    stored = b"".join(path.read_bytes() for path in sorted(state.glob("*.db*")))
    assert b"US-TIDA" in stored
    assert [one for one in SECRETS if one in stored] == []
    with pytest.raises(InvalidTag):
        served.context.seals.unseal_notice(row.case_id + 1, row.content)


def platform(served: World, name: str = "Videos") -> dict[str, str]:
    return {"Authorization": f"Bearer {served.key(name)}"}


def confirmed(api: TestClient, owner: dict[str, str], n: int, name: str = "Videos") -> Any:
    answer = api.post(f"{PATH}/{n}/confirmation", json={"platform": name}, headers=owner)
    return answer.json()


def pressed(api: TestClient, owner: dict[str, str], n: int, token: str, name: str) -> Any:
    return api.post(f"{PATH}/{n}/offer", json={"platform": name, "token": token}, headers=owner)


def test_nothing_is_offered_without_the_press_of_whoever_has_just_seen_it(
    api: TestClient, served: World, owner: dict[str, str], times: Times
) -> None:
    videos = platform(served)
    platform(served, "Other")
    kept(api, owner)
    token = confirmed(api, owner, 1)["token"]
    assert pressed(api, owner, 1, token, "Videos").status_code == 422, "it has not asked yet"
    assert api.get("/v1/notices", headers=videos).json() == {"notices": []}
    assert read(api, owner)["platforms"] == ["Videos"]
    shown = confirmed(api, owner, 1)
    assert "Ana Signed" in shown["text"]
    for wrong in ("0" * 64, confirmed(api, owner, 1, "Other")["token"]):
        assert pressed(api, owner, 1, wrong, "Videos").status_code == 422
    times.second += 60 * notice.CONFIRM_MINUTES
    assert pressed(api, owner, 1, shown["token"], "Videos").status_code == 422, "that was long ago"
    waits = pressed(api, owner, 1, confirmed(api, owner, 1)["token"], "Videos").json()
    assert (waits["state"], waits["clock"]["state"]) == ("offered", "not_started")
    assert pressed(api, owner, 1, confirmed(api, owner, 1)["token"], "Videos").status_code == 409


def offered(
    api: TestClient, served: World, owner: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Offer a notice to a platform; return its key as a header, and what names the notice."""
    videos = platform(served)
    api.get("/v1/notices", headers=videos)
    kept(api, owner)
    pressed(api, owner, 1, confirmed(api, owner, 1)["token"], "Videos")
    (waiting,) = api.get("/v1/notices", headers=videos).json()["notices"]
    assert (waiting["state"], waiting["due_at"]) == ("offered", None)
    return videos, {"reference": waiting["reference"]}


def test_a_platform_fetches_a_notice_with_a_receipt_and_answers_it(
    api: TestClient, served: World, owner: dict[str, str], times: Times
) -> None:
    (videos, this), other = offered(api, served, owner), platform(served, "Other")
    decision = {**this, "removed": False, "reason": "not_intimate", "says": "<b>No</b>"}
    early = api.post("/v1/notices/decision", json=decision, headers=videos)
    assert early.status_code == 409, "nobody decides what he has not read"
    for path, body in (("fetch", this), ("decision", decision)):
        answer = api.post(f"/v1/notices/{path}", json=body, headers=other)
        assert answer.status_code == 404
    times.second += 3600
    fetched = api.post("/v1/notices/fetch", json=this, headers=videos).json()
    assert fetched["fields"]["mail"] == "ana@private.example"
    assert "Ana Signed" in fetched["text"]
    assert fetched["received_at"] == "2026-11-21T13:00:00Z"
    assert fetched["due_at"] == "2026-11-23T13:00:00Z"
    times.second += 3600
    assert api.post("/v1/notices/fetch", json=this, headers=videos).json() == fetched
    (reads,) = read(api, owner)["notices"]
    assert (reads["state"], reads["receipt"]) == ("received", fetched["receipt"])
    assert said(api, owner, 1, "draft").status_code == 409
    for _ in range(2):
        answer = api.post("/v1/notices/decision", json=decision, headers=videos)
        assert answer.status_code == 200
    (reads,) = read(api, owner)["notices"]
    told = (reads["state"], reads["reason"], reads["says"], reads["platform"])
    assert told == ("refused", "not_intimate", "<b>No</b>", "Videos")
    after_all = {**this, "removed": True, "reason": "removed"}
    assert api.post("/v1/notices/decision", json=after_all, headers=videos).status_code == 200
    assert api.post("/v1/notices/decision", json=decision, headers=videos).status_code == 409
    assert read(api, owner)["notices"][0]["clock"]["state"] == "ended"


def test_what_is_taken_back_or_withdrawn_no_platform_fetches(
    api: TestClient, served: World, owner: dict[str, str]
) -> None:
    videos, this = offered(api, served, owner)
    assert said(api, owner, 1, "draft").json()["state"] == "draft"
    assert api.post("/v1/notices/fetch", json=this, headers=videos).status_code == 404
    pressed(api, owner, 1, confirmed(api, owner, 1)["token"], "Videos")
    api.delete("/v1/case", headers=owner)
    assert api.post("/v1/notices/fetch", json=this, headers=videos).status_code == 404
    assert api.get("/v1/notices", headers=videos).json() == {"notices": []}
    assert api.post(PATH, json=WHOLE, headers=owner).status_code == 410
    assert read(api, owner)["notices"][0]["state"] == "draft"
    api.post("/v1/case/undo", headers=owner)
    assert said(api, owner, 1, "sent").status_code == 200
    api.delete("/v1/case?erase=now", headers=owner)
    with served.context.database.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_a_platform_that_has_not_asked_for_long_or_has_no_key_is_not_offered(
    api: TestClient, served: World, owner: dict[str, str], times: Times
) -> None:
    api.get("/v1/notices", headers=platform(served))
    revoked = platform(served, "Revoked")
    api.get("/v1/notices", headers=revoked)
    with served.context.database.read() as tx:
        (key_id,) = (one.key_id for one in actors.listed(tx) if one.name == "Revoked")
    assert read(api, owner)["platforms"] == ["Revoked", "Videos"]
    keyring.revoke(served.context, key_id, TODAY)
    times.second += 86_400 * notice.TAKER_DAYS
    assert read(api, owner)["platforms"] == ["Videos"]
    times.second += 86_400
    assert read(api, owner)["platforms"] == []


def test_one_case_keeps_so_many_and_writes_so_many_a_day(
    api: TestClient, owner: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice, "MAX_OF_CASE", 2)
    for _ in range(2):
        kept(api, owner)
    assert api.post(PATH, json=WHOLE, headers=owner).status_code == 422
    for _ in range(limits.NOTICES_PER_DAY - 3):
        last = said(api, owner, 9, "sent")
    assert last.status_code == 404
    assert said(api, owner, 9, "sent").status_code == 429


@pytest.mark.stores("sqlite", "postgresql")
def test_a_notice_is_taken_back_or_fetched_never_both(world: World) -> None:
    """Both at once, again and again: whichever comes first has happened, for both."""
    context, owner, actor = world.context, world.open(), world.actor("Videos", Role.PLATFORM)
    now = Clock(TODAY, NOON)
    taking_notices.listed(context, actor, now)
    for _ in range(6):
        n = noticing.keep(context, owner, _composed(world), now)
        noticing.offer(context, owner, n, "Videos", _token(world, owner, n, now), now)
        (waiting,) = [
            one
            for one in taking_notices.listed(context, actor, now)
            if one.state is NoticeState.OFFERED
        ]
        gone: list[str] = []
        acts = {
            "back": lambda n=n: noticing.say(context, owner, n, NoticeState.DRAFT, now, ago=0),
            "fetch": lambda one=waiting: taking_notices.fetch(context, actor, one.reference, now),
        }
        both = [threading.Thread(target=_try, args=(gone, *act)) for act in acts.items()]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert len(gone) == 1, gone
        state = noticing.one(context, owner, n, now).state
        expected = NoticeState.DRAFT if gone == ["back"] else NoticeState.RECEIVED
        assert state is expected


def _try(done: list[str], name: str, act: Any) -> None:
    try:
        act()
    except ServiceError:
        return
    done.append(name)


def _composed(world: World) -> Composed:
    regime = world.context.law.regimes["US-TIDA"]
    texts = {**WHOLE["fields"], "not_consented": "yes"}
    written = notice.written("self", WHOLE["addresses"][0], texts)
    return Composed(regime, written, noticing.about(regime, "Example Videos", "", "UTC"))


def _token(world: World, owner: Owner, n: int, now: Clock) -> str:
    return noticing.token(world.context, owner, n, "Videos", now)


@pytest.mark.stores("sqlite", "postgresql")
def test_drafts_texts_and_notices_are_forgotten_in_their_time(world: World) -> None:
    context, owner, now = world.context, world.open(), Clock(TODAY, NOON)
    actor: Actor = world.actor("Videos", Role.PLATFORM)
    taking_notices.listed(context, actor, now)
    ns = [noticing.keep(context, owner, _composed(world), now) for _ in range(3)]
    noticing.say(context, owner, ns[1], NoticeState.SENT, now, ago=0)
    noticing.offer(context, owner, ns[2], "Videos", _token(world, owner, ns[2], now), now)
    with context.database.read() as tx:
        (stored,) = notices.of_actor(tx, actor.id, 9)
    taking_notices.fetch(context, actor, stored.reference, now)
    decision = Decision(removed=True, reason=Reason.REMOVED, says="Gone.")
    taking_notices.decide(context, actor, stored.reference, decision, now)

    def left(days: int) -> dict[int, bool]:
        while retention.purge_notices(context, TODAY + timedelta(days=days)):
            pass
        return {one.n: one.written is not None for one in noticing.of_case(context, owner, now)}

    assert left(30) == {1: True, 2: True, 3: True}
    assert left(31) == {2: True, 3: False}
    assert noticing.one(context, owner, ns[2], now).says == ""
    with pytest.raises(NotFound):
        taking_notices.fetch(context, actor, stored.reference, now)
    assert left(365) == {2: True, 3: False}
    assert left(366) == {}
