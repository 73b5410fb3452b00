from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.testclient import TestClient

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


def test_tables_of_another_version_are_not_ready(api: TestClient, served: World) -> None:
    served.context.database.downgrade("base")
    answer = api.get("/readyz")
    assert answer.status_code == 503
    assert "migrate" in answer.json()["detail"]
    served.context.database.migrate()
    assert api.get("/readyz").status_code == 200
