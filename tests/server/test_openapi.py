from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks

from service.app import create_app
from service.domain.actor import Role
from service.settings import Settings

if TYPE_CHECKING:
    from tests.server.conftest import World

DOCUMENT: dict[str, Any] = create_app(Settings(secret="5e" * 32)).openapi()
load_all_checks()
CHECKED: list[Any] = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "unsupported_method",
        "allow_header_conformance",
    ]
)
"""Not: that what fits its schema is accepted (parts that do not fit together are refused, in
words), nor what asks without a credential (test_owner_api, test_platform_api)."""
OPERATIONS = [
    (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
]
EXAMPLES = {"soon": 10, "soak": 300}
"""Requests an operation and store. Which ones is fixed by the seed."""
DIGITS = re.compile(r"\^\[0-9a-fA-F\]\{(\d+)\}\$")
for size in (32, 64, 536):
    of_bytes = st.binary(min_size=size // 2, max_size=size // 2).map(bytes.hex)
    schemathesis.openapi.format(f"hex{size}", of_bytes | of_bytes.map(str.upper))


def quick(schema: Any) -> Any:
    """The same with a format for hexadecimal values: drawing digits takes nearly all the time."""
    if isinstance(schema, list):
        return [quick(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if found := DIGITS.fullmatch(str(schema.get("pattern"))):
        return {"type": "string", "format": f"hex{found[1]}"}
    return {name: quick(one) for name, one in schema.items()}


DRAWN = {
    schemathesis.GenerationMode.POSITIVE: schemathesis.openapi.from_dict(quick(DOCUMENT)),
    schemathesis.GenerationMode.NEGATIVE: schemathesis.openapi.from_dict(DOCUMENT),
}


def test_every_problem_is_documented_as_one() -> None:
    for method, path in OPERATIONS:
        for status, answer in DOCUMENT["paths"][path][method.lower()]["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
                schema = answer["content"]["application/problem+json"]["schema"]
                assert set(schema["required"]) == {"type", "title", "status", "detail"}


def test_no_route_takes_a_picture() -> None:
    for method, path in OPERATIONS:
        body = DOCUMENT["paths"][path][method.lower()].get("requestBody", {"content": {}})
        assert set(body["content"]) <= {"application/json"}
    assert "binary" not in str(DOCUMENT)


@pytest.mark.stores("postgresql")
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_request_breaks_the_service_and_every_answer_is_documented(
    api: TestClient, served: World, method: str, path: str
) -> None:
    """On the store that refuses more: zero bytes in text, numbers of more than eight bytes."""
    ask_at_random(api, served, method, path, EXAMPLES["soon"])


@pytest.mark.soak
@pytest.mark.stores("sqlite", "postgresql")
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_request_of_many_breaks_the_service(
    api: TestClient, served: World, method: str, path: str
) -> None:
    ask_at_random(api, served, method, path, EXAMPLES["soak"])


def ask_at_random(api: TestClient, served: World, method: str, path: str, examples: int) -> None:
    key, owner_key = served.key(), served.value()
    owner = served.open(served.picture(), key=owner_key)
    headers = {
        "owner": f"Case {owner.case_number}:{owner_key.hex()}",
        "platform": f"Bearer {key}",
        "crawler": f"Bearer {served.key('Crawler', Role.CRAWLER)}",
    }
    tag = DOCUMENT["paths"][path][method.lower()]["tags"][0]
    for schema in DRAWN.values():
        schema.app = api.app
    cases = st.one_of(
        [schema[path][method].as_strategy(generation_mode=mode) for mode, schema in DRAWN.items()]
    )

    @seed(2026)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases, st.booleans())
    def ask(case: schemathesis.Case[Any], proven: bool) -> None:  # noqa: FBT001 (drawn)
        if proven and tag in headers:
            case.headers["Authorization"] = headers[tag]
        answer = case.call(session=api)
        assert answer.status_code < 500
        case.validate_response(answer, checks=CHECKED)

    ask()


def examples(schema: object) -> list[Any]:
    """The examples of a request's schema."""
    assert isinstance(schema, dict)
    name = schema["$ref"].rsplit("/", 1)[1]
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name]
    if "examples" in found:
        return list(found["examples"])
    ((field, inner),) = found["properties"].items()
    return [{field: [each]} for each in examples(inner["items"])]


@pytest.mark.parametrize(
    "path", [p for p, of in DOCUMENT["paths"].items() if "requestBody" in of.get("post", {})]
)
def test_every_documented_example_is_accepted(api: TestClient, served: World, path: str) -> None:
    owner_key = served.value()
    owner = served.open(served.picture(), key=owner_key)
    prove = {
        "owner": f"Case {owner.case_number}:{owner_key.hex()}",
        "platform": f"Bearer {served.key()}",
        "crawler": f"Bearer {served.key('Crawler', Role.CRAWLER)}",
    }
    operation = DOCUMENT["paths"][path]["post"]
    of_something = path.endswith(("/code", "/check", "/fetch", "/decision")) or "{n}" in path
    if path == "/v1/feedback" or of_something:
        pytest.skip("a reference is given to one platform, a code to one mailbox: no examples")
    documents = examples(operation["requestBody"]["content"]["application/json"]["schema"])
    assert documents
    for document in documents:
        headers = {"Authorization": prove[operation["tags"][0]]}
        answer = api.post(path, json=document, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
