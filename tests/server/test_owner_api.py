from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from service.api import owner as owner_api
from service.domain.sighting import Feedback, Verdict
from service.edge import dependencies
from service.workflows import exclude, respond, review
from service.workflows.respond import Response

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

KEY = "ab" * 32


def opened(api: TestClient, document: dict[str, Any]) -> dict[str, str]:
    """Open a case; return the headers that open it again."""
    answer = api.post("/v1/cases", json=document)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Case {answer.json()['case_number']}:{document['access_key']}"}


@pytest.mark.stores("sqlite", "postgresql")
def test_a_case_is_opened_read_added_to_and_withdrawn(
    api: TestClient, served: World, wire: Wire
) -> None:
    pictures = [served.picture() for _ in range(3)]
    document = wire.submission(pictures[0], key=KEY)
    document["entries"][0]["sealed_label"] = label = "0f" * 268
    owner = opened(api, document)
    added = {"entries": [wire.content(content) for content in pictures]}
    assert api.post("/v1/case/entries", json=added, headers=owner).json() == {"added": 2, "held": 0}
    told = api.get("/v1/case", headers=owner).json()
    assert told["opened_on"] == "2026-11-21"
    assert told["withdrawn_on"] is None
    assert told["says"] == owner_api.NO_SIGHTING
    assert [one["sealed_label"] for one in told["entries"]] == [label, None, None]
    assert told["entries"][2] == {
        "n": 3,
        "kind": "picture",
        "status": "active",
        "held": None,
        "added_on": "2026-11-21",
        "erase_on": None,
        "sealed_label": None,
        "sightings": [],
    }
    until = "2026-11-25"
    for path, count in (("/v1/case/entries/2", 1), ("/v1/case", 2)):
        for withdrawn in (count, 0):
            answer = api.delete(path, headers=owner).json()
            assert answer == {"withdrawn": withdrawn, "erase_on": until}
    told = api.get("/v1/case", headers=owner).json()
    assert (told["withdrawn_on"], told["erase_on"]) == ("2026-11-21", until)
    entries = {(entry["status"], entry["erase_on"]) for entry in told["entries"]}
    assert entries == {("withdrawing", until)}
    refused = api.post("/v1/case/entries", json=added, headers=owner)
    assert (refused.status_code, until in refused.json()["detail"]) == (410, True)


@pytest.mark.stores("sqlite", "postgresql")
def test_a_label_is_changed_and_taken_away_by_its_owner_alone(
    api: TestClient, served: World, wire: Wire
) -> None:
    owner = opened(api, wire.submission(*(served.picture() for _ in range(3)), key=KEY))
    other = opened(api, wire.submission(served.picture(), key="cd" * 32))

    def label(n: int, sealed: str | None, headers: dict[str, str] = owner) -> int:
        body = {"sealed_label": sealed}
        answer = api.put(f"/v1/case/entries/{n}/label", json=body, headers=headers)
        return int(answer.status_code)

    def labels() -> list[str | None]:
        told = api.get("/v1/case", headers=owner).json()["entries"]
        return [one["sealed_label"] for one in told]

    first, second = "0f" * 268, "1e" * 268
    assert [label(n, sealed) for n, sealed in ((1, first), (2, second), (2, first))] == [200] * 3
    assert labels() == [first, first, None]
    assert [label(1, None), label(3, None)] == [200] * 2
    assert labels() == [None, first, None]
    assert [label(2, wrong) for wrong in ("", first[2:], first + "00", "g" * 536)] == [422] * 4
    assert [label(4, first), label(2, second, other), label(1, first, {})] == [404, 404, 401]
    assert api.put("/v1/case/entries/2/label", json={}, headers=owner).status_code == 422
    api.delete("/v1/case/entries/2", headers=owner)
    assert label(2, second) == 410
    assert labels() == [None, first, None]
    api.delete("/v1/case", headers=owner)
    assert label(1, second) == 410


def test_what_is_held_is_told_by_status_and_when_it_is_added_again(
    api: TestClient, served: World, wire: Wire
) -> None:
    pictures = [served.picture() for _ in range(2)]
    exclude.exclude(served.context, pictures[:1], served.day)
    served.context.replica.catch_up()
    owner = opened(api, wire.submission(*pictures, key=KEY))

    def read() -> list[tuple[str, str | None]]:
        told = api.get("/v1/case", headers=owner).json()
        return [(entry["status"], entry["held"]) for entry in told["entries"]]

    assert read() == [("quarantined", "waiting"), ("active", None)]
    body = {"entries": [wire.content(content) for content in pictures]}
    answer = api.post("/v1/case/entries", json=body, headers=owner)
    assert answer.json() == {"added": 0, "held": 1}
    review.keep(served.context, 1, served.day)
    assert read() == [("quarantined", "kept"), ("active", None)]


