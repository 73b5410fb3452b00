"""The page on which an owner says how she may be told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.domain.alert import ChannelStatus
from service.edge import dependencies
from service.settings import Settings
from service.store import channels
from service.web.owner import stamps
from tests.server import listening

KEY = "5a" * 32
MAIL = "somebody.private@example.org"
CHOSEN = {
    "kind": "feed",
    "address": "",
    "wording": "news",
    "begin": "9",
    "end": "17",
    "zone": "Europe/Madrid",
    "others": "no",
    "ask": "90",
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, mail_host="mail.example", mail_sender="post@plain.example")


@pytest.fixture
def form(served: Any, api: TestClient) -> dict[str, str]:
    app: Any = api.app
    app.dependency_overrides[dependencies.clock] = lambda: listening.clock(served.day)
    owner = served.open(key=bytes.fromhex(KEY))
    stamp = stamps.new(served.context.seals, stamps.minute())
    return {"case": owner.case_number, "access_key": KEY, "stamp": stamp}


def post(api: TestClient, form: dict[str, str], path: str = "", **more: str) -> Any:
    return api.post(f"/en/alerts{path}", data={**form, **more})


def test_nothing_is_chosen_before_the_owner_chooses(api: TestClient, form: dict[str, str]) -> None:
    assert 'action="/en/alerts"' in api.post("/en/overview", data=form).text
    page = post(api, form).text
    assert "we never contact you" in page
    assert 'class="entry"' not in page
    assert not re.search(r'name="(kind|others)" value="\w+" checked', page)


def test_a_feed_is_shown_once_and_not_as_a_link(api: TestClient, form: dict[str, str]) -> None:
    page = post(api, form, "/set", **CHOSEN)
    assert page.status_code == 200
    (address,) = re.findall(r"http://testserver/feed/[a-z2-7]{32}", page.text)
    assert f'href="{address}' not in page.text, "a link would be in the browser's history"
    assert "It has not begun yet." in page.text
    assert api.get(address).status_code == 200
    again = post(api, form).text
    assert address not in again
    assert "We tell you this way." in again
    assert '<option value="9" selected>' in again
    gone = post(api, form, "/removed", kind="feed").text
    assert "Removed." in gone
    assert api.get(address).status_code == 404
    assert post(api, form, "/removed", kind="feed").status_code == 200


def test_what_cannot_be_used_is_told_and_what_was_typed_stays(
    api: TestClient, form: dict[str, str]
) -> None:
    mail = {**CHOSEN, "kind": "mail", "address": MAIL}
    for change, says in (
        ({"kind": ""}, "Please choose a way"),
        ({"others": ""}, "Please choose a way"),
        ({"others": "yes"}, "we do not write there"),
        ({"zone": ""}, "Choose from when"),
        ({"begin": "17"}, "Choose from when"),
        ({"address": "<i>@x"}, "It is like name@example.org"),
        ({"kind": "webhook", "address": "https://10.0.0.1/"}, "It begins with https://"),
    ):
        page = post(api, form, "/set", **{**mail, **change})
        assert (page.status_code, says in page.text) == (422, True), change
        typed = {**mail, **change}["address"].replace("<", "&lt;").replace(">", "&gt;")
        assert f'value="{typed}"' in page.text
    assert 'class="entry"' not in post(api, form).text
    for wrong in ({"kind": "x"}, {"wording": "x"}, {"ask": "1"}, {"begin": "x"}):
        assert post(api, form, "/set", **{**mail, **wrong}).status_code == 422


def test_a_mail_address_is_confirmed_and_never_shown(
    api: TestClient, served: Any, form: dict[str, str]
) -> None:
    page = post(api, form, "/set", **{**CHOSEN, "kind": "mail", "address": MAIL}).text
    assert "a code arrives" in page
    assert MAIL not in page
    assert "This is not the code." in post(api, form, "/code", code="nonsense").text
    with served.context.database.read() as tx:
        (channel,) = channels.of_case(tx, 1)
    code = served.context.seals.code(channel.test_reference)
    assert "From now on we write to you" in post(api, form, "/code", code=code).text
    assert "Yes, it is this one." in post(api, form, "/same", kind="mail", address=MAIL).text
    assert "No, it is another one." in post(api, form, "/same", kind="mail", address="x").text
    assert "a test arrives" in post(api, form, "/test", kind="mail").text
    assert MAIL not in post(api, form).text + api.post("/en/overview", data=form).text


def test_mail_ends_where_somebody_else_may_read_it(api: TestClient, form: dict[str, str]) -> None:
    post(api, form, "/set", **{**CHOSEN, "kind": "mail", "address": MAIL})
    page = post(api, form, "/set", **{**CHOSEN, "others": "yes"}).text
    assert "We no longer write to your email" in page
    assert 'id="channel-mail"' not in page
    again = post(api, form, "/set", **{**CHOSEN, "others": "yes"}).text
    assert "We no longer write to your email" not in again


def test_muting_and_being_asked_again(api: TestClient, served: Any, form: dict[str, str]) -> None:
    post(api, form, "/set", **CHOSEN)
    assert "We send nothing until November 28, 2026." in post(api, form, "/muted", days="7").text
    assert "We tell you again" in post(api, form, "/muted").text
    assert post(api, form, "/muted", days="8").status_code == 422
    app: Any = api.app
    later = served.day + timedelta(days=90)
    assert "Is this still safe" not in api.post("/en/overview", data=form).text
    app.dependency_overrides[dependencies.today] = lambda: later
    assert "Is this still safe" in api.post("/en/overview", data=form).text
    assert "Is this still safe" in post(api, form).text
    kept = post(api, form, "/kept", ask="90").text
    assert "We will ask again on May 20, 2027." in kept
    assert "Is this still safe" not in api.post("/en/overview", data=form).text
    app.dependency_overrides[dependencies.today] = lambda: later + timedelta(days=90)
    assert "Removed." in post(api, form, "/removed").text
    assert "Is this still safe" not in api.post("/en/overview", data=form).text


def test_an_owner_reads_that_a_channel_is_dead(
    api: TestClient, served: Any, form: dict[str, str]
) -> None:
    post(api, form, "/set", **{**CHOSEN, "kind": "mail", "address": MAIL})
    with served.context.database.write() as tx:
        (channel,) = channels.of_case(tx, 1)
        channels.set_status(tx, channel, ChannelStatus.DEAD)
    assert "We could not reach you" in api.post("/en/overview", data=form).text
    assert "so we stopped" in post(api, form).text


def test_only_forms_open_it(api: TestClient, form: dict[str, str]) -> None:
    for path in ("", "/set", "/code", "/test", "/same", "/muted", "/kept", "/removed"):
        answer = api.get(f"/en/alerts{path}", follow_redirects=False)
        assert answer.headers["location"] == "/en/overview"
        for wrong in ({"access_key": "5b" * 32}, {"stamp": "1.2"}):
            assert post(api, {**form, **wrong}, path, **CHOSEN).status_code == 401
