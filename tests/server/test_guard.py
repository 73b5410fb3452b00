from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.edge import dependencies
from service.edge.budgets import Budgets
from service.edge.guard import HEADERS, Guard
from service.edge.meters import Meters
from service.edge.sources import Sources
from service.edge.throttle import Throttle
from service.settings import Settings

if TYPE_CHECKING:
    from tests.server.conftest import Wire, World

MOST = 2**20
SECRET = "5ec2e7"


def guarded(answer: Any) -> None:
    for name, value in HEADERS:
        assert answer.headers.get_list(name.decode()) == [value.decode()]


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/v1/case", "/none"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "TRACE", "QUERY"])
def test_every_answer_has_the_headers(reader: TestClient, method: str, path: str) -> None:
    answer = reader.request(method, path)
    guarded(answer)
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_slash_too_many_leads_nowhere(api: TestClient) -> None:
    """A redirect would repeat the path, and the Host that a client made up."""
    answer = api.get(f"/v1/case/entries/{SECRET}/", follow_redirects=False)
    assert answer.status_code == 404
    assert SECRET not in answer.text + str(answer.headers)


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 2**16):
        yield b" " * 2**16
    yield b" " * (size % 2**16)


@pytest.mark.parametrize("path", ["/v1/cases", "/v1/lookup", "/v1/observations"])
def test_a_body_too_large_is_refused_whatever_length_it_claims(
    api: TestClient, served: World, path: str
) -> None:
    headers = {"content-type": "application/json", "authorization": f"Bearer {served.key()}"}
    for content in (b" " * (MOST + 1), chunks(MOST + 1)):
        answer = api.post(path, content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.json()["type"] == "takeback:problem:too-large"
        assert answer.headers["content-type"] == "application/problem+json"
        guarded(answer)
    for content in (b" " * MOST, chunks(MOST)):
        assert api.post(path, content=content, headers=headers).status_code == 422


@pytest.mark.parametrize("length", [str(MOST + 1), "9" * 19, "9" * 5000])
def test_a_claimed_length_is_refused_before_anything_is_read(api: TestClient, length: str) -> None:
    answer = api.post("/v1/cases", content=b"{}", headers={"content-length": length})
    assert answer.status_code == 413


def test_a_fault_is_answered_with_the_headers_and_without_words(
    app: FastAPI, api: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError(SECRET)

    app.dependency_overrides[dependencies.context] = fail
    answer = api.get("/readyz")
    assert answer.status_code == 500
    assert answer.json()["type"] == "takeback:problem:service-error"
    guarded(answer)
    assert SECRET not in answer.text + caplog.text


def test_the_log_says_route_method_status_and_time(
    api: TestClient, served: World, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "service"):
        caplog.clear()
        api.delete(f"/v1/case/entries/{SECRET}?{SECRET}={SECRET}", headers={"X-Secret": SECRET})
        api.post("/v1/cases", json=wire.submission(served.picture(), key=SECRET))
        api.get(f"/{SECRET}")
        api.request(SECRET, "/healthz")
    told = [vars(record) for record in caplog.records if record.name == "service.edge.guard"]
    assert [(each["route"], each["method"], each["status"]) for each in told] == [
        ("/v1/case/entries/{n}", "DELETE", 401),
        ("/v1/cases", "POST", 422),
        ("unknown", "GET", 404),
        ("/healthz", "other", 405),
    ]
    assert all(each["ms"] >= 0 for each in told)
    assert SECRET not in "".join(map(str, told))
    assert SECRET not in api.get("/metrics").text


def test_methods_made_up_are_counted_as_one(api: TestClient) -> None:
    for n in range(50):
        api.request(f"MADE{n}", "/healthz")
    text = api.get("/metrics").text
    assert "MADE" not in text
    assert text.count('_count{method="other"') == 1


def test_a_fault_after_the_answer_has_begun_is_not_answered_twice() -> None:
    sent: list[str] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("it broke")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    settings = Settings()
    throttle = Throttle(Budgets(settings, print), Sources(settings.is_proxy))
    guard = Guard(app, max_body_bytes=1, meters=Meters(), throttle=throttle)
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(ValueError, match=r"^it broke$"):
        asyncio.run(guard(scope, receive, send))
    assert sent == ["http.response.start"]
