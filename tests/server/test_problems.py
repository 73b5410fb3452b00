from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.domain import errors
from service.edge import problems
from service.edge.problems import STATUS

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.ServiceError)
]


def test_every_error_has_a_row() -> None:
    assert set(STATUS) == set(KINDS)


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"── (\w+)", errors.__doc__ or "")
    assert [*drawn, "ServiceError"] == sorted(
        [*drawn, "ServiceError"], key=lambda name: name == "ServiceError"
    )
    assert {*drawn, "ServiceError"} == {kind.__name__ for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_its_docstring_in_one_line(kind: type[errors.ServiceError]) -> None:
    said = str(kind())
    assert said.endswith(".")
    assert "\n" not in said
    assert str(kind("Other.")) == "Other."


@pytest.fixture
def failing() -> Iterator[TestClient]:
    app = FastAPI()
    problems.install(app)

    @app.get("/{name}")
    def fail(name: str) -> None:
        raise getattr(errors, name)

    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_answered_as_a_problem(
    failing: TestClient, kind: type[errors.ServiceError]
) -> None:
    answer = failing.get(f"/{kind.__name__}")
    status = STATUS[kind]
    assert answer.status_code == status
    assert answer.headers["content-type"] == problems.MEDIA_TYPE
    kebab = re.sub("(?<!^)([A-Z])", r"-\1", kind.__name__).lower()
    assert answer.json() == {
        "type": f"takeback:problem:{kebab}",
        "title": status.phrase,
        "status": status.value,
        "detail": str(kind()),
    }
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert ("retry-after" in answer.headers) is (status in {429, 503})


def test_what_no_route_answers_is_a_problem_too(failing: TestClient) -> None:
    missing = failing.get("/a/b/5ec2e7")
    assert (missing.status_code, missing.json()["type"]) == (404, "takeback:problem:not-found")
    assert "5ec2e7" not in missing.text
    wrong = failing.post("/NotFound")
    assert (wrong.status_code, wrong.json()["type"]) == (
        405,
        "takeback:problem:method-not-allowed",
    )
    assert wrong.headers["allow"] == "GET"
    assert wrong.headers["content-type"] == problems.MEDIA_TYPE


def test_a_fault_says_where_it_happened_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        dict[str, int]()["5ec2e7"]
    except KeyError as err:
        answer = problems.unexpected(err, "/v1/x")
    assert answer.status_code == 500
    assert b"5ec2e7" not in answer.body
    (record,) = caplog.records
    assert "5ec2e7" not in caplog.text
    assert vars(record)["error"] == "KeyError"
    assert vars(record)["route"] == "/v1/x"
    assert vars(record)["place"].startswith(f"{__name__}:")
    problems.unexpected(KeyError(), "/v1/x")
    assert vars(caplog.records[1])["place"] == "?"
