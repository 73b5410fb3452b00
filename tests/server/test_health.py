from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.edge import readiness

if TYPE_CHECKING:
    from tests.server.conftest import World


def test_alive_ready_and_measured(api: TestClient, served: World) -> None:
    assert api.get("/healthz").json() == {"status": "ok"}
    assert api.get("/readyz").json() == {"status": "ok"}
    served.open(served.picture(served.pdq(), served.phash()))
    text = api.get("/metrics").text
    assert 'takeback_index_signals{space="bank",type="pdq"} 1.0' in text
    assert 'takeback_index_newest_signals{space="bank",type="phash"} 1.0' in text
    assert 'takeback_index_segments{space="bank",type="pdq"} 0.0' in text
    assert "takeback_index_lag_changes 0.0" in text
    assert 'route="/healthz",status="200"' in text


def test_before_it_has_loaded_it_lives_and_is_not_ready(app: FastAPI) -> None:
    client = TestClient(app)
    assert client.get("/healthz").status_code == 200
    for path in ("/readyz", "/metrics", "/v1/case"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["content-type"] == "application/problem+json"
    app.state.context.database.close()


def test_tables_of_another_version_are_not_ready(
    api: TestClient, served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0)
    time.sleep(1)  # of an answer that is kept already
    served.context.database.downgrade("base")
    answer = api.get("/readyz")
    assert answer.status_code == 503
    assert "migrate" in answer.json()["detail"]
    served.context.database.migrate()
    assert api.get("/readyz").status_code == 200


def test_the_store_is_not_asked_whenever_somebody_asks_us(
    api: TestClient, served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 60)
    time.sleep(1)
    asked = []
    monkeypatch.setattr(served.context.replica, "require_current", lambda: asked.append(True))
    assert {api.get("/readyz").status_code for _ in range(20)} == {200}
    assert len(asked) == 1


def test_a_store_that_does_not_answer_is_waited_for_and_no_longer(
    api: TestClient, served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0)
    monkeypatch.setattr(readiness, "STORE_SECONDS", 0.1)
    time.sleep(1)
    answers = threading.Event()
    monkeypatch.setattr(served.context.replica, "require_current", answers.wait)
    try:
        assert api.get("/readyz").status_code == 503
        assert api.get("/readyz").status_code == 503
    finally:
        answers.set()


@pytest.mark.parametrize("path", ["/healthz", "/en/", "/static/service/web/static/look.css"])
def test_head_is_answered_as_get_without_the_body(reader: TestClient, path: str) -> None:
    whole, head = reader.get(path), reader.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    same: Any = ("content-type", "content-length", "cache-control")
    assert [head.headers.get(name) for name in same] == [whole.headers.get(name) for name in same]
    assert reader.head("/v1/cases").status_code == 405