def test_a_withdrawal_is_undone_or_made_final(api: TestClient, served: World, wire: Wire) -> None:
    pictures, platform = [served.picture() for _ in range(3)], served.actor()
    document = wire.submission(*pictures, key=KEY)
    owner = opened(api, document)
    api.delete("/v1/case/entries/3", headers=owner)
    assert api.post("/v1/case/entries/3/undo", headers=owner).json() == {"undone": 1}
    assert api.post("/v1/case/entries/3/undo", headers=owner).json() == {"undone": 0}
    api.delete("/v1/case", headers=owner)
    assert served.ask(platform, *pictures) == [Verdict.NONE] * 3
    assert api.post("/v1/case/entries/1/undo", headers=owner).status_code == 410
    assert api.post("/v1/case/undo", headers=owner).json() == {"undone": 3}
    assert api.post("/v1/case/undo", headers=owner).json() == {"undone": 0}
    assert served.ask(platform, *pictures) == [Verdict.MATCH] * 3
    final = {"params": {"erase": "now"}, "headers": owner}
    for path, count in (("/v1/case/entries/1", 1), ("/v1/case", 2)):
        for withdrawn in (count, 0):
            answer = api.request("DELETE", path, **final).json()
            assert answer == {"withdrawn": withdrawn, "erase_on": None}
    told = api.get("/v1/case", headers=owner).json()
    assert (told["withdrawn_on"], told["erase_on"]) == ("2026-11-21", None)
    assert {entry["status"] for entry in told["entries"]} == {"withdrawn"}
    for path in ("/v1/case/undo", "/v1/case/entries/1/undo"):
        answer = api.post(path, headers=owner)
        assert (answer.status_code, answer.json()["type"]) == (410, "takeback:problem:withdrawn")
    again = api.post("/v1/cases", json=document)
    assert (again.status_code, "for good" in again.json()["detail"]) == (410, True)
    assert api.post("/v1/case/entries/4/undo", headers=owner).status_code == 404


@pytest.mark.parametrize("erase", ["", "later", "NOW", "5ec2e7"])
def test_a_withdrawal_that_says_how_in_other_words_is_refused(
    api: TestClient, served: World, wire: Wire, erase: str
) -> None:
    owner = opened(api, wire.submission(served.picture(), key=KEY))
    for path in ("/v1/case", "/v1/case/entries/1"):
        answer = api.request("DELETE", path, params={"erase": erase}, headers=owner)
        assert answer.status_code == 422
        assert "5ec2e7" not in answer.text
    assert api.get("/v1/case", headers=owner).json()["entries"][0]["status"] == "active"


def test_an_owner_reads_where_and_when_and_what_was_done(
    api: TestClient, served: World, wire: Wire
) -> None:
    picture, platform = served.picture(), served.actor("Größe")
    owner = opened(api, wire.submission(served.picture(), picture, key=KEY))
    reference = served.reference(platform, picture)
    said = [Response(reference, Feedback.BLOCKED)]
    respond.respond(served.context, platform, said, served.day)
    answer = api.get("/v1/case", headers=owner)
    assert answer.json()["says"] == owner_api.SIGHTINGS
    assert [entry["sightings"] for entry in answer.json()["entries"]] == [
        [],
        [
            {
                "platform": "Größe",
                "seen_on": "2026-11-21",
                "source": "lookup",
                "outcome": "blocked",
            }
        ],
    ]
    for secret in (reference, picture.signals[0].hex, KEY):
        assert secret not in answer.text


def test_the_same_submission_again_is_no_new_case(
    api: TestClient, served: World, wire: Wire
) -> None:
    document = wire.submission(served.picture(), key=KEY)
    first, again = api.post("/v1/cases", json=document), api.post("/v1/cases", json=document)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert re.fullmatch(r"\d{3}-\d{3}-\d{4}", first.json()["case_number"])
    other = wire.submission(served.picture(), key=KEY)
    assert api.post("/v1/cases", json=other).status_code == 409


