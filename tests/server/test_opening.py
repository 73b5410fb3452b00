"""Opening cases costs work, whose price rises and falls; nobody else pays for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hashing.work import Work, extended
from service import limits
from service.app import create_app
from service.edge import opening
from service.edge.budgets import Budgets, Load
from service.edge.rates import Recent
from service.settings import Settings
from service.web.owner import stamps

Serve = Callable[..., TestClient]
MINE, THEIRS = ("203.0.113.1", 1), ("203.0.113.2", 1)
PLAIN = {"Content-Type": "text/plain"}


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    """Serve with two pieces of work, or other settings; ask from an address."""
    opened: list[TestClient] = []

    def client(address: tuple[str, int] = MINE, **changed: int) -> TestClient:
        if opened:
            return TestClient(opened[0].app, client=address)
        made = replace(settings, **{"work_pieces": 2, **changed})  # type: ignore[arg-type]
        opened.append(TestClient(create_app(made), client=address))
        return opened[0].__enter__()

    yield client
    for each in opened[:1]:
        each.__exit__()


@pytest.fixture
def submission(world: Any, wire: Any) -> Callable[..., dict[str, Any]]:
    return lambda **more: {**wire.submission(world.picture(), key=world.value().hex()), **more}


def state(client: TestClient) -> Any:
    app: Any = client.app
    return app.state


def worked(client: TestClient, document: dict[str, Any], work: Work | None = None) -> Any:
    """The document with the work that is asked for now, or with more of the same work."""
    price = client.get("/v1/challenge").json()
    key = bytes.fromhex(document["access_key"])
    done = extended(work or Work(price["challenge"]), key, price["pieces"])
    return {**document, "work": {"challenge": done.challenge, "nonces": list(done.nonces)}}


def post(client: TestClient, document: dict[str, Any]) -> Any:
    return client.post("/v1/cases", json=document)


def refused(answer: Any, kind: str) -> Any:
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (428, f"takeback:problem:work-{kind}")
    assert re.fullmatch(r"\d+\.[0-9a-f]{40}", problem["challenge"])
    assert problem["pieces"] > 0
    return problem


def test_work_opens_one_case_however_often_it_is_sent(serve: Serve, submission: Any) -> None:
    client = serve(cases_per_hour=2, work_pieces=1)
    document = worked(client, submission())
    nonces = {**document["work"], "nonces": [*document["work"]["nonces"]]}
    assert post(client, document).status_code == 201
    assert client.get("/v1/challenge").json()["pieces"] > 1
    for _ in range(5):  # and is charged once, at the price of the first time
        assert post(client, document).status_code == 200
    del document["work"]["nonces"][:]
    assert post(client, document).status_code == 200
    other = submission(work=nonces)
    refused(post(client, other), "needed")
    assert post(client, worked(client, other)).status_code == 201


def test_without_work_it_is_said_what_to_do(serve: Serve, submission: Any) -> None:
    client, document = serve(), submission()
    problem = refused(post(client, document), "needed")
    assert "submission.md" in problem["detail"]
    work = extended(
        Work(problem["challenge"]), bytes.fromhex(document["access_key"]), problem["pieces"]
    )
    done = {"challenge": work.challenge, "nonces": list(work.nonces)}
    assert post(client, {**document, "work": done}).status_code == 201


def test_wrong_work_opens_nothing(serve: Serve, submission: Any) -> None:
    client = serve()
    document = worked(client, submission())
    first, second = document["work"]["nonces"]
    for nonces in ([], [first], [second, first], [first, second + 1]):
        refused(
            post(client, {**document, "work": {**document["work"], "nonces": nonces}}), "needed"
        )
    for nonces in ([-1, 0], [2**32, 0], [0.5, 0], ["0", "0"], [0] * 2001):
        spoiled = {**document, "work": {**document["work"], "nonces": nonces}}
        assert post(client, spoiled).status_code == 422
    assert client.get("/metrics").text.count("takeback_work_pieces 2.0") == 1
    assert post(client, document).status_code == 201


def test_a_challenge_is_ours_and_of_the_last_two_hours(serve: Serve, submission: Any) -> None:
    client, document = serve(), submission()
    app: Any = client.app
    price = client.get("/v1/challenge").json()
    issued, signature = price["challenge"].split(".")

    def answer(challenge: str) -> Any:
        work = extended(Work(challenge), bytes.fromhex(document["access_key"]), 2)
        sent = {"challenge": work.challenge, "nonces": list(work.nonces)}
        return post(client, {**document, "work": sent})

    refused(answer(f"{int(issued) + 1}.{signature}"), "expired")
    refused(answer(f"{issued}.{'0' * 40}"), "expired")
    refused(answer(f"{issued}.{state(client).context.seals.stamp(int(issued))}"), "expired")
    for later in (opening.MINUTES, -opening.SKEW - 1):
        app.dependency_overrides[opening.minute] = lambda later=later: int(issued) + later
        refused(answer(price["challenge"]), "expired")
    for malformed in ("", issued, f"{issued}.{signature}0", "١.".ljust(42, "0")):
        sent = {"challenge": malformed, "nonces": [0, 0]}
        assert post(client, {**document, "work": sent}).status_code == 422
    app.dependency_overrides[opening.minute] = lambda: int(issued) + opening.MINUTES - 1
    assert answer(price["challenge"]).status_code == 201


def test_the_price_rises_and_falls_and_hoarded_challenges_are_no_cheaper(
    serve: Serve, submission: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(cases_per_hour=60, work_pieces=2)
    hoarded = worked(client, submission())
    for address in range(5):  # of 10 in ten minutes, which are the full rate
        from_there = serve((f"198.51.100.{address}", 1))
        assert post(from_there, worked(from_there, submission())).status_code == 201
    problem = refused(post(client, hoarded), "needed")
    assert problem["pieces"] in {4, 8, 16}, "of 32 at most"
    assert client.get("/v1/challenge").json()["pieces"] == problem["pieces"]
    more = worked(
        client, hoarded, Work(hoarded["work"]["challenge"], (*hoarded["work"]["nonces"],))
    )
    assert more["work"]["nonces"][:2] == hoarded["work"]["nonces"], "nothing is lost"
    assert post(client, more).status_code == 201
    budgets = state(client).budgets
    now = budgets._opened._clock() + 3600  # noqa: SLF001 (its clock)
    for each in (budgets._opened, budgets._load):  # noqa: SLF001
        monkeypatch.setattr(each, "_clock", lambda: now)
    assert client.get("/v1/challenge").json()["pieces"] == 2


def test_one_address_that_opens_many_pays_more_than_others(serve: Serve, submission: Any) -> None:
    client = serve(cases_per_hour=100_000)
    for _ in range(8):
        assert post(client, worked(client, submission())).status_code == 201
    assert client.get("/v1/challenge").json()["pieces"] == 4
    assert serve(THEIRS).get("/v1/challenge").json()["pieces"] == 2
    assert serve(("127.0.0.1", 1)).get("/v1/challenge").json()["pieces"] == 2


def seen(opened: int, more: int, seconds: float, random: Random) -> tuple[int, int]:
    """What others have to pay, before and after `more` cases are opened, within some seconds."""
    now = [1000.0]
    budgets = Budgets(Settings(work_pieces=20), lambda _: None)
    budgets._opened = Recent(600, clock=lambda: now[0])  # noqa: SLF001 (its clock)
    budgets._load = Load(600, clock=lambda: now[0], random=random)  # noqa: SLF001
    for _ in range(opened):
        budgets.count_case(b"theirs")
    before = budgets.pieces(b"mine")
    for _ in range(more):
        budgets.count_case(b"hers")
    now[0] += seconds
    return before, budgets.pieces(b"mine")


def test_nobody_sees_in_the_price_that_somebody_opens_a_case() -> None:
    """Before: of whoever had opened a few, 43 pieces became 48 at once."""
    random = Random(28)
    pairs = [seen(random.randrange(100), 1, random.uniform(0, 59), random) for _ in range(200)]
    assert all(before == after for before, after in pairs)
    assert {before for before, _ in pairs} == {20, 40, 80, 160, 320}
    rises = []
    for more in (0, 1):  # a minute later, one case is lost among what is drawn
        drawn = [seen(random.randrange(8, 32), more, 60, random) for _ in range(4000)]
        rises.append(sum(after > before for before, after in drawn) / len(drawn))
    assert rises[0] > 0.1
    assert abs(rises[1] - rises[0]) < 0.1
    bursts = [seen(0, 200, 1, random) for _ in range(200)]  # which nobody waits a minute for
    assert {before for before, _ in bursts} == {20}
    assert {after for _, after in bursts} == {320}


def test_counts_decay_and_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    counts = Recent(10, clock=lambda: now[0])
    counts.add("a")
    counts.add("a")
    assert (counts.count("a"), counts.count("b")) == (2, 0)
    now[0] = 10
    assert counts.count("a") == pytest.approx(2 / 2.718281828)
    monkeypatch.setattr(limits, "BUDGET_KEYS", 10)
    for key in range(100):
        counts.add(key)
        assert len(counts._counts) <= 10  # noqa: SLF001 (what nobody may see grow)
    assert counts.count("a") == 0 or counts.count(99) == 1


def test_an_operator_may_ask_for_none(serve: Serve, submission: Any) -> None:
    client = serve(work_pieces=0)
    assert client.get("/v1/challenge").json()["pieces"] == 0
    assert post(client, submission()).status_code == 201


def test_a_case_that_is_not_opened_is_charged_to_nobody(
    serve: Serve, submission: Any, world: Any, wire: Any
) -> None:
    client = serve(work_pieces=0, cases_per_hour=2, case_signals_per_hour=4)
    video = wire.submission(world.video([world.value() for _ in range(3)]), key="1b" * 32)
    assert post(client, video).status_code == 201
    too_much = wire.submission(world.video([world.value() for _ in range(3)]), key="2b" * 32)
    assert [post(client, too_much).status_code for _ in range(3)] == [429] * 3
    low = submission()
    low["entries"][0]["signals"][0]["quality"] = 0
    assert [post(client, low).status_code for _ in range(3)] == [422] * 3
    changed = {**submission(), "access_key": video["access_key"]}
    assert [post(client, changed).status_code for _ in range(3)] == [409] * 3
    assert post(client, submission()).status_code == 201
    assert post(client, submission()).status_code == 429


def test_the_same_sent_at_once_is_charged_once(serve: Serve, submission: Any) -> None:
    client = serve(work_pieces=1, cases_per_hour=900)
    document = worked(client, submission())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(client, document).status_code, range(8)))
    assert sorted(answers) == [200] * 7 + [201]
    assert state(client).budgets._cases.wait(None, 899) < 1  # noqa: SLF001 (899 of 900 are left)


def test_the_page_is_told_how_much_is_needed(serve: Serve, submission: Any) -> None:
    client, document = serve(), submission()
    form = {"subject": "self", "age": "adults", "consent": "without"}
    page = client.post("/en/questions", data=form).text
    shown = re.search(r'data-challenge="([^"]+)" data-pieces="2"', page)
    assert shown

    def sent(more: object) -> Any:
        body = b"document=" + str(more).replace("'", '"').replace("True", "true").encode()
        return client.post("/es/sent", content=body + b"\r\n", headers=PLAIN)

    for work, error in (
        ({}, "WorkNeeded"),
        ({"work": {"challenge": f"1.{'0' * 40}", "nonces": [0]}}, "WorkExpired"),
    ):
        answer = sent({**document, **work})
        assert (answer.status_code, answer.headers["content-language"]) == (428, "es")
        told = re.search(
            r'data-error="(\w+)" data-challenge="([\d.a-f]+)" data-pieces="2"', answer.text
        )
        assert told
        assert told[1] == error
    key = bytes.fromhex(document["access_key"])
    made = extended(Work(shown[1]), key, 2)
    done = {"work": {"challenge": made.challenge, "nonces": list(made.nonces)}}
    assert 'data-answer="opened"' in sent({**document, **done}).text
    for nothing in ("WorkDone/40", "WorkNeeded/-1", "WorkNeeded/2001", "WorkNeeded/x"):
        assert client.get(f"/en/sent/error/{nothing}").status_code == 404


def test_the_page_is_told_the_price_of_the_process_that_refused(
    serve: Serve, submission: Any
) -> None:
    client, document = serve(), submission()
    budgets = state(client).budgets
    for _ in range(200):
        budgets.count_case(None)
    body = b"document=" + json.dumps(document).encode() + b"\r\n"
    answer = client.post("/en/sent", content=body, headers=PLAIN, follow_redirects=False)
    budgets._opened, budgets._load = Recent(600), Load(600)  # noqa: SLF001 (as of another process)
    assert budgets.pieces(None) == 2
    page = client.get(answer.headers["location"])
    assert 'data-pieces="32"' in page.text


def test_adding_has_a_budget_of_its_own(
    serve: Serve, submission: Any, world: Any, wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ADDED_SIGNALS_PER_HOUR", 204)
    client = serve(work_pieces=0, cases_per_hour=2, cases_per_hour_of_source=100)
    owners = []
    for _ in range(2):
        document = submission()
        number = post(client, document).json()["case_number"]
        owners.append({"Authorization": f"Case {number}:{document['access_key']}"})
    assert post(client, submission()).status_code == 429

    def add(owner: dict[str, str]) -> Any:
        more = {"entries": [wire.content(world.picture())]}
        return client.post("/v1/case/entries", json=more, headers=owner)

    first, second = owners
    assert [add(first).status_code for _ in range(2)] == [200, 200]
    third = add(first)
    assert third.status_code == 429
    assert int(third.headers["retry-after"]) > 1
    more = {"case": first["Authorization"][5:].partition(":")[0], "access_key": "", "entries": []}
    more |= {"access_key": first["Authorization"].rpartition(":")[2]}
    more["entries"] = [wire.content(world.picture())]
    more["stamp"] = stamps.new(state(client).context.seals, stamps.minute())
    body = f"document={more}\r\n".replace("'", '"').encode()
    assert client.post("/en/more/sent", content=body, headers=PLAIN).status_code == 429
    assert client.get("/v1/case", headers=first).status_code == 200
    assert client.delete("/v1/case", headers=first).json()["withdrawn"] == 3
    assert client.post("/v1/case/undo", headers=first).status_code == 200
    assert add(second).status_code == 200
