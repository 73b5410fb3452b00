from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from hashing.signals import ContentKind, ContentSignals, FrameSignal, ViewSignals
from service import limits
from service.app import create_app
from service.edge.budgets import ALL
from service.edge.rates import Budget
from service.edge.sources import Sources
from service.settings import Settings

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

MINE, THEIRS = ("203.0.113.1", 1), ("203.0.113.2", 1)
Serve = Callable[..., TestClient]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_all_may_be_used_at_once_and_comes_back_evenly() -> None:
    clock = Clock()
    budget = Budget(10, 100, clock=clock)
    assert budget.take("a", 10) == 0
    assert budget.take("a", 1) == pytest.approx(10)
    assert budget.wait("a", 3) == pytest.approx(30)
    assert budget.take("b", 1) == 0
    clock.now += 10
    assert budget.wait("a") == 0
    assert budget.take("a", 1) == 0
    assert budget.take("a", 1) == pytest.approx(10)
    clock.now += 1000
    assert budget.take("a", 11) == 0  # more than all, once all is there
    assert budget.take("a", 1) > 0


def test_no_key_is_remembered_for_longer_than_it_matters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "BUDGET_KEYS", 100)
    clock = Clock()
    budget = Budget(1, 1000, clock=clock)
    for key in range(10_000):
        clock.now += 1
        budget.take(key)
        assert len(budget._whole_at) <= 100  # noqa: SLF001 (what nobody may see grow)
    assert budget.take(9_999) > 0


@pytest.mark.parametrize(
    ("address", "same", "other"),
    [
        ("203.0.113.1", "203.0.113.1", "203.0.113.2"),
        ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"),
        ("203.0.113.1", "::ffff:203.0.113.1", "::ffff:203.0.113.2"),
    ],
)
def test_a_source_has_a_name_that_is_not_its_address(address: str, same: str, other: str) -> None:
    sources = Sources(Settings().is_proxy)
    name, again, different = (
        sources.name({"client": (each, 1)}) for each in (address, same, other)
    )
    assert name == again != different
    assert name != Sources(Settings().is_proxy).name({"client": (address, 1)})


@pytest.mark.parametrize("client", [None, ("", 0), ("127.0.0.1", 1), ("::1", 1), ("x", 1)])
def test_what_only_the_proxy_knows_has_no_name(client: Any) -> None:
    assert Sources(Settings().is_proxy).name({"client": client}) is None


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    """Serve with other budgets; ask from an address."""
    opened: list[TestClient] = []

    def client(address: tuple[str, int] = MINE, **budgets: int) -> TestClient:
        if opened:
            return TestClient(opened[0].app, client=address)
        app = create_app(replace(settings, **budgets))  # type: ignore[arg-type]  # whole numbers
        made = TestClient(app, client=address)
        made.__enter__()
        opened.append(made)
        return made

    yield client
    for each in opened[:1]:
        each.__exit__()


def refused(answer: Any) -> bool:
    """Whether a budget was used up, said as every error is."""
    if answer.status_code != 429:
        return False
    assert answer.json()["type"] == "takeback:problem:too-many-requests"
    assert int(answer.headers["retry-after"]) >= 1
    return True


def world_of(client: TestClient) -> Any:
    app: Any = client.app
    return app.state.context


def test_a_platform_has_budgets_of_its_own(serve: Serve, world: World, wire: Wire) -> None:
    client = serve(lookup_values_per_day=20, observed_signals_per_day=3, bytes_per_day=100_000)
    first, second = ({"Authorization": f"Bearer {world.key(name)}"} for name in ("One", "Other"))
    items = {"items": [wire.content(world.picture())]}  # 8 values, with the orientations
    assert [client.post("/v1/lookup", json=items, headers=first).status_code for _ in "ab"] == [
        200,
        200,
    ]
    assert refused(client.post("/v1/lookup", json=items, headers=first))
    assert client.post("/v1/lookup", json=items, headers=second).status_code == 200
    seen = {
        "observations": [
            {
                "address": "https://example.org/",
                **wire.content(world.picture(world.pdq(), world.phash())),
            }
        ]
    }
    assert client.post("/v1/observations", json=seen, headers=first).status_code == 200
    assert refused(client.post("/v1/observations", json=seen, headers=first))
    large = b" " * 90_000 + b"{}"
    headers = {**second, "Content-Type": "application/json"}
    assert client.post("/v1/lookup", content=large, headers=headers).status_code == 422
    assert refused(client.post("/v1/lookup", content=large, headers=headers))
    told = client.get("/metrics").text
    for name in ("values", "rows", "bytes"):
        assert f'takeback_refused_total{{budget="{name}"}} 1.0' in told


def test_views_of_frames_are_stored_and_charged(serve: Serve, world: World) -> None:
    client = serve(observed_signals_per_day=4)
    app: Any = client.app
    views = (ViewSignals("full", 100, (world.value(),)),) * 2
    video = ContentSignals(ContentKind.VIDEO, (), (FrameSignal(0, 1, world.pdq(), views),))
    app.state.budgets.charge_observations(1, [video])
    with pytest.raises(Exception, match="used up its signals"):
        app.state.budgets.charge_observations(1, [video])