def test_a_known_signal_is_answered_as_a_new_one(
    api: TestClient, served: World, wire: Wire
) -> None:
    picture = served.picture()
    answers = [
        api.post("/v1/cases", json=wire.submission(content, key=served.value().hex()))
        for content in (picture, picture, served.picture())
    ]
    assert {answer.status_code for answer in answers} == {201}
    assert {tuple(answer.json()) for answer in answers} == {("case_number",)}


@pytest.mark.parametrize("answer", ["adults", "intimate"])
def test_who_cannot_be_helped_here_is_told_where(
    api: TestClient, served: World, wire: Wire, answer: str
) -> None:
    document = wire.submission(served.picture(), key=KEY)
    document["eligibility"][answer] = False
    refused = api.post("/v1/cases", json=document)
    assert refused.status_code == 422
    assert refused.json()["type"] == "takeback:problem:not-eligible"
    assert "Take It Down" in refused.json()["detail"]


@pytest.mark.stores("sqlite", "postgresql")
def test_any_note_that_is_text_is_taken(api: TestClient, served: World, wire: Wire) -> None:
    document = wire.submission(served.picture(), key=KEY)
    opened(api, {**document, "note": "\x00 NUL, \uffff and 🙂"})


@pytest.mark.stores("sqlite", "postgresql")
def test_the_fullest_case_is_taken_and_no_more(api: TestClient, served: World, wire: Wire) -> None:
    owner = opened(api, wire.submission(*(served.picture() for _ in range(50)), key=KEY))
    more = {"entries": [wire.content(served.picture())]}
    assert api.post("/v1/case/entries", json=more, headers=owner).status_code == 422


def test_a_video_of_1200_frames_is_taken(api: TestClient, served: World, wire: Wire) -> None:
    video = served.video([served.value() for _ in range(1200)])
    owner = opened(api, wire.submission(video, key=KEY))
    assert api.get("/v1/case", headers=owner).json()["entries"][0]["kind"] == "video"
    assert api.delete("/v1/case", headers=owner).json()["withdrawn"] == 1


def test_every_failure_to_prove_oneself_is_answered_alike(
    api: TestClient, served: World, wire: Wire
) -> None:
    headers = opened(api, wire.submission(served.picture(), key=KEY))
    good = headers["Authorization"]
    number = good.split()[1].split(":")[0]
    tried: list[str | bytes | None] = [
        None,
        "",
        "Case",
        "Case ",
        "Case :",
        f"Case {number}",
        f"Case {number}:",
        f"Case {number}:{'00' * 32}",
        f"Case {number}:{KEY[:-1]}",
        f"Case {number}:{KEY}:{KEY}",
        f"Case 000-000-0000:{KEY}",
        f"Case 123:{KEY}",
        f"Bearer {number}:{KEY}",
        f"Basic {number}:{KEY}",
        f"Bearer {served.key()}",
        good + " " * 200 + "x",
        "Case " + "9" * 100_000,
        b"Case \xd9\xa4\xd9\xa8:" + KEY.encode(),
        b"Case \xff\xfe:\x80",
    ]
    answers = {
        (answer.status_code, answer.text, answer.headers["www-authenticate"])
        for each in tried
        for answer in [api.get("/v1/case", headers={} if each is None else {"Authorization": each})]
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 401
    for path in ("/v1/case", "/v1/case/entries/1"):
        assert api.delete(path).status_code == 401
        assert api.request("DELETE", path, params={"erase": "now"}).status_code == 401
        assert api.post(f"{path}/undo").status_code == 401
    assert api.post("/v1/case/entries", json={"entries": []}).status_code == 401
    for same in (good.replace("Case", "cAsE"), good.replace("-", " "), good.replace("-", "")):
        assert api.get("/v1/case", headers={"Authorization": same}).status_code == 200


@pytest.mark.parametrize(
    "n", ["0", "-1", "10001", "9" * 30, "9" * 5000, "1.5", "x", "1e3", "%00", "١", "5ec2e7"]
)
def test_a_place_that_no_entry_has_is_refused(
    api: TestClient, served: World, wire: Wire, n: str
) -> None:
    owner = opened(api, wire.submission(served.picture(), key=KEY))
    for answer in (
        api.delete(f"/v1/case/entries/{n}", headers=owner),
        api.post(f"/v1/case/entries/{n}/undo", headers=owner),
    ):
        assert answer.status_code == 422
        assert "5ec2e7" not in answer.text
    assert api.delete("/v1/case/entries/2", headers=owner).status_code == 404


def test_the_day_is_that_of_utc() -> None:
    before = datetime.now(UTC).date()
    assert before <= asyncio.run(dependencies.today()) <= datetime.now(UTC).date()
