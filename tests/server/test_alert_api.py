"""Owners choose how they are told; whoever has not the words, or guesses a feed, learns nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from service.domain.errors import InvalidRequest
from service.edge import dependencies
from service.settings import Settings
from service.transports import mail, webhook
from tests.server import listening

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

PATH = "/v1/case/alerts"
CHOSEN = {
    "wording": "list",
    "language": "es",
    "hours": {"begin": 9, "end": 17, "zone": "Europe/Madrid"},
    "read_by_others": False,
    "ask_after_days": 30,
}
MAIL = "somebody.private@example.org"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, mail_host="mail.example", mail_sender="post@plain.example")


@pytest.fixture
def owner(api: TestClient, served: World, wire: Wire) -> dict[str, str]:
    app: Any = api.app
    app.dependency_overrides[dependencies.clock] = lambda: listening.clock(served.day)
    document = wire.submission(served.picture())
    number = api.post("/v1/cases", json=document).json()["case_number"]
    return {"Authorization": f"Case {number}:{document['access_key']}"}


def set_up(api: TestClient, owner: dict[str, str], kind: str, **more: Any) -> Any:
    answer = api.post(f"{PATH}/channels", json={"kind": kind, **CHOSEN, **more}, headers=owner)
    return answer.json() if answer.status_code == 200 else answer


def shown(api: TestClient, owner: dict[str, str]) -> Any:
    return api.get(PATH, headers=owner).json()


def test_by_default_nobody_is_told_anything(api: TestClient, owner: dict[str, str]) -> None:
    assert shown(api, owner) == {
        "contact": None,
        "channels": [],
        "offered": ["feed", "webhook", "mail"],
        "asks": False,
    }


def test_a_feed_is_set_up_read_and_removed(api: TestClient, owner: dict[str, str]) -> None:
    answer = set_up(api, owner, "feed")
    assert re.fullmatch(r"/feed/[a-z2-7]{32}", answer["feed"])
    assert answer["secret"] is None
    told = shown(api, owner)
    assert told["channels"] == [{"kind": "feed", "status": "unconfirmed", "set_on": "2026-11-21"}]
    assert told["contact"] == {
        **{name: CHOSEN[name] for name in ("wording", "language", "hours", "read_by_others")},
        "ask_on": "2026-12-21",
        "muted_until": None,
    }
    read = api.get(answer["feed"])
    assert (read.status_code, read.headers["content-type"]) == (200, "application/atom+xml")
    assert read.headers["cache-control"] == "no-store"
    assert read.headers["referrer-policy"] == "no-referrer"
    assert shown(api, owner)["channels"][0]["status"] == "live"
    again = api.get(answer["feed"], headers={"If-None-Match": read.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert api.delete(f"{PATH}/channels/feed", headers=owner).status_code == 200
    assert api.delete(f"{PATH}/channels/feed", headers=owner).status_code == 404
    assert api.get(answer["feed"]).status_code == 404


def test_a_feed_that_is_no_more_answers_as_one_that_never_was(
    api: TestClient, owner: dict[str, str]
) -> None:
    before = set_up(api, owner, "feed")["feed"]
    api.get(before)
    after = set_up(api, owner, "feed")["feed"]
    answers = [
        api.get(path)
        for path in (before, "/feed/" + "a" * 32, "/feed/x", f"/feed/{before[-5:]}", after + "a")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1
    assert api.get(after).status_code == 200


def test_whoever_guesses_is_told_to_wait_and_whoever_knows_is_not(
    api: TestClient, owner: dict[str, str]
) -> None:
    right = set_up(api, owner, "feed")["feed"]
    app: Any = api.app
    with TestClient(app, client=("9.9.9.9", 50000)) as stranger:
        statuses = [stranger.get(f"/feed/{n:032}").status_code for n in range(25)]
        assert statuses == [404] * 20 + [429] * 5
        assert stranger.get(right).status_code == 200


def test_mail_is_not_set_up_where_others_read_it(api: TestClient, owner: dict[str, str]) -> None:
    refused = set_up(api, owner, "mail", address=MAIL, read_by_others=True)
    assert refused.status_code == 422
    assert refused.json()["type"] == "takeback:problem:channel-refused"
    assert shown(api, owner)["channels"] == []
    set_up(api, owner, "mail", address=MAIL)
    api.put(f"{PATH}/contact", json={**CHOSEN, "read_by_others": True}, headers=owner)
    assert shown(api, owner)["channels"] == []


def test_an_address_is_never_shown_but_can_be_asked_about(
    api: TestClient, owner: dict[str, str], served: World
) -> None:
    set_up(api, owner, "mail", address=MAIL)
    said = str(shown(api, owner)) + str(api.get("/v1/case", headers=owner).json())
    assert "example.org" not in said
    for address, same in ((MAIL, True), ("somebody@example.org", False), ("nonsense", False)):
        answer = api.post(f"{PATH}/channels/mail/check", json={"address": address}, headers=owner)
        assert answer.json() == {"same": same}
    with served.context.database.read() as tx:
        stored = str(tx.execute(sa.text("SELECT * FROM channels")).all())
        stored += str(tx.execute(sa.text("SELECT * FROM contacts")).all())
    assert not [word for word in ("example", "private", "Madrid", "list") if word in stored]


@pytest.mark.parametrize(
    "address",
    [
        *("", "x", "a@b", "a@localhost", "@example.org", "a b@example.org", "a@example.org,b@c.de"),
        *(
            "a@example.org\nBcc: b@example.org",
            "a@example.org\r\n.",
            "<a@example.org>",
            "a@1.2.3.4x!",
        ),
        *('"a b"@example.org', "ä@example.org", "a@exa mple.org", "a" * 65 + "@example.org"),
    ],
)
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidRequest):
        mail.address(address)


def test_what_cannot_be_used_sets_nothing_up(api: TestClient, owner: dict[str, str]) -> None:
    for kind in ("mail", "webhook"):
        for address in (None, "a@example.org\nBcc: b@example.org", "https://10.0.0.1/"):
            assert set_up(api, owner, kind, address=address).status_code == 422
    assert shown(api, owner)["channels"] == []
    assert shown(api, owner)["contact"] is None


NOT_PUBLIC = (
    *("http://example.org/", "https://127.0.0.1/", "https://[::1]/"),
    *(
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/",
        "https://0x7f.1/",
        "https://2130706433/",
    ),
    *("https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://user@example.org/"),
    *("https://example.org:8443/", "ftp://example.org/", "https://", "javascript:alert(1)"),
)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_no_public_web_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidRequest):
        webhook.address(address, loopback=False)


def test_muting_and_asking_again(api: TestClient, owner: dict[str, str]) -> None:
    assert api.put(f"{PATH}/mute", json={"days": 7}, headers=owner).status_code == 404
    set_up(api, owner, "feed")
    for days, until in ((7, "2026-11-28"), (None, None)):
        answer = api.put(f"{PATH}/mute", json={"days": days}, headers=owner).json()
        assert answer["contact"]["muted_until"] == until
    answer = api.put(f"{PATH}/ask", json={"after_days": 180}, headers=owner).json()
    assert answer["contact"]["ask_on"] == "2027-05-20"


def test_so_many_tests_and_no_more(api: TestClient, owner: dict[str, str]) -> None:
    answers = [set_up(api, owner, "mail", address=f"a{n}@example.org") for n in range(22)]
    assert [getattr(answer, "status_code", 200) for answer in answers] == [200] * 20 + [429] * 2


def test_a_case_that_is_withdrawn_sets_nothing_up_but_can_end_everything(
    api: TestClient, owner: dict[str, str]
) -> None:
    path = set_up(api, owner, "feed")["feed"]
    api.delete("/v1/case", headers=owner)
    assert set_up(api, owner, "feed").status_code == 410
    assert api.get(path).status_code == 200
    assert api.delete(PATH, headers=owner).status_code == 200
    assert api.get(path).status_code == 404


def test_erasing_erases_how_to_tell(api: TestClient, owner: dict[str, str], served: World) -> None:
    set_up(api, owner, "mail", address=MAIL)
    path = set_up(api, owner, "feed")["feed"]
    api.delete("/v1/case?erase=now", headers=owner)
    assert api.get(path).status_code == 404
    with served.context.database.read() as tx:
        assert tx.scalar(sa.text("SELECT count(*) FROM channels")) == 0