def test_a_platform_reports_so_many_addresses(
    serve: Serve, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that it has withheld, which nothing prunes."""
    monkeypatch.setattr(limits, "REPORTED_PER_DAY", 3)
    client = serve()
    first, second = ({"Authorization": f"Bearer {world.key(name)}"} for name in ("One", "Other"))
    report = {"address": "https://forum.example/1", "shows_minor": False}
    withheld = {"address": "https://forum.example/2", "shows_minor": True}
    told = [client.post("/v1/watches", json=each, headers=first) for each in (report, withheld)]
    assert [answer.status_code for answer in told] == [200, 422]
    assert client.post("/v1/watches", json=report, headers=first).status_code == 200
    assert refused(client.post("/v1/watches", json=withheld, headers=first))
    assert client.post("/v1/watches", json=report, headers=second).status_code == 200


def test_opening_cases_has_a_budget_and_all_else_goes_on(
    serve: Serve, world: World, wire: Wire
) -> None:
    client = serve(cases_per_hour=2)
    documents = [wire.submission(world.picture(), key=world.value().hex()) for _ in range(3)]
    numbers = [client.post("/v1/cases", json=each).json()["case_number"] for each in documents[:2]]
    assert refused(client.post("/v1/cases", json=documents[2]))
    assert refused(serve(THEIRS).post("/v1/cases", json=documents[2]))
    page = client.post(
        "/en/sent", content=b"document={}\r\n", headers={"Content-Type": "text/plain"}
    )
    assert page.status_code == 422  # what is not valid is not charged to all
    owner = {"Authorization": f"Case {numbers[0]}:{documents[0]['access_key']}"}
    more = {"entries": [wire.content(world.picture())]}
    assert client.get("/v1/case", headers=owner).status_code == 200
    assert client.post("/v1/case/entries", json=more, headers=owner).status_code == 200
    assert client.delete("/v1/case", headers=owner).json()["withdrawn"] == 2


def test_one_address_opens_few_cases(serve: Serve, world: World, wire: Wire) -> None:
    client = serve(cases_per_hour_of_source=2)
    document = wire.submission(world.picture())
    assert client.post("/v1/cases", json={}).status_code == 422
    assert client.post("/v1/cases", json=document).status_code == 201
    answer = client.post("/v1/cases", json=document)
    assert refused(answer)
    assert "in 30 min, or now from another network" in answer.json()["detail"]
    posted = client.post(
        "/es/sent",
        content=b"document={}\r\n",
        headers={"Content-Type": "text/plain"},
        follow_redirects=False,
    )
    assert "Retry-After" in posted.headers
    page = client.get(posted.headers["location"])
    assert (page.status_code, page.headers["content-language"]) == (429, "es")
    assert "otra red" in page.text
    assert serve(THEIRS).post("/v1/cases", json=document).status_code == 200
    local = serve(("127.0.0.1", 1))
    assert {local.post("/v1/cases", json=document).status_code for _ in range(4)} == {200}


def test_guessing_is_slowed_down_and_locks_nobody_out(
    serve: Serve, world: World, wire: Wire
) -> None:
    client = serve(failures_per_minute_of_source=3)
    key = world.value().hex()
    document = wire.submission(world.picture(), key=key)
    number = client.post("/v1/cases", json=document).json()["case_number"]
    right, wrong = (
        {"Authorization": f"Case {number}:{each}"} for each in (key, world.value().hex())
    )
    answers = [client.get("/v1/case", headers=wrong) for _ in range(5)]
    assert [one.status_code for one in answers[:3]] == [401] * 3
    assert all(map(refused, answers[3:]))
    form = {"case": number, "access_key": key}
    assert client.post("/en/overview", data=form).status_code == 429
    assert client.get("/en/").status_code == 200
    assert serve(THEIRS).get("/v1/case", headers=right).status_code == 200


def test_an_old_key_stops_nobody_who_has_a_new_one(serve: Serve, world: World, wire: Wire) -> None:
    client = serve(failures_per_minute_of_source=3)
    items = {"items": [wire.content(world.picture())]}
    old = {"Authorization": f"Bearer takeback_{'a' * 16}_{'a' * 52}"}
    new = {"Authorization": f"Bearer {world.key()}"}
    assert {client.post("/v1/lookup", json=items, headers=old).status_code for _ in range(9)} == {
        401
    }
    assert client.post("/v1/lookup", json=items, headers=new).status_code == 200
    assert client.get("/v1/case", headers={"Authorization": "Case 1:2"}).status_code == 401


def test_when_all_guess_only_wrong_answers_are_late(
    serve: Serve, world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FAILURES_PER_MINUTE", 2)
    monkeypatch.setattr(limits, "FAILURE_DELAY_SECONDS", 0.3)
    client = serve(("127.0.0.1", 1))
    key = world.value().hex()
    document = wire.submission(world.picture(), key=key)
    number = client.post("/v1/cases", json=document).json()["case_number"]
    wrong = {"Authorization": f"Case {number}:{world.value().hex()}"}

    def seconds(headers: dict[str, str]) -> float:
        began = time.monotonic()
        client.get("/v1/case", headers=headers)
        return time.monotonic() - began

    for _ in range(2):
        seconds(wrong)
    assert seconds(wrong) > 0.3
    assert seconds({"Authorization": f"Case {number}:{key}"}) < 0.3
    monkeypatch.setattr(limits, "DELAYED_FAILURES", 0)
    assert seconds(wrong) < 0.3


def test_the_budget_of_all_has_one_key() -> None:
    budget = Budget(1, 1)
    assert budget.take(ALL) == 0
    assert budget.take(ALL) > 0
