from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from service.domain.actor import Role
from service.workflows import keyring

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

ROUTES = ("lookup", "observations", "feedback")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def bodies(wire: Wire, world: World) -> dict[str, dict[str, Any]]:
    content = wire.content(world.picture())
    return {
        "lookup": {"items": [content]},
        "observations": {"observations": [{**content, "address": "https://example.org/a"}]},
        "feedback": {"feedback": [{"match": "a" * 24, "value": "blocked"}]},
    }


@pytest.mark.stores("sqlite", "postgresql")
def test_a_platform_looks_up_and_says_what_it_did(
    api: TestClient, served: World, wire: Wire
) -> None:
    picture, key = served.picture(), bearer(served.key())
    owner = served.open(picture)
    body = {"items": [wire.content(served.picture()), wire.content(picture)]}
    answer = api.post("/v1/lookup", json=body, headers=key)
    first, second = answer.json()["items"]
    assert first == {"verdict": "none", "matches": []}
    assert second["verdict"] == "match"
    ((match, verdict),) = [tuple(one.values()) for one in second["matches"]]
    assert verdict == "match"
    for secret in (owner.case_number, picture.signals[0].hex, "distance"):
        assert secret not in answer.text
    said = {"feedback": [{"match": match, "value": "not_blocked"}]}
    assert api.post("/v1/feedback", json=said, headers=key).json() == {"kept": 1}
    other = bearer(served.key("Other"))
    assert api.post("/v1/feedback", json=said, headers=other).status_code == 404
    assert 'takeback_lookup_items_total{verdict="match"} 1.0' in api.get("/metrics").text


@pytest.mark.stores("sqlite", "postgresql")
def test_a_crawler_hands_in_and_does_nothing_else(
    api: TestClient, served: World, wire: Wire
) -> None:
    key = bearer(served.key("Crawler", Role.CRAWLER))
    sent = bodies(wire, served)
    found = {
        route: api.post(f"/v1/{route}", json=sent[route], headers=key).status_code
        for route in ROUTES
    }
    assert found == {"lookup": 403, "observations": 200, "feedback": 403}
    again = api.post("/v1/observations", json=sent["observations"], headers=key)
    assert again.json() == {"kept": 0}


def test_every_bad_key_is_answered_alike(api: TestClient, served: World, wire: Wire) -> None:
    good, revoked = served.key(), served.key("Revoked")
    keyring.revoke(served.context, revoked.split("_")[1], served.day)
    owner = f"Case {served.open().case_number}:{'ab' * 32}"
    tried = [
        None,
        "",
        "Bearer",
        f"Bearer {revoked}",
        f"Bearer {good[:-1]}a{'' if good[-1] != 'a' else 'b'}",
        f"Basic {good}",
        good,
        f"Bearer {good}{'x' * 200}",
        owner,
    ]
    sent = bodies(wire, served)
    answers = set()
    for route in ROUTES:
        for each in tried:
            headers = {} if each is None else {"Authorization": each}
            answer = api.post(f"/v1/{route}", json=sent[route], headers=headers)
            answers.add((answer.status_code, answer.text))
        empty = api.post(f"/v1/{route}", json={}, headers={})
        answers.add((empty.status_code, empty.text))
    assert len(answers) == 1
    assert answers.pop()[0] == 401


@pytest.mark.parametrize("route", ROUTES)
def test_so_many_items_are_taken_and_no_more(
    api: TestClient, served: World, wire: Wire, route: str
) -> None:
    key, sent = bearer(served.key()), bodies(wire, served)[route]
    ((name, items),) = sent.items()
    expected = 404 if route == "feedback" else 200
    for number, status in ((0, 422), (1000, expected), (1001, 422)):
        answer = api.post(f"/v1/{route}", json={name: items * number}, headers=key)
        assert answer.status_code == status


@pytest.mark.parametrize("route", ROUTES[:2])
def test_an_item_without_signals_is_refused(
    api: TestClient, served: World, wire: Wire, route: str
) -> None:
    key, sent = bearer(served.key()), bodies(wire, served)[route]
    ((_, items),) = sent.items()
    items[0]["signals"] = []
    assert api.post(f"/v1/{route}", json=sent, headers=key).status_code == 422


def test_a_video_of_1200_frames_is_looked_up(api: TestClient, served: World, wire: Wire) -> None:
    frames = [served.value() for _ in range(1200)]
    served.open(served.video(frames))
    body = {"items": [wire.content(served.video(frames))]}
    answer = api.post("/v1/lookup", json=body, headers=bearer(served.key()))
    assert answer.json()["items"][0]["verdict"] == "match"


def test_a_match_of_videos_has_its_span_and_no_other_has_one(
    api: TestClient, served: World, wire: Wire
) -> None:
    frames, picture = [served.value() for _ in range(6)], served.picture()
    served.open(served.video(frames), picture)
    asked = [served.video([served.value(), *frames[2:]]), picture, served.video(frames[:1])]
    near = served.video([*frames[:2], served.value(), served.value()])
    body = {"items": [wire.content(one) for one in (*asked, near)]}
    answer = api.post("/v1/lookup", json=body, headers=bearer(served.key()))
    found = [item["matches"][0] for item in answer.json()["items"]]
    assert [one["verdict"] for one in found] == ["match", "match", "match", "near"]
    assert found[0]["span"] == {"from_s": 1.0, "until_s": 4.999}
    assert found[2]["span"] == {"from_s": 0.0, "until_s": 0.999}
    assert all(one.keys() == {"match", "verdict"} for one in (found[1], found[3]))
